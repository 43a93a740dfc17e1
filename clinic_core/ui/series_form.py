"""The “Repeat” part of the booking dialog: the rule, every date it names, and a choice for each that is not free."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import streamlit as st

from clinic_core.access import perform
from clinic_core.errors import ClinicError, InvalidInput
from clinic_core.kit.calendar import from_wall, local_date
from clinic_core.kit.clock import now
from clinic_core.kit.formats import day_text
from clinic_core.kit.recurrence import next_match
from clinic_core.notifications.schemas import BookSeriesWithReminders, ReminderWish
from clinic_core.notifications.service import book_series_with_reminders
from clinic_core.scheduling.queries import preview_series
from clinic_core.scheduling.schemas import (
    BookSeries,
    ChosenDate,
    FindDateAlternatives,
    PreviewSeries,
    SeriesDate,
    SeriesPreview,
)
from clinic_core.ui.booking_fields import TakenTime, What, Who, take_time
from clinic_core.ui.forms import chosen
from clinic_core.ui.page import Page
from clinic_core.ui.series_dates import OpenDate, clock_note, draw_open_dates, when_text
from clinic_core.ui.series_rule import draw_rule
from clinic_core.ui.tables import Column, Wording, show_table
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import DateChoice, DateStatus

_KEY = "booking_series"


@dataclass(frozen=True)
class Repeat:
    """A series as it was chosen beside the fields of the booking."""

    rrule: str
    choices: tuple[ChosenDate, ...] = ()


def draw_repeat(page: Page, who: Who, what: What) -> Repeat | None:
    """The rule and the dates it names; None for a single appointment."""
    rrule = draw_rule(what.day or local_date(now(), what.place), key=_KEY)
    if rrule is None:
        return None
    try:
        preview = perform(page.actor, preview_series, _asked(who, what, rrule))
    except ClinicError as error:
        _draw_refused(page, error, what, rrule)
        return Repeat(rrule)
    return Repeat(rrule, _draw_dates(page, who, what, preview))


def book_repeat(
    page: Page, patient_id: UUID | None, what: What, repeat: Repeat, *, note: str, reminders: tuple[ReminderWish, ...]
) -> bool:
    """Book the series as it was chosen; whether it was."""

    def request() -> BookSeriesWithReminders:
        named = {"patient_id": chosen(patient_id, field="patient"), "note": note, "choices": repeat.choices}
        series = BookSeries.model_validate({**_terms(what, repeat.rrule), **named})
        return BookSeriesWithReminders(series=series, reminders=reminders, request_id=page.request_id("series"))

    return page.run(book_series_with_reminders, request, done="{summary}.") is not None


def _terms(what: What, rrule: str) -> dict[str, object]:
    starts_at_wall = datetime.combine(chosen(what.day, field="date"), chosen(what.clock, field="time"))
    return {
        "practitioner_user_id": chosen(what.practitioner_id, field="practitioner"),
        "clinic_location_id": what.location_id,
        "rrule": rrule,
        "starts_at_wall": starts_at_wall,
        "duration_minutes": what.minutes,
        "resource_ids": what.resource_ids,
        "product_service_id": what.service_id,
    }


def _asked(who: Who, what: What, rrule: str) -> PreviewSeries:
    return PreviewSeries.model_validate({**_terms(what, rrule), "patient_id": who.patient_id})


def _draw_refused(page: Page, error: ClinicError, what: What, rrule: str) -> None:
    """Why there are no dates; a start outside its own rule may go to the next date of it."""
    st.warning(plain(error.message), icon=":material/event_repeat:")
    if not (isinstance(error, InvalidInput) and "starts_at_wall" in error.fields and what.day and what.clock):
        return
    match = next_match(rrule, datetime.combine(what.day, what.clock))
    label = f"Begin on {day_text(match.date(), page.actor.settings.locale)}" if match else ""
    if match and what.practitioner_id and st.button(label, icon=":material/event_available:", key=f"{_KEY}_next"):
        starts_at = from_wall(match, what.place).instant
        ends_at = starts_at + timedelta(minutes=what.minutes)
        take_time(TakenTime(what.practitioner_id, starts_at, ends_at, what.resource_ids))
        st.rerun()


def _draw_dates(page: Page, who: Who, what: What, preview: SeriesPreview) -> tuple[ChosenDate, ...]:
    locale = page.actor.settings.locale
    st.markdown(f":material/event_repeat: **{plain(_headline(preview))}**")
    with st.expander("Every date", icon=":material/list:"):
        show_table(
            preview.dates,
            [
                Column("position", "No.", width="small"),
                Column(lambda row: when_text(row.starts_at, preview.timezone, locale), "Date"),
                Column(lambda row: row.status.label, "Status"),
                Column(_remark, "Remark", width="large"),
            ],
            key=f"{_KEY}_dates",
            wording=Wording(locale),
        )
        free = [row for row in preview.dates if row.status is DateStatus.FREE]
        skipped = st.multiselect(
            "Skip free dates too",
            free,
            format_func=lambda row: when_text(row.starts_at, preview.timezone, locale),
            key=f"{_KEY}_skip",
            placeholder="None",
        )
    not_free = [_open_date(who, what, row) for row in preview.dates if row.status is not DateStatus.FREE]
    choices = (
        *draw_open_dates(page, not_free, preview.timezone, key=f"{_KEY}_open"),
        *(ChosenDate(original_starts_at=row.original_starts_at, choice=DateChoice.SKIP) for row in skipped),
    )
    left_out = sum(one.choice is DateChoice.SKIP for one in choices)
    if left_out:
        st.caption(f"{len(preview.dates) - left_out} of {len(preview.dates)} dates will be booked.")
    return choices


def _headline(preview: SeriesPreview) -> str:
    counts = {status: sum(row.status is status for row in preview.dates) for status in DateStatus}
    words = [f"{counts[DateStatus.FREE]} free"]
    others = {DateStatus.CONFLICT: "in conflict", DateStatus.NOT_AVAILABLE: "not available"}
    words += [f"{counts[one]} {word}" for one, word in others.items() if counts[one]]
    more = "; later ones are booked as their time comes" if preview.has_more else ""
    return f"{preview.words[:1].upper()}{preview.words[1:]}: {len(preview.dates)} dates, {', '.join(words)}{more}"


def _remark(row: SeriesDate) -> str:
    note = clock_note(shifted=row.shifted, repeated=row.repeated)
    return " ".join(part for part in (note, *(one.sentence for one in row.obstacles)) if part)


def _open_date(who: Who, what: What, row: SeriesDate) -> OpenDate:
    return OpenDate(
        original_starts_at=row.original_starts_at,
        starts_at=row.starts_at,
        status=row.status,
        obstacles=row.obstacles,
        can_override=row.can_override,
        skip="Skip",
        alternatives=FindDateAlternatives(
            clinic_location_id=what.location_id,
            practitioner_user_id=chosen(what.practitioner_id, field="practitioner"),
            starts_at=row.starts_at,
            duration_minutes=what.minutes,
            patient_id=who.patient_id,
            resource_ids=what.resource_ids,
            product_service_id=what.service_id,
        ),
    )
