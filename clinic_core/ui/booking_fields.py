"""The fields of the booking dialog: for whom, and what, with whom, when and where."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st
from pydantic import BaseModel, ValidationError

from clinic_core.access import Permission, Work, perform
from clinic_core.errors import ClinicError
from clinic_core.kit.calendar import day_bounds, local_date, to_wall
from clinic_core.kit.clock import now
from clinic_core.patients.queries import get_patient
from clinic_core.patients.schemas import GetPatient, RegisterPatient
from clinic_core.scheduling.queries import (
    free_resources,
    list_practitioners,
    list_resources,
    list_services_for_booking,
    working_hours,
)
from clinic_core.scheduling.schemas import (
    BookableService,
    FindFreeResources,
    FreeResources,
    GetWorkingHours,
    ListPractitioners,
    ListResources,
    ListServices,
    LocationRow,
)
from clinic_core.ui.forms import date_field, instant_of, text_field
from clinic_core.ui.location import place_of
from clinic_core.ui.page import Page
from clinic_core.ui.patient_line import draw_patient_line
from clinic_core.ui.patient_search import pick_patient
from clinic_core.ui.wording import plain

Request = TypeVar("Request", bound=BaseModel)
Answer = TypeVar("Answer")

REGISTERED = "booking_registered"
SEARCHING = "booking_search"
_FALLBACK_MINUTES = 30
# Whoever works at all does so within this time, holidays left out.
_ROTA_DAYS = 28
_SERVICE, _PERSON, _DAY, _CLOCK = "booking_service", "booking_practitioner", "booking_day", "booking_clock"
_MINUTES, _THINGS, _BY_HAND = "booking_minutes", "booking_resources", "booking_resources_by_hand"
_TAKE = "booking_take"


@dataclass(frozen=True)
class BookingSlot:
    """Where the dialog begins: a time, perhaps with practitioner, a drawn end, patient, service and rooms."""

    starts_at: datetime
    practitioner_id: UUID | None = None
    ends_at: datetime | None = None
    patient_id: UUID | None = None
    patient_name: str = ""
    service_id: UUID | None = None
    resource_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class Who:
    """The patient, or what is known of one to register first."""

    patient_id: UUID | None
    newcomer: RegisterPatient | None = None


@dataclass(frozen=True)
class What:
    """What was chosen; `day` and `clock` are wall time of the location."""

    location_id: UUID
    service_id: UUID | None
    practitioner_id: UUID | None
    resource_ids: tuple[UUID, ...]
    day: date | None
    clock: time | None
    minutes: int
    place: ZoneInfo

    @property
    def starts_at(self) -> datetime:
        """The instant of the start. Raises: InvalidInput when there is none."""
        return instant_of(self.day, self.clock, self.place)

    @property
    def ends_at(self) -> datetime:
        """The instant of the end. Raises: InvalidInput when there is no start."""
        return self.starts_at + timedelta(minutes=self.minutes)


@dataclass(frozen=True)
class TakenTime:
    """A free time that was clicked, to be put into the fields."""

    practitioner_id: UUID
    starts_at: datetime
    ends_at: datetime
    resource_ids: tuple[UUID, ...]


def take_time(taken: TakenTime) -> None:
    """Put the time into the fields at the next drawing of the dialog."""
    st.session_state[_TAKE] = taken


def ask(page: Page, query: Callable[[Work, Request], Answer], request: Callable[[], Request]) -> Answer | str:
    """The answer of a query beside the form, or the sentence why there is none; the form stays usable."""
    try:
        return perform(page.actor, query, request())
    except ValidationError:
        return "Choose a date and a time."
    except ClinicError as error:
        return error.message


def draw_who(page: Page, slot: BookingSlot, location: LocationRow) -> Who:
    """The patient found while typing, or the few fields of a new one."""
    if slot.patient_id is not None:
        draw_patient_line(page.read(get_patient, GetPatient(patient_id=slot.patient_id)), page.actor)
        return Who(slot.patient_id)
    can_register = page.actor.can(Permission.PATIENT_WRITE)
    if not (can_register and st.toggle("New patient", key="booking_is_new")):
        return Who(pick_patient(page.actor, key="booking_patient"))
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
    return Who(st.session_state.get(REGISTERED), newcomer)


def draw_what(page: Page, slot: BookingSlot, location: LocationRow) -> What:
    """Service, practitioner, date, time and length; the rooms that the service needs choose themselves."""
    place = place_of(location)
    services = list(page.read(list_services_for_booking, ListServices()))
    practitioners = page.read(list_practitioners, ListPractitioners(clinic_location_id=location.id))
    names = {row.id: row.name for row in practitioners}
    _fill(slot, services, place)
    _fill_person(page, slot, location, list(names))
    left, right = st.columns(2)
    with left:
        service: BookableService | None = st.selectbox(
            "Service", services, format_func=_service_line, key=_SERVICE, on_change=_follow_service, placeholder="None"
        )
    with right:
        practitioner_id = st.selectbox(
            "Practitioner",
            list(names),
            index=None,
            format_func=lambda found: names[found],
            key=_PERSON,
            placeholder="Choose",
        )
    left, middle, right = st.columns(3)
    with left:
        day = date_field("Date", key=_DAY)
    with middle:
        clock = st.time_input("Time", value=None, key=_CLOCK, step=timedelta(minutes=5))
    with right:
        minutes = int(st.number_input("Minutes", min_value=5, max_value=720, step=5, key=_MINUTES))
    what = What(location.id, service.id if service else None, practitioner_id, (), day, clock, minutes, place)
    return What(**{**what.__dict__, "resource_ids": _draw_things(page, what)})


def _service_line(service: BookableService) -> str:
    return f"{service.name} · {service.duration_minutes} min"


def _fill(slot: BookingSlot, services: list[BookableService], place: ZoneInfo) -> None:
    """Values of the fields before they are drawn: those of the slot at first, then those of a time that was clicked."""
    state = st.session_state
    if _DAY not in state:
        service = next((row for row in services if row.id == slot.service_id), services[0] if services else None)
        usual = service.duration_minutes if service else _FALLBACK_MINUTES
        drawn = int((slot.ends_at - slot.starts_at).total_seconds()) // 60 if slot.ends_at else usual
        wall = to_wall(slot.starts_at, place)
        state[_DAY], state[_CLOCK], state[_MINUTES] = wall.date(), wall.time(), drawn
        if service is not None:
            state[_SERVICE] = service
        state[_THINGS], state[_BY_HAND] = list(slot.resource_ids), bool(slot.resource_ids)
    taken: TakenTime | None = state.get(_TAKE)
    if taken is not None:
        wall = to_wall(taken.starts_at, place)
        state[_DAY], state[_CLOCK] = wall.date(), wall.time()
        state[_MINUTES] = int((taken.ends_at - taken.starts_at).total_seconds()) // 60
        state[_THINGS], state[_BY_HAND] = list(taken.resource_ids), True
        state[SEARCHING] = False


def _fill_person(page: Page, slot: BookingSlot, location: LocationRow, people: list[UUID]) -> None:
    """The practitioner before the field is drawn: of the slot, else who works on that day, oneself first, or nobody."""
    state = st.session_state
    if _PERSON not in state:
        state[_PERSON] = slot.practitioner_id if slot.practitioner_id in people else None
        if slot.practitioner_id is None:
            here = _working(page, location, local_date(slot.starts_at, place_of(location)), people)
            state[_PERSON] = page.actor.user_id if page.actor.user_id in here else next(iter(here), None)
    taken: TakenTime | None = state.pop(_TAKE, None)
    if taken is not None and taken.practitioner_id in people:
        state[_PERSON] = taken.practitioner_id


def _working(page: Page, location: LocationRow, day: date, people: list[UUID]) -> list[UUID]:
    """Who works there on that day; all where nobody's hours are known."""
    last = day + timedelta(days=_ROTA_DAYS - 1)
    known = page.read(working_hours, GetWorkingHours(clinic_location_id=location.id, first=day, last=last)).working
    start, end = day_bounds(day, place_of(location))
    here = [one for one in people if any(span.starts_at < end and start < span.ends_at for span in known.get(one, ()))]
    return here if any(known.values()) else people


