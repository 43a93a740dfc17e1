"""The list of a day: every appointment a row with its next step, and for its practitioner the way to the note."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from clinic_core.access import Permission
from clinic_core.kit.clock import now
from clinic_core.kit.formats import minutes_text, money, time_text
from clinic_core.scheduling.schemas import AppointmentRow
from clinic_core.ui.appointment_panel import may_document, note_label, open_panel, step, write_note
from clinic_core.ui.page import Page
from clinic_core.ui.patient_search import PATIENT_PAGE
from clinic_core.ui.status import draw_status, next_steps
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import AppointmentStatus

# Widths in pixels: who writes notes has one button more in a row.
_FACTS = 330
_FACTS_BESIDE_NOTES = 220
_WAITS = {AppointmentStatus.ARRIVED, AppointmentStatus.IN_PROGRESS}
_EXPECTED = {AppointmentStatus.BOOKED, AppointmentStatus.CONFIRMED}


def draw_day(page: Page, rows: Sequence[AppointmentRow], place: ZoneInfo, *, key: str) -> None:
    """The rows of a day in the order of their times; the practitioner is named where it is not all one's own."""
    is_own = all(row.practitioner_user_id == page.actor.user_id for row in rows)
    with st.container(gap="xxsmall"):
        for row in rows:
            _draw_row(page, row, place, key=key, practitioner="" if is_own else row.practitioner)


def _draw_row(page: Page, row: AppointmentRow, place: ZoneInfo, *, key: str, practitioner: str) -> None:
    settings = page.actor.settings
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=f"{key}_{row.id}"):
        st.markdown(f"**{time_text(row.starts_at, place)}**", width=44)
        with st.container(width=180, gap=None):
            if st.button(plain(row.patient_name), key=f"{key}_patient_{row.id}", type="tertiary"):
                page.go(PATIENT_PAGE, patient=row.patient_id)
            if row.patient_alerts:
                st.markdown(f":small[:orange[{plain('! ' + ', '.join(row.patient_alerts))}]]")
        rooms = ", ".join(resource.name for resource in row.resources)
        facts = " · ".join(part for part in (row.service, practitioner, rooms) if part)
        st.caption(plain(facts), width=_FACTS_BESIDE_NOTES if page.actor.can(Permission.CLINICAL_WRITE) else _FACTS)
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width=205):
            draw_status(row.status)
            st.caption(_since(row, place, now()), width="content")
        if row.patient_balance is not None:
            owed = money(row.patient_balance, settings.currency, settings.locale) if row.patient_balance else "—"
            st.markdown(plain(owed), width=72, text_alignment="right")
        with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="xsmall"):
            _draw_buttons(page, row, key=key)


def _draw_buttons(page: Page, row: AppointmentRow, *, key: str) -> None:
    notes = may_document(page.actor, row) and row.status is not AppointmentStatus.CANCELLED
    if notes and st.button(note_label(row), key=f"{key}_note_{row.id}", icon=":material/clinical_notes:"):
        write_note(page, row)
    steps = next_steps(row.status)
    if page.actor.can(Permission.APPOINTMENT_MANAGE) and row.status in _EXPECTED | _WAITS:
        status, word = next(iter(steps.items()))
        if st.button(word, key=f"{key}_step_{row.id}") and step(page, row, status):
            st.rerun()
    st.button("More", key=f"{key}_more_{row.id}", on_click=open_panel, args=(row.id,), type="tertiary")


def _since(row: AppointmentRow, place: ZoneInfo, instant: datetime) -> str:
    """When the person came and how long they have waited, or how late they are."""
    if row.status in _WAITS and row.status_at is not None:
        waited = int((instant - row.status_at).total_seconds()) // 60
        return f"{time_text(row.status_at, place)} ({minutes_text(waited)})"
    late = int((instant - row.starts_at).total_seconds()) // 60
    return f"late {minutes_text(late)}" if row.status in _EXPECTED and 0 < late < 12 * 60 else ""
