"""The text of a rule for repeats: reading and writing the RRULE value of RFC 5545 (section 3.3.10)."""

import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from clinic_core.errors import InvalidRecurrence
from clinic_core.kit.recurrence_rule import NUMBERS, Frequency, NthWeekday, Recurrence, Weekday

MOST_CHARACTERS = 4_000

_ALLOWED = re.compile(r"[A-Za-z0-9=;,+-]*")
_WHOLE = re.compile(r"[0-9]+")
_WEEKDAY = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_UNTIL = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2})([0-9]{2})([0-9]{2})Z?)?")
_FIELDS = {bounds.part: field for field, bounds in NUMBERS.items()}
_PARTS = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST", *_FIELDS})


@lru_cache(maxsize=1024)
def parse_rrule(text: str) -> Recurrence:
    """The rule that an RRULE value states ("FREQ=WEEKLY;BYDAY=MO,TH;COUNT=10"), without the name before it.

    Capitals or not, parts in any order, one semicolon at the very end is let pass. UNTIL is wall time of the zone
    of the series, whether it is written with Z or without; a bare date means the whole of that day.

    Two habits of other programs are let pass: COUNT together with UNTIL (whichever comes first is the end) and a number
    before a weekday in rules by week or by anything shorter (it means nothing and is dropped).

    Raises: InvalidRecurrence for everything else that RFC 5545 forbids.
    """
    if len(text) > MOST_CHARACTERS:
        raise InvalidRecurrence(
            f"A repeat rule has at most {MOST_CHARACTERS:,} characters, this one has {len(text):,}."
        )
    if not _ALLOWED.fullmatch(text):
        raise InvalidRecurrence("A repeat rule holds only letters, digits and the signs = ; , + and -.")
    parts = _split(text.upper().removesuffix(";"))
    if "FREQ" not in parts:
        raise InvalidRecurrence("A repeat rule must say how often (FREQ).")
    return Recurrence(
        freq=_frequency(parts["FREQ"]),
        interval=_whole("INTERVAL", parts.get("INTERVAL", "1")),
        count=_whole("COUNT", parts["COUNT"]) if "COUNT" in parts else None,
        until=_until(parts["UNTIL"]) if "UNTIL" in parts else None,
        by_weekday=tuple(_weekday(item) for item in parts["BYDAY"].split(",")) if "BYDAY" in parts else (),
        week_start=_week_start(parts.get("WKST", "MO")),
        **{field: _numbers(part, parts[part]) for part, field in _FIELDS.items() if part in parts},
    )


def format_rrule(rule: Recurrence) -> str:
    """The rule as an RRULE value, its parts in the order of RFC 5545 and without what goes without saying.

    A rule that was read with both COUNT and UNTIL keeps both: which comes first depends on its start.
    """
    parts = [("FREQ", rule.freq.value)]
    if rule.until is not None:
        parts.append(("UNTIL", f"{rule.until.year:04d}{rule.until:%m%dT%H%M%S}"))
    if rule.count is not None:
        parts.append(("COUNT", str(rule.count)))
    if rule.interval != 1:
        parts.append(("INTERVAL", str(rule.interval)))
    parts += [
        ("BYSECOND", _joined(rule.by_second)),
        ("BYMINUTE", _joined(rule.by_minute)),
        ("BYHOUR", _joined(rule.by_hour)),
        ("BYDAY", _joined(f"{day.nth or ''}{day.weekday.name}" for day in rule.by_weekday)),
        ("BYMONTHDAY", _joined(rule.by_monthday)),
        ("BYYEARDAY", _joined(rule.by_yearday)),
        ("BYWEEKNO", _joined(rule.by_weekno)),
        ("BYMONTH", _joined(rule.by_month)),
        ("BYSETPOS", _joined(rule.by_setpos)),
    ]
    if rule.week_start is not Weekday.MO:
        parts.append(("WKST", rule.week_start.name))
    return ";".join(f"{name}={text}" for name, text in parts if text)


def _joined(items: Iterable[int | str]) -> str:
    return ",".join(str(item) for item in items)


def _split(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value:
            raise InvalidRecurrence(f"{part[:40]!r} in the repeat rule is not a part such as FREQ=WEEKLY.")
        if name not in _PARTS:
            raise InvalidRecurrence(f"{name[:40]!r} is not a part of a repeat rule.")
        if name in parts:
            raise InvalidRecurrence(f"{name} stands twice in the repeat rule.")
        parts[name] = value
    return parts


def _frequency(text: str) -> Frequency:
    if text not in Frequency.__members__:
        raise InvalidRecurrence(f"{text[:40]!r} is not a frequency; a repeat rule is such as FREQ=WEEKLY.")
    return Frequency(text)


def _week_start(text: str) -> Weekday:
    if text not in Weekday.__members__:
        raise InvalidRecurrence(f"{text[:40]!r} is not a weekday such as MO (WKST).")
    return Weekday[text]


def _whole(part: str, text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise InvalidRecurrence(f"{part}={text[:40]} in the repeat rule is not a whole number of 1 or more.")
    return int(text)


def _numbers(part: str, text: str) -> tuple[int, ...]:
    bounds = NUMBERS[_FIELDS[part]]
    written = re.compile(rf"{'[+-]?' if bounds.from_end else ''}[0-9]{{1,{len(str(bounds.most))}}}")
    for item in text.split(","):
        if not written.fullmatch(item):
            raise InvalidRecurrence(f"{item[:40]!r} is not a number that {part} in a repeat rule can hold.")
    return tuple(int(item) for item in text.split(","))


def _weekday(text: str) -> NthWeekday:
    found = _WEEKDAY.fullmatch(text)
    if not found:
        raise InvalidRecurrence(f"{text[:40]!r} is not a weekday such as MO or -1FR (BYDAY).")
    nth, name = found.groups()
    return NthWeekday(Weekday[name], int(nth) if nth else None)


def _until(text: str) -> datetime:
    found = _UNTIL.fullmatch(text)
    if not found:
        raise InvalidRecurrence(f"UNTIL={text[:40]} in the repeat rule is not a date such as 20261231T235959.")
    year, month, day, *clock = found.groups()
    # A leap second is the second before it for clocks that do not know it (RFC 5545, section 3.3.12).
    hour, minute, second = (23, 59, 59) if clock[0] is None else (int(item) for item in clock)
    try:
        return datetime(int(year), int(month), int(day), hour, minute, 59 if second == 60 else second)  # noqa: DTZ001
    except ValueError as error:
        raise InvalidRecurrence(f"UNTIL={text} in the repeat rule is not a date of the calendar.") from error
