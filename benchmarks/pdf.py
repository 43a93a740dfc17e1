"""Writing invoices as PDF: a batch of documents, by default 300, every tenth of three pages.

The figure is milliseconds a page. The floor is fpdf2 as it comes: the same words of the same page put down one below
the other, with the same two font files added to each document and no layout at all. Beside them `single` is a document
of one page alone, `any_script` one whose names need four more fonts, and `memory_mb` what the process grew by over the
batch.
"""

import resource
import time
from collections.abc import Callable
from functools import partial
from io import BytesIO

from fpdf import FPDF
from pypdf import PdfReader

from benchmarks.result import BenchResult, against_floor, settle
from clinic_core.billing.documents import invoice_pdf
from clinic_core.billing.schemas import InvoiceDetail
from clinic_core.kit.formats import Locale
from clinic_core.settings import PROJECT_ROOT
from tests.billing.papers import invoice

DEFAULT_SCALE = 300
WARM_UP = 5
SINGLES = 40
FLOORS = 20
LINES, MANY_LINES, MANY_PAGES = 4, 45, 3
FONTS = PROJECT_ROOT / "clinic_core" / "assets" / "fonts"
SCRIPTS = "Ann Σμιθ · محمد · कृष्ण · 山田 · สมชาย"


def run(scale: int = DEFAULT_SCALE) -> BenchResult:
    """Measures a batch of so many documents, one document, and the floor of one page."""
    one = invoice(LINES)
    words = _words(invoice_pdf(one, Locale.EN))
    other = one.model_copy(update={"patient_name": SCRIPTS})
    for _ in range(WARM_UP):
        invoice_pdf(other, Locale.EN)
        _bare(words)
    settle()
    singles = [_timed(lambda: invoice_pdf(one, Locale.EN)) for _ in range(SINGLES)]
    mixed = [_timed(lambda: invoice_pdf(other, Locale.EN)) for _ in range(SINGLES)]
    floors = [_timed(lambda: _bare(words)) for _ in range(FLOORS)]
    before = _memory_mb()
    pages = [_timed(partial(invoice_pdf, document, Locale.EN)) / count for document, count in _batch(one, scale)]
    mean = sum(pages) / len(pages)
    details = {
        "single": against_floor("single", singles, floors).figure,
        "any_script": against_floor("any_script", mixed, floors).figure,
        "batch_mean": round(mean, 3),
        "memory_mb": round(_memory_mb() - before, 1),
    }
    return against_floor("pdf", pages, floors, scale=scale, details=details)


def _batch(one: InvoiceDetail, count: int) -> list[tuple[InvoiceDetail, int]]:
    """Documents with the number of their pages; each has a name and a number of its own."""
    many = invoice(MANY_LINES)
    return [
        (
            (many if at % 10 == 9 else one).model_copy(
                update={"number": f"INV-2026-{at:05d}", "patient_name": f"{one.patient_name} {at}"}
            ),
            MANY_PAGES if at % 10 == 9 else 1,
        )
        for at in range(count)
    ]


def _words(pdf: bytes) -> list[str]:
    return [line for page in PdfReader(BytesIO(pdf)).pages for line in page.extract_text().splitlines()]


def _bare(lines: list[str]) -> bytes:
    paper = FPDF()
    paper.add_font("NotoSans", "", FONTS / "NotoSans-Regular.ttf")
    paper.add_font("NotoSans", "B", FONTS / "NotoSans-Bold.ttf")
    paper.add_page()
    for number, line in enumerate(lines):
        paper.set_font("NotoSans", "" if number % 5 else "B", 9)
        paper.cell(0, 5, line, new_x="LMARGIN", new_y="NEXT")
    return bytes(paper.output())


def _timed(make: Callable[[], bytes]) -> float:
    started = time.perf_counter()
    make()
    return (time.perf_counter() - started) * 1000


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
