"""Copy an appointment, then click a free time: the same patient, service, practitioner and rooms are booked there."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import streamlit as st

from clinic_core.notifications.schemas import BookWithReminder
from clinic_core.notifications.service import book_with_reminder
from clinic_core.scheduling.schemas import AppointmentRow, BookAppointment, LocationRow
from clinic_core.ui.calendar_filters import By
from clinic_core.ui.calendar_types import NO_ROOM, SlotChosen
from clinic_core.ui.page import Page
from clinic_core.ui.wording import plain

_COPIED = "_calendar_copied"


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


def copy_appointment(row: AppointmentRow) -> None:
    """Keep the appointment for the next click on a free time of the calendar."""
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
    st.session_state.pop(_COPIED, None)


def draw_copy() -> None:
    """Say what the next click books, and how to stop."""
    copied: _Copied | None = st.session_state.get(_COPIED)
    if copied is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        what = " · ".join(part for part in (copied.patient_name, copied.service) if part)
        st.markdown(f":material/content_copy: {plain(what)}: click a free time to book it there.", width="content")
        st.button("Stop copying", key="calendar_stop_copy", on_click=drop_copy)


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
    wish = BookWithReminder(
        booking=booking, request_id=page.request_id(f"copy/{chosen.starts_at.isoformat()}/{chosen.column_id}")
    )
    if page.run(book_with_reminder, wish) is not None:
        drop_copy()
        st.toast("The copy is booked.", icon=":material/check_circle:")
