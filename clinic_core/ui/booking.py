"""The booking dialog: click a time, choose the patient and the service, book."""

from collections.abc import Callable
from uuid import UUID

import streamlit as st

from clinic_core.errors import BookingConflict
from clinic_core.notifications.schemas import BookWithReminder, ReminderWish
from clinic_core.notifications.service import book_with_reminder
from clinic_core.patients.schemas import RegisterPatient
from clinic_core.patients.service import register_patient
from clinic_core.scheduling.queries import check_time
from clinic_core.scheduling.schemas import BookAppointment, CheckTime, LocationRow
from clinic_core.ui.appointment_words import booked_text
from clinic_core.ui.booking_fields import (
    REGISTERED,
    SEARCHING,
    BookingSlot,
    TakenTime,
    What,
    Who,
    ask,
    draw_what,
    draw_who,
    next_quarter,
    take_time,
)
from clinic_core.ui.conflict_view import Choice, draw_conflict, draw_obstacles
from clinic_core.ui.forms import chosen, text_field
from clinic_core.ui.page import Page
from clinic_core.ui.series_form import Repeat, book_repeat, draw_repeat
from clinic_core.ui.slot_search import SlotWish, draw_slot_search
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import NotificationChannel

__all__ = ["BookingSlot", "begin_booking", "draw_booking", "end_booking", "next_quarter"]

_SLOT = "booking_slot"
_CONFLICT = "booking_conflict"
_REMINDERS: dict[str, tuple[ReminderWish, ...]] = {
    "No reminder": (),
    "E-mail, 1 day before": (ReminderWish(channel=NotificationChannel.EMAIL, minutes_before=24 * 60),),
    "SMS, 3 hours before": (ReminderWish(channel=NotificationChannel.SMS, minutes_before=3 * 60),),
}


def begin_booking(slot: BookingSlot) -> None:
    """Open the dialog at the next drawing of the page; also a callback of buttons."""
    end_booking()
    st.session_state[_SLOT] = slot


def end_booking() -> None:
    """Close the dialog and forget what was typed in it."""
    for key in [key for key in st.session_state if str(key).startswith("booking_")]:
        del st.session_state[key]


def draw_booking(
    page: Page, location: LocationRow, draw_other_use: Callable[[BookingSlot], None] | None = None
) -> None:
    """The dialog, when it is open; `draw_other_use` may offer to use the time for something else."""
    if _SLOT in st.session_state:
        _dialog(page, location, draw_other_use)


@st.dialog("Book an appointment", width="medium", dismissible=False, icon=":material/event:")
def _dialog(page: Page, location: LocationRow, draw_other_use: Callable[[BookingSlot], None] | None) -> None:
    slot: BookingSlot = st.session_state[_SLOT]
    if draw_other_use is not None:
        draw_other_use(slot)
    who = draw_who(page, slot, location)
    what = draw_what(page, slot, location)
    repeat = draw_repeat(page, who, what)
    choice = Choice() if repeat else _draw_check(page, who, what)
    found = None if repeat else _draw_search(page, location, who, what)
    left, right = st.columns([2, 1])
    with left:
        note = text_field("Note for the desk", key="booking_note")
    with right:
        reminder = st.selectbox("Reminder", list(_REMINDERS), key="booking_reminder")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key="booking_cancel"):
            end_booking()
            st.rerun()
        pressed = st.button("Book", type="primary", key="booking_book")
    if choice.alternative is not None:
        free = choice.alternative
        found = TakenTime(free.practitioner_user_id, free.starts_at, free.ends_at, free.resource_ids)
    if found is not None:
        take_time(found)
        st.rerun()
    if pressed and repeat is not None:
        _book_series(page, who, what, repeat, note=note, reminders=_REMINDERS[reminder])
    elif pressed or choice.is_anyway:
        _book(page, who, what, choice, note=note, reminders=_REMINDERS[reminder])


def _draw_check(page: Page, who: Who, what: What) -> Choice:
    """Whether the time is free, said before somebody presses Book; after a refusal with the times instead."""
    refused: tuple[Who, What, BookingConflict] | None = st.session_state.get(_CONFLICT)
    if refused is not None and refused[:2] == (who, what):
        return draw_conflict(refused[2], key="booking_conflict_view")
    found = ask(
        page,
        check_time,
        lambda: CheckTime(
            patient_id=who.patient_id,
            practitioner_user_id=chosen(what.practitioner_id, field="practitioner"),
            clinic_location_id=what.location_id,
            starts_at=what.starts_at,
            ends_at=what.ends_at,
            resource_ids=what.resource_ids,
            product_service_id=what.service_id,
        ),
    )
    if isinstance(found, str):
        st.caption(plain(found))
        return Choice()
    if found.is_free:
        st.markdown(":green[:material/check_circle:] **The time is free.**")
    if found.obstacles:
        draw_obstacles(found.obstacles, can_override=found.can_override)
    return Choice()


def _draw_search(page: Page, location: LocationRow, who: Who, what: What) -> TakenTime | None:
    if not st.toggle("Find a free time", key=SEARCHING):
        return None
    wish = SlotWish(
        service_id=what.service_id,
        minutes=what.minutes,
        practitioner_id=what.practitioner_id,
        patient_id=who.patient_id,
        first_day=what.day,
    )
    slot = draw_slot_search(page, location, wish, key="booking_slots")
    if slot is None:
        return None
    return TakenTime(slot.practitioner_user_id, slot.starts_at, slot.ends_at, slot.resource_ids)


def _book(page: Page, who: Who, what: What, choice: Choice, *, note: str, reminders: tuple[ReminderWish, ...]) -> None:
    patient_id = _registered(page, who)
    if who.newcomer is not None and patient_id is None:
        return

    def request() -> BookWithReminder:
        booking = BookAppointment(
            patient_id=chosen(patient_id, field="patient"),
            practitioner_user_id=chosen(what.practitioner_id, field="practitioner"),
            clinic_location_id=what.location_id,
            starts_at=what.starts_at,
            ends_at=what.ends_at,
            resource_ids=what.resource_ids,
            product_service_id=what.service_id,
            note=note,
            double_book_reason=choice.double_book_reason,
            override_reason=choice.override_reason,
        )
        return BookWithReminder(booking=booking, reminders=reminders, request_id=page.request_id("appointment"))

    booked = page.run_or_conflict(book_with_reminder, request)
    if isinstance(booked, BookingConflict):
        st.session_state[_CONFLICT] = (Who(patient_id, who.newcomer), what, booked)
        st.rerun()
    if booked is not None:
        page.tell(booked_text(booked.appointment, page.actor.settings))
        end_booking()
        st.rerun()


def _book_series(
    page: Page, who: Who, what: What, repeat: Repeat, *, note: str, reminders: tuple[ReminderWish, ...]
) -> None:
    patient_id = _registered(page, who)
    if who.newcomer is not None and patient_id is None:
        return
    if book_repeat(page, patient_id, what, repeat, note=note, reminders=reminders):
        end_booking()
        st.rerun()


def _registered(page: Page, who: Who) -> UUID | None:
    """The patient's id; a newcomer is registered once, also when the booking after it is refused."""
    if who.newcomer is None or who.patient_id is not None:
        return who.patient_id
    typed = {**who.newcomer.model_dump(exclude_unset=True), "request_id": page.request_id("newcomer")}
    patient = page.run(register_patient, lambda: RegisterPatient.model_validate(typed))
    if patient is None:
        return None
    st.session_state[REGISTERED] = patient.id
    return patient.id
