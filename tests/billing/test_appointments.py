"""Appointments on invoices: by their service once, and what did not take place by its fee alone."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from clinic_core.access import Actor, perform
from clinic_core.access.organization import FeeRule, OrganizationSettings
from clinic_core.billing.queries import list_uninvoiced
from clinic_core.billing.schemas import (
    CreditInvoice,
    CreditLine,
    DeleteDraft,
    DraftInvoice,
    DraftLine,
    InvoiceHead,
    IssueInvoice,
    OfPatient,
    UninvoicedRow,
    UpdateDraft,
)
from clinic_core.billing.service import credit_invoice, delete_draft, draft_invoice, issue_invoice, update_draft
from clinic_core.errors import ClinicError, Conflict, InvalidInput, NotFound
from clinic_core.kit.clock import frozen_at
from clinic_core.scheduling.queries import list_fees
from clinic_core.scheduling.schemas import AppointmentRow, CancelAppointment, ChangeStatus, FeeRow, ListFees, WaiveFee
from clinic_core.scheduling.service import cancel_appointment, change_status, waive_fee
from clinic_core.vocabulary import AppointmentStatus, CancelledBy, FeeStatus, ItemType
from tests.billing.arrange import attended, draft, line, read
from tests.billing.test_races import at_once
from tests.factories import Clinic, make_clinic, make_patient
from tests.scheduling.arrange import book


@pytest.fixture
def clinic() -> Clinic:
    """A clinic that charges 25.00 for a no-show and half the price for a late cancellation."""
    flat, half = FeeRule(kind="flat", amount=Decimal("25.00")), FeeRule(kind="percent", rate=Decimal("0.5"))
    return make_clinic(OrganizationSettings(no_show_fee=flat, late_cancellation_fee=half, late_cancellation_hours=48))


def booked(clinic: Clinic, patient: UUID, hours: float = 0) -> AppointmentRow:
    return book(clinic, hours, patient_id=patient, product_service_id=clinic.service)


def change(clinic: Clinic, row: AppointmentRow, status: AppointmentStatus) -> AppointmentRow:
    with frozen_at(row.starts_at + timedelta(minutes=20)):
        return perform(clinic.actor("manager"), change_status, ChangeStatus(appointment_id=row.id, status=status))


def missed(clinic: Clinic, patient: UUID, hours: float = 0) -> AppointmentRow:
    return change(clinic, booked(clinic, patient, hours), AppointmentStatus.NO_SHOW)


def cancelled_late(clinic: Clinic, patient: UUID, *, by: CancelledBy = CancelledBy.PATIENT) -> AppointmentRow:
    row = booked(clinic, patient)
    with frozen_at(row.starts_at - timedelta(hours=3)):
        request = CancelAppointment(appointment_id=row.id, cancelled_by=by, reason="No reason given")
        return perform(clinic.actor("assistant"), cancel_appointment, request)


def fee_of(clinic: Clinic, row: AppointmentRow) -> FeeRow:
    (fee,) = perform(clinic.actor("manager"), list_fees, ListFees(appointment_id=row.id, statuses=tuple(FeeStatus)))
    return fee


def waive(clinic: Clinic, fee: FeeRow) -> FeeRow:
    request = WaiveFee(appointment_fee_id=fee.id, reason="First time", version=fee.version)
    return perform(clinic.actor("manager"), waive_fee, request)


def charge(clinic: Clinic, patient: UUID, *rows: AppointmentRow) -> InvoiceHead:
    request = DraftInvoice(patient_id=patient, appointment_ids=tuple(row.id for row in rows))
    return perform(clinic.actor("manager"), draft_invoice, request)


def issue(clinic: Clinic, made: InvoiceHead) -> InvoiceHead:
    return perform(clinic.actor("manager"), issue_invoice, IssueInvoice(invoice_id=made.id))


def uninvoiced(clinic: Clinic, patient: UUID) -> tuple[UninvoicedRow, ...]:
    return perform(clinic.actor("manager"), list_uninvoiced, OfPatient(patient_id=patient))


def test_an_appointment_becomes_a_line_of_its_service_day_and_practitioner(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    row = booked(clinic, patient)
    made = charge(clinic, patient, row)
    (only,) = read(clinic, made.id).lines
    assert (only.item_type, only.appointment_id, only.visit_id) == (ItemType.SERVICE, row.id, None)
    assert only.description.startswith("Follow-up, ")
    assert (only.net, only.practitioner_user_id) == (Decimal("80.00"), clinic.users["practitioner"])
    assert made.clinic_location_id == clinic.main


def test_an_appointment_and_its_visit_are_one_line(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    visit = attended(clinic, patient, service=clinic.service)
    (row,) = uninvoiced(clinic, patient)
    assert row.appointment_id is not None
    made = draft(clinic, patient, visit_ids=(visit, visit), appointment_ids=(row.appointment_id, row.appointment_id))
    assert [(one.visit_id, one.appointment_id) for one in read(clinic, made.id).lines] == [
        (None, None),
        (visit, row.appointment_id),
    ]


@pytest.mark.parametrize("again", ["appointment_ids", "visit_ids", "line"])
@pytest.mark.parametrize("first", ["appointment_ids", "visit_ids", "line"])
def test_what_is_charged_already_is_refused_whichever_way_it_is_named(clinic: Clinic, first: str, again: str) -> None:
    patient = make_patient(clinic)
    visit = attended(clinic, patient, service=clinic.service)
    (row,) = uninvoiced(clinic, patient)

    def named(way: str) -> DraftInvoice:
        if way == "line":
            return DraftInvoice(patient_id=patient, lines=(line(clinic, appointment_id=row.appointment_id),))
        ids = {"appointment_ids": (row.appointment_id,), "visit_ids": (visit,)}[way]
        return DraftInvoice.model_validate({"patient_id": patient, way: ids})

    made = perform(clinic.actor("manager"), draft_invoice, named(first))
    with pytest.raises(Conflict, match="The visit of 20 Nov 2026 is on another draft already"):
        perform(clinic.actor("manager"), draft_invoice, named(again))
    number = issue(clinic, made).number
    with pytest.raises(Conflict, match=f"The visit of 20 Nov 2026 is on invoice {number} already"):
        perform(clinic.actor("manager"), draft_invoice, named(again))


def test_a_draft_cannot_take_over_what_another_charges_but_keeps_its_own(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    row = booked(clinic, patient)
    mine, other = charge(clinic, patient, row), draft(clinic, patient)
    of_it = (line(clinic, appointment_id=row.id, quantity=2),)
    saved = perform(clinic.actor("manager"), update_draft, UpdateDraft(invoice_id=mine.id, lines=of_it))
    assert saved.total == Decimal("160.00")
    with pytest.raises(Conflict, match="is on another draft already"):
        perform(clinic.actor("manager"), update_draft, UpdateDraft(invoice_id=other.id, lines=of_it))


def test_a_line_credited_in_full_frees_its_appointment_and_a_part_does_not(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    row = booked(clinic, patient)
    made = issue(clinic, draft(clinic, patient, line(clinic, appointment_id=row.id, quantity=2), line(clinic)))
    first = read(clinic, made.id).lines[0].id
    credit = CreditInvoice(invoice_id=made.id, lines=(CreditLine(line_id=first, quantity=Decimal(1)),), reason="One")
    perform(clinic.actor("manager"), credit_invoice, credit)
    with pytest.raises(Conflict, match="already"):
        charge(clinic, patient, row)
    perform(clinic.actor("manager"), credit_invoice, credit.model_copy(update={"reason": "The other"}))
    assert charge(clinic, patient, row).total == Decimal("80.00")


def test_a_deleted_draft_frees_what_was_on_it(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    row = booked(clinic, patient)
    made = charge(clinic, patient, row)
    perform(clinic.actor("manager"), delete_draft, DeleteDraft(invoice_id=made.id))
    assert charge(clinic, patient, row).total == Decimal("80.00")


def test_goods_handed_over_at_a_visit_do_not_charge_for_it(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    visit = attended(clinic, patient, service=clinic.service)
    goods = DraftLine(
        item_type=ItemType.PRODUCT, product_service_id=clinic.product, visit_id=visit, unit_price=Decimal(12)
    )
    draft(clinic, patient, goods)
    assert draft(clinic, patient, goods, visit_ids=(visit,)).total == Decimal("94.28")


def test_an_appointment_of_another_patient_or_an_unknown_one_is_refused(clinic: Clinic) -> None:
    row, other = booked(clinic, make_patient(clinic)), make_patient(clinic)
    with pytest.raises(InvalidInput, match="another patient"):
        charge(clinic, other, row)
    with pytest.raises(NotFound, match="appointment"):
        draft(clinic, other, appointment_ids=(other,))


def test_a_visit_and_an_appointment_on_one_line_belong_together(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    row, visit = booked(clinic, patient), attended(clinic, patient, service=clinic.service)
    with pytest.raises(InvalidInput, match="do not belong together"):
        draft(clinic, patient, line(clinic, visit_id=visit, appointment_id=row.id))


@pytest.mark.parametrize(
    ("happen", "said", "amount"),
    [(missed, "No show fee, ", "25.00"), (cancelled_late, "Late cancellation fee, ", "40.00")],
)
def test_a_proposed_fee_is_offered_and_becomes_a_line_of_the_frozen_amount(
    clinic: Clinic, happen: Callable[[Clinic, UUID], AppointmentRow], said: str, amount: str
) -> None:
    patient = make_patient(clinic)
    row = happen(clinic, patient)
    (offered,) = uninvoiced(clinic, patient)
    assert (offered.item_type, offered.appointment_id, offered.unit_price) == (ItemType.FEE, row.id, Decimal(amount))
    assert offered.description.startswith(said)
    (only,) = read(clinic, charge(clinic, patient, row).id).lines
    assert (only.item_type, only.appointment_id, only.net) == (ItemType.FEE, row.id, Decimal(amount))
    assert only.description == offered.description
    assert uninvoiced(clinic, patient) == ()
    with pytest.raises(Conflict, match="already"):
        charge(clinic, patient, row)


def test_a_fee_on_an_invoice_is_neither_waived_nor_withdrawn_until_it_is_credited(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    row = missed(clinic, patient)
    made = issue(clinic, charge(clinic, patient, row))
    with pytest.raises(Conflict, match="stands on an invoice"):
        waive(clinic, fee_of(clinic, row))
    with pytest.raises(Conflict, match="stands on an invoice"):
        change(clinic, row, AppointmentStatus.BOOKED)
    perform(clinic.actor("manager"), credit_invoice, CreditInvoice(invoice_id=made.id, reason="Was ill"))
    assert [offered.item_type for offered in uninvoiced(clinic, patient)] == [ItemType.FEE]
    assert waive(clinic, fee_of(clinic, row)).status is FeeStatus.WAIVED
    assert uninvoiced(clinic, patient) == ()
    with pytest.raises(Conflict, match="The fee is waived"):
        charge(clinic, patient, row)


def test_a_fee_line_of_several_credited_by_itself_frees_its_fee(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    row = missed(clinic, patient)
    made = issue(clinic, draft(clinic, patient, appointment_ids=(row.id,)))
    fee_line = read(clinic, made.id).lines[1]
    credit = CreditLine(line_id=fee_line.id, quantity=Decimal(1))
    perform(
        clinic.actor("manager"), credit_invoice, CreditInvoice(invoice_id=made.id, lines=(credit,), reason="Was ill")
    )
    assert change(clinic, row, AppointmentStatus.BOOKED).status is AppointmentStatus.BOOKED
    assert fee_of(clinic, row).status is FeeStatus.WITHDRAWN


def test_a_withdrawn_fee_is_never_charged(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    row = missed(clinic, patient)
    change(clinic, row, AppointmentStatus.BOOKED)
    assert uninvoiced(clinic, patient) == ()
    (only,) = read(clinic, charge(clinic, patient, row).id).lines
    assert (only.item_type, only.net) == (ItemType.SERVICE, Decimal("80.00"))


def test_what_did_not_take_place_is_charged_by_its_fee_alone(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    row, called_off = missed(clinic, patient, 24), cancelled_late(clinic, patient, by=CancelledBy.CLINIC)
    with pytest.raises(Conflict, match="did not take place and costs no fee"):
        charge(clinic, patient, called_off)
    with pytest.raises(InvalidInput, match="only its fee can be charged"):
        draft(clinic, patient, line(clinic, appointment_id=row.id))
    for wrong in ({"unit_price": Decimal(20)}, {"quantity": Decimal(2)}):
        fee = DraftLine.model_validate(
            {"item_type": ItemType.FEE, "appointment_id": row.id, "description": "Fee", "unit_price": Decimal(25)}
            | wrong
        )
        with pytest.raises(InvalidInput, match=r"is 25.00; charge it as it is, or waive it"):
            draft(clinic, patient, fee)


@pytest.mark.race
def test_64_people_charging_for_one_visit_at_once_make_one_draft(clinic: Clinic) -> None:
    patient, manager = make_patient(clinic), clinic.actor("manager")
    visit = attended(clinic, patient, service=clinic.service)
    (row,) = uninvoiced(clinic, patient)
    ways: list[dict[str, object]] = [
        {"visit_ids": (visit,)},
        {"appointment_ids": (row.appointment_id,)},
        {"lines": (line(clinic, visit_id=visit),)},
    ]
    requests = [DraftInvoice.model_validate({"patient_id": patient, **ways[turn % 3]}) for turn in range(64)]
    results = at_once([_draft(manager, request) for request in requests])
    refused = [result for result in results if isinstance(result, ClinicError)]
    assert len(refused) == 63
    assert {str(error) for error in refused} == {"The visit of 20 Nov 2026 is on another draft already."}


@pytest.mark.race
def test_a_fee_charged_and_waived_at_once_is_one_of_both(clinic: Clinic) -> None:
    patient, manager = make_patient(clinic), clinic.actor("manager")
    row = missed(clinic, patient)
    fee = fee_of(clinic, row)
    request = DraftInvoice(patient_id=patient, appointment_ids=(row.id,))
    tasks: list[Callable[[], object]] = [_draft(manager, request)] * 8
    tasks += [lambda: waive(clinic, fee)] * 8
    results = at_once(tasks)
    assert sum(not isinstance(result, ClinicError) for result in results) == 1
    assert len(uninvoiced(clinic, patient)) == 0


def _draft(actor: Actor, request: DraftInvoice) -> Callable[[], object]:
    return lambda: perform(actor, draft_invoice, request)
