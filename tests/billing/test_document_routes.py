"""Papers and lists over HTTP: whose session it is decides, every reading leaves a line in the audit log."""

import csv
from datetime import datetime
from decimal import Decimal
from io import BytesIO, StringIO

import httpx2
import pytest
from openpyxl import load_workbook
from pypdf import PdfReader
from starlette.applications import Starlette
from starlette.testclient import TestClient

from clinic_core.access import perform
from clinic_core.auth.sessions import end_session, session_name, start_session
from clinic_core.billing.queries import list_catalogue, list_invoices, list_receipts, list_uninvoiced, open_invoices
from clinic_core.billing.schemas import ListCatalogue, ListInvoices, ListReceipts, OfPatient
from clinic_core.billing.service import record_receipt
from clinic_core.kit.ids import new_id
from clinic_core.web.documents import DOCUMENT_ROUTES
from tests.billing.arrange import attended, audited, draft, issued, priced, receipt
from tests.factories import Clinic, make_clinic, make_patient

BROWSER = TestClient(Starlette(routes=DOCUMENT_ROUTES))


def get(clinic: Clinic, role: str, address: str) -> httpx2.Response:
    session = session_name(start_session(clinic.actor(role)))
    return BROWSER.get(address, headers={"x-clinic-session": session})


def rows(answer: httpx2.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))


def test_an_invoice_is_shown_and_its_reading_audited(clinic: Clinic) -> None:
    made = issued(clinic, make_patient(clinic))
    answer = get(clinic, "assistant", f"/docs/invoice/{made.id}.pdf")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == f'inline; filename="{made.number}.pdf"'
    text = PdfReader(BytesIO(answer.content)).pages[0].extract_text()
    assert f"Invoice {made.number}" in text
    assert "€80.00" in text
    assert audited(clinic, "invoice.print") == [("invoice", "print", clinic.users["assistant"])]


def test_a_receipt_is_shown_and_its_reading_audited(clinic: Clinic) -> None:
    made = perform(clinic.actor("assistant"), record_receipt, receipt(make_patient(clinic), "12.50"))
    answer = get(clinic, "manager", f"/docs/receipt/{made.id}.pdf")
    assert answer.status_code == 200
    assert "€12.50" in PdfReader(BytesIO(answer.content)).pages[0].extract_text()
    assert audited(clinic, "receipt.print") == [("receipt", "print", clinic.users["manager"])]


@pytest.mark.parametrize("path", ["invoice/{id}.pdf", "receipt/{id}.pdf", "invoices.csv"])
def test_nobody_without_a_live_session_gets_a_document(clinic: Clinic, path: str) -> None:
    address = f"/docs/{path.format(id=new_id())}"
    name = session_name(start_session(clinic.actor("owner")))
    end_session(name)
    for headers in ({}, {"x-clinic-session": "anonymous"}, {"x-clinic-session": name}):
        assert BROWSER.get(address, headers=headers).status_code == 401


def test_what_is_out_of_reach_does_not_exist(clinic: Clinic) -> None:
    made = issued(clinic, make_patient(clinic))
    address = f"/docs/invoice/{made.id}.pdf"
    assert get(make_clinic(), "owner", address).status_code == 404
    assert get(clinic, "practitioner", address).status_code == 404
    assert get(clinic, "owner", f"/docs/invoice/{new_id()}.pdf").status_code == 404
    assert get(clinic, "owner", "/docs/invoice/1%20or%201.pdf").status_code == 404
    assert "print" not in [row[1] for row in audited(clinic, "invoice.print")]


def test_the_export_is_the_list_with_its_filters(clinic: Clinic) -> None:
    one = make_patient(clinic, last_name="=cmd()", first_name="")
    owed, paid = priced(clinic, one, "21.50"), priced(clinic, make_patient(clinic), "10")
    draft(clinic, one)
    perform(clinic.actor("assistant"), record_receipt, receipt(paid.patient_id, "10", invoice_ids=(paid.id,)))
    everything = rows(get(clinic, "manager", "/docs/invoices.csv"))
    listed = perform(clinic.actor("manager"), list_invoices, ListInvoices())
    assert [row["Number"] for row in everything] == [row.number or "" for row in listed]
    assert [Decimal(row["Balance"]) for row in everything] == [row.balance for row in listed]
    open_only = rows(get(clinic, "manager", f"/docs/invoices.csv?open=true&patient={one}"))
    assert [(row["Number"], row["Total"], row["Patient"], row["Status"]) for row in open_only] == [
        (owed.number, "21.50", "'=cmd()", "Issued")
    ]
    assert [row["Number"] for row in rows(get(clinic, "manager", "/docs/invoices.csv?status=paid"))] == [paid.number]
    assert audited(clinic, "invoice.export") == [("invoice", "export", clinic.users["manager"])] * 3


