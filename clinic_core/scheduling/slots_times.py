"""Which starts are possible, on whole seconds since 1970 and sorted spans: pure, and cheap for thousands of starts.

A span of starts [a, b) holds every second s with a <= s < b. Whatever is in the way of a visit becomes the span of
starts that it makes impossible, so that one subtraction answers for all starts at once.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import ceil, floor
from zoneinfo import ZoneInfo

from clinic_core.kit.calendar import clip, day_bounds, from_wall, merge, subtract, to_wall

Seconds = tuple[int, int]

MINUTE = 60
_DAY = timedelta(days=1)
_MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True)
class Length:
    """How long a visit takes, and with the buffer after it, in seconds."""

    visit: int
    reserved: int

    def starts_within(self, spans: Iterable[Seconds]) -> list[Seconds]:
        """The starts of visits that lie within one of the spans, the buffer not counted."""
        return merge((start, end - self.visit + 1) for start, end in merge(spans))

    def starts_blocked_by(self, taken: Iterable[Seconds]) -> list[Seconds]:
        """The starts whose visit or buffer would meet what is taken; its own buffers are part of it."""
        return merge((start - self.reserved + 1, end) for start, end in taken)

    def starts_meeting(self, visits: Iterable[Seconds]) -> list[Seconds]:
        """The starts whose visit itself, without its buffer, would meet one of these."""
        return merge((start - self.visit + 1, end) for start, end in visits)


@dataclass(frozen=True)
class Clock:
    """The wall clock of a place over some days: when its days begin, and the starts on the grid."""

    grid: Sequence[int]
    allowed: list[Seconds]
    changes: list[Seconds]
    place: ZoneInfo

    def tidy_starts(self, opens: Iterable[Seconds]) -> list[int]:
        """The first full minute of each span in which a start is possible; none of an hour that comes again."""
        starts = {-(-start // MINUTE) * MINUTE for start, _ in opens}
        return sorted(start for start in starts if not self._comes_again(start))

    def _comes_again(self, start: int) -> bool:
        if not any(begin <= start < end for begin, end in self.changes):
            return False
        instant = instant_of(start)
        return from_wall(to_wall(instant, self.place), self.place).instant != instant


@dataclass(frozen=True)
class Wish:
    """When somebody would like to come: weekdays, part of day in wall time, and the step of the grid."""

    weekdays: tuple[int, ...]
    time_from: time | None
    time_to: time | None
    step_minutes: int


def clock_of(wish: Wish, first: date, days: int, place: ZoneInfo) -> Clock:
    """The clock from the first day on, for so many days.

    The grid counts from midnight on the wall. On a day when the clocks change, a time that they skip is no start and
    one that comes twice is its first. Days of 24 hours are counted, not converted.
    """
    grid: list[int] = []
    allowed: list[Seconds] = []
    changes: list[Seconds] = []
    for day in (first + n * _DAY for n in range(days)):
        start, end = (int(instant.timestamp()) for instant in day_bounds(day, place))
        if start == end:
            continue
        is_plain = end - start == _MINUTES_A_DAY * MINUTE
        if not is_plain:
            changes.append((start, end))
        if wish.weekdays and day.isoweekday() not in wish.weekdays:
            continue
        if is_plain:
            grid.extend(range(start, end, wish.step_minutes * MINUTE))
        else:
            grid.extend(_changed_grid(day, wish.step_minutes, place))
        opens = start if wish.time_from is None else _second(day, wish.time_from, place)
        closes = end if wish.time_to is None else _second(day, wish.time_to, place)
        allowed.append((opens, closes))
    return Clock(grid, merge(allowed), changes, place)


def starts_on(clock: Clock, free: list[Seconds], allowed: list[Seconds]) -> Iterator[int]:
    """The starts on the grid, and where a free span begins, that are both free and allowed; in order."""
    extra = clock.tidy_starts(free)
    for low, high in common(free, allowed):
        grid = clock.grid[bisect_left(clock.grid, low) : bisect_left(clock.grid, high)]
        between = extra[bisect_left(extra, low) : bisect_left(extra, high)]
        yield from sorted({*grid, *between}) if between else grid


def is_within(spans: Sequence[Seconds], second: int) -> bool:
    """Whether the second lies in one of the sorted, disjoint spans."""
    found = bisect_right(spans, (second, 1 << 62)) - 1
    return found >= 0 and second < spans[found][1]


def common(some: list[Seconds], others: list[Seconds]) -> list[Seconds]:
    """The time that lies in both; each is sorted and disjoint."""
    if not some or not others:
        return []
    ends = (min(some[0][0], others[0][0]), max(some[-1][1], others[-1][1]))
    return subtract(clip(some, ends), subtract([ends], others))


def seconds_around(spans: Iterable[tuple[datetime, datetime]]) -> list[Seconds]:
    """Spans of instants that are in the way, in whole seconds that hold all of them."""
    return [(floor(start.timestamp()), ceil(end.timestamp())) for start, end in spans]


def seconds_inside(spans: Iterable[tuple[datetime, datetime]]) -> list[Seconds]:
    """Spans of instants in which somebody works, in whole seconds that lie within them."""
    return [(ceil(start.timestamp()), floor(end.timestamp())) for start, end in spans]


def _changed_grid(day: date, step_minutes: int, place: ZoneInfo) -> list[int]:
    midnight = datetime.combine(day, time())
    walls = (from_wall(midnight + timedelta(minutes=n), place) for n in range(0, _MINUTES_A_DAY, step_minutes))
    return sorted(int(wall.instant.timestamp()) for wall in walls if not wall.shifted)


def _second(day: date, clock: time, place: ZoneInfo) -> int:
    return int(from_wall(datetime.combine(day, clock), place).instant.timestamp())


def instant_of(second: int) -> datetime:
    """The instant of that second, in UTC."""
    return datetime.fromtimestamp(second, UTC)
