"""What the people of the demo clinic booked against the rules, with their reasons: some of it done, some ahead.

Each is looked for in the plan and asked of the validator: it is booked where exactly that one rule is in the way.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from clinic_core.access import Work, unit_of_work
from clinic_core.kit.calendar import local_date
from clinic_core.kit.clock import frozen_at
from clinic_core.scheduling.queries import check_time, free_resources
from clinic_core.scheduling.schemas import BookAppointment, ChangeStatus, CheckTime, FindFreeResources
from clinic_core.scheduling.service import book_appointment, change_status
from clinic_core.seed.demo_appointment import PRACTITIONERS, SERVICES, PlannedAppointment, instant, place
from clinic_core.seed.demo_base import DemoClinic
from clinic_core.seed.demo_calendar import DemoRecords
from clinic_core.seed.demo_clinic import WEEKDAYS
from clinic_core.seed.demo_plan import DemoPlan
from clinic_core.vocabulary import AppointmentStatus, ConflictKind, Severity

LOCATION = "berlin"
SERVICE = next(item for item in SERVICES if item.code == "FUP30")
LENGTH = timedelta(minutes=SERVICE.minutes or 0)
BOOKED_BEFORE = timedelta(hours=20)


@dataclass(frozen=True)
class Wish:
    """A time with a practitioner."""

    practitioner: str
    starts_at: datetime


@dataclass(frozen=True)
class Override:
    """What is in the way, who books all the same and why, in which days from today; empty `by`: the practitioner."""

    kind: ConflictKind
    first_day: int
    last_day: int
    by: str
    reason: str


OVERRIDES = (
    Override(ConflictKind.PRACTITIONER, -13, -7, "manager", "Acute pain; seen together with the exercises next door."),
    Override(ConflictKind.BUFFER, -9, -1, "", "Short check of the dressing, no time for preparation needed."),
    Override(ConflictKind.OUTSIDE_HOURS, -8, -1, "", "Can only come after work."),
    Override(ConflictKind.PRACTITIONER, 2, 9, "manager", "Leaves on a journey and needs a certificate."),
    Override(ConflictKind.OUTSIDE_HOURS, 2, 9, "", "Shift worker; agreed with the practitioner."),
    Override(ConflictKind.BUFFER, 2, 14, "manager", "Only time before the operation."),
)


def book_against_rules(clinic: DemoClinic, plan: DemoPlan, records: DemoRecords) -> None:
    """Books each the day before it takes place, or now where it lies ahead; what lies behind was attended."""
    patients = _patients(plan)
    for override in OVERRIDES:
        patient = next(patients)
        for wish in _WISHES[override.kind](plan, override):
            if _book(clinic, plan, records, override, wish, patient):
                break


def _book(
    clinic: DemoClinic, plan: DemoPlan, records: DemoRecords, override: Override, wish: Wish, patient: int
) -> bool:
    starts_at, ends_at = wish.starts_at, wish.starts_at + LENGTH
    actor = clinic.actor(override.by or wish.practitioner)
    with (
        frozen_at(min(plan.as_of, starts_at - BOOKED_BEFORE)) as clock,
        unit_of_work(actor) as work,
    ):
        room = _free_room(work, clinic, starts_at, ends_at)
        if room is None:
            return False
        asked = CheckTime(
            starts_at=starts_at,
            ends_at=ends_at,
            patient_id=records.patients[patient],
            practitioner_user_id=clinic.users[wish.practitioner],
            clinic_location_id=clinic.locations[LOCATION],
            resource_ids=room,
            product_service_id=clinic.items[SERVICE.code],
        )
        found = {one.kind for one in check_time(work, asked).obstacles if one.severity is not Severity.INFO}
        if found != {override.kind}:
            return False
        is_double = override.kind is ConflictKind.PRACTITIONER
        booking = BookAppointment(
            **asked.model_dump(exclude={"appointment_id", "patient_id"}),
            patient_id=records.patients[patient],
            double_book_reason=override.reason if is_double else None,
            override_reason=None if is_double else override.reason,
        )
        appointment = book_appointment(work, booking)
        if ends_at <= plan.as_of:
            clock.move_to(ends_at)
            for status in (AppointmentStatus.ARRIVED, AppointmentStatus.COMPLETED):
                change_status(work, ChangeStatus(appointment_id=appointment.id, status=status))
    return True


def _free_room(work: Work, clinic: DemoClinic, starts_at: datetime, ends_at: datetime) -> tuple[UUID, ...] | None:
    asked = FindFreeResources(
        clinic_location_id=clinic.locations[LOCATION],
        product_service_id=clinic.items[SERVICE.code],
        starts_at=starts_at,
        ends_at=ends_at,
    )
    free = free_resources(work, asked)
    return None if free.missing else tuple(one.id for one in free.chosen)


def _patients(plan: DemoPlan) -> Iterator[int]:
    """Patients of the location who have come for long and stay, each once, not those of the series."""
    in_series = {one.patient for one in plan.series}
    for one in plan.patients:
        stays = one.joins_on < plan.today - timedelta(days=60) and one.leaves_on > plan.today
        if one.location == LOCATION and stays and one.index not in in_series and one.index % 3 == 1:
            yield one.index


def _near(plan: DemoPlan, override: Override) -> list[PlannedAppointment]:
    """The appointments of those days that take place, at the location."""
    first, last = (plan.today + timedelta(days=days) for days in (override.first_day, override.last_day))
    return [
        one
        for one in plan.appointments
        if one.location == LOCATION
        and one.status is not AppointmentStatus.CANCELLED
        and first <= local_date(one.starts_at, place(LOCATION)) <= last
    ]


def _at_once(plan: DemoPlan, override: Override) -> Iterator[Wish]:
    for one in _near(plan, override):
        if one.service == SERVICE:
            yield Wish(one.practitioner, one.starts_at)


def _right_after(plan: DemoPlan, override: Override) -> Iterator[Wish]:
    for one in _near(plan, override):
        if one.service.buffer:
            yield Wish(one.practitioner, one.ends_at)


def _after_work(plan: DemoPlan, override: Override) -> Iterator[Wish]:
    """When the practitioner's last shift of a working day is over; the location is still open then."""
    for offset in range(override.first_day, override.last_day + 1):
        day = plan.today + timedelta(days=offset)
        if day.isoweekday() not in WEEKDAYS or plan.away.is_closed(LOCATION, day):
            continue
        for person in PRACTITIONERS:
            ends = [
                shift.span.closes
                for shift in person.shifts
                if shift.location == LOCATION and day.isoweekday() in shift.span.weekdays
            ]
            if ends:
                yield Wish(person.sign_in, instant(day, max(ends), LOCATION))


_WISHES: dict[ConflictKind, Callable[[DemoPlan, Override], Iterator[Wish]]] = {
    ConflictKind.PRACTITIONER: _at_once,
    ConflictKind.BUFFER: _right_after,
    ConflictKind.OUTSIDE_HOURS: _after_work,
}
