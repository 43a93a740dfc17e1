"""Papers as people get them: the text to the letter, the pages to the number, the fonts within.

A golden file is written anew when it is missing: delete it, run the test, and read what it says before keeping it.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from clinic_core.billing.documents import invoice_pdf, receipt_pdf
from clinic_core.billing.reminder_paper import reminder_pdf
from clinic_core.kit.formats import Locale, amount
from tests.billing.papers import credit_note, draft, invoice, invoice_from_right_to_left, receipt, refund
from tests.billing.reminder_papers import reminder, reminder_from_right_to_left, reminder_to_employer

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
PAPERS: dict[str, tuple[Callable[[], bytes], int]] = {
    "invoice.txt": (lambda: invoice_pdf(invoice(4), Locale.EN), 1),
    "invoice_german.txt": (lambda: invoice_pdf(invoice(4), Locale.DE), 1),
    "invoice_long.txt": (lambda: invoice_pdf(invoice(45), Locale.EN), 3),
    "invoice_draft.txt": (lambda: invoice_pdf(draft(), Locale.EN), 1),
    "invoice_from_right_to_left.txt": (lambda: invoice_pdf(invoice_from_right_to_left(), Locale.EN), 1),
    "credit_note.txt": (lambda: invoice_pdf(credit_note(), Locale.EN), 1),
    "receipt.txt": (lambda: receipt_pdf(receipt(), Locale.EN), 1),
    "refund.txt": (lambda: receipt_pdf(refund(), Locale.EN), 1),
    "reminder.txt": (lambda: reminder_pdf(reminder(3), Locale.EN), 1),
    "reminder_german.txt": (lambda: reminder_pdf(reminder_to_employer(), Locale.DE), 1),
    "reminder_long.txt": (lambda: reminder_pdf(reminder(60, step=3), Locale.EN), 3),
    "reminder_from_right_to_left.txt": (lambda: reminder_pdf(reminder_from_right_to_left(), Locale.EN), 1),
}


@pytest.fixture(scope="session", autouse=True)
def database() -> None:
    """Takes the place of the worker's database: these papers need none."""


def text_of(pdf: bytes) -> str:
    pages = PdfReader(BytesIO(pdf)).pages
    return "\n--- page ---\n".join(page.extract_text() for page in pages) + "\n"


@pytest.mark.parametrize("name", PAPERS)
def test_the_text_of_a_paper_is_the_golden_one(name: str) -> None:
    make, pages = PAPERS[name]
    pdf = make()
    assert len(PdfReader(BytesIO(pdf)).pages) == pages
    golden = GOLDEN / name
    if not golden.exists():
        golden.write_text(text_of(pdf), encoding="utf-8")
        pytest.fail(f"{name} was missing and is written now; read it.")
    assert text_of(pdf) == golden.read_text(encoding="utf-8")


def test_sums_are_carried_over_pages_to_the_cent() -> None:
    paper = invoice(45)
    carried = re.findall(r"(Carried|Brought) forward ?\n?([\d,.]+)", text_of(invoice_pdf(paper, Locale.EN)))
    assert [word for word, _ in carried] == ["Carried", "Brought"] * 2
    sums = {amount(sum((line.net for line in paper.lines[:upto]), Decimal(0))) for upto in range(1, 46)}
    assert {value for _, value in carried} <= sums
    assert carried[0][1] == carried[1][1]


def test_fonts_are_embedded_and_the_language_is_told() -> None:
    pdf = invoice_pdf(invoice(2), Locale.EN)
    names = set(re.findall(rb"/BaseFont /([A-Z]+\+\w+)", pdf))
    assert names == {b"MPDFAA+NotoSans", b"MPDFAA+NotoSansBold"}
    assert pdf.count(b"/FontFile2") == len(names)
    assert b"/Lang (en)" in pdf
    reader = PdfReader(BytesIO(pdf))
    assert reader.metadata is not None
    assert (reader.metadata.title, reader.metadata.author) == ("Invoice INV-2026-00042", "Clinic on the hill")


@pytest.mark.parametrize("name", ["Nguyễn Thị Ánh", "Ωραία Ντόρα", "Щербаков Ёж", "ʃɛɣə", "Ǯǅẞ ⁿ ₴"])
def test_names_keep_their_letters(name: str) -> None:
    paper = invoice(1).model_copy(update={"patient_name": name})
    assert name.split(maxsplit=1)[0] in text_of(invoice_pdf(paper, Locale.EN))


def test_a_draft_says_that_it_asks_for_no_payment() -> None:
    text = text_of(invoice_pdf(draft(), Locale.EN))
    assert "Invoice draft" in text
    assert "asks for no payment" in text
    assert "Issued" not in text


def test_a_credit_note_names_what_it_corrects_and_why_and_no_due_date() -> None:
    text = text_of(invoice_pdf(credit_note(), Locale.EN))
    assert "Credit note CRN-2026-00003" in text
    assert "INV-2026-00042" in text
    assert credit_note().reason in " ".join(text.split())
    assert "Due" not in text
