"""The parts of closing a day: what is still open, the money by method with what was counted, and what was signed."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from clinic_core.access import Permission
from clinic_core.billing.queries import count_closings, list_closings
from clinic_core.billing.schemas import (
    CloseDay,
    ClosingFilter,
    ClosingRow,
    CountedMethod,
    DayBeforeClosing,
    DayFigures,
    ListClosings,
    OpenPoint,
    OpenPointKind,
    ReopenClosing,
)
from clinic_core.billing.service import close_day, reopen_closing
from clinic_core.errors import InvalidInput
from clinic_core.kit.formats import date_text, datetime_text, money, time_text
from clinic_core.kit.money import parse_signed_money
from clinic_core.ui.appointment_panel import open_panel
from clinic_core.ui.export import Export, draw_forms
from clinic_core.ui.figure_rows import INVOICE_PAGE, PATIENT_PAGE
from clinic_core.ui.forms import long_text_field, number_field, reason_field
from clinic_core.ui.page import Page
from clinic_core.ui.tables import Column, Wording, draw_pager, show_table
from clinic_core.ui.tiles import counted as in_number
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import ClosingKind, PaymentMethod

CLOSINGS_AT_ONCE = 31
_SHOWN_AT_ONCE = 12
_METHOD, _COUNTED = 260, 140


def draw_open_points(page: Page, points: Sequence[OpenPoint], place: ZoneInfo) -> None:
    """What the day leaves open, each a button that leads to where it is finished."""
    if not points:
        st.caption("Every appointment has its final status, what was attended is invoiced, and no draft waits.")
    for kind in OpenPointKind:
        found = [point for point in points if point.kind is kind]
        if not found:
            continue
        is_short = len(points) <= _SHOWN_AT_ONCE
        with st.expander(f"{kind.label}: {len(found)}", expanded=is_short), st.container(gap="xxsmall"):
            for point in found:
                _draw_point(page, point, place)


def _draw_point(page: Page, point: OpenPoint, place: ZoneInfo) -> None:
    when = datetime_text if point.kind is OpenPointKind.DRAFT else time_text
    at = when(point.at, place)
    status = f" · {point.status.label.lower()}" if point.kind is OpenPointKind.UNFINISHED and point.status else ""
    label = plain(f"{at} · {point.patient_name}, {point.patient_code}{status}")
    key = f"closing_point_{point.id}"
    if point.kind is OpenPointKind.UNFINISHED and page.actor.can(Permission.APPOINTMENT_READ):
        st.button(label, key=key, type="tertiary", icon=":material/event:", on_click=open_panel, args=(point.id,))
        return
    pressed = st.button(label, key=key, type="tertiary", icon=":material/receipt_long:")
    if pressed and point.kind is OpenPointKind.DRAFT:
        page.go(INVOICE_PAGE, invoice=point.id)
    if pressed and page.actor.can(Permission.BILLING_MANAGE):
        page.go(INVOICE_PAGE, patient=point.patient_id)
    if pressed:
        page.go(PATIENT_PAGE, patient=point.patient_id)


def draw_counting(page: Page, found: DayBeforeClosing, location_id: UUID) -> None:
    """The money by method, what was counted beside it, the note, and the button that signs the day."""
    key = f"closing_{location_id}_{found.day}"
    typed = {each.method: _draw_method(page, each, key) for each in found.figures.methods}
    note = long_text_field("Note", key=f"{key}_note", height=70)
    day = date_text(found.day, page.actor.settings.locale)

    def request() -> CloseDay:
        counted = tuple((method, _counted(text, method)) for method, text in typed.items() if text.strip())
        return CloseDay(
            clinic_location_id=location_id,
            day=found.day,
            counted=counted,
            note=" ".join(note.split()),
            request_id=page.request_id(key),
        )

    pressed = st.button("Close day", type="primary", icon=":material/lock:", key="closing_close")
    if pressed and page.run(close_day, request, done=f"{day} is closed.") is not None:
        st.rerun()


def _draw_method(page: Page, each: CountedMethod, key: str) -> str:
    """One method: what the books expect, the field for what was counted, and the difference at once."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        label = each.method.label
        papers = in_number(each.count, "receipt")
        back = f", {_money(page, each.paid_back)} paid back" if each.paid_back else ""
        st.markdown(f"**{label}** {plain(_money(page, each.expected))}  \n:small[{papers}{plain(back)}]", width=_METHOD)
        with st.container(width=_COUNTED):
            typed = number_field(f"{label} counted", key=f"{key}_{each.method}")
        st.markdown(_difference_text(page, typed, each), width="content")
    return typed


