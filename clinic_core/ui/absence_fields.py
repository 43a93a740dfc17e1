"""The fields of a time in which somebody or something is not there, and how it is written in lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import streamlit as st

from clinic_core.kit.calendar import range_bounds, to_wall, whole_days, zone_of_days
from clinic_core.kit.clock import now
from clinic_core.scheduling.schemas import AbsenceRow, OutageRow
from clinic_core.ui.forms import chosen, date_field, instant_of, text_field
from clinic_core.ui.location import zones_of_locations
from clinic_core.ui.tables import Column

Row = TypeVar("Row", bound=AbsenceRow | OutageRow)

LOOK_BACK = timedelta(days=31)
LOOK_AHEAD = timedelta(days=366)
_STEP = timedelta(minutes=5)


@dataclass(frozen=True)
class AwayFields:
    """A time of a place as a form gives it, and why; without clock times whole days."""

    place: ZoneInfo
    first: date | None
    last: date | None
    starts: time | None
    ends: time | None
    is_whole_days: bool
    reason: str

    def span(self) -> tuple[datetime, datetime]:
        """From … to … as instants.

        Raises:
            InvalidInput: something is missing, the last day is before the first, or the clocks skip a time.
        """
        first, last = chosen(self.first, field="first_day"), chosen(self.last, field="last_day")
        if self.is_whole_days:
            return range_bounds(first, last, self.place)
        return instant_of(first, self.starts, self.place), instant_of(last, self.ends, self.place)


def listed_period() -> tuple[datetime, datetime]:
    """What lists of absences and outages show: what starts before a year from now and ends after a month ago."""
    return now() + LOOK_AHEAD, now() - LOOK_BACK


def draw_away_fields(
    key: str,
    place: ZoneInfo,
    span: tuple[datetime, datetime] | None = None,
    *,
    reason: str = "",
    reason_help: str | None = None,
) -> AwayFields:
    """First and last day, clock times where it is not whole days, and why; filled with what there is, else with today.

    Whole days of another place stay days of that place, and it is said of which.
    """
    found = zone_of_days(*span, zones_of_locations()) if span else None
    days = whole_days(*span, found) if span and found else None
    if found is not None and found != place:
        st.caption(f"These are whole days of {found.key}.")
    here = found or place
    today = to_wall(now(), here).date()
    starts, ends = (to_wall(instant, here) for instant in span) if span else (None, None)
    first, last = days or (starts.date() if starts else today, ends.date() if ends else today)
    is_whole = st.toggle("Whole days", value=span is None or days is not None, key=f"{key}_whole")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        with st.container(width=150):
            first_day = date_field("First day", key=f"{key}_first", value=first)
        clock_from, clock_to = None, None
        if not is_whole:
            usual = starts.time() if starts and not days else time(9)
            clock_from = st.time_input("From", value=usual, key=f"{key}_from", step=_STEP, width=110)
        with st.container(width=150):
            last_day = date_field("Last day", key=f"{key}_last", value=last)
        if not is_whole:
            usual = ends.time() if ends and not days else time(12)
            clock_to = st.time_input("To", value=usual, key=f"{key}_to", step=_STEP, width=110)
    why = text_field("Reason", key=f"{key}_reason", value=reason, help=reason_help)
    return AwayFields(here, first_day, last_day, clock_from, clock_to, is_whole, why)


def when_columns(rows: Sequence[Row], place: ZoneInfo) -> list[Column[Row]]:
    """From when to when, for the lists; whole days of another place are days of that place, which is named then."""
    zones = zones_of_locations()
    own = {row.id: zone_of_days(row.starts_at, row.ends_at, zones) or place for row in rows}
    columns: list[Column[Row]] = [
        Column(lambda row: first_text(row.starts_at, own[row.id]), "From"),
        Column(lambda row: last_text(row.ends_at, own[row.id]), "To"),
    ]
    if any(found != place for found in own.values()):
        columns.append(Column(lambda row: "" if own[row.id] == place else own[row.id].key, "Days of"))
    return columns


def table_key(name: str, rows: Sequence[AbsenceRow | OutageRow]) -> str:
    """The key of a list: what was chosen in it is forgotten as soon as one of its rows has changed."""
    return f"{name}_{'_'.join(f'{row.id.hex[-6:]}{row.version}' for row in rows)}"


def first_text(instant: datetime, place: ZoneInfo) -> date | datetime:
    """Where it begins, for a cell: the day alone where it begins at midnight."""
    wall = to_wall(instant, place)
    return wall.date() if wall.time() == time() else instant


def last_text(instant: datetime, place: ZoneInfo) -> date | datetime:
    """Where it ends, for a cell: the last day alone where it ends at midnight."""
    wall = to_wall(instant, place)
    return (wall - timedelta(microseconds=1)).date() if wall.time() == time() else instant
