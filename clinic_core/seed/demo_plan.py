"""The weeks of the demo clinic, planned before anything is written: who comes when, to whom, and what became of it.

Pure and deterministic: one seed and one moment give one plan, whatever the database and its ids.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from random import Random

from clinic_core.kit.calendar import local_date, overlaps
from clinic_core.seed.demo_appointment import PRACTITIONERS, SERVICES, PlannedAppointment, instant, place
from clinic_core.seed.demo_away import DemoAway, plan_away
from clinic_core.seed.demo_clinic import LOCATIONS, DemoItem, DemoStaff, Shift
from clinic_core.seed.demo_outcome import called_off, enliven, outcome
from clinic_core.seed.demo_people import PlannedPatient, plan_patients
from clinic_core.seed.demo_series import PlannedSeries, plan_series

PAST_DAYS = 91
AHEAD_DAYS = 28
FREE_MINUTES = 15
FREE_SHARE = 0.36
CANCELLED_SHARE = 0.07
NOTE_SHARE = 0.1
# How full the weeks ahead are, as a share of the usual.
FILLED_AHEAD = (0.95, 0.8, 0.6, 0.4, 0.3)

_NOTES = (
    "Brings the letter of the family doctor.",
    "Asks for an invoice by post.",
    "Parking space needed.",
    "Comes with an interpreter.",
    "Please call when running late.",
)


@dataclass(frozen=True)
class DemoPlan:
    """Everything that happens in the demo clinic up to, and planned after, `as_of`.

    Of a series the calendar holds the dates up to the end of `as_of`'s day; those after it are only kept free.
    """

    as_of: datetime
    patients: tuple[PlannedPatient, ...]
    appointments: tuple[PlannedAppointment, ...]
    series: tuple[PlannedSeries, ...]
    away: DemoAway

    @property
    def today(self) -> date:
        """The day of the plan, on the wall of the main location."""
        return local_date(self.as_of, place(LOCATIONS[0].key))


@dataclass
class _Diary:
    """Who may come, and what is taken so far: patients by day, practitioners and equipment by time."""

    people: list[PlannedPatient]
    away: DemoAway
    patients: set[tuple[int, date]] = field(default_factory=set)
    practitioners: dict[str, list[tuple[datetime, datetime]]] = field(default_factory=dict)
    equipment: dict[tuple[str, str], list[tuple[datetime, datetime]]] = field(default_factory=dict)


def plan_weeks(seed: int, as_of: datetime) -> DemoPlan:
    """Three months behind `as_of` and four weeks ahead of it, and the patients of before who never came back."""
    rng = Random(seed)
    today = local_date(as_of, place(LOCATIONS[0].key))
    first, last = today - timedelta(days=PAST_DAYS), today + timedelta(days=AHEAD_DAYS)
    diary = _Diary(plan_patients(rng, first, today, last), plan_away(today))
    for absence in diary.away.absences:
        diary.practitioners.setdefault(absence.practitioner, []).append(absence.during)
    series = plan_series(diary.people, today, last)
    by_rule = [one for planned in series for one in planned.appointments()]
    for one in by_rule:
        _note_down(diary, one)
    booked = [one for one in by_rule if local_date(one.starts_at, place(one.location)) <= today]
    booked += [_only_visit(patient) for patient in diary.people if patient.is_former]
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        weeks_ahead = (day - today).days // 7
        filled = FILLED_AHEAD[weeks_ahead] if day > today else 1.0
        for person, shift in _shifts(diary, day):
            booked += _fill(rng, diary, person, shift, day, filled)
    booked.sort(key=lambda one: (one.starts_at, one.practitioner))
    outcomes = [outcome(rng, one, as_of) for one in booked]
    calendar = [replace(one, index=index) for index, one in enumerate(enliven(outcomes, as_of))]
    return DemoPlan(as_of, tuple(diary.people), tuple(calendar), tuple(series), diary.away)


def _only_visit(patient: PlannedPatient) -> PlannedAppointment:
    """A first consultation long ago, in the next shift after the patient had called; nobody came after it."""
    service = next(item for item in SERVICES if item.code == "CON45")
    person = next(one for one in PRACTITIONERS if one.sign_in == patient.practitioner)
    days = (patient.joins_on + timedelta(days=offset) for offset in range(7))
    day, shift = next(
        (day, shift)
        for day in days
        for shift in person.shifts
        if shift.location == patient.location and day.isoweekday() in shift.span.weekdays
    )
    starts_at = instant(day, shift.span.opens, shift.location)
    return PlannedAppointment(
        index=0,
        patient=patient.index,
        practitioner=person.sign_in,
        location=shift.location,
        room=shift.room,
        equipment="",
        service=service,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=service.minutes or 0),
    )


def _shifts(diary: _Diary, day: date) -> list[tuple[DemoStaff, Shift]]:
    return [
        (person, shift)
        for person in PRACTITIONERS
        for shift in person.shifts
        if day.isoweekday() in shift.span.weekdays and not diary.away.is_closed(shift.location, day)
    ]


def _fill(
    rng: Random, diary: _Diary, person: DemoStaff, shift: Shift, day: date, filled: float
) -> list[PlannedAppointment]:
    """One shift, from its start: a free quarter of an hour now and then, else the next patient."""
    made: list[PlannedAppointment] = []
    at, closes = instant(day, shift.span.opens, shift.location), instant(day, shift.span.closes, shift.location)
    while at < closes:
        one = _next_one(rng, diary, person, shift, (at, closes))
        if one is None or rng.random() > filled or not _is_free(diary, one):
            at += timedelta(minutes=FREE_MINUTES)
            continue
        cancelled = rng.random() < CANCELLED_SHARE
        if cancelled:
            diary.patients.add((one.patient, day))
            one = called_off(rng, one)
        else:
            _note_down(diary, one)
        made.append(one)
        if not cancelled or rng.random() < 0.5:  # the other half is booked again, by the next turn of the loop
            at = one.taken[1]
    return made


def _next_one(
    rng: Random, diary: _Diary, person: DemoStaff, shift: Shift, left: tuple[datetime, datetime]
) -> PlannedAppointment | None:
    """Who might come next and for what; nobody now and then."""
    at, closes = left
    service = _service(rng, shift, closes - at)
    patient = _patient(rng, diary, person, shift.location, local_date(at, place(shift.location)))
    if service is None or patient is None or rng.random() < FREE_SHARE:
        return None
    return PlannedAppointment(
        index=0,
        patient=patient.index,
        practitioner=person.sign_in,
        location=shift.location,
        room=shift.room,
        equipment=service.equipment,
        service=service,
        starts_at=at,
        ends_at=at + timedelta(minutes=service.minutes or 0),
        note=rng.choice(_NOTES) if rng.random() < NOTE_SHARE else "",
    )


def _service(rng: Random, shift: Shift, left: timedelta) -> DemoItem | None:
    """What can be done in the room of the shift with the equipment of the location, in the time that is left."""
    location = next(one for one in LOCATIONS if one.key == shift.location)
    equipment = {"", *(category for _, category in location.equipment)}
    rooms = {"", *(category for name, category in location.rooms if name == shift.room)}
    fitting = [
        item
        for item in SERVICES
        if item.equipment in equipment
        and item.room in rooms
        and timedelta(minutes=(item.minutes or 0) + item.buffer) <= left
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


def _is_free(diary: _Diary, one: PlannedAppointment) -> bool:
    taken = diary.practitioners.get(one.practitioner, [])
    if one.equipment:
        taken = taken + diary.equipment.get((one.location, one.equipment), [])
    return not any(overlaps(one.taken, span) for span in taken)


def _note_down(diary: _Diary, one: PlannedAppointment) -> None:
    diary.patients.add((one.patient, local_date(one.starts_at, place(one.location))))
    diary.practitioners.setdefault(one.practitioner, []).append(one.taken)
    if one.equipment:
        diary.equipment.setdefault((one.location, one.equipment), []).append(one.taken)
