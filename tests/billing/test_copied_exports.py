"""Lists that PostgreSQL writes: cell by cell what the screen shows, whatever the server's habits."""

import csv
from io import StringIO

import pytest
from sqlalchemy import text

from clinic_core.access import perform, unit_of_work
from clinic_core.billing import exports
from clinic_core.billing.queries import export_invoices, export_receipts, export_takings, list_invoices, list_receipts
from clinic_core.billing.schemas import (
    DisplayStatus,
    InvoiceFilter,
    InvoiceRow,
    ListInvoices,
    ListReceipts,
    ReceiptFilter,
    TakingsRequest,
)
from clinic_core.billing.service import record_receipt
from clinic_core.errors import InvalidInput, Unavailable
from clinic_core.kit import tables
from clinic_core.kit.clock import now
from clinic_core.kit.text import csv_bytes
from clinic_core.patients.schemas import RegisterPatient
from clinic_core.patients.service import register_patient
from tests.billing.arrange import audited, draft, priced, receipt
from tests.factories import Clinic, make_clinic


def shown(row: InvoiceRow) -> list[object]:
    return [
        row.number, row.kind.label, row.display_status.label, row.patient_name, row.patient_code, row.location_name,
        row.issued_on, row.due_on, row.currency, row.net, row.tax, row.total, row.paid, row.credited, row.written_off,
        row.balance,
    ]  # fmt: skip


@pytest.fixture
def books(clinic: Clinic) -> Clinic:
    """Papers in several states, of people whose names try what a file may do with them."""
    for first, last, preferred in (
        ("=cmd|' /C calc'!A1", "", ""),
        ("Ada \\n\\\\", 'Lind, "Lia"', "Addie; +1"),
        ("Émile", "Schmidt-Meyer", "Émile"),
    ):
        with unit_of_work(clinic.actor("owner")) as work:
            patient = register_patient(
                work, RegisterPatient(first_name=first, last_name=last, preferred_name=preferred)
            ).id
        owed, paid = priced(clinic, patient, "21.50"), priced(clinic, patient, "1234.05")
        draft(clinic, patient)
        for invoice, amount in ((paid, "1234.05"), (owed, "0.10")):
            taken = receipt(patient, amount, invoice_ids=(invoice.id,), reference="@sum(1\\t)")
            perform(clinic.actor("assistant"), record_receipt, taken)
    return clinic


def test_every_cell_of_the_file_is_what_the_list_says(books: Clinic) -> None:
    manager = books.actor("manager")
    listed = perform(manager, list_invoices, ListInvoices())
    made = perform(manager, export_invoices, InvoiceFilter())
    assert {row.display_status for row in listed} >= {DisplayStatus.DRAFT, DisplayStatus.PAID, DisplayStatus.PART_PAID}
    assert [list(row) for row in made.rows] == [shown(row) for row in listed]
    assert made.csv() == csv_bytes(made.header, list(made.rows))


def test_the_audit_log_says_how_many_rows_left(books: Clinic) -> None:
    made = perform(books.actor("manager"), export_receipts, ReceiptFilter())
    assert len(made) == len(list(made.rows)) == 6
    assert len(audited(books, "receipt.export")) == 1
    with unit_of_work(books.actor("owner")) as work:
        detail = work.session.execute(
            text("select diff_json from audit_log where use_case = 'receipt.export' and organization_id = :id"),
            {"id": books.organization_id},
        ).scalar_one()
    assert detail == {"rows": 6, "filters": {}}


def test_filters_reach_the_file_as_they_reach_the_list(books: Clinic) -> None:
    manager = books.actor("manager")
    for chosen in (
        {"status": DisplayStatus.PAID},
        {"open_only": True},
        {"clinic_location_id": books.main, "issued_from": "2020-01-01"},
    ):
        listed = perform(manager, list_invoices, ListInvoices.model_validate(chosen))
        made = perform(manager, export_invoices, InvoiceFilter.model_validate(chosen))
        assert listed
        assert [row[0] for row in made.rows] == [row.number for row in listed]


def test_dates_are_written_the_same_way_whatever_the_server_is_used_to(books: Clinic) -> None:
    with unit_of_work(books.actor("manager")) as work:
        listed = list_receipts(work, ListReceipts())
        work.session.execute(text("set local datestyle to 'German'"))
        content = export_receipts(work, ReceiptFilter()).csv().decode("utf-8-sig")
    assert [row["Received"] for row in csv.DictReader(StringIO(content, newline=""))] == [
        row.received_on.isoformat() for row in listed
    ]


def test_a_list_that_is_too_long_does_not_leave(books: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    manager = books.actor("manager")
    today = now().date()
    for module in (exports, tables):
        monkeypatch.setattr(module, "MOST_ROWS", 5)
    with pytest.raises(InvalidInput, match="More than 5 rows"):
        perform(manager, export_takings, TakingsRequest(first_day=today, last_day=today))
    assert audited(books, "takings.export") == []


def test_a_list_in_many_parts_is_one_file(books: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    manager = books.actor("manager")
    whole = perform(manager, export_invoices, InvoiceFilter()).csv()
    monkeypatch.setattr(exports, "_LINES_AT_ONCE", 2)
    made = perform(manager, export_invoices, InvoiceFilter())
    assert len(made.parts) == 5
    assert made.csv() == whole


def test_nobody_elses_papers_leave(books: Clinic) -> None:
    assert len(perform(books.actor("owner"), export_invoices, InvoiceFilter())) == 9
    made = perform(make_clinic().actor("owner"), export_invoices, InvoiceFilter())
    assert (len(made), list(made.rows)) == (0, [])
    assert made.csv().decode("utf-8-sig").startswith("Number,Kind,Status,Patient")


def test_a_list_that_takes_too_long_is_given_up_with_a_sentence(books: Clinic) -> None:
    with unit_of_work(books.actor("owner")) as locking:
        locking.session.execute(text("lock table invoice in access exclusive mode"))
        with pytest.raises(Unavailable, match="took too long"):
            export_in_a_hurry(books)


def export_in_a_hurry(books: Clinic) -> None:
    with unit_of_work(books.actor("manager")) as work:
        work.session.execute(text("set local statement_timeout to 50"))
        export_invoices(work, InvoiceFilter())
