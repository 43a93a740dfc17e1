"""Opening hours as people write them: one line a weekday, "08:00-12:00, 14:00-18:00"."""

import re
from collections.abc import Mapping, Sequence
from datetime import time

from clinic_core.kit.text import field_error
from clinic_core.scheduling.schemas import OpeningSpan

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_SPAN = re.compile(r"(\d{1,2})(?::(\d{2}))?\s*(?:-|–|to)\s*(\d{1,2})(?::(\d{2}))?")


def spans_text(spans: Sequence[OpeningSpan], weekday: int) -> str:
    """The spans of an ISO weekday as one line."""
    return ", ".join(f"{span.opens:%H:%M}-{span.closes:%H:%M}" for span in spans if span.weekday == weekday)


def spans_of(lines: Mapping[int, str]) -> tuple[OpeningSpan, ...]:
    """The spans of the lines by ISO weekday; an empty line is a day on which it is closed.

    Raises:
        InvalidInput: a line cannot be read, or closes before it opens; names the weekday.
    """
    return tuple(
        _span(weekday, part.strip()) for weekday, line in lines.items() for part in line.split(",") if part.strip()
    )


def _span(weekday: int, text: str) -> OpeningSpan:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise field_error(WEEKDAYS[weekday - 1], "must look like 08:00-12:00, 14:00-18:00")
    return OpeningSpan(
        weekday=weekday, opens=_clock(weekday, found[1], found[2]), closes=_clock(weekday, found[3], found[4])
    )


def _clock(weekday: int, hour: str, minute: str | None) -> time:
    if int(hour) > 23 or int(minute or 0) > 59:
        raise field_error(WEEKDAYS[weekday - 1], f"has no time {hour}:{minute or '00'}")
    return time(int(hour), int(minute or 0))
