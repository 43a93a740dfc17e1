"""When the demo clinic is closed and who and what is away in the weeks ahead: all that is known long before.

Pure, as `demo_plan`, which leaves these times free. Who falls ill tomorrow is in `demo_desk`: that nobody planned.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta

from clinic_core.kit.calendar import Span, range_bounds
from clinic_core.seed.demo_appointment import instant, place
from clinic_core.vocabulary import AbsenceKind

CLOSED_DAYS_AHEAD = 365
BLOCKED_DAYS_AHEAD = 14

# Public holidays on fixed dates, by (month, day): the locations that close, none for all of them.
_HOLIDAYS: tuple[tuple[tuple[int, int], str, str], ...] = (
    ((1, 1), "", "New Year's Day"),
    ((3, 8), "berlin", "International Women's Day"),
    ((4, 25), "lisbon", "Freedom Day"),
    ((5, 1), "", "Labour Day"),
    ((6, 10), "lisbon", "Portugal Day"),
    ((8, 15), "lisbon", "Assumption Day"),
    ((10, 3), "berlin", "German Unity Day"),
    ((10, 5), "lisbon", "Republic Day"),
    ((11, 1), "lisbon", "All Saints' Day"),
    ((12, 1), "lisbon", "Restoration of Independence"),
    ((12, 8), "lisbon", "Immaculate Conception"),
    ((12, 25), "", "Christmas Day"),
    ((12, 26), "berlin", "Second Day of Christmas"),
)
# Who keeps which hours free of patients, on which weekday, from when to when.
_BLOCKED = (
    ("north", "berlin", 4, time(15), time(16), "Case conference"),
    ("south", "berlin", 5, time(16), time(17), "Reports"),
)


@dataclass(frozen=True)
class PlannedAbsence:
    """A practitioner is not there, or not for patients."""

    practitioner: str
    during: Span
    kind: AbsenceKind
    reason: str


@dataclass(frozen=True)
class PlannedClosure:
    """A location, or with an empty one the whole clinic, is closed for a day."""

    location: str
    day: date
    name: str


@dataclass(frozen=True)
class PlannedOutage:
    """A room or a piece of equipment cannot be used."""

    location: str
    resource: str
    during: Span
    reason: str


@dataclass(frozen=True)
class DemoAway:
    """All of it."""

    closures: tuple[PlannedClosure, ...]
    absences: tuple[PlannedAbsence, ...]
    outages: tuple[PlannedOutage, ...]

    def is_closed(self, location: str, day: date) -> bool:
        """Whether nobody is seen there on that day."""
        return any(one.day == day and one.location in {"", location} for one in self.closures)


def plan_away(today: date) -> DemoAway:
    """What is known on that day; the day itself stays open, also where it is a public holiday."""
    return DemoAway(tuple(_closures(today)), tuple(_absences(today)), tuple(_outages(today)))


def holiday_week(today: date) -> date:
    """The Monday of the week in which one practitioner is on holiday."""
    return _next(today + timedelta(days=8), 1)


def _closures(today: date) -> Iterator[PlannedClosure]:
    yield PlannedClosure("berlin", _next(today + timedelta(days=15), 5), "Team day")
    for offset in range(1, CLOSED_DAYS_AHEAD + 1):
        day = today + timedelta(days=offset)
        for on, location, name in _HOLIDAYS:
            if (day.month, day.day) == on:
                yield PlannedClosure(location, day, name)


def _absences(today: date) -> Iterator[PlannedAbsence]:
    monday = holiday_week(today)
    week = range_bounds(monday, monday + timedelta(days=6), place("berlin"))
    yield PlannedAbsence("west", week, AbsenceKind.HOLIDAY, "Annual leave")
    day = _next(today + timedelta(days=3), 4)
    course = Span(instant(day, time(9), "lisbon"), instant(day, time(18), "lisbon"))
    yield PlannedAbsence("east", course, AbsenceKind.TRAINING, "Course on hand therapy")
    for practitioner, location, weekday, starts, ends, reason in _BLOCKED:
        for offset in range(BLOCKED_DAYS_AHEAD):
            day = today + timedelta(days=offset)
            if day.isoweekday() == weekday:
                during = Span(instant(day, starts, location), instant(day, ends, location))
                yield PlannedAbsence(practitioner, during, AbsenceKind.BLOCKED, reason)


def _outages(today: date) -> Iterator[PlannedOutage]:
    friday = _next(today + timedelta(days=1), 5)
    floor = Span(instant(friday, time(8), "berlin"), instant(friday, time(18), "berlin"))
    yield PlannedOutage("berlin", "Room 1", floor, "The floor is being polished")
    device = range_bounds(today + timedelta(days=2), today + timedelta(days=3), place("berlin"))
    yield PlannedOutage("berlin", "Shockwave", device, "Yearly service of the device")


def _next(day: date, weekday: int) -> date:
    return day + timedelta(days=(weekday - day.isoweekday()) % 7)
