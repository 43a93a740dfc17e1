"""Many documents in one PDF: every page as in the document alone, whatever its script, and each with its own count."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader

from clinic_core.billing.documents import invoice_pdf, invoices_pdf
from clinic_core.billing.schemas import InvoiceDetail
from clinic_core.errors import ConfigurationError
from clinic_core.kit.formats import Locale
from clinic_core.kit.paper_join import join_papers
from tests.billing.batches import pages
from tests.billing.papers import credit_note, draft, invoice, invoice_from_right_to_left

DOCUMENTS = (invoice(4), invoice(45), credit_note(), invoice_from_right_to_left(), draft())


def alone(*documents: InvoiceDetail, logo: bytes | None = None) -> list[str]:
    return [page for document in documents for page in pages(invoice_pdf(document, Locale.EN, logo))]


def logo() -> bytes:
    drawn = BytesIO()
    Image.new("RGB", (60, 20), "teal").save(drawn, "PNG")
    return drawn.getvalue()


def test_documents_that_share_their_fonts_read_as_each_alone() -> None:
    together = invoices_pdf(DOCUMENTS, Locale.EN, logo())
    assert pages(together) == alone(*DOCUMENTS, logo=logo())
    assert len(together) < sum(len(invoice_pdf(document, Locale.EN, logo())) for document in DOCUMENTS) / 1.5


def test_joined_parts_hold_every_page_in_order_and_one_title(tmp_path: Path) -> None:
    parts = []
    for at in range(3):
        parts.append(tmp_path / f"{at}.pdf")
        parts[-1].write_bytes(invoices_pdf(DOCUMENTS[at:], Locale.EN, logo()))
    with (tmp_path / "whole.pdf").open("wb") as target:
        join_papers(parts, target, title="Rechnungen für Ünal (1)")
    whole = PdfReader(tmp_path / "whole.pdf", strict=True)
    expected = [page for at in range(3) for page in alone(*DOCUMENTS[at:], logo=logo())]
    assert [page.extract_text() for page in whole.pages] == expected
    assert whole.metadata is not None
    assert whole.metadata.title == "Rechnungen für Ünal (1)"
    assert {page.mediabox[2:] == whole.pages[0].mediabox[2:] for page in whole.pages} == {True}
    assert [len(page.images) for page in whole.pages].count(1) == 12


def test_a_joined_file_is_the_same_whatever_else_lies_in_memory(tmp_path: Path) -> None:
    part = tmp_path / "part.pdf"
    part.write_bytes(invoice_pdf(DOCUMENTS[0], Locale.EN))
    made = []
    for _ in range(2):
        target = BytesIO()
        join_papers([part, part], target, title="Twice")
        made.append(target.getvalue())
    assert made[0] == made[1]
    assert pages(made[0]) == alone(DOCUMENTS[0], DOCUMENTS[0])


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4\nnothing", b"%PDF-1.4\nstartxref\n9\n%%EOF\n"])
def test_what_is_no_paper_of_ours_is_refused(tmp_path: Path, content: bytes) -> None:
    part = tmp_path / "part.pdf"
    part.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"part\.pdf"):
        join_papers([part], BytesIO(), title="Nothing")
