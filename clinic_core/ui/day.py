"""The list of a day: every appointment a row with its next step, and for its practitioner the way to the note."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from clinic_core.access import Permission
from clinic_core.kit.calendar import local_date
from clinic_core.kit.clock import now
from clinic_core.kit.formats import amount, day_text, time_text
from clinic_core.scheduling.schemas import AppointmentRow, UndoableStep
from clinic_core.scheduling.transitions import ATTENDED, EXPECTED
from clinic_core.ui.appointment_panel import may_document, note_label, open_panel, step, write_note
from clinic_core.ui.checkout import begin_checkout
from clinic_core.ui.page import Page
from clinic_core.ui.patient_search import PATIENT_PAGE
from clinic_core.ui.payment_dialog import begin_payment
from clinic_core.ui.status import LOOKS, STEPS, status_text, usual_step
from clinic_core.ui.undo import draw_undo, remember_step, step_to_undo
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import AppointmentStatus

# Widths in pixels: the row fits one line of a desk's screen and three of a phone's.
_TIME, _DATE_AND_TIME, _PATIENT, _STATUS, _OWED = 44, 128, 168, 180, 60
_FACTS, _FACTS_BESIDE_NOTES = 300, 200
_WAITS = {AppointmentStatus.ARRIVED, AppointmentStatus.IN_PROGRESS}
_LONGEST_LATE = timedelta(hours=12)


def draw_day(page: Page, rows: Sequence[AppointmentRow], place: ZoneInfo, *, key: str, with_date: bool = False) -> None:
    """The rows in the order of their times; the practitioner is named where it is not all one's own."""
    is_own = all(row.practitioner_user_id == page.actor.user_id for row in rows)
    last = step_to_undo(page)
    with st.container(gap="xxsmall"):
        for row in rows:
            with st.container(
                horizontal=True, vertical_alignment="center", gap="xsmall", key=f"{key}_{row.id}", border=False
            ):
                _draw_when(page, row, place, with_date=with_date)
                _draw_who(page, row, key=key)
                _draw_facts(page, row, practitioner="" if is_own else row.practitioner)
                _draw_standing_and_steps(page, row, place, last, key=key)


def _draw_standing_and_steps(
    page: Page, row: AppointmentRow, place: ZoneInfo, last: UndoableStep | None, *, key: str
) -> None:
    """In one container, so that a phone keeps them on one line below the facts."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="xsmall"):
        _draw_standing(page, row, place)
        _draw_buttons(page, row, last, key=key)


def _draw_when(page: Page, row: AppointmentRow, place: ZoneInfo, *, with_date: bool) -> None:
    when = f"**{time_text(row.starts_at, place)}**"
    if with_date:
        when = f"{day_text(local_date(row.starts_at, place), page.actor.settings.locale)} {when}"
    st.markdown(when, width=_DATE_AND_TIME if with_date else _TIME)


def _draw_who(page: Page, row: AppointmentRow, *, key: str) -> None:
    with st.container(width=_PATIENT, gap=None):
        if st.button(plain(row.patient_name), key=f"{key}_patient_{row.id}", type="tertiary"):
            page.go(PATIENT_PAGE, patient=row.patient_id)
        if row.patient_alerts:
            st.markdown(f":small[:orange[{plain('! ' + ', '.join(row.patient_alerts))}]]")


def _draw_facts(page: Page, row: AppointmentRow, *, practitioner: str) -> None:
    rooms = ", ".join(resource.name for resource in row.resources)
    facts = " · ".join(part for part in (row.service, practitioner, rooms) if part)
    st.caption(plain(facts), width=_FACTS_BESIDE_NOTES if page.actor.can(Permission.CLINICAL_WRITE) else _FACTS)


def _draw_standing(page: Page, row: AppointmentRow, place: ZoneInfo) -> None:
    """The status with the time that matters now, and what the patient owes."""
    sees_money = row.patient_balance is not None
    width = _STATUS + _OWED if sees_money else _STATUS
    with st.container(horizontal=True, vertical_alignment="center", gap=None, width=width):
        with st.container(horizontal=True, width=_STATUS):
            since = _since(row, place, now())
            st.badge(f"{status_text(row.status)} {since}".strip(), color=LOOKS[row.status].badge)
        if sees_money:
            owed = amount(row.patient_balance, page.actor.settings.locale) if row.patient_balance else "—"
            st.markdown(plain(owed), width=_OWED, text_alignment="right")


def _draw_buttons(page: Page, row: AppointmentRow, last: UndoableStep | None, *, key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width="content"):
        notes = may_document(page.actor, row) and row.status is not AppointmentStatus.CANCELLED
        if notes and st.button(note_label(row), key=f"{key}_note_{row.id}", icon=":material/clinical_notes:"):
            write_note(page, row)
        if page.actor.can(Permission.APPOINTMENT_MANAGE):
            _draw_steps(page, row, key=key)
        if last is not None and last.appointment_id == row.id:
            draw_undo(page, last, key=f"{key}_undo_{row.id}")
        checks_out = row.status is AppointmentStatus.COMPLETED and row.invoiced is False
        if checks_out and page.actor.can(Permission.BILLING_MANAGE):
            key_out = f"{key}_checkout_{row.id}"
            st.button("Check out", key=key_out, on_click=begin_checkout, args=(row.patient_id, row.id))
        owes = row.status in ATTENDED and bool(row.patient_balance) and page.actor.can(Permission.BILLING_COLLECT)
        if owes:
            st.button("Pay", key=f"{key}_pay_{row.id}", on_click=begin_payment, args=(row.patient_id,))
        st.button("More", key=f"{key}_more_{row.id}", on_click=open_panel, args=(row.id,), type="tertiary")


def _draw_steps(page: Page, row: AppointmentRow, *, key: str) -> None:
    """The usual next step, and the no-show that is suggested when nobody came for long; it is never set by itself."""
    status = usual_step(row)
    if status is not None and st.button(STEPS[row.status][status], key=f"{key}_step_{row.id}"):
        _take(page, row, status)
    overdue = row.starts_at + timedelta(minutes=page.actor.settings.no_show_after_minutes) <= now()
    if row.status in EXPECTED and overdue and st.button("No-show?", key=f"{key}_no_show_{row.id}"):
        _take(page, row, AppointmentStatus.NO_SHOW)


def _take(page: Page, row: AppointmentRow, status: AppointmentStatus) -> None:
    if step(page, row, status):
        remember_step(row.id)
        st.rerun()


def _since(row: AppointmentRow, place: ZoneInfo, instant: datetime) -> str:
    """When the person came and how long they have waited, or how late they are: 08:52 (8'), late 6'."""
    if row.status in _WAITS and row.status_at is not None:
        return f"{time_text(row.status_at, place)} ({_short(instant - row.status_at)})"
    late = instant - row.starts_at
    return f"late {_short(late)}" if row.status in EXPECTED and timedelta(minutes=1) <= late < _LONGEST_LATE else ""


def _short(length: timedelta) -> str:
    minutes = max(0, int(length.total_seconds()) // 60)
    return f"{minutes}'" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02}'"
