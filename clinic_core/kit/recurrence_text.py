"""A rule for repeats in words, as a fragment of an English sentence."""

from collections.abc import Iterable
from itertools import product

from clinic_core.kit.formats import date_text
from clinic_core.kit.recurrence_grammar import parse_rrule
from clinic_core.kit.recurrence_rule import Frequency, NthWeekday, Recurrence, Weekday

_ONCE = {
    Frequency.YEARLY: "yearly",
    Frequency.MONTHLY: "monthly",
    Frequency.WEEKLY: "weekly",
    Frequency.DAILY: "daily",
    Frequency.HOURLY: "hourly",
    Frequency.MINUTELY: "every minute",
    Frequency.SECONDLY: "every second",
}
_UNITS = {
    Frequency.YEARLY: "year",
    Frequency.MONTHLY: "month",
    Frequency.WEEKLY: "week",
    Frequency.DAILY: "day",
    Frequency.HOURLY: "hour",
    Frequency.MINUTELY: "minute",
    Frequency.SECONDLY: "second",
}
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_NTH = ("first", "second", "third", "fourth", "fifth")
_ENDINGS = {1: "st", 2: "nd", 3: "rd"}
_WORKING_DAYS = tuple(NthWeekday(day) for day in Weekday if day < Weekday.SA)
_ALL_DAYS = tuple(NthWeekday(day) for day in Weekday)
_MOST_TIMES = 6


def describe(rrule: str) -> str:
    """The rule in words: "every 2 weeks on Monday and Thursday, 10 times".

    What the rule takes from its start (weekday, day of the month, time of day) is not named. Raises: InvalidRecurrence.
    """
    rule = parse_rrule(rrule)
    rhythm = _ONCE[rule.freq] if rule.interval == 1 else f"every {rule.interval} {_UNITS[rule.freq]}s"
    said = [rhythm, _weeks(rule), _days(rule), _weekdays(rule), _months(rule), _clock(rule)]
    return " ".join(part for part in said if part) + _choice(rule) + _week_start(rule) + _end(rule)


def _weeks(rule: Recurrence) -> str:
    names = [f"week {week}" if week > 0 else f"the {_nth(week)} week" for week in rule.by_weekno]
    return f"in {_listed(names)}" if names else ""


def _days(rule: Recurrence) -> str:
    phrases = []
    if rule.by_yearday:
        phrases.append(f"on the {_listed(_place(day) for day in rule.by_yearday)} day of the year")
    if rule.by_monthday:
        ending = " day" if rule.by_monthday[-1] < 0 else ""
        phrases.append(f"on the {_listed(_place(day) for day in rule.by_monthday)}{ending}")
    return " and ".join(phrases)


def _weekdays(rule: Recurrence) -> str:
    if not rule.by_weekday:
        return ""
    if rule.by_yearday or rule.by_monthday:
        return f"when that is {_listed(map(_a_weekday, rule.by_weekday), 'or')}"
    if _chooses_a_day(rule):
        return f"on the {_listed(map(_nth, rule.by_setpos))} {_kind_of_day(rule.by_weekday)}"
    if rule.by_weekday == _WORKING_DAYS:
        return "on Monday to Friday"
    if rule.by_weekday == _ALL_DAYS:
        return "on every day"
    every = "every " if rule.freq in {Frequency.YEARLY, Frequency.MONTHLY} and not rule.by_weekno else ""
    return f"on {_listed((_numbered(day) if day.nth else every + _WEEKDAYS[day.weekday]) for day in rule.by_weekday)}"


def _months(rule: Recurrence) -> str:
    if not rule.by_month:
        return ""
    part_of_month = rule.by_monthday or _chooses_a_day(rule) or any(day.nth for day in rule.by_weekday)
    return f"{'of' if part_of_month else 'in'} {_listed(_MONTHS[month - 1] for month in rule.by_month)}"


def _clock(rule: Recurrence) -> str:
    times = list(product(rule.by_hour, rule.by_minute))
    if 0 < len(times) <= _MOST_TIMES and not rule.by_second:
        return f"at {_listed(f'{hour:02}:{minute:02}' for hour, minute in times)}"
    phrases = [
        f"{word} {_listed(map(str, numbers))}"
        for word, numbers in (
            ("in hour", rule.by_hour),
            ("at minute", rule.by_minute),
            ("at second", rule.by_second),
        )
        if numbers
    ]
    return " ".join(phrases)


def _choice(rule: Recurrence) -> str:
    if not rule.by_setpos or _chooses_a_day(rule):
        return ""
    return f", of these only the {_listed(map(_nth, rule.by_setpos))} of each {_UNITS[rule.freq]}"


def _week_start(rule: Recurrence) -> str:
    matters = rule.by_weekno or (rule.freq is Frequency.WEEKLY and (rule.interval > 1 or rule.by_setpos))
    if rule.week_start is Weekday.MO or not matters:
        return ""
    return f", weeks beginning on {_WEEKDAYS[rule.week_start]}"


def _end(rule: Recurrence) -> str:
    until = "" if rule.until is None else f" until {date_text(rule.until.date())}"
    if rule.count is None:
        return until
    return f"{until}, {'at most ' if until else ''}{'once' if rule.count == 1 else f'{rule.count} times'}"


def _chooses_a_day(rule: Recurrence) -> bool:
    """Whether BYSETPOS says no more than which of some weekdays of the month is meant."""
    others = rule.by_monthday or len(rule.by_hour) > 1 or len(rule.by_minute) > 1 or len(rule.by_second) > 1
    plain = bool(rule.by_weekday) and not any(day.nth for day in rule.by_weekday)
    return bool(rule.by_setpos) and rule.freq is Frequency.MONTHLY and plain and not others


def _kind_of_day(days: tuple[NthWeekday, ...]) -> str:
    if days == _WORKING_DAYS:
        return "weekday (Monday to Friday)"
    return "day" if days == _ALL_DAYS else _listed((_WEEKDAYS[day.weekday] for day in days), "or")


def _a_weekday(day: NthWeekday) -> str:
    return _numbered(day) if day.nth else f"a {_WEEKDAYS[day.weekday]}"


def _numbered(day: NthWeekday) -> str:
    return f"the {_nth(day.nth or 1)} {_WEEKDAYS[day.weekday]}"


def _nth(number: int) -> str:
    if number < 0:
        return "last" if number == -1 else f"{_nth(-number)} to last"
    return _NTH[number - 1] if number <= len(_NTH) else _place(number)


def _place(number: int) -> str:
    if number < 0:
        return _nth(number)
    ending = "th" if number % 100 in {11, 12, 13} else _ENDINGS.get(number % 10, "th")
    return f"{number}{ending}"


def _listed(items: Iterable[str], word: str = "and") -> str:
    *most, last = items
    return f"{', '.join(most)} {word} {last}" if most else last
