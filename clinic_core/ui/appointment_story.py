"""What happened to an appointment, in sentences: who booked, moved or cancelled it, and which messages went out."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from zoneinfo import ZoneInfo

import streamlit as st

from clinic_core.kit.calendar import zone
from clinic_core.kit.formats import Locale, datetime_text, minutes_text
from clinic_core.notifications.queries import list_messages
from clinic_core.notifications.schemas import ListMessages, NotificationRow
from clinic_core.scheduling.queries import appointment_history
from clinic_core.scheduling.schemas import AppointmentRow, AppointmentStep, GetAppointment
from clinic_core.ui.page import Page
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import AppointmentStatus, NotificationStatus


def draw_story(page: Page, row: AppointmentRow) -> None:
    """The steps of the appointment, oldest first, and its messages, newest first."""
    place, locale = zone(row.timezone), page.actor.settings.locale
    with st.expander("History"):
        steps = page.read(appointment_history, GetAppointment(appointment_id=row.id))
        for step, sentence in zip(steps, step_sentences(steps, place, locale), strict=True):
            st.markdown(plain(sentence))
            st.caption(plain(f"{datetime_text(step.at, place, locale)} · {step.by}"))
    messages = page.read(list_messages, ListMessages(appointment_id=row.id))
    if messages:
        with st.expander(f"Messages ({len(messages)})"):
            for message in messages:
                st.markdown(plain(message_sentence(message, place, locale)))


def step_sentences(steps: Sequence[AppointmentStep], place: ZoneInfo, locale: Locale) -> list[str]:
    """One sentence for each step, from where to where."""
    before: list[AppointmentStep | None] = [None, *steps]
    return [_sentence(last, step, place, locale) for last, step in pairwise(before) if step is not None]


def message_sentence(message: NotificationRow, place: ZoneInfo, locale: Locale) -> str:
    """What became of a message."""
    what = f"{message.type.label} by {'e-mail' if message.channel.value == 'email' else message.channel.value.upper()}"
    match message.status:
        case NotificationStatus.SENT:
            return f"{what}: sent {datetime_text(message.sent_at or message.scheduled_at, place, locale)}."
        case NotificationStatus.PLANNED:
            return f"{what}: planned for {datetime_text(message.scheduled_at, place, locale)}."
        case NotificationStatus.WITHDRAWN:
            why = f": {message.withdrawn_reason.label.lower()}" if message.withdrawn_reason else ""
            return f"{what}: not sent{why}."
        case NotificationStatus.FAILED:
            why = f": {message.last_error.label.lower()}" if message.last_error else ""
            return f"{what}: could not be sent{why}."


def _sentence(before: AppointmentStep | None, step: AppointmentStep, place: ZoneInfo, locale: Locale) -> str:
    if before is None:
        when = datetime_text(step.to_starts_at, place, locale)
        return f"Booked for {when} with {step.to_practitioner}, {step.to_location}."
    if step.is_deleted != before.is_deleted:
        return "Deleted as entered by mistake." if step.is_deleted else "Put back on the calendar."
    parts = [*_status_parts(step.from_status or before.to_status, step.to_status), *_move_parts(step, place, locale)]
    said = "; ".join(parts) or "changed"
    return f"{said[0].upper()}{said[1:]}."


def _status_parts(was: AppointmentStatus, is_: AppointmentStatus) -> Iterator[str]:
    if was is is_:
        return
    if was is AppointmentStatus.CANCELLED:
        yield "no longer cancelled"
    else:
        yield f"from {was.label.lower()} to {is_.label.lower()}"


def _move_parts(step: AppointmentStep, place: ZoneInfo, locale: Locale) -> Iterator[str]:
    if step.from_starts_at is not None and step.from_starts_at != step.to_starts_at:
        was, is_ = (datetime_text(found, place, locale) for found in (step.from_starts_at, step.to_starts_at))
        yield f"moved from {was} to {is_}"
    if step.from_starts_at is not None and step.from_ends_at is not None:
        lengths = step.from_ends_at - step.from_starts_at, step.to_ends_at - step.to_starts_at
        if lengths[0] != lengths[1]:
            was, is_ = (minutes_text(int(length.total_seconds()) // 60) for length in lengths)
            yield f"length changed from {was} to {is_}"
    if step.from_practitioner and step.from_practitioner != step.to_practitioner:
        yield f"handed over from {step.from_practitioner} to {step.to_practitioner}"
    if step.from_location and step.from_location != step.to_location:
        yield f"moved from {step.from_location} to {step.to_location}"
