"""The series of an appointment in its panel: which one of how many, the rule in words, change it, call it off."""

from uuid import UUID

import streamlit as st

from clinic_core.access import Permission
from clinic_core.kit.formats import Locale
from clinic_core.scheduling.queries import get_series
from clinic_core.scheduling.schemas import AppointmentRow, GetSeries, OccurrenceRow, SeriesRow
from clinic_core.scheduling.schemas.series import LIST_LIMIT
from clinic_core.ui.page import Page
from clinic_core.ui.series_change import draw_change
from clinic_core.ui.series_dates import when_text
from clinic_core.ui.series_end import draw_end
from clinic_core.ui.tables import Column, Wording, show_table
from clinic_core.ui.wording import plain

_CHANGED, _ENDED = "series_changed", "series_ended"
_SHOWN, _BEFORE = 12, 3


def draw_series(page: Page, row: AppointmentRow, *, manages: bool) -> bool:
    """The expander of an appointment that is part of a series; true when one of its dialogs shall open instead."""
    if row.series_id is None:
        return False
    series = page.read(get_series, GetSeries(appointment_id=row.id, limit=LIST_LIMIT))
    with st.expander(_title(series), icon=":material/event_repeat:"):
        st.markdown(f"**{plain(words_of(series))}**")
        if series.gap_count:
            st.caption(f"{series.gap_count} dates could not be booked and wait at the desk.")
        _draw_occurrences(series, row.id, page.actor.settings.locale)
        if not (manages and page.actor.can(Permission.APPOINTMENT_MANAGE)):
            return False
        with st.container(horizontal=True, gap="small"):
            change = st.button("Change series", icon=":material/edit_calendar:", key="panel_series_change")
            end = st.button("Cancel series", icon=":material/event_busy:", key="panel_series_cancel")
    if change or end:
        st.session_state[_CHANGED if change else _ENDED] = row.id
    return change or end


def draw_series_dialogs(page: Page) -> bool:
    """The dialog in which a series is changed or called off, when one is open; then no other one may be drawn."""
    changed: UUID | None = st.session_state.get(_CHANGED)
    ended: UUID | None = st.session_state.get(_ENDED)
    if changed is not None:
        draw_change(page, changed)
    elif ended is not None:
        draw_end(page, ended)
    return changed is not None or ended is not None


def words_of(series: SeriesRow) -> str:
    """The rule in words with the time of day: "Weekly on Monday, 10 times, at 10:00"."""
    return f"{series.words[:1].upper()}{series.words[1:]}, at {series.starts_at_wall:%H:%M}"


def _title(series: SeriesRow) -> str:
    if series.position is None:
        return "Series"
    return f"Series · {series.position} of {series.total}" if series.total else f"Series · no. {series.position}"


def _draw_occurrences(series: SeriesRow, appointment_id: UUID, locale: Locale) -> None:
    """The appointments around the one that is open."""
    here = next((place for place, one in enumerate(series.occurrences) if one.id == appointment_id), 0)
    first = max(0, here - _BEFORE)
    shown = series.occurrences[first : first + _SHOWN]
    show_table(
        shown,
        [
            Column("position", "No.", width="small"),
            Column(lambda one: when_text(one.starts_at, series.timezone, locale), "Date"),
            Column(_status, "Status"),
        ],
        key="panel_series_dates",
        wording=Wording(locale),
    )
    if series.occurrence_count > len(shown):
        st.caption(f"{len(shown)} of {series.occurrence_count} appointments.")


def _status(one: OccurrenceRow) -> str:
    return f"{one.status.label} · exception" if one.is_exception else one.status.label
