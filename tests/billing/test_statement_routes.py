"""Statements over HTTP: the paper and the file of one account, for who may read it and nobody else."""

import csv
from datetime import date
from decimal import Decimal
from io import BytesIO, StringIO

import httpx2
import pytest
from openpyxl import load_workbook
from pypdf import PdfReader
from starlette.applications import Starlette
from starlette.testclient import TestClient

from clinic_core.access import perform
from clinic_core.access.organization import OrganizationSettings
from clinic_core.auth.schemas import SetLogo
from clinic_core.auth.service import set_logo
from clinic_core.auth.sessions import session_name, start_session
from clinic_core.kit.formats import Locale, amount
from clinic_core.kit.ids import new_id
from clinic_core.web.statements import STATEMENT_ROUTES
from tests.analytics.ledger import Ledger
from tests.auth.test_logo import picture
from tests.billing.accounts import statement
from tests.billing.arrange import audited, priced
from tests.factories import Clinic, make_clinic, make_patient

BROWSER = TestClient(Starlette(routes=STATEMENT_ROUTES))
JAN, FEB, MAR = date(2026, 1, 10), date(2026, 2, 10), date(2026, 3, 10)


def get(clinic: Clinic, role: str, address: str) -> httpx2.Response:
    session = session_name(start_session(clinic.actor(role)))
    return BROWSER.get(address, headers={"x-clinic-session": session})


def text_of(answer: httpx2.Response) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages).split())


def test_paper_screen_and_files_have_the_same_movements_to_the_cent(clinic: Clinic) -> None:
    books, ada = Ledger(clinic), make_patient(clinic)
    visit = books.issue(ada, "100.00", JAN)
    books.receive(ada, "70.55", FEB, {visit: Decimal("60.00")})
    books.issue(ada, "12.34", MAR)
    shown = statement(clinic.actor("manager"), ada, FEB, MAR)
    paper = get(clinic, "manager", f"/docs/statement/{ada}.pdf?from={FEB}&to={MAR}")
    assert (paper.status_code, paper.headers["content-type"]) == (200, "application/pdf")
    assert paper.headers["cache-control"] == "no-store"
    name = f"statement-{shown.patient_code}-2026-03-10.pdf"
    assert paper.headers["content-disposition"] == f'inline; filename="{name}"'
    plain = get(clinic, "manager", f"/docs/statement.csv?patient={ada}&from={FEB}&to={MAR}")
    rows = list(csv.DictReader(StringIO(plain.content.decode("utf-8-sig"))))
    assert [Decimal(row["Amount"]) for row in rows] == [shown.opening, *(one.amount for one in shown.movements)]
    assert [Decimal(row["Balance"]) for row in rows] == [shown.opening, *(one.balance for one in shown.movements)]
    book = load_workbook(
        BytesIO(get(clinic, "manager", f"/docs/statement.xlsx?patient={ada}&from={FEB}&to={MAR}").content)
    )
    heading, *cells = book.worksheets[0].iter_rows(values_only=True)
    typed = [dict(zip(heading, each, strict=True)) for each in cells]
    assert [Decimal(str(row["Amount"])) for row in typed] == [Decimal(row["Amount"]) for row in rows]
    printed = text_of(paper)
    for one in shown.movements:
        assert f"{one.text}" in printed
        assert amount(one.balance) in printed
    assert f"€{shown.to_pay}" in printed
    assert audited(clinic, "statement.print") == [("patient", "print", clinic.users["manager"])]


def test_the_statement_has_the_organisations_logo_and_its_currency_and_way_of_writing() -> None:
    clinic = make_clinic(OrganizationSettings(currency="CHF", locale=Locale.DE))
    ada = make_patient(clinic)
    priced(clinic, ada, "1234.5")
    address = f"/docs/statement/{ada}.pdf"
    plain = get(clinic, "manager", address)
    assert not PdfReader(BytesIO(plain.content)).pages[0].images
    perform(clinic.actor("admin"), set_logo, SetLogo(content=picture()))
    answer = get(clinic, "manager", address)
    assert len(PdfReader(BytesIO(answer.content)).pages[0].images) == 1
    assert "To be paid by you 1.234,50 CHF" in text_of(answer)
    assert "Amounts in CHF" in text_of(answer)
    row = next(csv.DictReader(StringIO(get(clinic, "manager", f"/docs/statement.csv?patient={ada}").text)))
    assert (row["Amount"], row["Currency"]) == ("1234.50", "CHF")


def test_without_a_period_the_statement_is_the_whole_account_until_today(clinic: Clinic) -> None:
    ada = make_patient(clinic)
    Ledger(clinic).issue(ada, "33.00", JAN)
    answer = get(clinic, "assistant", f"/docs/statement/{ada}.pdf")
    assert answer.status_code == 200
    assert "Balance brought forward" not in text_of(answer)
    assert "33.00" in text_of(answer)


def test_a_statement_out_of_reach_does_not_exist(clinic: Clinic) -> None:
    ada = make_patient(clinic)
    for form in (f"statement/{ada}.pdf", f"statement.csv?patient={ada}"):
        assert get(make_clinic(), "owner", f"/docs/{form}").status_code == 404
        assert get(clinic, "practitioner", f"/docs/{form}").status_code == 404
        assert get(clinic, "patient", f"/docs/{form}").status_code == 404
        assert BROWSER.get(f"/docs/{form}").status_code == 401
    assert get(clinic, "owner", f"/docs/statement/{new_id()}.pdf").status_code == 404
    assert get(clinic, "owner", "/docs/statement/1%20or%201.pdf").status_code == 404


@pytest.mark.parametrize(
    "question", ["from=yesterday", "patient=Ada", "from=2026-02-01&to=2026-01-01", "to=9999-01-01", "name=Ada"]
)
def test_a_damaged_address_of_a_statement_is_refused(clinic: Clinic, question: str) -> None:
    answer = get(clinic, "manager", f"/docs/statement/{make_patient(clinic)}.pdf?{question}")
    assert answer.status_code == 400
    assert answer.headers["cache-control"] == "no-store"
    assert "Ada" not in answer.text
