"""The paper of a statement of account: what was charged and paid, what is open and how old it is, what to pay."""

from collections.abc import Iterator
from decimal import Decimal

from clinic_core.billing.parties import letterhead_lines
from clinic_core.billing.schemas import Movement, OpenItem, StatementDetail
from clinic_core.kit import formats
from clinic_core.kit.formats import Locale
from clinic_core.kit.money import ZERO
from clinic_core.kit.paper import GridColumn, GridRow, Paper, PaperColumn, PaperRow
from clinic_core.kit.paper_text import isolated

TITLE = "Statement of account"

_WHAT, _INVOICE = 1, 0
_MOVEMENTS = (
    PaperColumn("Date", 24, "L"),
    PaperColumn("Movement", 76, "L"),
    PaperColumn("Charged", 24),
    PaperColumn("Paid or credited", 26),
    PaperColumn("Balance", 24),
)
_OPEN_ITEMS = (
    PaperColumn("Invoice", 62, "L"),
    PaperColumn("Issued", 23),
    PaperColumn("Due", 23),
    PaperColumn("Days overdue", 22),
    PaperColumn("Total", 22),
    PaperColumn("Open", 22),
)
_AGE_WIDTHS = (35, 35, 35, 35, 34)
# A heading, the heads of the columns, and a row of several lines with the sum below it.
_BEGINNING_OF_A_TABLE = 42
_FEW_LINES = 30


def statement_pdf(statement: StatementDetail, locale: Locale, logo: bytes | None = None) -> bytes:
    """A statement on A4: movements with the balance carried over pages, open invoices by age, what is to be paid."""
    seller = statement.seller
    footer = f"{isolated(seller.name)} · {TITLE} {statement.patient_code}"
    paper = Paper(title=f"{TITLE} {statement.patient_code}", author=seller.name, footer=footer)
    paper.letterhead(seller.name, TITLE, letterhead_lines(seller), logo)
    to = statement.bill_to
    paper.address_and_facts((to.name, *to.address.splitlines()), _facts(statement, locale))
    _account(paper, statement, locale)
    if statement.open_items:
        _open_invoices(paper, statement, locale)
    _to_pay(paper, statement, locale)
    return paper.to_bytes()


def _facts(statement: StatementDetail, locale: Locale) -> list[tuple[str, str]]:
    last_day = formats.date_text(statement.last_day, locale)
    first_day = formats.date_text(statement.first_day, locale) if statement.first_day else ""
    return [
        ("Period", f"{first_day} – {last_day}" if first_day else f"until {last_day}"),
        ("Patient", f"{isolated(statement.patient_name)}, {statement.patient_code}"),
        ("Amounts", f"in {statement.currency}"),
    ]


def _account(paper: Paper, statement: StatementDetail, locale: Locale) -> None:
    rows = list(_rows(statement, locale))
    if rows:
        paper.ruled_table(_MOVEMENTS, rows, wide=_WHAT)
    closing = formats.money(statement.closing, statement.currency, locale)
    paper.sum_line(f"Balance on {formats.date_text(statement.last_day, locale)}", closing, strong=True)
    if not statement.movements:
        paper.note("Nothing was charged or paid in this period.")


def _rows(statement: StatementDetail, locale: Locale) -> Iterator[PaperRow]:
    if statement.first_day is not None:
        opening = formats.amount(statement.opening, locale)
        day = formats.date_text(statement.first_day, locale)
        yield PaperRow((day, "Balance brought forward", "", "", opening), "", opening)
    for movement in statement.movements:
        balance = formats.amount(movement.balance, locale)
        cells = (
            formats.date_text(movement.dated_on, locale),
            f"{movement.text}{_billed_to(movement)}",
            _or_nothing(movement.charged, locale),
            _or_nothing(movement.settled, locale),
            balance,
        )
        yield PaperRow(cells, "", balance)


def _billed_to(row: Movement | OpenItem) -> str:
    return f", billed to {isolated(row.payer_name)}" if row.payer_name else ""


def _open_invoices(paper: Paper, statement: StatementDetail, locale: Locale) -> None:
    _keep_together(paper, _BEGINNING_OF_A_TABLE)
    paper.heading("Open invoices")
    rows, sum_so_far = [], ZERO
    for item in statement.open_items:
        sum_so_far += item.balance
        cells = (
            f"{item.number}{_billed_to(item)}",
            formats.date_text(item.issued_on, locale),
            formats.date_text(item.due_on, locale),
            str(item.days) if item.days > 0 else "",
            formats.amount(item.total, locale),
            formats.amount(item.balance, locale),
        )
        rows.append(PaperRow(cells, "", formats.amount(sum_so_far, locale)))
    paper.ruled_table(_OPEN_ITEMS, rows, wide=_INVOICE)
    _keep_together(paper, _FEW_LINES)
    paper.heading("Days since due")
    headings = (*(each.bucket.label for each in statement.aged), "Open in all")
    columns = [GridColumn(head, width, "R") for head, width in zip(headings, _AGE_WIDTHS, strict=True)]
    amounts = (*(each.amount for each in statement.aged), statement.gross)
    paper.grid(columns, [GridRow([formats.amount(amount, locale) for amount in amounts], "", ())])


def _to_pay(paper: Paper, statement: StatementDetail, locale: Locale) -> None:
    def money(value: Decimal) -> str:
        return formats.money(value, statement.currency, locale)

    _keep_together(paper, _FEW_LINES)
    paper.ln(4)
    if statement.credit:
        paper.sum_line("Your open invoices", money(statement.own_open))
        paper.sum_line("Money received and not used yet", money(-statement.credit))
    paper.sum_line("To be paid by you", money(statement.to_pay), strong=True)
    if statement.overdue:
        paper.sum_line("of it overdue", money(statement.overdue))
    if statement.credit_left:
        paper.sum_line("Credit in your favour", money(statement.credit_left), strong=True)
    if statement.others_pay:
        paper.note(f"{money(statement.others_pay)} is billed to others, as marked, and not asked of you.")
    until = f"What came after {formats.date_text(statement.last_day, locale)} is not on this statement."
    paper.note(f"Please name {statement.patient_code} with your payment. {until}" if statement.to_pay else until)


def _or_nothing(value: Decimal | None, locale: Locale) -> str:
    return "" if value is None else formats.amount(value, locale)


def _keep_together(paper: Paper, millimetres: int) -> None:
    """A new page, if so much does not fit on this one."""
    if paper.will_page_break(millimetres):
        paper.add_page()
