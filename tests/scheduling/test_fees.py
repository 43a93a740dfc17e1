"""Fees for no-shows and late cancellations: the rule, the row that follows the appointment, waiving, who sees them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_core.access import owner_work, perform
from clinic_core.access.organization import FeeRule, OrganizationSettings
from clinic_core.errors import Conflict, InvalidInput, NotFound, PermissionDenied, StaleEdit
from clinic_core.kit.clock import frozen_at
from clinic_core.kit.ids import new_id
from clinic_core.models import Invoice, InvoiceLine, ProductService
from clinic_core.scheduling.fees import fee_amount
from clinic_core.scheduling.queries import count_fees, list_fees
from clinic_core.scheduling.schemas import (
    AppointmentRow,
    CancelAppointment,
    ChangeStatus,
    DeleteAppointment,
    FeeRow,
    ListFees,
    WaiveFee,
)
from clinic_core.scheduling.service import cancel_appointment, change_status, delete_appointment, waive_fee
from clinic_core.vocabulary import AppointmentStatus, CancelledBy, FeeKind, FeeStatus, ItemType
from tests.factories import MONDAY, Clinic, make_clinic, make_patient, slot
from tests.scheduling.arrange import audited, book

FLAT = FeeRule(kind="flat", amount=Decimal("25.00"))
HALF = FeeRule(kind="percent", rate=Decimal("0.5"))
PROPOSED = FeeStatus.PROPOSED


@pytest.fixture
def clinic() -> Clinic:
    """A clinic that charges for no-shows and late cancellations."""
    return make_clinic(OrganizationSettings(no_show_fee=FLAT, late_cancellation_fee=HALF, late_cancellation_hours=48))


def miss(clinic: Clinic, row: AppointmentRow, *, by: str = "assistant") -> AppointmentRow:
    with frozen_at(row.starts_at + timedelta(minutes=20)):
        return change(clinic, row, AppointmentStatus.NO_SHOW, by=by)


def change(clinic: Clinic, row: AppointmentRow, status: AppointmentStatus, *, by: str = "assistant") -> AppointmentRow:
    return perform(clinic.actor(by), change_status, ChangeStatus(appointment_id=row.id, status=status))


def cancel(clinic: Clinic, row: AppointmentRow, *, hours: float, **fields: Any) -> AppointmentRow:
    values = {"appointment_id": row.id, "cancelled_by": CancelledBy.PATIENT, **fields}
    with frozen_at(row.starts_at - timedelta(hours=hours)):
        return perform(clinic.actor("assistant"), cancel_appointment, CancelAppointment.model_validate(values))


def fees(clinic: Clinic, row: AppointmentRow, *, by: str = "manager") -> list[FeeRow]:
    return perform(clinic.actor(by), list_fees, ListFees(appointment_id=row.id, statuses=tuple(FeeStatus)))


def waive(clinic: Clinic, fee: FeeRow, *, by: str = "manager", **fields: Any) -> FeeRow:
    values = {"appointment_fee_id": fee.id, "reason": "First time", "version": fee.version, **fields}
    return perform(clinic.actor(by), waive_fee, WaiveFee.model_validate(values))


@pytest.mark.parametrize(
    ("rule", "price", "expected"),
    [
        (FeeRule(), "80", "0.00"),
        (FLAT, "80", "25.00"),
        (FLAT, None, "25.00"),
        (HALF, None, "0.00"),
        (HALF, "80.01", "40.01"),
        (FeeRule(kind="percent", rate=Decimal("0.333333")), "0.015", "0.00"),
        (FeeRule(kind="percent", rate=Decimal(1)), "0.005", "0.01"),
    ],
)
def test_a_fee_is_nothing_an_amount_or_a_share_of_the_price_rounded_half_up(
    rule: FeeRule, price: str | None, expected: str
) -> None:
    assert str(fee_amount(rule, Decimal(price) if price else None)) == expected


@given(st.decimals(min_value=0, max_value=1, places=6), st.decimals(min_value=0, max_value=Decimal(10**9), places=6))
def test_a_share_is_never_negative_and_never_more_than_a_cent_above_the_price(rate: Decimal, price: Decimal) -> None:
    found = fee_amount(FeeRule(kind="percent", rate=rate), price)
    assert 0 <= found <= price + Decimal("0.01")
    assert found == found.quantize(Decimal("0.01"))


def test_a_no_show_proposes_the_fee_of_the_rule(clinic: Clinic) -> None:
    row = miss(clinic, book(clinic, product_service_id=clinic.service))
    (fee,) = fees(clinic, row)
    assert (fee.kind, fee.amount, fee.status) == (FeeKind.NO_SHOW, Decimal("25.00"), PROPOSED)
    assert (fee.patient_id, fee.practitioner, fee.service) == (row.patient_id, "Practitioner", "Follow-up")
    assert ("appointment_fee", "insert") in {found[:2] for found in audited(clinic, "appointment.change_status")}


@pytest.mark.parametrize(
    ("hours", "fields", "expected"),
    [
        (47, {}, ["40.00"]),
        (49, {}, []),
        (49, {"late": True}, ["40.00"]),
        (1, {"late": False}, []),
        (1, {"cancelled_by": CancelledBy.CLINIC}, []),
    ],
)
def test_only_a_late_cancellation_by_the_patient_proposes_a_fee(
    clinic: Clinic, hours: float, fields: dict[str, object], expected: list[str]
) -> None:
    row = cancel(clinic, book(clinic, product_service_id=clinic.service), hours=hours, **fields)
    assert row.cancelled_late is bool(expected)
    assert [str(fee.amount) for fee in fees(clinic, row)] == expected


def test_the_clinic_never_cancels_late(clinic: Clinic) -> None:
    with pytest.raises(InvalidInput, match="never the clinic"):
        cancel(clinic, book(clinic), hours=1, cancelled_by=CancelledBy.CLINIC, late=True)


def test_a_patient_who_cancels_late_owes_the_fee_whatever_the_form_says(clinic: Clinic) -> None:
    patient_id = make_patient(clinic, user_id=clinic.users["patient"])
    row = book(clinic, patient_id=patient_id, product_service_id=clinic.service)
    request = CancelAppointment(appointment_id=row.id, cancelled_by=CancelledBy.CLINIC, late=False)
    with frozen_at(row.starts_at - timedelta(hours=2)):
        perform(clinic.actor("patient"), cancel_appointment, request)
    assert [fee.kind for fee in fees(clinic, row)] == [FeeKind.LATE_CANCELLATION]
    assert [fee.id for fee in fees(clinic, row, by="patient")] == [fees(clinic, row)[0].id]


def test_without_a_rule_or_a_price_nothing_is_proposed(clinic: Clinic) -> None:
    free = make_clinic()
    assert fees(free, miss(free, book(free, product_service_id=free.service))) == []
    assert fees(clinic, cancel(clinic, book(clinic), hours=1)) == []


def test_a_step_back_withdraws_the_fee_and_the_next_no_show_proposes_it_again_at_todays_price(clinic: Clinic) -> None:
    row = miss(clinic, book(clinic, product_service_id=clinic.service))
    (first,) = fees(clinic, row)
    change(clinic, row, AppointmentStatus.BOOKED)
    assert [fee.status for fee in fees(clinic, row)] == [FeeStatus.WITHDRAWN]
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.get_one(ProductService, clinic.service).unit_price = Decimal("90.00")
    cancel(clinic, row, hours=1)
    (again,) = fees(clinic, row)
    assert (again.id, again.kind, again.status) == (first.id, FeeKind.LATE_CANCELLATION, PROPOSED)
    assert again.amount == Decimal("45.00")


def test_a_deleted_appointment_costs_nothing(clinic: Clinic) -> None:
    row = cancel(clinic, book(clinic, product_service_id=clinic.service), hours=1)
    perform(clinic.actor("assistant"), delete_appointment, DeleteAppointment(appointment_id=row.id))
    assert [fee.status for fee in fees(clinic, row)] == [FeeStatus.WITHDRAWN]


def test_a_fee_on_an_invoice_keeps_the_step_behind_it(clinic: Clinic) -> None:
    row = miss(clinic, book(clinic))
    invoice_id = new_id()
    with owner_work("test.arrange", clinic.organization_id) as session:
        org: dict[str, Any] = {"organization_id": clinic.organization_id}
        session.add(Invoice(id=invoice_id, patient_id=row.patient_id, clinic_location_id=clinic.main, **org))
        session.flush()
        session.add(
            InvoiceLine(
                invoice_id=invoice_id,
                position=1,
                item_type=ItemType.FEE,
                appointment_id=row.id,
                description="No-show",
                qty=Decimal(1),
                unit_price=Decimal(25),
                net=Decimal(25),
                **org,
            )
        )
    with pytest.raises(Conflict, match="stands on an invoice"):
        change(clinic, row, AppointmentStatus.BOOKED)
    assert [fee.status for fee in fees(clinic, row)] == [PROPOSED]


def test_a_waived_fee_keeps_its_reason_and_is_audited(clinic: Clinic) -> None:
    row = miss(clinic, book(clinic))
    waived = waive(clinic, fees(clinic, row)[0])
    assert (waived.status, waived.waived_reason) == (FeeStatus.WAIVED, "First time")
    assert audited(clinic, "fee.waive")[0][:3] == ("appointment_fee", "update", clinic.users["manager"])
    with pytest.raises(Conflict, match="waived already"):
        waive(clinic, waived)
    change(clinic, row, AppointmentStatus.BOOKED)
    assert [(fee.status, fee.waived_reason) for fee in fees(clinic, row)] == [(FeeStatus.WITHDRAWN, "")]


def test_waiving_needs_a_reason_the_permission_and_a_fresh_list(clinic: Clinic) -> None:
    (fee,) = fees(clinic, miss(clinic, book(clinic)))
    with pytest.raises(InvalidInput, match="Reason is missing"):
        waive(clinic, fee, reason=" ")
    for role in ("assistant", "practitioner", "patient"):
        with pytest.raises(PermissionDenied):
            waive(clinic, fee, by=role)
    with pytest.raises(StaleEdit):
        waive(clinic, fee, version=fee.version + 1)
    with pytest.raises(NotFound):
        waive(make_clinic(), fee, by="owner")


def test_a_double_click_waives_once(clinic: Clinic) -> None:
    (fee,) = fees(clinic, miss(clinic, book(clinic)))
    request_id = new_id()
    assert waive(clinic, fee, request_id=request_id) == waive(clinic, fee, request_id=request_id)


def test_fees_are_seen_by_who_sees_the_money_of_the_appointment(clinic: Clinic) -> None:
    row = miss(clinic, book(clinic))
    elsewhere = miss(clinic, book(clinic, 2, by="manager", clinic_location_id=clinic.branch), by="manager")
    period = ListFees(starts_from=MONDAY - timedelta(days=1), starts_before=MONDAY + timedelta(days=1))
    seen = {
        role: [fee.appointment_id for fee in perform(clinic.actor(role), list_fees, period)]
        for role in ("manager", "assistant", "practitioner", "second_practitioner", "patient")
    }
    assert seen == {
        "manager": [elsewhere.id, row.id],
        "assistant": [row.id],
        "practitioner": [elsewhere.id, row.id],
        "second_practitioner": [],
        "patient": [],
    }
    assert perform(make_clinic().actor("owner"), list_fees, period) == []


def test_fees_are_counted_in_each_status(clinic: Clinic) -> None:
    rows = [miss(clinic, book(clinic, hours)) for hours in (0, 1)]
    waive(clinic, fees(clinic, rows[0])[0])
    counts = perform(clinic.actor("assistant"), count_fees, ListFees(starts_from=slot()[0], starts_before=slot(24)[0]))
    assert counts.by_status == {PROPOSED: 1, FeeStatus.WAIVED: 1, FeeStatus.WITHDRAWN: 0}
    assert counts.amounts[PROPOSED] == Decimal("25.00")


@pytest.mark.parametrize("fields", [{}, {"starts_from": MONDAY}, {"starts_from": MONDAY, "starts_before": MONDAY}])
def test_fees_are_listed_for_somebody_or_a_bounded_period(fields: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        ListFees.model_validate(fields)
