"""When somebody works and when a location is open, as spans of instants: pure, so that screens and figures agree.

Wall times become instants through `kit.calendar`: a rule of 09:00 to 17:00 means that on either side of a clock
change, and a time the clocks skip moves forward.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from clinic_core.kit.calendar import Span, clip, day_bounds, from_wall, local_date, merge, range_bounds, subtract
from clinic_core.scheduling.schemas import AvailabilityRule, OpeningSpan

CLASH_DAYS = 2 * 364

_DAY = timedelta(days=1)


class ClosedDays(NamedTuple):
    """Days on which a location is closed, both included."""

    first: date
    last: date


def working_spans(
    rules: Iterable[AvailabilityRule],
    place: ZoneInfo,
    *,
    closures: Sequence[ClosedDays] = (),
    absences: Iterable[tuple[datetime, datetime]] = (),
    during: tuple[datetime, datetime],
) -> list[Span]:
    """The time within `during` in which a practitioner works by rules of one location: rota − absences − closures.

    The caller passes rules and closures of that location only, and absences of that person only.
    """
    planned = [
        _instants(day, rule.starts, rule.ends, place)
        for day in _days(place, during)
        for rule in rules
        if _holds(rule, day)
    ]
    return _within(planned, [*absences, *closed_spans(closures, place, during)], during)


def opening_spans(
    hours: Iterable[OpeningSpan],
    place: ZoneInfo,
    *,
    closures: Sequence[ClosedDays] = (),
    during: tuple[datetime, datetime],
) -> list[Span]:
    """The time within `during` in which a location is open; a room's rota is that of its location (A2)."""
    planned = [
        _instants(day, span.opens, span.closes, place)
        for day in _days(place, during)
        for span in hours
        if span.weekday == day.isoweekday()
    ]
    return _within(planned, closed_spans(closures, place, during), during)


class Clash(NamedTuple):
    """A time at which somebody would work at two locations at once."""

    day: date
    location_ids: tuple[UUID, UUID]


def first_clash(rules: Iterable[AvailabilityRule], places: Mapping[UUID, ZoneInfo], first: date) -> Clash | None:
    """The first time in the two years from a day on at which the rules ask for two locations at once.

    Compared as instants: locations may lie in different zones.
    """
    here: dict[UUID, list[AvailabilityRule]] = defaultdict(list)
    for rule in rules:
        here[rule.clinic_location_id].append(rule)
    if len(here) < 2:
        return None
    last = first + CLASH_DAYS * _DAY
    spans = sorted(
        (span, location_id)
        for location_id, found in here.items()
        for span in working_spans(found, places[location_id], during=range_bounds(first, last, places[location_id]))
    )
    for (one, where), (other, elsewhere) in pairwise(spans):
        if other.start < one.end:
            return Clash(local_date(other.start, places[elsewhere]), (where, elsewhere))
    return None


def _holds(rule: AvailabilityRule, day: date) -> bool:
    if rule.weekday != day.isoweekday():
        return False
    if (rule.valid_from and day < rule.valid_from) or (rule.valid_to and day > rule.valid_to):
        return False
    if rule.every_weeks == 1 or rule.anchor is None:
        return True
    weeks = (_monday(day) - _monday(rule.anchor)).days // 7
    return weeks % rule.every_weeks == 0


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _days(place: ZoneInfo, during: tuple[datetime, datetime]) -> Iterator[date]:
    day, last = local_date(during[0], place), local_date(during[1], place)
    while day <= last:
        yield day
        day += _DAY


@lru_cache(maxsize=4096)
def _instants(day: date, starts: time, ends: time, place: ZoneInfo) -> tuple[datetime, datetime]:
    # Kept, as many people work the same hours and each is asked for anew.
    start = from_wall(datetime.combine(day, starts), place).instant
    # Midnight as an end is that of the next day.
    end = day_bounds(day, place).end if ends == time() else from_wall(datetime.combine(day, ends), place).instant
    return start, end


def closed_spans(
    closures: Iterable[ClosedDays], place: ZoneInfo, during: tuple[datetime, datetime]
) -> list[tuple[datetime, datetime]]:
    """The days within `during` on which a location is closed, whole days at both ends."""
    first, last = local_date(during[0], place), local_date(during[1], place)
    return [
        range_bounds(max(closed.first, first), min(closed.last, last), place)
        for closed in closures
        if closed.first <= last and closed.last >= first
    ]


def _within(
    planned: Iterable[tuple[datetime, datetime]],
    holes: Iterable[tuple[datetime, datetime]],
    during: tuple[datetime, datetime],
) -> list[Span]:
    return [Span(*span) for span in clip(subtract(merge(planned), holes), during)]
