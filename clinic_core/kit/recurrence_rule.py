"""A rule for repeats as a value: its parts, and what RFC 5545 (section 3.3.10) forbids.

Two things that it forbids are tolerated, because other programs write them and agree on what they mean: COUNT together
with UNTIL, where the one that comes first is the end, and numbers before weekdays in rules by week or by anything
shorter, where they mean nothing.

Reading and writing the text of a rule is in `kit.recurrence_grammar`, what a rule means in `kit.recurrence_periods`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import NamedTuple

from clinic_core.errors import InvalidRecurrence


class Frequency(StrEnum):
    """How often the period of a rule comes; from the longest to the shortest."""

    YEARLY = "YEARLY"
    MONTHLY = "MONTHLY"
    WEEKLY = "WEEKLY"
    DAILY = "DAILY"
    HOURLY = "HOURLY"
    MINUTELY = "MINUTELY"
    SECONDLY = "SECONDLY"


class Weekday(IntEnum):
    """The weekdays as RFC 5545 writes them, counted as `date.weekday` does."""

    MO = 0
    TU = 1
    WE = 2
    TH = 3
    FR = 4
    SA = 5
    SU = 6


class NthWeekday(NamedTuple):
    """Every such weekday, or only the nth of the month or year; negative ones count from the end."""

    weekday: Weekday
    nth: int | None = None


class Bounds(NamedTuple):
    """The numbers that a part of a rule may hold; `from_end`: also -n, the nth from the end."""

    part: str
    least: int
    most: int
    from_end: bool


NUMBERS = {
    "by_second": Bounds("BYSECOND", 0, 60, from_end=False),
    "by_minute": Bounds("BYMINUTE", 0, 59, from_end=False),
    "by_hour": Bounds("BYHOUR", 0, 23, from_end=False),
    "by_monthday": Bounds("BYMONTHDAY", 1, 31, from_end=True),
    "by_yearday": Bounds("BYYEARDAY", 1, 366, from_end=True),
    "by_weekno": Bounds("BYWEEKNO", 1, 53, from_end=True),
    "by_month": Bounds("BYMONTH", 1, 12, from_end=False),
    "by_setpos": Bounds("BYSETPOS", 1, 366, from_end=True),
}
_LONG = (Frequency.YEARLY, Frequency.MONTHLY)
_MOST_NTH = 53


@dataclass(frozen=True, kw_only=True)
class Recurrence:
    """A rule for repeats that RFC 5545 allows; lists are kept sorted and without doubles.

    `until` is the last wall time that may still belong to the rule, in the zone of the series. With `count` as well,
    the rule ends with whichever comes first. Numbers before weekdays are kept in rules by month or year only.

    Raises: InvalidRecurrence when the parts do not go together.
    """

    freq: Frequency
    interval: int = 1
    count: int | None = None
    until: datetime | None = None
    by_second: tuple[int, ...] = ()
    by_minute: tuple[int, ...] = ()
    by_hour: tuple[int, ...] = ()
    by_weekday: tuple[NthWeekday, ...] = ()
    by_monthday: tuple[int, ...] = ()
    by_yearday: tuple[int, ...] = ()
    by_weekno: tuple[int, ...] = ()
    by_month: tuple[int, ...] = ()
    by_setpos: tuple[int, ...] = ()
    week_start: Weekday = Weekday.MO

    def __post_init__(self) -> None:
        """Put the lists in order and refuse what RFC 5545 forbids."""
        for field, bounds in NUMBERS.items():
            object.__setattr__(self, field, _in_order(getattr(self, field), bounds))
        object.__setattr__(self, "by_weekday", _weekdays_in_order(self.by_weekday, self.freq))
        _check_length(self)
        _check_company(self)


def _in_order(numbers: Iterable[int], bounds: Bounds) -> tuple[int, ...]:
    listed = sorted(set(numbers), key=lambda number: (number < 0, number))
    for number in listed:
        size = -number if bounds.from_end else number
        if not (bounds.least <= number <= bounds.most or bounds.least <= size <= bounds.most):
            allowed = f"{bounds.least} to {bounds.most}" + (f" or -{bounds.most} to -1" if bounds.from_end else "")
            raise InvalidRecurrence(f"{bounds.part}={number} is not possible in a repeat rule; allowed is {allowed}.")
    return tuple(listed)


def _weekdays_in_order(days: Iterable[NthWeekday], freq: Frequency) -> tuple[NthWeekday, ...]:
    listed = sorted(set(days), key=lambda day: (day.weekday, day.nth or 0))
    for weekday, nth in listed:
        if nth is not None and not 1 <= abs(nth) <= _MOST_NTH:
            raise InvalidRecurrence(
                f"BYDAY={nth}{weekday.name} is not possible in a repeat rule; "
                f"the number before a weekday is 1 to {_MOST_NTH} or -{_MOST_NTH} to -1."
            )
    if freq not in _LONG:
        return tuple(NthWeekday(weekday) for weekday in sorted({day.weekday for day in listed}))
    return tuple(listed)


def _check_length(rule: Recurrence) -> None:
    if rule.interval < 1:
        raise InvalidRecurrence(f"INTERVAL={rule.interval} is not possible in a repeat rule; it is 1 or more.")
    if rule.count is not None and rule.count < 1:
        raise InvalidRecurrence(f"COUNT={rule.count} is not possible in a repeat rule; it is 1 or more.")
    if rule.until is not None and (rule.until.tzinfo is not None or rule.until.microsecond):
        raise InvalidRecurrence("A repeat rule ends at a whole second of wall time, without a time zone of its own.")


def _check_company(rule: Recurrence) -> None:
    if rule.by_weekno and rule.freq is not Frequency.YEARLY:
        raise InvalidRecurrence(f"BYWEEKNO goes with FREQ=YEARLY only, not with {rule.freq}.")
    if rule.by_yearday and rule.freq in {Frequency.MONTHLY, Frequency.WEEKLY, Frequency.DAILY}:
        raise InvalidRecurrence(f"BYYEARDAY does not go with FREQ={rule.freq}.")
    if rule.by_monthday and rule.freq is Frequency.WEEKLY:
        raise InvalidRecurrence("BYMONTHDAY does not go with FREQ=WEEKLY.")
    if rule.by_weekno and any(day.nth is not None for day in rule.by_weekday):
        raise InvalidRecurrence("Numbered weekdays in BYDAY do not go with BYWEEKNO.")
    others = (field for field in NUMBERS if field != "by_setpos")
    if rule.by_setpos and not rule.by_weekday and not any(getattr(rule, field) for field in others):
        raise InvalidRecurrence("BYSETPOS chooses among the dates of another BY… part, and there is none.")
