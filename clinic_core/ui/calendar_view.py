"""The calendar on the screen: the only module that touches streamlit-calendar.

The component is told naive wall time of the location under the zone "UTC" and answers in the same; that is right in
every browser zone. Its value stays after it was handled, and two equal clicks give equal values: a running number
(`rev`) in every block and column tells a new answer from an old one, and makes a refused drop snap back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st
from streamlit_calendar import calendar

from clinic_core.kit.calendar import from_wall, to_wall
from clinic_core.kit.clock import now
from clinic_core.ui.calendar_style import calendar_css
from clinic_core.ui.status import LOOKS, current_theme
from clinic_core.vocabulary import AppointmentStatus

# True because this project is GPL-3.0-or-later: FullCalendar Premium may then be used under the GPL.
LICENSE_KEY = "GPL-My-Project-Is-Open-Source"
SLOT_MINUTES = 15
HEIGHT = 700
NARROWEST_COLUMN = 84
_REV = "_calendar_rev"
_CALLBACKS = ["dateClick", "select", "eventClick", "eventChange"]


@dataclass(frozen=True)
class Column:
    """A column of the calendar: a practitioner."""

    id: UUID
    name: str


@dataclass(frozen=True)
class Block:
    """An appointment on the calendar; `symbols` follow the title."""

    id: UUID
    column_id: UUID
    starts_at: datetime
    ends_at: datetime
    title: str
    status: AppointmentStatus
    color: str
    movable: bool


@dataclass(frozen=True)
class Shade:
    """Time of a column in which nobody works there."""

    column_id: UUID
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Board:
    """What is drawn: the days from `first` on, the columns, and what lies on them."""

    first: date
    days: int
    place: ZoneInfo
    columns: Sequence[Column]
    blocks: Sequence[Block]
    shades: Sequence[Shade]
    opens: time = time(7)
    closes: time = time(20)
    editable: bool = True


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
class BlockMoved:
    """An appointment was dragged or resized; nothing is saved yet."""

    id: UUID
    column_id: UUID
    starts_at: datetime
    ends_at: datetime


Answer = SlotChosen | BlockOpened | BlockMoved


def draw_calendar(board: Board, *, key: str) -> Answer | None:
    """Draw the board; what the person did on it since the last run, once."""
    rev = int(st.session_state.setdefault(_REV, 0))
    value = calendar(
        events=[*_events(board, rev), *_shades(board)],
        options=_options(board, rev),
        custom_css=calendar_css(current_theme(), least_width=len(board.columns) * board.days * NARROWEST_COLUMN),
        callbacks=_CALLBACKS if board.editable else ["eventClick"],
        license_key=LICENSE_KEY,
        key=key,
    )
    answer = _answer(value or {}, board.place, rev)
    if answer is not None:
        st.session_state[_REV] = rev + 1
    return answer


def _options(board: Board, rev: int) -> dict[str, Any]:
    last = board.first + timedelta(days=board.days)
    return {
        "timeZone": "UTC",
        "now": _iso(to_wall(now(), board.place).replace(second=0, microsecond=0)),
        "nowIndicator": True,
        "initialView": "board",
        "views": {
            "board": {
                "type": "resourceTimeGrid",
                "duration": {"days": board.days},
                "dateAlignment": "week" if board.days > 1 else "day",
            }
        },
        "firstDay": board.first.isoweekday() % 7,
        "initialDate": board.first.isoformat(),
        # The valid range leads the mounted calendar to other days; its own navigation would not tell us.
        "validRange": {"start": board.first.isoformat(), "end": last.isoformat()},
        "datesAboveResources": True,
        "headerToolbar": False,
        "dayHeaders": True,
        "dayHeaderFormat": {"weekday": "short", "day": "numeric", "month": "short"},
        "resources": [
            {"id": str(column.id), "title": column.name, "extendedProps": {"rev": rev}} for column in board.columns
        ],
        "resourceOrder": "title",
        "slotDuration": f"00:{SLOT_MINUTES}:00",
        "slotLabelInterval": "01:00:00",
        "slotLabelFormat": {"hour": "2-digit", "minute": "2-digit", "hour12": False},
        "eventTimeFormat": {"hour": "2-digit", "minute": "2-digit", "hour12": False},
        "slotMinTime": f"{board.opens:%H:%M}:00",
        "slotMaxTime": "24:00:00" if board.closes == time() else f"{board.closes:%H:%M}:00",
        "allDaySlot": False,
        "expandRows": True,
        "height": HEIGHT,
        "selectable": board.editable,
        "editable": board.editable,
        "eventResourceEditable": board.editable,
        "longPressDelay": 350,
        "slotEventOverlap": False,
    }


def _events(board: Board, rev: int) -> list[dict[str, Any]]:
    theme = current_theme()
    return [
        {
            "id": str(block.id),
            "resourceId": str(block.column_id),
            "title": f"{LOOKS[block.status].symbol} {block.title}",
            "start": _iso(to_wall(block.starts_at, board.place)),
            "end": _iso(to_wall(block.ends_at, board.place)),
            "backgroundColor": LOOKS[block.status].pair(theme)[0],
            "textColor": LOOKS[block.status].pair(theme)[1],
            "borderColor": block.color or LOOKS[block.status].pair(theme)[1],
            "classNames": [f"status-{block.status.value}"],
            "editable": board.editable and block.movable,
            "extendedProps": {"rev": rev},
        }
        for block in board.blocks
    ]


def _shades(board: Board) -> list[dict[str, Any]]:
    return [
        {
            "resourceId": str(shade.column_id),
            "start": _iso(to_wall(shade.starts_at, board.place)),
            "end": _iso(to_wall(shade.ends_at, board.place)),
            "display": "background",
            "classNames": ["shade"],
        }
        for shade in board.shades
    ]


def _answer(value: Mapping[str, Any], place: ZoneInfo, rev: int) -> Answer | None:
    """What the value says, or None when it was answered before."""
    kind = value.get("callback")
    said: Mapping[str, Any] = value.get(str(kind)) or {}
    if kind in {"dateClick", "select"}:
        column = said.get("resource") or {}
        if _rev(column) != rev:
            return None
        start, end = str(said.get("date") or said.get("start")), said.get("end")
        drawn = _instant(end, place) if end else None
        chosen = SlotChosen(UUID(column["id"]), _instant(start, place), drawn)
        clicked = drawn is not None and drawn - chosen.starts_at <= timedelta(minutes=SLOT_MINUTES)
        return SlotChosen(chosen.column_id, chosen.starts_at, None) if clicked else chosen
    event = said.get("event") or {}
    if _rev(event) != rev:
        return None
    if kind == "eventClick":
        return BlockOpened(UUID(event["id"]))
    return BlockMoved(
        UUID(event["id"]), UUID(event["resourceId"]), _instant(event["start"], place), _instant(event["end"], place)
    )


def _rev(thing: Mapping[str, Any]) -> int | None:
    found = (thing.get("extendedProps") or {}).get("rev")
    return int(found) if found is not None else None


def _iso(wall: datetime) -> str:
    return wall.isoformat(timespec="seconds")


def _instant(answered: str, place: ZoneInfo) -> datetime:
    return from_wall(datetime.fromisoformat(answered[:19]), place).instant
