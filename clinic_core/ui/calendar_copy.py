"""Copy an appointment, then click a free time: the same patient, service, practitioner and rooms are booked there.

What is in the way of a copy is said with what is free instead; it stays until another time is clicked.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import streamlit as st

from clinic_core.errors import Alternative, BookingConflict
from clinic_core.notifications.schemas import BookWithReminder
from clinic_core.notifications.service import book_with_reminder
from clinic_core.scheduling.schemas import AppointmentRow, BookAppointment, LocationRow
from clinic_core.ui.appointment_words import booked_text
from clinic_core.ui.calendar_filters import By
from clinic_core.ui.calendar_types import NO_ROOM, SlotChosen
from clinic_core.ui.conflict_view import draw_conflict
from clinic_core.ui.page import Page
from clinic_core.ui.wording import plain

_COPIED = "_calendar_copied"
_REFUSED = "_calendar_copy_refused"


@dataclass(frozen=True)
class _Copied:
    """What the next click books again."""

    patient_id: UUID
    patient_name: str
    service_id: UUID | None
    service: str
    case_id: UUID | None
    practitioner_id: UUID
    location_id: UUID
    resource_ids: tuple[UUID, ...]
    length: timedelta


@dataclass(frozen=True)
class _Refused:
    """A copy that something is in the way of."""

    booking: BookAppointment
    conflict: BookingConflict


def copy_appointment(row: AppointmentRow) -> None:
    """Keep the appointment for the next click on a free time of the calendar."""
    drop_copy()
    st.session_state[_COPIED] = _Copied(
        row.patient_id,
        row.patient_name,
        row.product_service_id,
        row.service,
        row.case_id,
        row.practitioner_user_id,
        row.clinic_location_id,
        row.resource_ids,
        row.ends_at - row.starts_at,
    )


def has_copy() -> bool:
    """Whether the next click on a free time books a copy."""
    return _COPIED in st.session_state


def drop_copy() -> None:
    """The next click on a free time opens the booking dialog again."""
    for key in (_COPIED, _REFUSED):
        st.session_state.pop(key, None)


def draw_copy(page: Page) -> None:
    """Say what the next click books and how to stop, and what was in the way of the last one."""
    copied: _Copied | None = st.session_state.get(_COPIED)
    if copied is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        what = " · ".join(part for part in (copied.patient_name, copied.service) if part)
        st.markdown(f":material/content_copy: {plain(what)}: click a free time to book it there.", width="content")
        st.button("Stop copying", key="calendar_stop_copy", on_click=drop_copy)
    refused: _Refused | None = st.session_state.get(_REFUSED)
    if refused is not None:
        _draw_refused(page, refused)


def book_copy(page: Page, chosen: SlotChosen, by: By, location: LocationRow) -> None:
    """Book the copied appointment at the time that was clicked, with the column's practitioner or in its room."""
    copied: _Copied = st.session_state[_COPIED]
    kept = copied.resource_ids if copied.location_id == location.id else ()
    rooms = (chosen.column_id,) if chosen.column_id != NO_ROOM else ()
    booking = BookAppointment(
        patient_id=copied.patient_id,
        practitioner_user_id=copied.practitioner_id if by is By.ROOM else chosen.column_id,
        clinic_location_id=location.id,
        starts_at=chosen.starts_at,
        ends_at=chosen.starts_at + copied.length,
        resource_ids=rooms if by is By.ROOM else kept,
        product_service_id=copied.service_id,
        case_id=copied.case_id,
    )
    booked = _book(page, booking)
    if booked is not None:
        st.toast(plain(booked_text(booked, page.actor.settings)), icon=":material/check_circle:")


def _book(page: Page, booking: BookAppointment) -> AppointmentRow | None:
    """The copy that is booked; what is in its way is kept to be drawn."""
    st.session_state.pop(_REFUSED, None)
    where = f"{booking.starts_at.isoformat()}/{booking.practitioner_user_id}/{booking.resource_ids}"
    wish = BookWithReminder(booking=booking, request_id=page.request_id(f"copy/{where}"))
    answer = page.run_or_conflict(book_with_reminder, wish)
    if isinstance(answer, BookingConflict):
        st.session_state[_REFUSED] = _Refused(booking, answer)
        return None
    if answer is None:
        return None
    drop_copy()
    return answer.appointment


def _draw_refused(page: Page, refused: _Refused) -> None:
    choice = draw_conflict(refused.conflict, key="calendar_copy_conflict")
    booking = refused.booking
    if choice.alternative is not None:
        booking = _instead(booking, choice.alternative)
    elif choice.is_anyway:
        reasons = {"override_reason": choice.override_reason, "double_book_reason": choice.double_book_reason}
        booking = booking.model_copy(update=reasons)
    else:
        return
    booked = _book(page, booking)
    if booked is not None:
        page.tell(booked_text(booked, page.actor.settings))
    st.rerun()


def _instead(booking: BookAppointment, free: Alternative) -> BookAppointment:
    return booking.model_copy(
        update={
            "starts_at": free.starts_at,
            "ends_at": free.ends_at,
            "practitioner_user_id": free.practitioner_user_id,
            "resource_ids": free.resource_ids,
        }
    )