@pytest.mark.parametrize("question", ["from=yesterday", "patient=Ada", "from=2026-02-01&to=2026-01-01", "name=Ada"])
def test_a_damaged_address_of_the_export_is_refused(clinic: Clinic, question: str) -> None:
    answer = get(clinic, "manager", f"/docs/invoices.csv?{question}")
    assert answer.status_code == 400
    assert answer.headers["cache-control"] == "no-store"
    assert "Ada" not in answer.text


def test_a_list_leaves_as_it_stands_on_the_screen_in_both_forms(clinic: Clinic) -> None:
    patient = make_patient(clinic, last_name="=cmd()", first_name="")
    invoice = priced(clinic, patient, "21.50")
    perform(
        clinic.actor("assistant"), record_receipt, receipt(patient, "10", invoice_ids=(invoice.id,), reference="+1")
    )
    perform(clinic.actor("assistant"), record_receipt, receipt(patient, "7.05"))
    attended(clinic, patient, service=clinic.service)
    manager = clinic.actor("manager")
    taken = perform(manager, list_receipts, ListReceipts(patient_id=patient))
    offered = perform(manager, list_catalogue, ListCatalogue(active_only=False))
    owed = perform(manager, open_invoices, OfPatient(patient_id=patient))
    missed = perform(manager, list_uninvoiced, OfPatient(patient_id=patient))
    expected: dict[str, list[tuple[str, str, Decimal]]] = {
        f"receipts.?patient={patient}": [(row.number, "Amount", row.amount) for row in taken],
        "catalogue.?active=false": [(row.code, "Unit price", row.unit_price) for row in offered],
        f"open-items.?patient={patient}": [(row.number or "", "Balance", row.balance) for row in owed],
        f"uninvoiced.?patient={patient}": [
            (row.attended_on.isoformat(), "Unit price", row.unit_price) for row in missed
        ],
    }
    for address, listed in expected.items():
        assert listed
        name, question = address.split("?")
        plain = rows(get(clinic, "manager", f"/docs/{name}csv?{question}"))
        book = load_workbook(BytesIO(get(clinic, "manager", f"/docs/{name}xlsx?{question}").content))
        heading, *cells = book.worksheets[0].iter_rows(values_only=True)
        typed = [dict(zip(heading, each, strict=True)) for each in cells]
        assert list(plain[0]) == list(heading)
        for (key, column, amount), text_row, typed_row in zip(listed, plain, typed, strict=True):
            first = typed_row[heading[0]]
            assert (text_row[str(heading[0])], Decimal(text_row[str(column)])) == (key, amount)
            assert (first.date().isoformat() if isinstance(first, datetime) else first) == key
            assert Decimal(str(typed_row[column])) == amount
    for use_case, subject in (
        ("receipt.export", "receipt"),
        ("catalogue.export", "product_service"),
        ("open_items.export", "patient"),
        ("uninvoiced.export", "patient"),
    ):
        assert audited(clinic, use_case) == [(subject, "export", clinic.users["manager"])] * 2


def test_lists_out_of_reach_are_empty_or_do_not_exist(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    priced(clinic, patient, "21.50")
    other = make_clinic()
    assert get(other, "owner", f"/docs/open-items.csv?patient={patient}").status_code == 404
    assert get(other, "owner", f"/docs/uninvoiced.xlsx?patient={patient}").status_code == 404
    assert get(clinic, "assistant", "/docs/uninvoiced.csv?patient=").status_code == 400
    assert rows(get(other, "owner", f"/docs/receipts.csv?patient={patient}")) == []
