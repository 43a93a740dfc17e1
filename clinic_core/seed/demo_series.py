"""The series of the demo clinic: the rules, who comes by them, and the dates that the plan keeps free for them.

Pure, as `demo_plan`. What lies behind is part of the plan's calendar; what lies ahead is booked by the app's own
horizon job, which finds one date on which the practitioner is on holiday.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from clinic_core.kit.recurrence import occurrences
from clinic_core.seed.demo_appointment import SERVICES, PlannedAppointment, place
from clinic_core.seed.demo_away import holiday_week
from clinic_core.seed.demo_clinic import DemoItem
from clinic_core.seed.demo_people import PlannedPatient

MOST_DATES = 60
TO_BE_CHANGED = "lisbon weekly"


@dataclass(frozen=True)
class SeriesRule:
    """A rule without its first day: `weeks_back` before the weekday's last turn, or None for before the holiday."""

    key: str
    practitioner: str
    location: str
    room: str
    service: str
    weekday: int
    at: time
    rrule: str
    weeks_back: int | None
    note: str = ""


SERIES = (
    SeriesRule(
        "ten times", "south", "berlin", "Room 2", "PHY45", 3, time(10), "FREQ=WEEKLY;COUNT=10", 4, "Ten in all."
    ),
    SeriesRule("without end", "west", "berlin", "Room 3", "MAN45", 4, time(11), "FREQ=WEEKLY;INTERVAL=2", None),
    SeriesRule(TO_BE_CHANGED, "east", "lisbon", "Room A", "PHY60", 2, time(11), "FREQ=WEEKLY;COUNT=8", 2),
    SeriesRule("twice a week", "north", "berlin", "Room 1", "FUP30", 1, time(9), "FREQ=WEEKLY;COUNT=12;BYDAY=MO,TH", 1),
)


@dataclass(frozen=True)
class PlannedSeries:
    """A patient comes by a rule; `dates` are its instants up to the last day of the plan."""

    rule: SeriesRule
    service: DemoItem
    patient: int
    starts_at_wall: datetime
    dates: tuple[datetime, ...]

    def appointments(self) -> Iterator[PlannedAppointment]:
        """One for each date, as booked."""
        for starts_at in self.dates:
            yield PlannedAppointment(
                index=0,
                patient=self.patient,
                practitioner=self.rule.practitioner,
                location=self.rule.location,
                room=self.rule.room,
                equipment="",
                service=self.service,
                starts_at=starts_at,
                ends_at=starts_at + timedelta(minutes=self.service.minutes or 0),
                note=self.rule.note,
                series=self.rule.key,
            )


def plan_series(people: Sequence[PlannedPatient], today: date, last_day: date) -> list[PlannedSeries]:
    """Each rule with its first day and a patient of the practitioner who comes from then to the last day."""
    planned: list[PlannedSeries] = []
    for rule in SERIES:
        first = _first_day(rule, today)
        service = next(item for item in SERVICES if item.code == rule.service)
        taken = {one.patient for one in planned}
        staying = [
            one
            for one in people
            if one.location == rule.location
            and one.joins_on <= first
            and one.leaves_on >= last_day
            and one.email
            and one.index not in taken
        ]
        patient = min(staying, key=lambda one: (one.practitioner != rule.practitioner, one.index))
        start = datetime.combine(first, rule.at)
        end = datetime.combine(last_day + timedelta(days=1), time(), place(rule.location))
        dates = occurrences(rule.rrule, start, place(rule.location).key, before=end, limit=MOST_DATES)
        planned.append(PlannedSeries(rule, service, patient.index, start, tuple(date.instant for date in dates)))
    return planned


def _first_day(rule: SeriesRule, today: date) -> date:
    """Before today always, so that there is something to look back on."""
    if rule.weeks_back is None:
        in_the_holiday = holiday_week(today) + timedelta(days=rule.weekday - 1)
        return in_the_holiday - timedelta(weeks=10)
    last = today - timedelta(days=(today.isoweekday() - rule.weekday) % 7 or 7)
    return last - timedelta(weeks=rule.weeks_back)
