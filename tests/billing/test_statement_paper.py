"""The paper of a statement: the text to the letter, the pages to the number, every sum the account's own."""

import re
from collections.abc import Callable
from io import BytesIO

import pytest
from pypdf import PdfReader

from clinic_core.billing.schemas import StatementDetail
from clinic_core.billing.statement_paper import statement_pdf
from clinic_core.kit.formats import Locale, amount
from tests.billing.statement_papers import EMPLOYER, empty, from_right_to_left, statement
from tests.billing.test_documents import GOLDEN, text_of

PAPERS: dict[str, tuple[Callable[[], bytes], int]] = {
    "statement.txt": (lambda: statement_pdf(statement(7), Locale.EN), 1),
    "statement_german.txt": (lambda: statement_pdf(statement(7, payer=EMPLOYER, credit="20.00"), Locale.DE), 1),
    "statement_long.txt": (lambda: statement_pdf(statement(90, items=40, payer=EMPLOYER), Locale.EN), 5),
    "statement_empty.txt": (lambda: statement_pdf(empty(), Locale.EN), 1),
    "statement_credit.txt": (lambda: statement_pdf(statement(2, items=1, credit="120.00"), Locale.EN), 1),
    "statement_from_right_to_left.txt": (lambda: statement_pdf(from_right_to_left(), Locale.EN), 1),
}


@pytest.fixture(scope="session", autouse=True)
def database() -> None:
    """Takes the place of the worker's database: these papers need none."""


@pytest.mark.parametrize("name", PAPERS)
def test_the_text_of_a_statement_is_the_golden_one(name: str) -> None:
    make, pages = PAPERS[name]
    pdf = make()
    golden = GOLDEN / name
    if not golden.exists():
        golden.write_text(text_of(pdf), encoding="utf-8")
        pytest.fail(f"{name} was missing and is written now; read it.")
    assert text_of(pdf) == golden.read_text(encoding="utf-8")
    assert len(PdfReader(BytesIO(pdf)).pages) == pages


def test_balances_are_carried_over_pages_to_the_cent() -> None:
    found = statement(90, items=0)
    carried = re.findall(r"(Carried|Brought) forward ?\n?(-?[\d,.]+)", text_of(statement_pdf(found, Locale.EN)))
    assert [word for word, _ in carried] == ["Carried", "Brought"] * (len(carried) // 2)
    assert len(carried) >= 4
    assert {value for _, value in carried} <= {amount(one.balance) for one in found.movements}
    assert all(carried[at][1] == carried[at + 1][1] for at in range(0, len(carried), 2))


def test_every_movement_and_every_open_invoice_is_on_the_paper() -> None:
    found = statement(60, items=30)
    text = " ".join(text_of(statement_pdf(found, Locale.EN)).split())
    for one in found.movements:
        assert one.text in text
        assert amount(one.balance) in text
    for item in found.open_items:
        assert f"{item.number} " in text


@pytest.mark.parametrize("rows", range(8, 40))
def test_no_heading_stands_alone_at_the_foot_of_a_page(rows: int) -> None:
    pages = PdfReader(BytesIO(statement_pdf(statement(rows), Locale.EN))).pages
    for page in pages:
        lines = page.extract_text().splitlines()
        for heading in ("Open invoices", "Days since due", "Open in all"):
            assert not any(line.endswith(heading) for line in lines[-2:])
        assert not any(line.startswith("Carried forward") and not re.search(r"\d", line) for line in lines)


def test_what_others_pay_is_named_and_not_asked_for() -> None:
    found = statement(4, payer=EMPLOYER)
    text = " ".join(text_of(statement_pdf(found, Locale.EN)).split())
    assert f"INV-2026-00002, billed to {EMPLOYER}" in text
    assert "€46.50 is billed to others" in text
    assert "To be paid by you €93.00" in text


@pytest.mark.parametrize("name", ["Nguyễn Thị Ánh", "Ωραία Ντόρα", "Щербаков Ёж", "田中 太郎", "ศรีสุดา"])
def test_names_of_any_script_keep_their_letters(name: str) -> None:
    found: StatementDetail = statement(2).model_copy(update={"patient_name": name})
    assert name.split(maxsplit=1)[0] in text_of(statement_pdf(found, Locale.EN))
