"""The weeks of the demo clinic, planned before anything is written: who comes when, to whom, and what became of it.

Pure and deterministic: one seed and one moment give one plan, whatever the database and its ids.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from random import Random
from zoneinfo import ZoneInfo

from clinic_core.kit.calendar import from_wall, local_date, overlaps, to_wall, zone
from clinic_core.seed.demo_clinic import CATALOGUE, LOCATIONS, STAFF, DemoItem, DemoStaff, Shift
from clinic_core.seed.demo_people import PlannedPatient, plan_patients
from clinic_core.vocabulary import AppointmentStatus, BaselineRole, CancelledBy, ProductType

PAST_DAYS = 91
AHEAD_DAYS = 28
FREE_MINUTES = 15
FREE_SHARE = 0.36
CANCELLED_SHARE = 0.07
NO_SHOW_SHARE = 0.04
WAITING_PATIENTS = 3
# How full the weeks ahead are, as a share of the usual.
FILLED_AHEAD = (0.95, 0.8, 0.6, 0.4, 0.3)

SERVICES = tuple(item for item in CATALOGUE if item.type is ProductType.SERVICE)
PRACTITIONERS = tuple(person for person in STAFF if person.role is BaselineRole.PRACTITIONER)
_REASONS = {
    CancelledBy.PATIENT: ("Is ill.", "Has to work.", "No child care.", ""),
    CancelledBy.CLINIC: ("Practitioner is ill.", "Room is being repaired."),
}
_NOTES = ("Brings the letter of the family doctor.", "Asks for an invoice by post.", "Parking space needed.")


@dataclass(frozen=True)
class PlannedAppointment:
    """An appointment with its outcome as of the moment of the plan; instants in UTC."""

    index: int
    patient: int
    practitioner: str
    location: str
    room: str
    equipment: str
    service: DemoItem
    starts_at: datetime
    ends_at: datetime
    status: AppointmentStatus = AppointmentStatus.BOOKED
    status_at: datetime | None = None
    cancelled_by: CancelledBy | None = None
    cancelled_late: bool = False
    cancel_reason: str = ""
    note: str = ""

    @property
    def taken(self) -> tuple[datetime, datetime]:
        """The time it holds, its buffer included."""
        return self.starts_at, self.ends_at + timedelta(minutes=self.service.buffer)

    @property
    def attended(self) -> bool:
        """Whether the patient came."""
        return self.status in {
            AppointmentStatus.ARRIVED,
            AppointmentStatus.IN_PROGRESS,
            AppointmentStatus.COMPLETED,
        }


@dataclass(frozen=True)
class DemoPlan:
    """Everything that happens in the demo clinic up to, and planned after, `as_of`."""

    as_of: datetime
    patients: tuple[PlannedPatient, ...]
    appointments: tuple[PlannedAppointment, ...]


@dataclass
class _Diary:
    """Who may come, and what is taken so far: patients by day, equipment by time."""

    people: list[PlannedPatient]
    patients: set[tuple[int, date]] = field(default_factory=set)
    equipment: dict[tuple[str, str], list[tuple[datetime, datetime]]] = field(default_factory=dict)


def plan_weeks(seed: int, as_of: datetime) -> DemoPlan:
    """Three months behind `as_of` and four weeks ahead of it."""
    rng = Random(seed)
    today = local_date(as_of, place(LOCATIONS[0].key))
    first, last = today - timedelta(days=PAST_DAYS), today + timedelta(days=AHEAD_DAYS)
    patients = plan_patients(rng, first, today, last)
    diary = _Diary(patients)
    booked: list[PlannedAppointment] = []
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        weeks_ahead = (day - today).days // 7
        filled = FILLED_AHEAD[weeks_ahead] if day > today else 1.0
        for person, shift in _shifts(day):
            booked += _fill(rng, diary, person, shift, day, filled)
    booked.sort(key=lambda one: (one.starts_at, one.practitioner))
    outcome = [_outcome(rng, one, as_of) for one in booked]
    calendar = [replace(one, index=index) for index, one in enumerate(_enliven(outcome, as_of))]
    return DemoPlan(as_of, tuple(patients), tuple(calendar))


@lru_cache
def place(location: str) -> ZoneInfo:
    """The time zone of a location of the demo clinic."""
    return zone(next(one.timezone for one in LOCATIONS if one.key == location))


def _shifts(day: date) -> list[tuple[DemoStaff, Shift]]:
    return [
        (person, shift)
        for person in PRACTITIONERS
        for shift in person.shifts
        if day.isoweekday() in shift.span.weekdays
    ]


def _fill(
    rng: Random, diary: _Diary, person: DemoStaff, shift: Shift, day: date, filled: float
) -> list[PlannedAppointment]:
    """One shift, from its start: a free quarter of an hour now and then, else the next patient."""
    made: list[PlannedAppointment] = []
    at, closes = _instant(day, shift.span.opens, shift.location), _instant(day, shift.span.closes, shift.location)
    while at < closes:
        service = _service(rng, shift.location, closes - at)
        patient = _patient(rng, diary, person, shift.location, day)
        if service is None or patient is None or rng.random() < FREE_SHARE or rng.random() > filled:
            at += timedelta(minutes=FREE_MINUTES)
            continue
        one = PlannedAppointment(
            index=0,
            patient=patient.index,
            practitioner=person.sign_in,
            location=shift.location,
            room=shift.room,
            equipment=service.equipment,
            service=service,
            starts_at=at,
            ends_at=at + timedelta(minutes=service.minutes or 0),
            note=rng.choice(_NOTES) if rng.random() < 0.06 else "",
        )
        if one.equipment and not _equipment_is_free(diary, one):
            at += timedelta(minutes=FREE_MINUTES)
            continue
        diary.patients.add((patient.index, day))
        cancelled = rng.random() < CANCELLED_SHARE
        if cancelled:
            one = _cancelled(rng, one)
        elif one.equipment:
            diary.equipment.setdefault((one.location, one.equipment), []).append(one.taken)
        made.append(one)
        if not cancelled or rng.random() < 0.5:  # the other half is booked again, by the next turn of the loop
            at = one.taken[1]
    return made


def _instant(day: date, wall: time, location: str) -> datetime:
    return from_wall(datetime.combine(day, wall), place(location)).instant


def _service(rng: Random, location: str, left: timedelta) -> DemoItem | None:
    equipment = {"", *next(one.equipment for one in LOCATIONS if one.key == location)}
    fitting = [
        item
        for item in SERVICES
        if item.equipment in equipment and timedelta(minutes=(item.minutes or 0) + item.buffer) <= left
    ]
    return rng.choices(fitting, [item.weight for item in fitting])[0] if fitting else None


def _patient(rng: Random, diary: _Diary, person: DemoStaff, location: str, day: date) -> PlannedPatient | None:
    """Mostly a regular of the practitioner, nobody twice a day."""
    coming = [
        one
        for one in diary.people
        if one.location == location and one.joins_on <= day <= one.leaves_on and (one.index, day) not in diary.patients
    ]
    if not coming:
        return None
    weights = [one.regularity * (6 if one.practitioner == person.sign_in else 1) for one in coming]
    return rng.choices(coming, weights)[0]


def _equipment_is_free(diary: _Diary, one: PlannedAppointment) -> bool:
    return not any(overlaps(one.taken, span) for span in diary.equipment.get((one.location, one.equipment), []))


def _cancelled(rng: Random, one: PlannedAppointment) -> PlannedAppointment:
    by = CancelledBy.PATIENT if rng.random() < 0.8 else CancelledBy.CLINIC
    ahead = timedelta(hours=rng.choice((3, 8, 20, 30, 52, 75, 120)))
    return replace(
        one,
        status=AppointmentStatus.CANCELLED,
        status_at=one.starts_at - ahead,
        cancelled_by=by,
        cancel_reason=rng.choice(_REASONS[by]),
    )


def _outcome(rng: Random, one: PlannedAppointment, as_of: datetime) -> PlannedAppointment:
    """What became of it by `as_of`."""
    chance, minutes = rng.random(), rng.randrange(2, 15)
    if one.status is AppointmentStatus.CANCELLED:
        called_at = min(one.status_at or as_of, as_of - timedelta(minutes=10 * minutes))
        late = one.cancelled_by is CancelledBy.PATIENT and one.starts_at - called_at < timedelta(hours=24)
        return replace(one, status_at=called_at, cancelled_late=late)
    if one.ends_at <= as_of:
        if chance < NO_SHOW_SHARE:
            return replace(one, status=AppointmentStatus.NO_SHOW, status_at=one.starts_at + timedelta(minutes=20))
        return replace(one, status=AppointmentStatus.COMPLETED, status_at=min(as_of, one.ends_at))
    if one.starts_at <= as_of:
        return replace(one, status=AppointmentStatus.IN_PROGRESS, status_at=one.starts_at)
    if chance < 0.5 and one.starts_at < as_of + timedelta(days=10):
        return replace(one, status=AppointmentStatus.CONFIRMED, status_at=as_of - timedelta(hours=minutes))
    return one


def _enliven(calendar: list[PlannedAppointment], as_of: datetime) -> list[PlannedAppointment]:
    """The next patients of today sit in the waiting room, and two visits of last week were never closed."""
    today = local_date(as_of, place(LOCATIONS[0].key))
    open_statuses = {AppointmentStatus.BOOKED, AppointmentStatus.CONFIRMED}
    coming = [
        position
        for position, one in enumerate(calendar)
        if one.status in open_statuses
        and one.starts_at > as_of
        and to_wall(one.starts_at, place(one.location)).date() == today
    ]
    for turn, position in enumerate(coming[:WAITING_PATIENTS]):
        since = as_of - timedelta(minutes=(24, 11, 4)[turn])
        calendar[position] = replace(calendar[position], status=AppointmentStatus.ARRIVED, status_at=since)
    week_ago = as_of - timedelta(days=7)
    done = [
        position
        for position, one in enumerate(calendar)
        if one.status is AppointmentStatus.COMPLETED and week_ago < one.starts_at < as_of - timedelta(days=1)
    ]
    for position in done[3:20:11]:
        calendar[position] = replace(calendar[position], status=AppointmentStatus.BOOKED, status_at=None)
    return calendar