def _difference_text(page: Page, typed: str, each: CountedMethod) -> str:
    if not typed.strip():
        return "" if each.method is PaymentMethod.CASH else ":small[not counted]"
    try:
        difference = _counted(typed, each.method) - each.expected
    except InvalidInput as error:
        return f":red[{plain(error.message)}]"
    if not difference:
        return ":material/check: as expected"
    word = "too much" if difference > 0 else "missing"
    return f":material/warning: **{plain(_money(page, abs(difference)))} {word}**"


def _counted(text: str, method: PaymentMethod) -> Decimal:
    return parse_signed_money(text, field=f"{method.value}_counted")


def draw_signed_day(page: Page, closing: ClosingRow, place: ZoneInfo) -> None:
    """What was signed: the figures, by whom and when, and the way to open the day again for who may."""
    figures = _figures(closing)
    show_table(
        figures.methods,
        [
            Column[CountedMethod]("method", "Method"),
            Column[CountedMethod]("received", "Received"),
            Column[CountedMethod]("paid_back", "Paid back"),
            Column[CountedMethod]("expected", "Expected"),
            Column[CountedMethod]("counted", "Counted", right=True),
            Column[CountedMethod]("difference", "Difference", right=True),
        ],
        key="closing_signed",
        wording=Wording(page.actor.settings.locale),
    )
    counts = {
        OpenPointKind.UNFINISHED: figures.unfinished,
        OpenPointKind.UNINVOICED: figures.uninvoiced,
        OpenPointKind.DRAFT: figures.drafts,
    }
    left = [f"{kind.label.lower()} ({count})" for kind, count in counts.items() if count]
    if left:
        st.caption(f"Left open when it was closed: {'; '.join(left)}.")
    draw_signature(page, closing, place)


def draw_signature(page: Page, closing: ClosingRow, place: ZoneInfo) -> None:
    """Who signed when, the note, and opening again with a reason for who may."""
    at = datetime_text(closing.closed_at, place, page.actor.settings.locale)
    note = f"  \n{closing.note}" if closing.note else ""
    st.markdown(f":material/lock: {plain(f'Closed by {closing.closed_by}, {at}{note}')}")
    if not page.actor.can(Permission.BILLING_CLOSE_PERIOD):
        return
    with st.popover("Open again", icon=":material/lock_open:"):
        reason = reason_field(key=f"reopen_reason_{closing.id}")

        def request() -> ReopenClosing:
            return ReopenClosing(
                closing_id=closing.id,
                reason=reason,
                version=closing.version,
                request_id=page.request_id(f"reopen_{closing.id}"),
            )

        pressed = st.button("Open again", type="primary", key=f"reopen_{closing.id}")
        if pressed and page.run(reopen_closing, request, done="It is open again.") is not None:
            st.rerun()


def closings_page(page: Page, wanted: ClosingFilter, *, key: str) -> tuple[Sequence[ClosingRow], int]:
    """The closings of the page that is turned to, and how many there are altogether."""
    total = page.read(count_closings, wanted)
    number = min(int(st.session_state.get(key, 0)), max(0, total - 1) // CLOSINGS_AT_ONCE)
    request = ListClosings(**dict(wanted), offset=number * CLOSINGS_AT_ONCE, limit=CLOSINGS_AT_ONCE)
    return page.read(list_closings, request), total


def draw_closed_days(page: Page, location_id: UUID, place: ZoneInfo) -> None:
    """Closed days one below the other: what they came to, who signed them when, and who opened them again why."""
    pager = f"closing_days_page_{location_id}"
    wanted = ClosingFilter(kind=ClosingKind.DAY, clinic_location_id=location_id)
    rows, total = closings_page(page, wanted, key=pager)
    show_table(
        rows,
        [
            Column[ClosingRow]("starts_on", "Day"),
            Column[ClosingRow](lambda row: _figures(row).expected, "Expected"),
            Column[ClosingRow](lambda row: _figures(row).difference, "Difference"),
            Column[ClosingRow]("closed_by", "Closed by"),
            Column[ClosingRow]("closed_at", "Closed at"),
            Column[ClosingRow]("note", "Note", width="medium"),
            Column[ClosingRow]("reopened_by", "Opened again by"),
            Column[ClosingRow]("reopen_reason", "Because", width="medium"),
        ],
        key="closing_days",
        wording=Wording(page.actor.settings.locale, place),
        empty="No day is closed here yet. A closed day takes no more money until somebody opens it again.",
    )
    draw_pager(total, page_size=CLOSINGS_AT_ONCE, key=pager)
    if rows:
        draw_forms(Export("closed-days", {"location": location_id}, "Closed days"))


def month_text(day: date) -> str:
    """A month in words."""
    return f"{day:%B %Y}"


def _figures(row: ClosingRow) -> DayFigures:
    return row.figures if isinstance(row.figures, DayFigures) else DayFigures()


def _money(page: Page, value: Decimal) -> str:
    return money(value, page.actor.settings.currency, page.actor.settings.locale)
