"""Checking out: invoice, number, credit and receipts in one step, or nothing of it."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError
from sqlalchemy import text

from clinic_core.access import owner_work, perform
from clinic_core.billing.queries import list_invoices, list_receipts, list_uninvoiced, number_proof, patient_balance
from clinic_core.billing.schemas import (
    CheckOut,
    CheckOutResult,
    DisplayStatus,
    ListInvoices,
    ListReceipts,
    OfPatient,
    ProveNumbers,
)
from clinic_core.billing.service import check_out, record_receipt
from clinic_core.errors import ClinicError, Conflict, InvalidInput, NotFound, PermissionDenied
from clinic_core.kit.clock import frozen_at, now
from clinic_core.kit.ids import new_id
from clinic_core.vocabulary import PaymentMethod
from tests.billing.arrange import attended, audited, line, priced, read, receipt
from tests.billing.test_races import at_once
from tests.factories import Clinic, make_patient

CASH, CARD = PaymentMethod.CASH, PaymentMethod.CARD


def leave(clinic: Clinic, patient: UUID, *, by: str = "manager", **fields: object) -> CheckOutResult:
    """Check out, by default one service of 80.00."""
    wanted = {"patient_id": patient, "clinic_location_id": clinic.main, "lines": (line(clinic),), **fields}
    return perform(clinic.actor(by), check_out, CheckOut.model_validate(wanted))


def pay(method: PaymentMethod, amount: str, reference: str = "") -> dict[str, object]:
    return {"method": method, "amount": Decimal(amount), "reference": reference}


def nothing_is_left(clinic: Clinic) -> bool:
    manager = clinic.actor("manager")
    return not perform(manager, list_invoices, ListInvoices()) and not perform(manager, list_receipts, ListReceipts())


def test_a_visit_is_invoiced_and_paid_in_one_step(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    visit = attended(clinic, patient, service=clinic.service)
    done = leave(clinic, patient, lines=(), visit_ids=(visit,), payments=(pay(CARD, "80", "T-1"),))
    assert done.invoice is not None
    assert done.invoice.display_status is DisplayStatus.PAID
    (taken,) = done.receipts
    assert (taken.amount, taken.allocated, taken.method, taken.reference) == (Decimal(80), Decimal(80), CARD, "T-1")
    assert (done.credit_used, done.change) == (Decimal("0.00"), Decimal("0.00"))
    assert done.invoice.issued_on == taken.received_on
    assert perform(clinic.actor("manager"), list_uninvoiced, OfPatient(patient_id=patient)) == ()
    assert {(table, action) for table, action, _ in audited(clinic, "invoice.check_out")} >= {
        ("invoice", "insert"),
        ("invoice_line", "insert"),
        ("receipt", "insert"),
        ("payment", "insert"),
    }


def test_of_cash_the_change_is_given_back_and_the_receipt_is_over_what_is_kept(clinic: Clinic) -> None:
    done = leave(clinic, make_patient(clinic), payments=(pay(CASH, "100"),))
    assert (done.change, done.receipts[0].amount, done.receipts[0].credit) == (Decimal(20), Decimal(80), Decimal(0))


def test_two_methods_make_two_receipts_and_cash_comes_last(clinic: Clinic) -> None:
    done = leave(clinic, make_patient(clinic), payments=(pay(CASH, "50"), pay(CARD, "50.50")))
    assert [(taken.method, taken.amount) for taken in done.receipts] == [
        (CARD, Decimal("50.50")),
        (CASH, Decimal("29.50")),
    ]
    assert done.change == Decimal("20.50")


def test_a_part_is_paid_and_the_rest_stays_open(clinic: Clinic) -> None:
    done = leave(clinic, make_patient(clinic), payments=(pay(CARD, "30"),))
    assert done.invoice is not None
    assert (done.invoice.display_status, done.invoice.balance) == (DisplayStatus.PART_PAID, Decimal(50))


def test_credit_is_used_before_money(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    perform(clinic.actor("assistant"), record_receipt, receipt(patient, "30.00"))
    done = leave(clinic, patient, apply_credit=True, payments=(pay(CASH, "50"),))
    assert done.invoice is not None
    assert (done.credit_used, done.change, done.invoice.balance) == (Decimal(30), Decimal(0), Decimal(0))
    balance = perform(clinic.actor("manager"), patient_balance, OfPatient(patient_id=patient))
    assert (balance.gross, balance.credit) == (Decimal(0), Decimal(0))


def test_credit_above_what_is_owed_stays_credit(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    perform(clinic.actor("assistant"), record_receipt, receipt(patient, "100.00"))
    done = leave(clinic, patient, apply_credit=True)
    assert (done.credit_used, done.receipts) == (Decimal(80), ())
    assert perform(clinic.actor("manager"), patient_balance, OfPatient(patient_id=patient)).credit == Decimal(20)


def test_older_invoices_are_paid_along_oldest_due_first(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    with frozen_at(datetime(2026, 3, 2, 12, 0, tzinfo=UTC)):
        old = priced(clinic, patient, "40.00", clinic_location_id=clinic.main)
    done = leave(clinic, patient, invoice_ids=(old.id,), payments=(pay(CARD, "100"),))
    assert done.invoice is not None
    assert (read(clinic, old.id).balance, done.invoice.balance) == (Decimal(0), Decimal(20))
    assert len(done.receipts) == 1


def test_without_issue_it_stays_a_draft_without_a_number(clinic: Clinic) -> None:
    done = leave(clinic, make_patient(clinic), issue=False)
    assert done.invoice is not None
    assert (done.invoice.display_status, done.invoice.number, done.receipts) == (DisplayStatus.DRAFT, None, ())


def test_who_may_only_take_payments_pays_issued_invoices_and_writes_none(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    made = priced(clinic, patient, "80.00", clinic_location_id=clinic.main)
    with pytest.raises(PermissionDenied, match="not write invoices"):
        leave(clinic, patient, by="assistant", payments=(pay(CASH, "80"),))
    done = leave(clinic, patient, by="assistant", lines=(), invoice_ids=(made.id,), payments=(pay(CASH, "100"),))
    assert (done.invoice, done.change, read(clinic, made.id).balance) == (None, Decimal(20), Decimal(0))


def test_who_may_do_neither_is_refused(clinic: Clinic) -> None:
    with pytest.raises(PermissionDenied):
        leave(clinic, make_patient(clinic), by="practitioner")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"payments": (pay(CARD, "80.01"),)}, "80.01 by card is more than the 80.00 left to pay"),
        ({"payments": (pay(CARD, "80"), pay(CASH, "1"))}, "Nothing is left to pay; leave the 1.00 by cash out"),
        ({"apply_credit": True}, "no credit"),
    ],
)
def test_a_payment_that_does_not_fit_leaves_nothing(clinic: Clinic, fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Conflict, match=sentence):
        leave(clinic, make_patient(clinic), **fields)
    assert nothing_is_left(clinic)
    proof = perform(clinic.actor("manager"), number_proof, ProveNumbers(series="INV", year=now().year))
    assert (proof.count, proof.missing) == (0, ())


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"lines": ()}, "nothing to check out"),
        ({"issue": False, "payments": (pay(CASH, "1"),)}, "A draft cannot be paid"),
        ({"payments": (pay(CASH, "1"),) * 11}, "At most 10 payments"),
        ({"payments": (pay(CASH, "0"),)}, "must be above zero"),
        ({"payments": (pay(CASH, "-1"),)}, "must be above zero"),
        ({"payments": (pay(CASH, "NaN"),)}, "must be a number"),
        ({"payments": (pay(CASH, "Infinity"),)}, "must be a number"),
        ({"payments": (pay(CASH, "1e30"),)}, "must be below"),
        ({"payments": (pay(CASH, "0.001"),)}, "decimals"),
    ],
)
def test_what_cannot_be_right_is_refused_in_a_sentence(clinic: Clinic, fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises((InvalidInput, ValidationError), match=sentence):
        leave(clinic, make_patient(clinic), **fields)
    assert nothing_is_left(clinic)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"quantity": Decimal("NaN")}, "Quantity must be a number"),
        ({"quantity": Decimal("Infinity")}, "Quantity must be a number"),
        ({"quantity": Decimal("1e30")}, "Quantity must be below"),
        ({"quantity": Decimal(0)}, "Quantity must not be zero"),
        ({"quantity": Decimal(-1)}, "must not be below zero"),
        ({"unit_price": Decimal("1e30")}, "Unit price must be below"),
        ({"unit_price": Decimal(-1)}, "Unit price must not be negative"),
        ({"discount_rate": Decimal("1.5")}, "Discount rate must be between 0 and 1"),
    ],
)
def test_impossible_lines_leave_nothing(clinic: Clinic, values: dict[str, object], sentence: str) -> None:
    with pytest.raises((InvalidInput, ValidationError), match=sentence):
        leave(clinic, make_patient(clinic), lines=(line(clinic, **values),), payments=(pay(CASH, "80"),))
    assert nothing_is_left(clinic)


def test_an_invoice_over_nothing_is_issued_and_takes_no_money(clinic: Clinic) -> None:
    patient, free = make_patient(clinic), (line(clinic, discount_rate=Decimal(1)),)
    with pytest.raises(Conflict, match="Nothing is left to pay"):
        leave(clinic, patient, lines=free, payments=(pay(CASH, "1"),))
    done = leave(clinic, patient, lines=free)
    assert done.invoice is not None
    assert (done.invoice.total, done.invoice.display_status) == (Decimal(0), DisplayStatus.PAID)


def test_a_return_lowers_what_is_paid(clinic: Clinic) -> None:
    back = line(clinic, quantity=Decimal(-1), unit_price=Decimal(30))
    done = leave(clinic, make_patient(clinic), lines=(line(clinic), back), payments=(pay(CARD, "50"),))
    assert done.invoice is not None
    assert (done.invoice.total, done.invoice.balance) == (Decimal(50), Decimal(0))


def test_an_invoice_of_another_patient_or_a_paid_one_is_refused(clinic: Clinic) -> None:
    patient, other = make_patient(clinic), make_patient(clinic)
    foreign = priced(clinic, other, "80.00", clinic_location_id=clinic.main)
    with pytest.raises(InvalidInput, match="another patient"):
        leave(clinic, patient, invoice_ids=(foreign.id,), payments=(pay(CASH, "80"),))
    leave(clinic, other, lines=(), invoice_ids=(foreign.id,), payments=(pay(CASH, "80"),))
    with pytest.raises(Conflict, match="already paid"):
        leave(clinic, other, lines=(), invoice_ids=(foreign.id,), payments=(pay(CASH, "80"),))
    with pytest.raises(NotFound):
        leave(clinic, other, lines=(), invoice_ids=(new_id(),), payments=(pay(CASH, "80"),))


@pytest.mark.parametrize(
    ("zone", "instant", "day"),
    [
        ("Pacific/Auckland", "2026-12-31T11:30+00:00", date(2027, 1, 1)),
        ("America/Los_Angeles", "2027-01-01T07:30+00:00", date(2026, 12, 31)),
    ],
)
def test_the_dates_and_the_year_of_the_numbers_are_those_of_the_location(
    clinic: Clinic, zone: str, instant: str, day: date
) -> None:
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.execute(text("update clinic_location set timezone = :z where id = :id"), {"z": zone, "id": clinic.main})
    patient = make_patient(clinic)
    with frozen_at(datetime.fromisoformat(instant)):
        done = leave(clinic, patient, payments=(pay(CASH, "80"),))
    assert done.invoice is not None
    assert (done.invoice.issued_on, done.receipts[0].received_on) == (day, day)
    assert (done.invoice.number, done.receipts[0].number) == (f"INV-{day.year}-00001", f"RCT-{day.year}-00001")


@pytest.mark.race
def test_64_clicks_at_once_make_one_invoice_and_one_receipt(clinic: Clinic) -> None:
    patient, manager = make_patient(clinic), clinic.actor("manager")
    request = CheckOut.model_validate(
        {
            "patient_id": patient,
            "clinic_location_id": clinic.main,
            "visit_ids": (attended(clinic, patient, service=clinic.service),),
            "payments": (pay(CASH, "100"),),
            "request_id": new_id(),
        }
    )
    results = at_once([lambda: perform(manager, check_out, request)] * 64)
    assert [result for result in results if isinstance(result, ClinicError)] == []
    assert all(result == results[0] for result in results)
    assert len(perform(manager, list_invoices, ListInvoices())) == 1
    assert len(perform(manager, list_receipts, ListReceipts())) == 1


@pytest.mark.race
def test_64_desks_checking_one_visit_out_make_one_invoice_and_leave_no_gap(clinic: Clinic) -> None:
    patient, manager = make_patient(clinic), clinic.actor("manager")
    perform(manager, record_receipt, receipt(patient, "30.00"))
    visit = attended(clinic, patient, service=clinic.service)

    def desk() -> Callable[[], object]:
        return lambda: leave(
            clinic, patient, lines=(), visit_ids=(visit,), apply_credit=True, payments=(pay(CARD, "50"),)
        )

    results = at_once([desk() for _ in range(64)])
    assert sum(isinstance(result, Conflict) for result in results) == 63
    (made,) = perform(manager, list_invoices, ListInvoices())
    assert (made.paid, made.balance) == (Decimal(80), Decimal(0))
    for series, count in (("INV", 1), ("RCT", 2)):
        proof = perform(manager, number_proof, ProveNumbers(series=series, year=now().year))
        assert (proof.count, proof.missing, proof.duplicates) == (count, (), ())
