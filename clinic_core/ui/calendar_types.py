"""What the calendar draws and what the person at it did: plain values between the pages and the component."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

# The column of appointments that take no room; shown only where there are some.
NO_ROOM = UUID(int=0)

AwayKind = Literal["absence", "outage"]
ShadeLook = Literal["off", "away", "closed"]
LineLook = Literal["number", "today", "closed", "more"]


@dataclass(frozen=True)
class Column:
    """A column of the calendar: a practitioner, a room or a piece of equipment."""

    id: UUID
    name: str


@dataclass(frozen=True)
class Block:
    """An appointment in one column; who takes two rooms stands in two columns.

    `fill` and `text` are colours with enough contrast, `bar` is the colour of its left edge.
    """

    id: UUID
    column_id: UUID
    starts_at: datetime
    ends_at: datetime
    version: int
    title: str
    fill: str
    text: str
    bar: str
    is_struck: bool
    is_movable: bool


@dataclass(frozen=True)
class Away:
    """Some hours that were blocked on purpose; a click opens them. `when` is from … to … in words."""

    id: UUID
    kind: AwayKind
    column_id: UUID
    starts_at: datetime
    ends_at: datetime
    title: str
    when: str


@dataclass(frozen=True)
class Shade:
    """Time of a column in which nothing is booked as a rule, with its word where there is one to say."""

    column_id: UUID
    starts_at: datetime
    ends_at: datetime
    look: ShadeLook
    word: str = ""


@dataclass(frozen=True)
class Banner:
    """What is said above a column on one day, where no appointment covers it; `opens` is what a click on it opens."""

    column_id: UUID
    day: date
    text: str
    opens: "AwayOpened | None" = None


@dataclass(frozen=True)
class Board:
    """Days side by side, from `first` on: the columns, and what lies on them."""

    first: date
    days: int
    place: ZoneInfo
    columns: Sequence[Column]
    blocks: Sequence[Block]
    aways: Sequence[Away]
    shades: Sequence[Shade]
    banners: Sequence[Banner]
    opens: time
    closes: time
    is_editable: bool
    is_narrow: bool


@dataclass(frozen=True)
class DayLine:
    """One line of a day in the month: its number and what is booked, that it is closed, or how many are not drawn."""

    day: date
    text: str
    look: LineLook


@dataclass(frozen=True)
class Month:
    """A month at a glance, with the first blocks of each day, or none where there are too many to be read at all."""

    first: date
    first_weekday: int
    place: ZoneInfo
    lines: Sequence[DayLine]
    blocks: Sequence[Block]
    is_editable: bool


@dataclass(frozen=True)
class SlotChosen:
    """An empty time was clicked or drawn over; `ends_at` is None for a click."""

    column_id: UUID
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True)
class BlockOpened:
    """An appointment was clicked."""

    id: UUID


@dataclass(frozen=True)
class AwayOpened:
    """Blocked time was clicked."""

    id: UUID
    kind: AwayKind


@dataclass(frozen=True)
class BlockMoved:
    """An appointment was dragged or resized; nothing is saved yet. `version` is that of the block as it was drawn."""

    id: UUID
    version: int
    from_column: UUID
    to_column: UUID
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class BlockMisplaced:
    """An appointment was dropped where there are no times; it goes back to where it was."""


@dataclass(frozen=True)
class DayChosen:
    """A day of the month was clicked."""

    day: date


Answer = SlotChosen | BlockOpened | AwayOpened | BlockMoved | BlockMisplaced | DayChosen
