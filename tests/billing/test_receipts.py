"""Money taken: over several invoices, never more than received or owed, once per click."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from clinic_core.access import perform
from clinic_core.access.organization import OrganizationSettings
from clinic_core.billing.queries import (
    get_receipt,
    list_invoices,
    list_receipts,
    open_invoices,
    patient_balance,
    print_receipt,
)
from clinic_core.billing.schemas import (
    DisplayStatus,
    GetReceipt,
    ListInvoices,
    ListReceipts,
    OfPatient,
    PatientBalance,
    ReceiptHead,
)
from clinic_core.billing.service import record_receipt
from clinic_core.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from clinic_core.kit.clock import frozen_at, now
from clinic_core.kit.ids import new_id
from tests.billing.arrange import NOVEMBER, audited, draft, priced, read, receipt
from tests.factories import Clinic, make_clinic, make_patient


def take(clinic: Clinic, patient_id: UUID, amount: str, **fields: object) -> ReceiptHead:
    return perform(clinic.actor("assistant"), record_receipt, receipt(patient_id, amount, **fields))


def balance(clinic: Clinic, patient_id: UUID) -> PatientBalance:
    return perform(clinic.actor("manager"), patient_balance, OfPatient(patient_id=patient_id))


def test_an_assistant_collects_and_it_is_audited(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    invoice = priced(clinic, patient, "80.00")
    made = take(clinic, patient, "80.00", invoice_ids=(invoice.id,), reference="card 4711", method="card")
    assert (made.number, made.allocated, made.credit) == (f"RCT-{now().year}-00001", Decimal("80.00"), Decimal("0.00"))
    found = read(clinic, invoice.id)
    assert (found.display_status, found.paid, found.balance) == (
        DisplayStatus.PAID,
        Decimal("80.00"),
        Decimal("0.00"),
    )
    assert [(one.receipt_number, one.amount, one.method.label, one.reference) for one in found.payments] == [
        (made.number, Decimal("80.00"), "Card", "card 4711")
    ]
    assistant = clinic.users["assistant"]
    assert {
        ("receipt", "insert", assistant),
        ("payment", "insert", assistant),
        ("invoice", "update", assistant),
    } <= set(audited(clinic, "receipt.record"))


@pytest.mark.parametrize("chosen", [0, 1, 2])
def test_what_is_answered_is_what_is_kept(clinic: Clinic, chosen: int) -> None:
    patient = make_patient(clinic)
    invoices = [priced(clinic, patient, "10.10").id for _ in range(chosen)]
    given: dict[str, object] = {"invoice_ids": tuple(invoices)} if chosen else {"clinic_location_id": clinic.main}
    made = take(clinic, patient, "15.05", reference="card \\ 4711", method="card", **given)
    kept = perform(clinic.actor("manager"), get_receipt, GetReceipt(receipt_id=made.id))
    assert made == ReceiptHead.model_validate({name: getattr(kept, name) for name in ReceiptHead.model_fields})
    assert {(one.reference, one.method, one.received_on) for one in kept.payments} == (
        {(made.reference, made.method, made.received_on)} if chosen else set()
    )


@pytest.mark.parametrize("role", ["practitioner", "patient"])
def test_others_do_not_collect(clinic: Clinic, role: str) -> None:
    with pytest.raises(PermissionDenied):
        perform(clinic.actor(role), record_receipt, receipt(make_patient(clinic), "10"))
    assert audited(clinic, "receipt.record") == [("use_case", "refused", clinic.users[role])]


def test_chosen_invoices_are_filled_oldest_due_first_and_the_rest_is_credit(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    with frozen_at(NOVEMBER):
        newer = priced(clinic, patient, "50.00")
    with frozen_at(NOVEMBER - timedelta(days=30)):
        older = priced(clinic, patient, "30.00")
    with frozen_at(NOVEMBER):
        take(clinic, patient, "45.00", invoice_ids=(newer.id, older.id))
        assert (read(clinic, older.id).balance, read(clinic, newer.id).balance) == (Decimal("0.00"), Decimal("35.00"))
        assert read(clinic, newer.id).display_status is DisplayStatus.PART_PAID
        rest = take(clinic, patient, "50.00", invoice_ids=(newer.id,))
    assert (rest.allocated, rest.credit) == (Decimal("35.00"), Decimal("15.00"))
    assert balance(clinic, patient).model_dump(exclude={"id", "currency"}) == {
        "gross": Decimal("0.00"),
        "credit": Decimal("15.00"),
        "net": Decimal("-15.00"),
    }


def test_allocations_are_taken_as_given_and_the_rest_is_credit(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    first, second = priced(clinic, patient, "50.00"), priced(clinic, patient, "50.00")
    made = take(clinic, patient, "40.00", allocations=((first.id, Decimal(10)), (second.id, Decimal(20))))
    assert (read(clinic, first.id).paid, read(clinic, second.id).paid) == (Decimal("10.00"), Decimal("20.00"))
    assert (made.allocated, made.credit) == (Decimal("30.00"), Decimal("10.00"))


def test_without_invoices_all_of_it_is_credit(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    invoice = priced(clinic, patient, "50.00")
    assert take(clinic, patient, "20.00").credit == Decimal("20.00")
    assert read(clinic, invoice.id).paid == Decimal("0.00")
    found = balance(clinic, patient)
    assert (found.gross, found.credit, found.net) == (Decimal("50.00"), Decimal("20.00"), Decimal("30.00"))


def test_more_than_an_invoice_owes_cannot_be_allocated_to_it(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    invoice = priced(clinic, patient, "50.00")
    with pytest.raises(Conflict, match=f"Invoice {invoice.number} owes €50.00; €50.01 cannot be put on it"):
        take(clinic, patient, "60.00", allocations=((invoice.id, Decimal("50.01")),))
    assert perform(clinic.actor("manager"), list_receipts, ListReceipts()) == ()


def test_a_paid_invoice_is_not_paid_again(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    invoice = priced(clinic, patient, "50.00")
    take(clinic, patient, "50.00", invoice_ids=(invoice.id,))
    with pytest.raises(Conflict, match=f"Invoice {invoice.number} over €50.00 is already paid"):
        take(clinic, patient, "50.00", invoice_ids=(invoice.id,))


def test_a_draft_is_not_paid(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    made = draft(clinic, patient)
    with pytest.raises(Conflict, match="A draft cannot be paid"):
        take(clinic, patient, "50.00", invoice_ids=(made.id,))


def test_money_does_not_cross_patients_currencies_locations_or_organisations(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    with pytest.raises(InvalidInput, match="another patient"):
        take(clinic, patient, "10", invoice_ids=(priced(clinic, make_patient(clinic), "10").id,))
    with pytest.raises(NotFound):
        take(clinic, patient, "10", invoice_ids=(priced(clinic, patient, "10", clinic_location_id=clinic.branch).id,))
    with pytest.raises(NotFound):
        take(clinic, patient, "10", clinic_location_id=clinic.branch)
    with pytest.raises(NotFound):
        take(clinic, make_patient(clinic, clinic_location_id=clinic.branch), "10")
    other = make_clinic(OrganizationSettings(currency="USD"))
    stranger = make_patient(other)
    theirs = priced(other, stranger, "10")
    with pytest.raises(NotFound):
        take(clinic, stranger, "10")
    with pytest.raises(NotFound):
        take(clinic, patient, "10", invoice_ids=(theirs.id,))
    assert read(other, theirs.id).paid == Decimal("0.00")


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity", "1e30", "-5", "0", "0.001"])
def test_impossible_amounts_are_refused(amount: str) -> None:
    with pytest.raises(InvalidInput, match=r"^Amount must"):
        receipt(new_id(), amount)


def test_contradictory_receipts_are_refused() -> None:
    one = new_id()
    for fields in (
        {"invoice_ids": (one,), "allocations": ((one, Decimal(1)),)},
        {"invoice_ids": (one, one)},
        {"allocations": ((one, Decimal(6)), (new_id(), Decimal(5)))},
        {"received_at": datetime(2026, 1, 1)},  # noqa: DTZ001
        {"reference": "a\0b"},
    ):
        with pytest.raises(InvalidInput):
            receipt(new_id(), "10", **fields)


@pytest.mark.parametrize("away", [timedelta(days=2), timedelta(days=-365 * 40)])
def test_money_is_not_received_tomorrow_or_in_another_century(clinic: Clinic, away: timedelta) -> None:
    with pytest.raises(InvalidInput, match="Received at must lie between 2000 and today"):
        take(clinic, make_patient(clinic), "10", received_at=now() + away)


def test_the_day_and_year_of_a_receipt_are_those_at_the_location(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    with frozen_at(datetime(2027, 1, 1, 12, 0, tzinfo=UTC)):
        made = take(clinic, patient, "10", received_at=datetime(2026, 12, 31, 23, 30, tzinfo=UTC))
    assert (made.number, made.received_on) == ("RCT-2027-00001", date(2027, 1, 1))


def test_a_double_click_pays_once(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    invoice = priced(clinic, patient, "50.00")
    request = receipt(patient, "20.00", invoice_ids=(invoice.id,), request_id=new_id())
    first, second = (perform(clinic.actor("assistant"), record_receipt, request) for _ in range(2))
    assert first == second
    assert read(clinic, invoice.id).paid == Decimal("20.00")
    with pytest.raises(Conflict, match="already sent with other content"):
        perform(clinic.actor("assistant"), record_receipt, request.model_copy(update={"amount": Decimal(30)}))


def test_an_invoice_is_overdue_from_the_day_after_the_due_date_at_its_location(clinic: Clinic) -> None:
    with frozen_at(NOVEMBER):
        invoice = priced(clinic, make_patient(clinic), "10")
    with frozen_at(datetime(2026, 12, 4, 22, 59, tzinfo=UTC)):
        assert read(clinic, invoice.id).display_status is DisplayStatus.ISSUED
    with frozen_at(datetime(2026, 12, 4, 23, 0, tzinfo=UTC)):
        assert read(clinic, invoice.id).display_status is DisplayStatus.OVERDUE


def test_lists_show_what_passes_every_filter(clinic: Clinic) -> None:
    one, other = make_patient(clinic), make_patient(clinic)
    with frozen_at(NOVEMBER):
        paid, owed = priced(clinic, one, "10"), priced(clinic, one, "20")
        theirs, new = priced(clinic, other, "30", clinic_location_id=clinic.branch), draft(clinic, one)
        taken = take(clinic, one, "10", invoice_ids=(paid.id,))

        def found(**fields: object) -> list[UUID]:
            rows = perform(clinic.actor("manager"), list_invoices, ListInvoices.model_validate(fields))
            return [row.id for row in rows]

        assert found() == [new.id, theirs.id, owed.id, paid.id]
        assert found(limit=2, offset=1) == [theirs.id, owed.id]
        assert found(open_only=True) == [theirs.id, owed.id]
        assert found(patient_id=one, open_only=True) == [owed.id]
        assert found(clinic_location_id=clinic.branch) == [theirs.id]
        assert found(issued_from=date(2026, 11, 20), issued_to=date(2026, 11, 20)) == [theirs.id, owed.id, paid.id]
        assert found(issued_from=date(2026, 11, 21)) == []
        assert [found(status=status) for status in ("draft", "paid", "issued", "overdue", "void")] == [
            [new.id],
            [paid.id],
            [theirs.id, owed.id],
            [],
            [],
        ]
        assert [row.id for row in perform(clinic.actor("manager"), open_invoices, OfPatient(patient_id=one))] == [
            owed.id
        ]
        for fields, ids in (
            ({"patient_id": one}, [taken.id]),
            ({"patient_id": other}, []),
            ({"method": "card"}, []),
            ({"received_from": date(2026, 11, 20), "received_to": date(2026, 11, 20)}, [taken.id]),
            ({"with_credit_only": True}, []),
        ):
            rows = perform(clinic.actor("manager"), list_receipts, ListReceipts.model_validate(fields))
            assert [row.id for row in rows] == ids


def test_a_receipt_is_read_in_scope_and_its_print_is_audited(clinic: Clinic) -> None:
    patient = make_patient(clinic, user_id=clinic.users["patient"])
    invoice = priced(clinic, patient, "80.00")
    made = take(clinic, patient, "100.00", invoice_ids=(invoice.id,))
    found = perform(clinic.actor("patient"), print_receipt, GetReceipt(receipt_id=made.id))
    assert [(one.invoice_number, one.amount) for one in found.payments] == [(invoice.number, Decimal("80.00"))]
    assert (found.credit, found.patient_name, found.seller.name) == (Decimal("20.00"), "Ada Demo", clinic.name)
    assert audited(clinic, "receipt.print") == [("receipt", "print", clinic.users["patient"])]
    with pytest.raises(NotFound):
        perform(clinic.actor("practitioner"), get_receipt, GetReceipt(receipt_id=made.id))
    with pytest.raises(NotFound):
        perform(make_clinic().actor("owner"), get_receipt, GetReceipt(receipt_id=made.id))


def test_a_patient_out_of_scope_has_no_balance(clinic: Clinic) -> None:
    with pytest.raises(NotFound):
        perform(clinic.actor("practitioner"), patient_balance, OfPatient(patient_id=make_patient(clinic)))
    with pytest.raises(NotFound):
        perform(make_clinic().actor("owner"), patient_balance, OfPatient(patient_id=make_patient(clinic)))
