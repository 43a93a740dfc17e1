"""The booking dialog: click a time, choose the patient and the service, book."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from clinic_core.access import Permission
from clinic_core.kit.calendar import to_wall
from clinic_core.kit.clock import now
from clinic_core.notifications.schemas import BookWithReminder, ReminderWish
from clinic_core.notifications.service import book_with_reminder
from clinic_core.patients.schemas import RegisterPatient
from clinic_core.patients.service import register_patient
from clinic_core.scheduling.queries import list_practitioners, list_resources, list_services_for_booking
from clinic_core.scheduling.schemas import (
    BookAppointment,
    ListPractitioners,
    ListResources,
    ListServices,
    LocationRow,
    ResourceRow,
)
from clinic_core.ui.forms import chosen, date_field, instant_of, option_field, reason_field, text_field
from clinic_core.ui.location import place_of
from clinic_core.ui.page import Page
from clinic_core.ui.patient_search import pick_patient
from clinic_core.vocabulary import NotificationChannel, ResourceType

_SLOT = "booking_slot"
_REGISTERED = "booking_registered"
_FALLBACK_MINUTES = 30
_REMINDERS: dict[str, tuple[ReminderWish, ...]] = {
    "No reminder": (),
    "E-mail, 1 day before": (ReminderWish(channel=NotificationChannel.EMAIL, minutes_before=24 * 60),),
    "SMS, 3 hours before": (ReminderWish(channel=NotificationChannel.SMS, minutes_before=3 * 60),),
}


@dataclass(frozen=True)
class BookingSlot:
    """Where the dialog begins: a time, perhaps with practitioner, patient and a drawn end."""

    starts_at: datetime
    practitioner_id: UUID | None = None
    ends_at: datetime | None = None
    patient_id: UUID | None = None
    patient_name: str = ""


@dataclass(frozen=True)
class _Who:
    """The patient, or what is known of one to register first."""

    patient_id: UUID | None
    newcomer: RegisterPatient | None = None


@dataclass(frozen=True)
class _What:
    service_id: UUID | None
    practitioner_id: UUID | None
    resource_ids: tuple[UUID, ...]
    day: date | None
    clock: time | None
    minutes: int
    reminder: str


def next_quarter() -> datetime:
    """The next quarter of an hour from now, where a booking without a chosen time begins."""
    quarter = timedelta(minutes=15)
    return now() + (datetime.min.replace(tzinfo=UTC) - now()) % quarter


def begin_booking(slot: BookingSlot) -> None:
    """Open the dialog at the next drawing of the page; also a callback of buttons."""
    end_booking()
    st.session_state[_SLOT] = slot


def end_booking() -> None:
    """Close the dialog and forget what was typed in it."""
    for key in [key for key in st.session_state if str(key).startswith("booking_")]:
        del st.session_state[key]


def draw_booking(page: Page, location: LocationRow) -> None:
    """The dialog, when it is open."""
    if _SLOT in st.session_state:
        _dialog(page, location)


@st.dialog("Book an appointment", width="medium", dismissible=False, icon=":material/event:")
def _dialog(page: Page, location: LocationRow) -> None:
    slot: BookingSlot = st.session_state[_SLOT]
    place = place_of(location)
    who = _draw_who(page, slot, location)
    what = _draw_what(page, slot, location, place)
    note = text_field("Note for the desk", key="booking_note")
    reason = ""
    if page.actor.can(Permission.APPOINTMENT_DOUBLE_BOOK):
        with st.expander("Squeeze in: book the practitioner twice"):
            reason = reason_field(key="booking_reason")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key="booking_cancel"):
            end_booking()
            st.rerun()
        if not st.button("Book", type="primary", key="booking_book"):
            return
    patient_id = _registered(page, who)
    if who.newcomer is not None and patient_id is None:
        return

    def request() -> BookWithReminder:
        starts_at = instant_of(what.day, what.clock, place)
        booking = BookAppointment(
            patient_id=chosen(patient_id, field="patient"),
            practitioner_user_id=chosen(what.practitioner_id, field="practitioner"),
            clinic_location_id=location.id,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=what.minutes),
            resource_ids=what.resource_ids,
            product_service_id=what.service_id,
            note=note,
            double_book_reason=reason or None,
        )
        return BookWithReminder(
            booking=booking, reminders=_REMINDERS[what.reminder], request_id=page.request_id("appointment")
        )

    if page.run(book_with_reminder, request, done="The appointment is booked.") is not None:
        end_booking()
        st.rerun()


def _draw_who(page: Page, slot: BookingSlot, location: LocationRow) -> _Who:
    if slot.patient_id is not None:
        st.text_input("Patient", value=slot.patient_name, disabled=True, key="booking_named")
        return _Who(slot.patient_id)
    can_register = page.actor.can(Permission.PATIENT_WRITE)
    if not (can_register and st.toggle("New patient", key="booking_is_new")):
        return _Who(pick_patient(page.actor, key="booking_patient"))
    left, right = st.columns(2)
    with left:
        first_name = text_field("First name", key="booking_first_name")
        dob = date_field("Date of birth", key="booking_dob")
    with right:
        last_name = text_field("Last name", key="booking_last_name")
        phone = text_field("Phone", key="booking_phone", limit=40)
    newcomer = RegisterPatient.model_construct(
        first_name=first_name, last_name=last_name, dob=dob, phone=phone, clinic_location_id=location.id
    )
    return _Who(st.session_state.get(_REGISTERED), newcomer)


def _registered(page: Page, who: _Who) -> UUID | None:
    """The patient's id; a newcomer is registered once, also when the booking after it is refused."""
    if who.newcomer is None or who.patient_id is not None:
        return who.patient_id
    typed = {**who.newcomer.model_dump(exclude_unset=True), "request_id": page.request_id("newcomer")}
    patient = page.run(register_patient, lambda: RegisterPatient.model_validate(typed))
    if patient is None:
        return None
    st.session_state[_REGISTERED] = patient.id
    return patient.id


