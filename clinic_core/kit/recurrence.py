"""Repeats by RFC 5545: which instants a rule names for a start on the clock of a place.

A rule speaks of wall time, so the time on the wall stays the same when the clocks change. A time that the clocks skip
moves forward by the length of the gap, a time that comes twice is the first (`kit.calendar.from_wall`). A whole day
that a place skipped (Apia, 30 December 2011) is like 30 February: what falls on it is left out and not counted. No
instant is given twice: where a moved time meets one that the rule names itself, only the latter is given, and counted
once.
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from heapq import merge
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from clinic_core.errors import InvalidInput, InvalidRecurrence
from clinic_core.kit.calendar import as_utc, day_bounds, from_wall, to_wall
from clinic_core.kit.calendar import zone as zone_of
from clinic_core.kit.recurrence_grammar import format_rrule, parse_rrule
from clinic_core.kit.recurrence_periods import LAST_WALL, wall_times
from clinic_core.kit.recurrence_rule import Frequency, NthWeekday, Recurrence, Weekday
from clinic_core.kit.recurrence_text import describe

__all__ = [
    "MOST_DATES",
    "MOST_UNENDING",
    "Frequency",
    "NthWeekday",
    "Occurrence",
    "Recurrence",
    "Weekday",
    "describe",
    "ends_before",
    "expand",
    "format_rrule",
    "next_match",
    "occurrences",
    "parse_rrule",
    "remaining",
]

MOST_DATES = 100_000
MOST_UNENDING = 1_000

_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_WALL = _EPOCH.replace(tzinfo=None)


class Occurrence(NamedTuple):
    """One date of a series.

    `wall` is the wall time that the rule names, `instant` when that is, in UTC. `shifted`: the clocks skip that wall
    time, so the instant shows a later one; `repeated`: it comes twice, this is the first.
    """

    wall: datetime
    instant: datetime
    shifted: bool
    repeated: bool


def expand(
    rrule: str,
    dtstart: datetime,
    zone: str,
    *,
    exdates: Iterable[datetime] = (),
    rdates: Iterable[datetime] = (),
    limit: int | None = None,
) -> list[datetime]:
    """The instants of a rule in UTC, in order and each once.

    `dtstart`, `exdates` and `rdates` are naive wall time of the zone. A start that does not fit the rule is not part of
    the result. COUNT counts what the rule names, before `exdates` are taken away and `rdates` added; together with
    UNTIL, whichever comes first is the end. `limit` cuts the result. Without one, a rule that never ends is cut after
    `MOST_UNENDING` instants, while an end is always reached; the calendar ends with the year 9998.

    Raises: InvalidRecurrence for a rule that `parse_rrule` refuses and for more than `MOST_DATES` instants;
    InvalidInput for an unknown zone, an aware datetime and a limit out of range.
    """
    rule, place = parse_rrule(rrule), zone_of(zone)
    _check_limit(limit)
    found = _all_of(_series(rule, dtstart, place), exdates, rdates, place)
    if limit is None and rule.count is None and rule.until is None:
        limit = MOST_UNENDING
    return [each.instant for each in islice(found, limit)]


def occurrences(  # noqa: PLR0913 a series is four of them, what is wanted of it three
    rrule: str,
    dtstart: datetime,
    zone: str,
    *,
    exdates: Iterable[datetime] = (),
    after: datetime | None = None,
    before: datetime | None = None,
    limit: int,
) -> list[Occurrence]:
    """The dates of a series at or after the instant `after` and before the instant `before`, at most `limit`.

    Without COUNT the time before `after` costs nothing, so a horizon job may ask for the next half year of a series
    that began long ago. Otherwise as `expand`. Raises as `expand`, and InvalidInput for a naive bound.
    """
    rule, place = parse_rrule(rrule), zone_of(zone)
    _check_limit(limit)
    low, high = (None if bound is None else as_utc(bound) for bound in (after, before))
    found = _all_of(_series(rule, dtstart, place, low, high), exdates, (), place)
    wanted = (each for each in found if (low is None or each.instant >= low) and (high is None or each.instant < high))
    return list(islice(wanted, limit))


def ends_before(rrule: str, wall: datetime) -> str:
    """The rule cut so that its last date lies before that wall time: the first part of a series that is split there.

    An end by number becomes an end by date, an earlier end by date stays. The wall time must be one at which the series
    still goes on, or the cut would prolong one that ends by number. Raises: InvalidRecurrence; InvalidInput for an
    aware wall time.
    """
    rule = parse_rrule(rrule)
    if _naive(wall).year < 2:
        raise InvalidInput(f"The year {wall.year} is outside the calendar.")
    until = wall.replace(microsecond=0, fold=0) - (timedelta() if wall.microsecond else _SECOND)
    if rule.until is not None:
        until = min(until, rule.until)
    return format_rrule(replace(rule, count=None, until=until))


def remaining(rrule: str, dtstart: datetime, zone: str, wall: datetime) -> str | None:
    """The rule for the part of a series from that wall time on; None when no date is left.

    An end by number becomes the number that is left, an end by date stays. The rule is meant for a series that starts
    at the first date of the old one from that wall time on: only then intervals and weekdays go on as they were. Raises
    as `expand`.
    """
    rule, place = parse_rrule(rrule), zone_of(zone)
    cut = _naive(wall)
    start = _naive(dtstart)
    if next(_resolved(wall_times(rule, start, low=cut), place), None) is None:
        return None
    if rule.count is None:
        return format_rrule(rule)
    # A day further than the cut: a moved time before it may meet one behind it and then is not a date of its own.
    past = _bounded(_resolved(wall_times(rule, start, high=min(cut, LAST_WALL) + _DAY), place))
    gone = sum(found.wall < cut for found in islice(past, min(rule.count, sys.maxsize)))
    return format_rrule(replace(rule, count=rule.count - gone)) if gone < rule.count else None


def next_match(rrule: str, dtstart: datetime) -> datetime | None:
    """The first wall time at or after the start that the rule names, None when there is none.

    A start fits its own rule when it is its own next match. Raises: InvalidRecurrence; InvalidInput for an aware start.
    """
    return next(wall_times(parse_rrule(rrule), _naive(dtstart)), None)


def _series(
    rule: Recurrence, dtstart: datetime, place: ZoneInfo, after: datetime | None = None, before: datetime | None = None
) -> Iterator[Occurrence]:
    """The dates that the rule itself names; at least those between the bounds, a few beyond may come along."""
    start = _naive(dtstart)
    # A rule with a number of times has to be counted from its start.
    low = None if after is None or rule.count is not None else _earliest_wall(after, place)
    high = LAST_WALL if before is None else _latest_wall(before, place)
    found = _resolved(wall_times(rule, start, low=low, high=high), place)
    return _bounded(found if rule.count is None else islice(found, min(rule.count, sys.maxsize)))


def _bounded(series: Iterable[Occurrence]) -> Iterator[Occurrence]:
    for number, found in enumerate(series):
        if number == MOST_DATES:
            raise InvalidRecurrence(f"The repeat rule gives more than {MOST_DATES:,} dates; let it end earlier.")
        yield found


def _resolved(walls: Iterable[datetime], place: ZoneInfo) -> Iterator[Occurrence]:
    """What the wall times mean, in order of the instants. A moved time waits until the times it jumped over are out."""
    waiting: list[tuple[datetime, Occurrence]] = []
    for wall in walls:
        while waiting and waiting[0][0] < wall:
            yield waiting.pop(0)[1]
        found = _occurrence(wall, place)
        if found is None:
            continue
        if found.shifted:
            waiting.append((to_wall(found.instant, place), found))
            continue
        if waiting and waiting[0][0] == wall:
            waiting.pop(0)
        yield found
    yield from (found for _, found in waiting)


def _occurrence(wall: datetime, place: ZoneInfo) -> Occurrence | None:
    """When that wall time is; None on a day that the place skipped."""
    offset = _steady_offset(place, wall.year, wall.month)
    if offset is not None:
        return Occurrence(wall, _EPOCH + (wall - _EPOCH_WALL - offset), shifted=False, repeated=False)
    instant, shifted, repeated = from_wall(wall, place)
    if shifted and to_wall(instant, place).date() != wall.date():
        day = day_bounds(wall.date(), place)
        if day.start == day.end:
            return None
    return Occurrence(wall, instant, shifted=shifted, repeated=repeated)


@lru_cache(maxsize=4096)
def _steady_offset(place: ZoneInfo, year: int, month: int) -> timedelta | None:
    """How far the place is from UTC in a month in which its clocks are left alone; None when they are changed.

    Series fall into the same few months: remembering them more than halves the time of expanding.
    """
    before = datetime(year, month, 1) - _DAY  # noqa: DTZ001 wall time
    offsets = {place.utcoffset(before + day * _DAY) for day in range(34)}
    return offsets.pop() if len(offsets) == 1 else None


def _all_of(
    series: Iterable[Occurrence], exdates: Iterable[datetime], rdates: Iterable[datetime], place: ZoneInfo
) -> Iterator[Occurrence]:
    """The series with the added dates and without the excepted ones, each instant once."""
    excepted = {found.instant for found in _listed(exdates, place)}
    added = sorted(_listed(rdates, place), key=_instant)
    last: datetime | None = None
    for found in merge(series, added, key=_instant) if added else series:
        if found.instant != last and found.instant not in excepted:
            yield found
        last = found.instant


def _listed(walls: Iterable[datetime], place: ZoneInfo) -> list[Occurrence]:
    found = (_occurrence(_naive(wall).replace(microsecond=0, fold=0), place) for wall in walls)
    return [each for each in found if each is not None]


def _instant(found: Occurrence) -> datetime:
    return found.instant


def _earliest_wall(instant: datetime, place: ZoneInfo) -> datetime:
    """No wall time before this one can mean that instant or a later one: a moved time is named before it is shown."""
    return to_wall(instant, place) - max(_clock_jump(instant, place), timedelta())


def _latest_wall(instant: datetime, place: ZoneInfo) -> datetime:
    """No wall time after this one can mean that instant or an earlier one: in a repeated hour the first time counts."""
    return to_wall(instant, place) - min(_clock_jump(instant, place), timedelta())


def _clock_jump(instant: datetime, place: ZoneInfo) -> timedelta:
    """How far the clocks were put forward in the day before that instant."""
    try:
        return to_wall(instant, place) - to_wall(instant - _DAY, place) - _DAY
    except OverflowError as error:
        raise InvalidInput(f"The year {instant.year} is outside the calendar.") from error


def _naive(wall: datetime) -> datetime:
    if wall.tzinfo is not None:
        raise InvalidInput("A time on the wall must not carry a time zone of its own.")
    return wall


def _check_limit(limit: int | None) -> None:
    if limit is not None and not 0 <= limit <= MOST_DATES:
        raise InvalidInput(f"The limit of dates must be 0 to {MOST_DATES:,}, not {limit}.")
