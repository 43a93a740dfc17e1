"""The fields of a time in which somebody or something is not there, and how it is written in lists."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from clinic_core.kit.calendar import range_bounds, to_wall
from clinic_core.kit.clock import now
from clinic_core.ui.forms import chosen, date_field, instant_of

_STEP = timedelta(minutes=15)


@dataclass(frozen=True)
class AwayFields:
    """A time as a form gives it; without clock times whole days."""

    first: date | None
    last: date | None
    starts: time | None
    ends: time | None
    is_whole_days: bool

    def span(self, place: ZoneInfo) -> tuple[datetime, datetime]:
        """From … to … as instants.

        Raises:
            InvalidInput: something is missing, the last day is before the first, or the clocks skip a time.
        """
        first, last = chosen(self.first, field="first_day"), chosen(self.last, field="last_day")
        if self.is_whole_days:
            return range_bounds(first, last, place)
        return instant_of(first, self.starts, place), instant_of(last, self.ends, place)


def draw_away_fields(key: str, place: ZoneInfo, present: tuple[datetime, datetime] | None = None) -> AwayFields:
    """First and last day, and clock times where it is not whole days; filled with what is there at present."""
    today = to_wall(now(), place).date()
    starts, ends = (to_wall(instant, place) for instant in present) if present else (None, None)
    first, last = (starts.date(), _last_day(ends)) if starts and ends else (today, today)
    is_whole = not (starts and ends) or (starts.time() == ends.time() == time() and ends > starts)
    is_whole = st.toggle("Whole days", value=is_whole, key=f"{key}_whole")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        with st.container(width=150):
            first_day = date_field("First day", key=f"{key}_first", value=first)
        clock_from, clock_to = None, None
        if not is_whole:
            clock_from = st.time_input(
                "From", value=starts.time() if starts else time(9), key=f"{key}_from", step=_STEP, width=110
            )
        with st.container(width=150):
            last_day = date_field("Last day", key=f"{key}_last", value=last)
        if not is_whole:
            clock_to = st.time_input(
                "To", value=ends.time() if ends else time(12), key=f"{key}_to", step=_STEP, width=110
            )
    return AwayFields(first_day, last_day, clock_from, clock_to, is_whole)


def first_text(instant: datetime, place: ZoneInfo) -> date | datetime:
    """Where it begins, for a cell: the day alone where it begins at midnight."""
    wall = to_wall(instant, place)
    return wall.date() if wall.time() == time() else instant


def last_text(instant: datetime, place: ZoneInfo) -> date | datetime:
    """Where it ends, for a cell: the last day alone where it ends at midnight."""
    wall = to_wall(instant, place)
    return _last_day(wall) if wall.time() == time() else instant


def _last_day(end: datetime) -> date:
    """The day that an end belongs to; midnight ends the day before."""
    return (end - timedelta(microseconds=1)).date() if end.time() == time() else end.date()
