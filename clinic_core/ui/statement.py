"""A patient's statement: its period, the way to it, the account and what is open, as on the paper."""

from datetime import date
from typing import NoReturn
from urllib.parse import urlencode
from uuid import UUID

import streamlit as st

from clinic_core.access import Actor, Permission
from clinic_core.billing.schemas import Movement, OpenItem, StatementDetail
from clinic_core.kit.calendar import local_date
from clinic_core.kit.clock import now
from clinic_core.kit.formats import date_text, money
from clinic_core.ui.export import Export
from clinic_core.ui.forms import choice_field
from clinic_core.ui.location import reader_zone
from clinic_core.ui.page import Page
from clinic_core.ui.patient_search import PATIENT_PAGE
from clinic_core.ui.tables import Column, Wording, show_table
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import Choice, Scope

STATEMENT_PAGE = "pages/billing/statement.py"
INVOICE_PAGE = "pages/billing/invoice.py"

_EARLIEST = date(1900, 1, 1)

Days = tuple[date | None, date | None]


class StatementPeriod(Choice):
    """The periods for which statements are asked."""

    LAST_12_MONTHS = "last_12_months"
    THIS_YEAR = "this_year"
    EVERYTHING = "everything"
    CHOSEN_DAYS = "chosen_days"


def may_see_statements(actor: Actor) -> bool:
    """Whether the person sees the accounts of patients; who sees only invoices with own work sees no account."""
    return actor.scope(Permission.BILLING_VIEW) not in {None, Scope.OWN}


def open_account(page: Page, patient_id: UUID, *, last_day: date | None = None) -> NoReturn:
    """Open the statement as of that day, or the patient for who sees no statements."""
    if not may_see_statements(page.actor):
        page.go(PATIENT_PAGE, patient=patient_id)
    for name in [name for name in st.session_state if str(name).startswith("statement_")]:
        del st.session_state[name]
    if last_day is not None:
        st.session_state["statement_period"] = StatementPeriod.CHOSEN_DAYS
        st.session_state["statement_from"], st.session_state["statement_to"] = _year_until(last_day), last_day
    page.go(STATEMENT_PAGE, patient=patient_id)


def days_of(period: StatementPeriod, today: date) -> Days:
    """The first and the last day; None where the account begins, and where it ends today."""
    match period:
        case StatementPeriod.LAST_12_MONTHS:
            return _year_until(today), None
        case StatementPeriod.THIS_YEAR:
            return today.replace(month=1, day=1), None
        case StatementPeriod.EVERYTHING:
            return None, None
        case StatementPeriod.CHOSEN_DAYS:
            return _year_until(today), today


def draw_period(*, key: str) -> Days:
    """The choice of the period, with the days where they are chosen; an empty day is the beginning, or today."""
    period = choice_field("Period", StatementPeriod, key=f"{key}_period")
    days = days_of(period, local_date(now(), reader_zone()))
    if period is StatementPeriod.CHOSEN_DAYS:
        first_day = _day_field("From", "Empty means from the beginning.", days[0], key=f"{key}_from")
        return first_day, _day_field("To", "Empty means today.", days[1], key=f"{key}_to")
    return days


def statement_address(patient_id: UUID, days: Days) -> str:
    """The address of the PDF."""
    given = {name: day.isoformat() for name, day in zip(("from", "to"), days, strict=True) if day}
    return f"/docs/statement/{patient_id}.pdf{'?' if given else ''}{urlencode(given)}"


def statement_export(patient_id: UUID, days: Days) -> Export:
    """The movements as a file."""
    return Export("statement", {"patient": patient_id, "from": days[0], "to": days[1]})


