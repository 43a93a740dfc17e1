"""The proof of numbers: every series of papers and receipts, its gaps and its twins, and the file of it (B3)."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import MappingProxyType

import pytest
from sqlalchemy import text

from clinic_core.access import Permission, owner_work, perform
from clinic_core.billing.queries import export_numbers, list_number_series, number_proof
from clinic_core.billing.schemas import CreditInvoice, NumberProof, ProveNumbers, RefundReceipt
from clinic_core.billing.service import credit_invoice, record_receipt, refund_receipt
from clinic_core.errors import PermissionDenied
from clinic_core.kit.clock import now
from clinic_core.ui.number_words import numbers_text
from clinic_core.vocabulary import PaymentMethod, Scope
from tests.billing.arrange import audited, priced, receipt
from tests.factories import Clinic, make_clinic, make_patient

YEAR = now().year


@pytest.fixture
def books(clinic: Clinic) -> Clinic:
    """Two invoices, the first of them void by a credit note, two receipts and a refund."""
    patient = make_patient(clinic)
    first, _ = (priced(clinic, patient, price) for price in ("80.00", "20.00"))
    perform(clinic.actor("manager"), credit_invoice, CreditInvoice(invoice_id=first.id, reason="Wrong"))
    taken = [perform(clinic.actor("assistant"), record_receipt, receipt(patient, amount)) for amount in ("5", "9")]
    back = RefundReceipt(receipt_id=taken[0].id, amount=Decimal(5), method=PaymentMethod.CASH)
    perform(clinic.actor("manager"), refund_receipt, back)
    return clinic


def proof(clinic: Clinic, series: str) -> NumberProof:
    return perform(clinic.actor("manager"), number_proof, ProveNumbers(series=series, year=YEAR))


def test_every_series_is_listed_with_what_it_is_for(books: Clinic) -> None:
    found = perform(books.actor("manager"), list_number_series)
    assert [(row.series, row.year, row.label) for row in found] == [
        ("CRN", YEAR, "Credit notes"),
        ("INV", YEAR, "Invoices"),
        ("RCT", YEAR, "Receipts and refunds"),
    ]
    assert perform(make_clinic().actor("manager"), list_number_series) == ()


@pytest.mark.parametrize(("series", "last", "voids"), [("INV", 2, 1), ("CRN", 1, 0), ("RCT", 3, 0)])
def test_a_series_without_a_gap_is_proven(books: Clinic, series: str, last: int, voids: int) -> None:
    found = proof(books, series)
    assert (found.first, found.last, found.count, found.voids) == (1, last, last, voids)
    assert (found.missing, found.duplicates) == ((), ())


def test_a_number_that_was_given_to_no_paper_is_missing_in_the_proof_and_the_file(books: Clinic) -> None:
    with owner_work("test.arrange", books.organization_id) as session:
        session.execute(
            text("update number_series set last = 5 where organization_id = :org and series = 'RCT'"),
            {"org": books.organization_id},
        )
    assert proof(books, "RCT").missing == (4, 5)
    made = perform(books.actor("manager"), export_numbers, ProveNumbers(series="RCT", year=YEAR))
    assert [row[:3] for row in made.rows] == [
        (f"RCT-{YEAR}-00001", "Receipt", "Recorded"),
        (f"RCT-{YEAR}-00002", "Receipt", "Recorded"),
        (f"RCT-{YEAR}-00003", "Refund", "Recorded"),
        (f"RCT-{YEAR}-00004", "", "Missing"),
        (f"RCT-{YEAR}-00005", "", "Missing"),
    ]
    assert isinstance(made.rows[0][3], date)
    assert made.rows[1][4] == Decimal("9.00")
    assert ("number_series", "export", books.users["manager"]) in audited(books, "numbers.export")


def test_the_file_tells_void_from_issued(books: Clinic) -> None:
    made = perform(books.actor("owner"), export_numbers, ProveNumbers(series="inv", year=YEAR))
    assert [(row[1], row[2], row[4]) for row in made.rows] == [
        ("Invoice", "Void", Decimal("80.00")),
        ("Invoice", "Issued", Decimal("20.00")),
    ]


@pytest.mark.parametrize("role", ["practitioner", "assistant", "patient"])
def test_others_see_no_proof(books: Clinic, role: str) -> None:
    with pytest.raises(PermissionDenied):
        perform(books.actor(role), number_proof, ProveNumbers(series="INV", year=YEAR))


def test_who_manages_one_location_sees_no_numbers_of_all(books: Clinic) -> None:
    manager = books.actor("manager")
    narrow = MappingProxyType({**manager.permissions, Permission.BILLING_MANAGE: Scope.LOCATION})
    actor = replace(manager, permissions=narrow)
    wanted = ProveNumbers(series="INV", year=YEAR)
    with pytest.raises(PermissionDenied, match="whole organisation"):
        perform(actor, number_proof, wanted)
    with pytest.raises(PermissionDenied, match="whole organisation"):
        perform(actor, list_number_series)
    with pytest.raises(PermissionDenied, match="whole organisation"):
        perform(actor, export_numbers, wanted)
    assert ("use_case", "refused", manager.user_id) in audited(books, "numbers.export")


def test_runs_of_numbers_are_written_as_ranges() -> None:
    assert numbers_text(()) == ""
    assert numbers_text((3, 7, 8, 9)) == "3, 7 to 9"
    assert numbers_text(tuple(range(1, 50, 2))) == f"{', '.join(str(odd) for odd in range(1, 41, 2))} and 5 more"