def _follow_service() -> None:
    """Another service takes its own time and its own rooms."""
    service: BookableService | None = st.session_state[_SERVICE]
    st.session_state[_MINUTES] = service.duration_minutes if service else _FALLBACK_MINUTES
    st.session_state[_BY_HAND] = False


def _keep_things() -> None:
    st.session_state[_BY_HAND] = True


def _draw_things(page: Page, what: What) -> tuple[UUID, ...]:
    """Rooms and equipment: what the service needs is chosen until somebody chooses otherwise."""
    rows = page.read(list_resources, ListResources(clinic_location_id=what.location_id))
    names = {row.id: row.name for row in rows}
    found = ask(
        page,
        free_resources,
        lambda: FindFreeResources(
            clinic_location_id=what.location_id,
            product_service_id=what.service_id,
            starts_at=what.starts_at,
            ends_at=what.ends_at,
        ),
    )
    free = set(names)
    if isinstance(found, FreeResources):
        free = {ref.id for ref in found.free}
        if not st.session_state[_BY_HAND]:
            st.session_state[_THINGS] = [ref.id for ref in found.chosen]
    st.session_state[_THINGS] = [one for one in st.session_state[_THINGS] if one in names]
    chosen = st.multiselect(
        "Room and equipment",
        list(names),
        format_func=lambda one: names[one] if one in free else f"{names[one]} · taken",
        key=_THINGS,
        on_change=_keep_things,
        placeholder="None",
    )
    if isinstance(found, FreeResources) and found.missing and not st.session_state[_BY_HAND]:
        wanted = ", ".join(need.category or need.type.label.lower() for need in found.missing)
        st.caption(plain(f"The service needs: {wanted}. Nothing of that kind is free then."))
    return tuple(chosen)


def next_quarter() -> datetime:
    """The next quarter of an hour from now, where a booking without a chosen time begins."""
    instant = now()
    return instant + (datetime.min.replace(tzinfo=UTC) - instant) % timedelta(minutes=15)
