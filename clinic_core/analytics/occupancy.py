"""How full working time is: spans of booked and working time in, minutes out. No database here."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from clinic_core.analytics.filters import share
from clinic_core.analytics.schemas import HourMinutes
from clinic_core.kit.calendar import merge, subtract, to_wall, total_minutes

Spans = Sequence[tuple[datetime, datetime]]
# Whose time at which place: practitioner or room, and location.
Cell = tuple[UUID, UUID]

_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Occupied:
    """What is booked of the working time of one person or room at one location; time booked twice counts once."""

    inside: Spans
    outside: Spans
    working: Spans

    @property
    def booked_minutes(self) -> int:
        """Booked minutes inside working time."""
        return total_minutes(self.inside)

    @property
    def outside_minutes(self) -> int:
        """Booked minutes outside working time."""
        return total_minutes(self.outside)

    @property
    def available_minutes(self) -> int:
        """Minutes of working time."""
        return total_minutes(self.working)


def occupied(booked: Iterable[tuple[datetime, datetime]], working: Iterable[tuple[datetime, datetime]]) -> Occupied:
    """Part the booked time into what lies inside and outside working time."""
    taken, open_time = merge(booked), merge(working)
    outside = subtract(taken, open_time)
    return Occupied(inside=subtract(taken, outside), outside=outside, working=open_time)


def by_hour(parts: Iterable[tuple[Occupied, ZoneInfo]]) -> tuple[HourMinutes, ...]:
    """The minutes by ISO weekday and hour on the wall of each part's zone; only cells with working time."""
    booked: Counter[tuple[int, int]] = Counter()
    available: Counter[tuple[int, int]] = Counter()
    for part, place in parts:
        _count_hours(part.inside, place, booked)
        _count_hours(part.working, place, available)
    return tuple(
        HourMinutes(
            weekday=weekday,
            hour=hour,
            booked_minutes=_minutes(booked[weekday, hour]),
            available_minutes=_minutes(seconds),
            rate=share(booked[weekday, hour], seconds),
        )
        for (weekday, hour), seconds in sorted(available.items())
    )


def _count_hours(spans: Spans, place: ZoneInfo, counted: Counter[tuple[int, int]]) -> None:
    """Add the seconds of the spans to their cells. No step spans a change of the clocks: they change at a full hour."""
    for start, end in spans:
        at = start
        while at < end:
            wall = to_wall(at, place)
            step = _HOUR - timedelta(minutes=wall.minute, seconds=wall.second, microseconds=wall.microsecond)
            until = min(at + step, end)
            counted[wall.isoweekday(), wall.hour] += (until - at) // timedelta(seconds=1)
            at = until


def _minutes(seconds: int) -> int:
    return (timedelta(seconds=seconds) + _MINUTE / 2) // _MINUTE
