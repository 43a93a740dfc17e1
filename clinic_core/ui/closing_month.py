"""The part of closing a month: the roll-forward of what is owed and of patient credit, signed by who may."""

from collections.abc import Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from clinic_core.billing.queries import month_to_close
from clinic_core.billing.schemas import CloseMonth, ClosingFilter, ClosingRow, MonthFigures, MonthToClose, RollStep
from clinic_core.billing.service import close_month
from clinic_core.ui.closing_day import CLOSINGS_AT_ONCE, closings_page, draw_signature, month_text
from clinic_core.ui.export import Export, draw_forms
from clinic_core.ui.forms import long_text_field
from clinic_core.ui.page import Page
from clinic_core.ui.tables import Column, Wording, draw_pager, show_table
from clinic_core.ui.tiles import counted
from clinic_core.vocabulary import ClosingKind

MONTHS_BACK = 36
_PAGER = "closing_months_page"


def draw_months(page: Page, today: date, place: ZoneInfo) -> None:
    """A month to choose, what it comes to, and signing it; then the months that were signed."""
    months = _months_before(today)
    chosen = st.selectbox("Month", months, format_func=month_text, key="closing_month", width=240)
    found = page.read(month_to_close, MonthToClose(year=chosen.year, month=chosen.month))
    figures = found.closing.figures if found.closing else found.figures
    if isinstance(figures, MonthFigures):
        _draw_figures(page, figures)
    if found.closing:
        draw_signature(page, found.closing, place)
    elif not found.is_over:
        st.caption("The month is not over at every location yet.")
    else:
        _draw_closing(page, chosen, found.figures)
    draw_forms(Export("roll-forward", {"year": chosen.year, "month": chosen.month}, month_text(chosen)))
    _draw_signed(page, place)


def _draw_figures(page: Page, figures: MonthFigures) -> None:
    with st.container(horizontal=True, gap="medium"):
        for name, steps in (("What patients owe", figures.owed_steps), ("Patient credit", figures.credit_steps)):
            with st.container(width=420):
                _draw_steps(page, name, steps)


def _draw_steps(page: Page, name: str, steps: Sequence[RollStep]) -> None:
    show_table(
        steps,
        [
            Column[RollStep]("label", name, width="medium"),
            Column[RollStep]("amount", f"Amount ({page.actor.settings.currency})"),
        ],
        key=f"closing_{name}",
        wording=Wording(page.actor.settings.locale),
    )


def _draw_closing(page: Page, month: date, figures: MonthFigures) -> None:
    days = "1 day with money that is not closed"
    if figures.open_days > 1:
        days = f"{figures.open_days} days with money that are not closed"
    left = [counted(figures.drafts, "draft")] if figures.drafts else []
    left += [days] if figures.open_days else []
    if left:
        st.warning(f"Still open: {', '.join(left)}. The month can be closed all the same.", icon=":material/warning:")
    note = long_text_field("Note", key=f"closing_note_{month}", height=70)

    def request() -> CloseMonth:
        return CloseMonth(
            year=month.year, month=month.month, note=" ".join(note.split()), request_id=page.request_id(f"{month}")
        )

    pressed = st.button(f"Close {month_text(month)}", icon=":material/lock:", key="closing_close_month")
    if pressed and page.run(close_month, request, done=f"{month_text(month)} is closed.") is not None:
        st.rerun()


def _draw_signed(page: Page, place: ZoneInfo) -> None:
    """The months that were signed; most clinics have one page of them, a long history has more."""
    rows, total = closings_page(page, ClosingFilter(kind=ClosingKind.MONTH), key=_PAGER)
    show_table(
        rows,
        [
            Column[ClosingRow](lambda row: month_text(row.starts_on), "Month"),
            Column[ClosingRow](lambda row: _closing_of(row).closing, "Owed at the end"),
            Column[ClosingRow](lambda row: _closing_of(row).credit_closing, "Credit at the end"),
            Column[ClosingRow]("closed_by", "Closed by"),
            Column[ClosingRow]("closed_at", "Closed at"),
            Column[ClosingRow]("note", "Note", width="medium"),
            Column[ClosingRow]("reopened_by", "Opened again by"),
            Column[ClosingRow]("reopen_reason", "Because", width="medium"),
        ],
        key="closing_months",
        wording=Wording(page.actor.settings.locale, place),
        empty="No month is closed yet. From then on nothing is dated in it; corrections count in the open month.",
    )
    draw_pager(total, page_size=CLOSINGS_AT_ONCE, key=_PAGER)
    if rows:
        draw_forms(Export("closed-months", {}, "Closed months"))


def _closing_of(row: ClosingRow) -> MonthFigures:
    return row.figures if isinstance(row.figures, MonthFigures) else MonthFigures()


def _months_before(today: date) -> list[date]:
    """The first days of the months before this one, the latest first."""
    months = []
    first = today.replace(day=1)
    for _ in range(MONTHS_BACK):
        first = (first - timedelta(days=1)).replace(day=1)
        months.append(first)
    return months
