"""The calendar: the only place where instants become wall time and back, and where spans of time are compared.

Instants are aware and leave here in UTC; wall time is naive and belongs to a zone that is given with it. Spans
are half-open: a visit that ends at ten and one that begins at ten do not overlap. Text is made in `kit.formats`.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from clinic_core.errors import InvalidInput

Moment = TypeVar("Moment", int, date, datetime)

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_HALF_MINUTE = timedelta(seconds=30)
_NO_PLACES = frozenset({"Factory", "localtime"})


class Resolved(NamedTuple):
    """What a wall time means: the instant in UTC, and whether the clocks made it special.

    `shifted`: that wall time was skipped, the instant lies as much later. `repeated`: it came twice, this is the
    first.
    """

    instant: datetime
    shifted: bool
    repeated: bool


class Span(NamedTuple):
    """A half-open span of instants in UTC."""

    start: datetime
    end: datetime


def zone(name: str) -> ZoneInfo:
    """The time zone of that IANA name ("Europe/Berlin").

    Raises: InvalidInput for a name the time zone database does not know.
    """
    if name not in _known_zones():
        sentence = f"{name[:60]!r} is not a time zone; choose one such as Europe/Berlin."
        raise InvalidInput(sentence, fields={"timezone": sentence})
    return ZoneInfo(name)


@lru_cache(maxsize=1)
def zone_names() -> tuple[str, ...]:
    """The zones to choose from in a form: places and UTC, sorted, without technical and outdated aliases."""
    technical = ("Etc/", "SystemV/", "US/", "Brazil/", "Canada/", "Chile/", "Mexico/")
    return tuple(
        sorted(name for name in _known_zones() if name == "UTC" or ("/" in name and not name.startswith(technical)))
    )


def as_utc(instant: datetime) -> datetime:
    """The same instant in UTC.

    Raises: InvalidInput for a naive one, which could be any of 24 instants, and for the edges of the calendar.
    """
    if instant.utcoffset() is None:
        raise InvalidInput("A point in time needs a time zone.")
    return _moved(instant, UTC)


def to_wall(instant: datetime, place: ZoneInfo) -> datetime:
    """What the clock on the wall shows at that instant: a naive datetime. Raises as `as_utc`."""
    return _moved(as_utc(instant), place).replace(tzinfo=None, fold=0)


def local_date(instant: datetime, place: ZoneInfo) -> date:
    """The date on the wall at that instant. Raises as `as_utc`."""
    return to_wall(instant, place).date()


def from_wall(wall: datetime, place: ZoneInfo) -> Resolved:
    """The instant at which the clock on the wall shows `wall`.

    A time that the clocks skip moves forward by the length of the gap and is flagged `shifted`; a time that
    comes twice is the first and flagged `repeated` (RFC 5545, section 3.3.5).

    Raises: InvalidInput for an aware datetime and for the edges of the calendar.
    """
    if wall.tzinfo is not None:
        raise InvalidInput("A time on the wall must not carry a time zone of its own.")
    first, second = (_moved(wall.replace(tzinfo=place, fold=fold), UTC) for fold in (0, 1))
    shifted = to_wall(first, place) != wall.replace(fold=0)
    return Resolved(first, shifted=shifted, repeated=not shifted and first != second)


def day_bounds(day: date, place: ZoneInfo) -> Span:
    """The day from its first instant to that of the next: 23 or 25 hours long when the clocks change.

    A day that a place skipped (Apia, 30 December 2011) is empty.
    """
    return range_bounds(day, day, place)


def week_bounds(day: date, place: ZoneInfo, *, first_weekday: int = 0) -> Span:
    """The week that holds the day; `first_weekday` counts from Monday = 0 to Sunday = 6."""
    first = day - timedelta(days=(day.weekday() - first_weekday) % 7)
    return range_bounds(first, first + 6 * _DAY, place)


def range_bounds(first: date, last: date, place: ZoneInfo) -> Span:
    """From the first instant of the first day to the end of the last one, both included.

    Raises: InvalidInput when the last day is before the first, and for the edges of the calendar.
    """
    if last < first:
        raise InvalidInput(f"The period ends ({last}) before it begins ({first}).")
    if last == date.max:
        raise InvalidInput(f"The date {last} is outside the calendar.")
    return Span(_day_start(first, place), _day_start(last + _DAY, place))


def whole_days(starts_at: datetime, ends_at: datetime, place: ZoneInfo) -> tuple[date, date] | None:
    """The first and the last day of the time, where it is whole days of that place and nothing else."""
    first, last = local_date(starts_at, place), local_date(ends_at - _SECOND, place)
    return (first, last) if first <= last and range_bounds(first, last, place) == (starts_at, ends_at) else None


def zone_of_days(starts_at: datetime, ends_at: datetime, places: Iterable[ZoneInfo]) -> ZoneInfo | None:
    """The first of the places of which the time is whole days: where a day off was meant that others see as hours."""
    return next((place for place in places if whole_days(starts_at, ends_at, place)), None)


def overlaps(one: tuple[Moment, Moment], other: tuple[Moment, Moment]) -> bool:
    """Whether two half-open spans share time; back to back is no overlap.

    A span of no length is the point at its start: it overlaps what contains that point.
    """
    start, end = max(one[0], other[0]), min(one[1], other[1])
    return start < end or (start == end and _holds(one, start) and _holds(other, start))


def merge(spans: Iterable[tuple[Moment, Moment]]) -> list[tuple[Moment, Moment]]:
    """The same time without overlaps, in order; spans that touch become one, empty ones vanish."""
    merged: list[tuple[Moment, Moment]] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def subtract(
    spans: Iterable[tuple[Moment, Moment]], holes: Iterable[tuple[Moment, Moment]]
) -> list[tuple[Moment, Moment]]:
    """The time of `spans` that is in none of `holes`, merged and in order."""
    cuts = merge(holes)
    left: list[tuple[Moment, Moment]] = []
    first_cut = 0
    for span_start, end in merge(spans):
        start = span_start
        while first_cut < len(cuts) and cuts[first_cut][1] <= start:
            first_cut += 1
        index = first_cut
        while index < len(cuts) and cuts[index][0] < end:
            if start < cuts[index][0]:
                left.append((start, cuts[index][0]))
            start = max(start, cuts[index][1])
            index += 1
        if start < end:
            left.append((start, end))
    return left


def clip(spans: Iterable[tuple[Moment, Moment]], bounds: tuple[Moment, Moment]) -> list[tuple[Moment, Moment]]:
    """The time of `spans` that lies within the bounds, merged and in order."""
    low, high = bounds
    return merge((max(start, low), min(end, high)) for start, end in spans)


def total_minutes(spans: Iterable[tuple[datetime, datetime]]) -> int:
    """The minutes that the spans cover together, time covered twice counted once.

    Only the sum is rounded to whole minutes, half up.
    """
    covered = sum((end - start for start, end in merge(spans)), timedelta())
    return (covered + _HALF_MINUTE) // timedelta(minutes=1)


@lru_cache(maxsize=1)
def _known_zones() -> frozenset[str]:
    return frozenset(available_timezones()) - _NO_PLACES


def _moved(instant: datetime, place: tzinfo) -> datetime:
    try:
        return instant.astimezone(place)
    except OverflowError as error:
        raise InvalidInput(f"The year {instant.year} is outside the calendar.") from error


def _day_start(day: date, place: ZoneInfo) -> datetime:
    midnight = datetime.combine(day, time())
    after = from_wall(midnight, place)
    if not after.shifted:
        return after.instant
    # Midnight was skipped: the day begins where the gap ends. The reading with the later offset lies before that.
    before = as_utc(midnight.replace(tzinfo=place, fold=1))
    low, high = before, after.instant
    while high - low > _SECOND:
        middle = low + (high - low) // _SECOND // 2 * _SECOND
        if to_wall(middle, place) >= midnight:
            high = middle
        else:
            low = middle
    return high


def _holds(span: tuple[Moment, Moment], point: Moment) -> bool:
    return span[0] <= point < span[1] or span[0] == span[1] == point
