"""The paper of a payment reminder: who is asked for what, by which day, invoice by invoice."""

from collections.abc import Iterator

from clinic_core.billing.parties import letterhead_lines
from clinic_core.billing.schemas import (
    ReminderLetter,
)
from clinic_core.billing.schemas.reminders import ReminderLine
from clinic_core.kit import formats
from clinic_core.kit.formats import Locale
from clinic_core.kit.money import ZERO
from clinic_core.kit.paper import Paper, PaperColumn, PaperRow
from clinic_core.kit.paper_text import isolated

_INVOICE = 0
_LEADING = 5
_COLUMNS = (
    PaperColumn("Invoice", 38, "L"),
    PaperColumn("Issued", 22),
    PaperColumn("Due", 22),
    PaperColumn("Reminders", 19),
    PaperColumn("Total", 24),
    PaperColumn("Paid or credited", 25),
    PaperColumn("Open", 24),
)


def reminder_pdf(letter: ReminderLetter, locale: Locale, logo: bytes | None = None) -> bytes:
    """A reminder on A4: payer, words of the step, the invoices with sums carried over pages, what to pay and how."""
    seller = letter.seller
    paper = Paper(title=letter.title, author=seller.name, footer=f"{isolated(seller.name)} · {isolated(letter.title)}")
    paper.letterhead(seller.name, letter.title, letterhead_lines(seller), logo)
    paper.address_and_facts(_address(letter), _facts(letter, locale))
    _say(paper, letter.text)
    paper.ln(_LEADING)
    paper.ruled_table(_COLUMNS, list(_rows(letter, locale)), wide=_INVOICE)
    total = formats.money(letter.total_open, letter.currency, locale)
    paper.sum_line("Total open", total, strong=True)
    pay_by = formats.date_text(letter.pay_by, locale)
    paper.ln(_LEADING)
    _say(paper, f"Please pay {total} by {pay_by}. {_how_to_pay(letter)}")
    if letter.is_preview:
        paper.note("This is a preview: the letter has not been sent.")
    return paper.to_bytes()


def _say(paper: Paper, text: str) -> None:
    """Sentences of the letter."""
    paper.write_in(10)
    paper.multi_cell(0, _LEADING, text, align="L", new_x="LMARGIN", new_y="NEXT")


def _address(letter: ReminderLetter) -> list[str]:
    return [letter.payer.name, *letter.payer.address.splitlines()]


def _facts(letter: ReminderLetter, locale: Locale) -> list[tuple[str, str]]:
    return [
        ("Date", formats.date_text(letter.made_on, locale)),
        ("Pay by", formats.date_text(letter.pay_by, locale)),
        ("Patient", f"{isolated(letter.patient_name)}, {letter.patient_code}"),
        ("Amounts", f"in {letter.currency}"),
    ]


def _rows(letter: ReminderLetter, locale: Locale) -> Iterator[PaperRow]:
    sum_so_far = ZERO
    for line in letter.lines:
        sum_so_far += line.open
        cells = (
            line.number,
            formats.date_text(line.issued_on, locale),
            formats.date_text(line.due_on, locale),
            str(line.reminders) if line.reminders else "",
            formats.amount(line.total, locale),
            formats.amount(line.total - line.open, locale) if line.total != line.open else "",
            formats.amount(line.open, locale),
        )
        yield PaperRow(cells, _below(line, locale), formats.amount(sum_so_far, locale))


def _below(line: ReminderLine, locale: Locale) -> str:
    """What the payer knows the invoice by, and when they were asked for it last."""
    parts = [f"Reference {isolated(line.reference)}"] if line.reference else []
    parts += [f"last reminder {formats.date_text(line.last_on, locale)}"] if line.last_on else []
    text = ", ".join(parts)
    return text[:1].upper() + text[1:]


def _how_to_pay(letter: ReminderLetter) -> str:
    """As far as the clinic says it on its letterhead."""
    names = "the number of the invoice" if len(letter.lines) == 1 else "the numbers of the invoices"
    told = " The head of this letter says how to pay and how to reach us." if letter.seller.letterhead else ""
    return f"Name {names} with your payment.{told}"