def draw_statement_choice(page: Page, patient_id: UUID) -> None:
    """The button that offers a patient's statement: its period, the PDF, and the statement on the screen."""
    with st.popover("Statement", icon=":material/account_balance:"):
        days = draw_period(key="record_statement")
        st.link_button("PDF", statement_address(patient_id, days), icon=":material/picture_as_pdf:")
        if st.button("On the screen", icon=":material/table_view:", key="record_statement_open"):
            chosen = {name: st.session_state.get(f"record_statement_{name}") for name in ("period", "from", "to")}
            st.session_state.update({f"statement_{name}": found for name, found in chosen.items() if found is not None})
            page.go(STATEMENT_PAGE, patient=patient_id)


def draw_figures(page: Page, found: StatementDetail) -> None:
    """Whose account it is, and what it comes to."""
    locale = page.actor.settings.locale
    last_day = date_text(found.last_day, locale)
    period = f"{date_text(found.first_day, locale)} – {last_day}" if found.first_day else f"until {last_day}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{plain(found.patient_name)}**", width="content")
        st.caption(plain(f"{found.patient_code} · {period}"), width="content")
    figures = {"To be paid": found.to_pay, "Overdue": found.overdue}
    figures |= {"Billed to others": found.others_pay} if found.others_pay else {}
    figures |= {"Open invoices": found.gross, "Credit": found.credit, "Balance": found.closing}
    with st.container(horizontal=True, gap="medium"):
        for label, value in figures.items():
            st.metric(label, money(value, found.currency, locale), width="content")


def draw_account(page: Page, found: StatementDetail) -> None:
    """The movements with the balance after each; a click opens the invoice that one belongs to."""
    wording = Wording(page.actor.settings.locale)
    if found.first_day is not None:
        opening = money(found.opening, found.currency, wording.locale)
        st.caption(plain(f"Balance brought forward on {date_text(found.first_day, wording.locale)}: {opening}"))
    columns = [
        Column[Movement]("dated_on", "Date"),
        Column[Movement](_movement, "Movement", width="medium"),
        Column[Movement]("charged", f"Charged ({found.currency})", right=True),
        Column[Movement]("settled", "Paid or credited", right=True),
        Column[Movement]("balance", "Balance"),
    ]
    empty = "Nothing was charged or paid in this period."
    chosen = show_table(found.movements, columns, key="account", select=True, wording=wording, empty=empty)
    _open_invoice(page, chosen)


def draw_open_items(page: Page, found: StatementDetail) -> None:
    """The open invoices and how old they are; a click opens one."""
    wording = Wording(page.actor.settings.locale)
    with st.container(horizontal=True, gap="medium"):
        for each in found.aged:
            st.metric(each.bucket.label, money(each.amount, found.currency, wording.locale), width="content")
    columns = [
        Column[OpenItem]("number", "Invoice"),
        Column[OpenItem]("issued_on", "Issued"),
        Column[OpenItem]("due_on", "Due"),
        Column[OpenItem](lambda item: item.days if item.days > 0 else None, "Days overdue", right=True),
        Column[OpenItem]("total", f"Total ({found.currency})"),
        Column[OpenItem]("balance", "Open"),
    ]
    if found.others_pay:
        columns.insert(1, Column[OpenItem]("payer_name", "Billed to"))
    empty = "No invoice is open on this day."
    chosen = show_table(found.open_items, columns, key="account_open", select=True, wording=wording, empty=empty)
    _open_invoice(page, chosen)


def _day_field(label: str, meaning: str, day: date | None, *, key: str) -> date | None:
    # What the state holds already is not given a second time: Streamlit warns about that.
    st.session_state.setdefault(key, day)
    return st.date_input(label, value=None, key=key, min_value=_EARLIEST, format="YYYY-MM-DD", help=meaning)


def _movement(movement: Movement) -> str:
    return f"{movement.text}, billed to {movement.payer_name}" if movement.payer_name else movement.text


def _open_invoice(page: Page, chosen: Movement | OpenItem | None) -> None:
    if chosen is not None and chosen.invoice_id is not None:
        page.go(INVOICE_PAGE, invoice=chosen.invoice_id)


def _year_until(day: date) -> date:
    """The first of the month a year before."""
    return day.replace(year=day.year - 1, day=1)
