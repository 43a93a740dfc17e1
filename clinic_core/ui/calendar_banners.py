"""Who is away and what is closed, said above the columns, so that no appointment that lies in it hides it.

What covers a column's whole day stands there only; of some hours that were blocked on purpose the board draws a block.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from clinic_core.kit.calendar import clip, from_wall, local_date, overlaps, to_wall
from clinic_core.kit.formats import Locale, date_text, time_text
from clinic_core.scheduling.schemas import AbsenceRow, OutageRow, WorkingHours
from clinic_core.ui.calendar_types import Away, AwayOpened, Banner, Shade
from clinic_core.vocabulary import AbsenceKind

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Days:
    """The days of a board, and from when to when it shows each of them."""

    first: date
    last: date
    opens: time
    closes: time
    place: ZoneInfo
    locale: Locale

    def each(self) -> list[date]:
        """Every day of it."""
        return [self.first + step * _DAY for step in range((self.last - self.first).days + 1)]

    def hours(self, day: date) -> tuple[datetime, datetime]:
        """From … to … of a day as instants."""
        ends = datetime.combine(day + _DAY if self.closes == time() else day, self.closes)
        return from_wall(datetime.combine(day, self.opens), self.place).instant, from_wall(ends, self.place).instant


@dataclass(frozen=True)
class Gone:
    """A column in which somebody or something is not there for a time; `opens` is what a click on it opens."""

    column_id: UUID
    starts_at: datetime
    ends_at: datetime
    label: str
    reason: str
    opens: AwayOpened | None = None

    @property
    def title(self) -> str:
        """What it is, and why."""
        return f"{self.label}: {self.reason}" if self.reason else self.label

    @property
    def during(self) -> tuple[datetime, datetime]:
        """From … to …"""
        return self.starts_at, self.ends_at


def people_gone(absences: Sequence[AbsenceRow], columns: Collection[UUID]) -> list[Gone]:
    """The absences of the practitioners who have columns; what was blocked can be opened."""
    return [
        Gone(
            column_id=row.user_id,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            label=row.label,
            reason=row.reason,
            opens=AwayOpened(row.id, "absence") if row.kind is AbsenceKind.BLOCKED else None,
        )
        for row in absences
        if row.user_id in columns
    ]


def rooms_gone(outages: Sequence[OutageRow], columns: Collection[UUID]) -> list[Gone]:
    """The outages of the rooms and the equipment that have columns."""
    return [
        Gone(
            column_id=row.resource_id,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            label="Out of service",
            reason=row.reason,
            opens=AwayOpened(row.id, "outage"),
        )
        for row in outages
        if row.resource_id in columns
    ]


def blocks_of(gone: Sequence[Gone], days: Days) -> list[Away]:
    """What was blocked for some hours: a block that can be opened."""
    return [
        Away(
            id=one.opens.id,
            kind=one.opens.kind,
            column_id=one.column_id,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            title=one.title,
            when=_span_text(one, days),
        )
        for one in gone
        if one.opens and not _fills_days(one, days)
    ]


def shades_of(gone: Sequence[Gone], days: Days) -> list[Shade]:
    """The time of everything else, shaded in its column."""
    return [
        Shade(one.column_id, one.starts_at, one.ends_at, "away", one.title)
        for one in gone
        if not one.opens or _fills_days(one, days)
    ]


def banners_of(gone: Sequence[Gone], hours: WorkingHours, columns: Sequence[UUID], days: Days) -> Iterator[Banner]:
    """A line for each day and column in which somebody is away or which is closed."""
    for day in days.each():
        for closure in hours.closures:
            if closure.starts_on <= day <= closure.ends_on:
                yield from (Banner(column, day, f"Closed: {closure.name}") for column in columns)
        shown = days.hours(day)
        for one in gone:
            if overlaps(one.during, shown) and (not one.opens or _fills_days(one, days)):
                text = f"{one.label}, {_when_text(one, day, days)}"
                yield Banner(one.column_id, day, f"{text}: {one.reason}" if one.reason else text, one.opens)


def _fills_days(gone: Gone, days: Days) -> bool:
    """Whether it leaves nothing of the hours of each day that it touches."""
    shown = [hours for hours in map(days.hours, days.each()) if overlaps(gone.during, hours)]
    return all(clip([gone.during], hours) == [hours] for hours in shown)


def _when_text(gone: Gone, day: date, days: Days) -> str:
    """When on that day, as far as it is shown: all day, with the last day of several, or the hours."""
    opens, closes = days.hours(day)
    if gone.starts_at <= opens and gone.ends_at >= closes:
        end = to_wall(gone.ends_at, days.place)
        # A day off that was recorded in another zone may end in the small hours of the day after it.
        last = end.date() - _DAY if end.time() <= days.opens else end.date()
        return f"all day, until {date_text(last, days.locale)}" if last > day else "all day"
    if gone.starts_at <= opens:
        return f"until {time_text(gone.ends_at, days.place)}"
    if gone.ends_at >= closes:
        return f"from {time_text(gone.starts_at, days.place)}"
    return f"{time_text(gone.starts_at, days.place)}–{time_text(gone.ends_at, days.place)}"


def _span_text(gone: Gone, days: Days) -> str:
    starts, ends = time_text(gone.starts_at, days.place), time_text(gone.ends_at, days.place)
    first, last = local_date(gone.starts_at, days.place), local_date(gone.ends_at, days.place)
    if first == last or (last == first + _DAY and ends == "00:00"):
        return f"{starts}–{ends}"
    return f"{date_text(first, days.locale)}, {starts} – {date_text(last, days.locale)}, {ends}"