def _draw_what(page: Page, slot: BookingSlot, location: LocationRow, place: ZoneInfo) -> _What:
    wall = to_wall(slot.starts_at, place)
    services = page.read(list_services_for_booking, ListServices())
    practitioners = page.read(list_practitioners, ListPractitioners(clinic_location_id=location.id))
    resources = page.read(list_resources, ListResources(clinic_location_id=location.id))
    names = {row.id: row.name for row in practitioners}
    left, right = st.columns(2)
    with left:
        service = option_field(
            "Service", services, key="booking_service", show=lambda row: f"{row.name} · {row.duration_minutes} min"
        )
        practitioner_id = st.selectbox(
            "Practitioner",
            list(names),
            index=list(names).index(slot.practitioner_id) if slot.practitioner_id in names else 0,
            format_func=lambda found: names[found],
            key="booking_practitioner",
        )
        taken = _draw_resources(resources)
    with right:
        day = date_field("Date", key="booking_day", value=wall.date())
        clock = st.time_input("Time", value=wall.time(), key="booking_clock", step=timedelta(minutes=5))
        usual = service.duration_minutes if service else _FALLBACK_MINUTES
        drawn = int((slot.ends_at - slot.starts_at).total_seconds()) // 60 if slot.ends_at else None
        minutes = st.number_input(
            "Minutes",
            min_value=5,
            max_value=720,
            step=5,
            value=drawn or usual,
            key=f"booking_minutes_{service.id if service else None}",
        )
        reminder = st.selectbox("Reminder", list(_REMINDERS), key="booking_reminder")
    return _What(service.id if service else None, practitioner_id, taken, day, clock, int(minutes), reminder)


def _draw_resources(resources: list[ResourceRow] | tuple[ResourceRow, ...]) -> tuple[UUID, ...]:
    names = {row.id: row.name for row in resources}
    rooms = [row.id for row in resources if row.type is ResourceType.ROOM]
    machines = [row.id for row in resources if row.type is ResourceType.EQUIPMENT]
    room = option_field("Room", rooms, key="booking_room", show=lambda found: names[found], optional=True)
    taken = st.multiselect("Equipment", machines, format_func=lambda found: names[found], key="booking_machines")
    return (*([room] if room else []), *taken)
