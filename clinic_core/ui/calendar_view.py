"""The calendar on the screen: the only module that touches streamlit-calendar.

The component is told naive wall time of the location under the zone "UTC" and answers in the same; that is right in
every browser zone. Its value stays after it was handled, and two equal clicks give equal values: a running number
(`rev`) in every block and column tells a new answer from an old one, and makes a refused drop snap back.

A page reads the answer first and draws afterwards: so one run of the script shows what became of it.
"""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st
from streamlit_calendar import calendar

from clinic_core.kit.calendar import to_wall
from clinic_core.kit.clock import now
from clinic_core.ui.calendar_answers import REV, iso, shown_span
from clinic_core.ui.calendar_style import board_css, month_css
from clinic_core.ui.calendar_types import Away, Banner, Block, Board, LineLook, Month, Shade
from clinic_core.ui.status import current_theme

# True because this project is GPL-3.0-or-later: FullCalendar Premium may then be used under the GPL.
LICENSE_KEY = "GPL-My-Project-Is-Open-Source"
SLOT_MINUTES = 15
HEIGHT = 700
NARROWEST_COLUMN = 92
_SLOT_HEIGHT, _HEAD_HEIGHT, _BANNER_HEIGHT = 16, 30, 20
_BOARD = "calendar_board"
_DRAWN = "_calendar_drawn"
# What comes first in a day of the month.
_LINE_PLACES: dict[LineLook, int] = {"number": 0, "today": 0, "closed": 1, "more": 3}
_BLOCK_PLACE = 2
_TIME = {"hour": "2-digit", "minute": "2-digit", "hour12": False}


def drawn_key() -> str:
    """The key of what was drawn last, under which its answer is."""
    return str(st.session_state.get(_DRAWN, _BOARD))


def draw_board(board: Board) -> None:
    """Draw days side by side; what the person does on it is in `read_answer` of the next run."""
    rev = int(st.session_state.setdefault(REV, 0))
    st.session_state[_DRAWN] = key = _board_key(board)
    calendar(
        events=[
            *(_event(block, board.place, rev) for block in board.blocks),
            *(_away(away, board, rev) for away in board.aways),
            *(_shade(shade, board) for shade in board.shades),
            *(_banner(banner, rev) for banner in board.banners),
        ],
        options=_board_options(board, rev),
        custom_css=board_css(current_theme(), least_width=_least_width(board)),
        callbacks=["dateClick", "select", "eventClick", "eventChange"] if board.is_editable else ["eventClick"],
        license_key=LICENSE_KEY,
        key=key,
    )


def draw_month(month: Month) -> None:
    """Draw a month; what the person does on it is in `read_answer` of the next run."""
    rev = int(st.session_state.setdefault(REV, 0))
    st.session_state[_DRAWN] = key = "calendar_month"
    lines = [
        {
            "id": f"day/{line.day.isoformat()}/{number}",
            "title": line.text,
            "start": line.day.isoformat(),
            "allDay": True,
            "editable": False,
            "classNames": [f"day-{line.look}"],
            "extendedProps": {"rev": rev, "place": _LINE_PLACES[line.look]},
        }
        for number, line in enumerate(month.lines)
    ]
    calendar(
        events=[*lines, *(_event(block, month.place, rev) for block in month.blocks)],
        options=_month_options(month),
        custom_css=month_css(current_theme()),
        callbacks=["dateClick", "eventClick", "eventChange"] if month.is_editable else ["dateClick", "eventClick"],
        license_key=LICENSE_KEY,
        key=key,
    )


def _is_whole(board: Board) -> bool:
    """Whether it is drawn in its whole height, so that the page scrolls and not the board in it.

    So on a phone; and wherever it holds nothing that takes the focus, as keys could not scroll it then.
    """
    if board.is_narrow:
        return True
    hours = (board.closes.hour or 24) - board.opens.hour
    heads = (1 if board.days == 1 else 2) * _HEAD_HEIGHT + _banner_lines(board) * _BANNER_HEIGHT
    return heads + hours * 60 // SLOT_MINUTES * _SLOT_HEIGHT > HEIGHT and not board.blocks and not board.aways


def _board_key(board: Board) -> str:
    """The key of the component: its frame takes its height when it comes, so another height is another frame."""
    if not _is_whole(board):
        return _BOARD
    key = f"{_BOARD}_{board.opens.hour}_{board.closes.hour}_{_banner_lines(board)}"
    return key if board.is_narrow else f"{key}_{board.first}_{len(board.columns)}"


def _banner_lines(board: Board) -> int:
    """How many lines the column with the most of them has."""
    return max(Counter((one.day, one.column_id) for one in board.banners).values(), default=0)


def _scroll_hour(board: Board, wall: datetime) -> int:
    """The hour before now where today is shown, else the first one."""
    is_today = board.first <= wall.date() < board.first + timedelta(days=board.days)
    return max(board.opens.hour, wall.hour - 1) if is_today else board.opens.hour


def _least_width(board: Board) -> int:
    return 0 if board.is_narrow else len(board.columns) * board.days * NARROWEST_COLUMN


def _board_options(board: Board, rev: int) -> dict[str, Any]:
    last = board.first + timedelta(days=board.days)
    wall = to_wall(now(), board.place).replace(second=0, microsecond=0)
    return {
        "timeZone": "UTC",
        "locale": "en-gb",
        "now": iso(wall),
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
            {"id": str(column.id), "title": column.name, "extendedProps": {"rev": rev, "position": position}}
            for position, column in enumerate(board.columns)
        ],
        "resourceOrder": "position",
        "slotDuration": f"00:{SLOT_MINUTES}:00",
        "slotLabelInterval": "01:00:00",
        "slotLabelFormat": _TIME,
        "eventTimeFormat": _TIME,
        "slotMinTime": f"{board.opens:%H:%M}:00",
        "slotMaxTime": "24:00:00" if board.closes.hour == 0 else f"{board.closes:%H:%M}:00",
        "scrollTime": f"{_scroll_hour(board, wall):02}:00:00",
        "allDaySlot": bool(board.banners),
        "allDayText": "Away",
        "expandRows": True,
        "height": "auto" if _is_whole(board) else HEIGHT,
        "selectable": board.is_editable,
        "selectMinDistance": 4,
        "editable": board.is_editable,
        "eventResourceEditable": board.is_editable,
        "longPressDelay": 350,
        "slotEventOverlap": False,
        "eventOrder": "start,-duration,title",
    }


def _month_options(month: Month) -> dict[str, Any]:
    after = (month.first + timedelta(days=31)).replace(day=1)
    return {
        "timeZone": "UTC",
        "locale": "en-gb",
        "now": iso(to_wall(now(), month.place).replace(second=0, microsecond=0)),
        "initialView": "dayGridMonth",
        "initialDate": month.first.isoformat(),
        "validRange": {"start": month.first.isoformat(), "end": after.isoformat()},
        "firstDay": month.first_weekday % 7,
        "fixedWeekCount": False,
        "headerToolbar": False,
        "height": HEIGHT,
        # The calendar's own link to what it hides can be read by eyes only, so nothing is hidden.
        "dayMaxEvents": False,
        # The number of a day is a line of its own, which keys reach too.
        "dayCellContent": " ",
        "eventOrder": "place,start,title",
        "eventOrderStrict": True,
        "displayEventEnd": False,
        "eventTimeFormat": _TIME,
        "eventDisplay": "block",
        "editable": month.is_editable,
        "eventDurationEditable": False,
        "longPressDelay": 350,
    }


def _event(block: Block, place: ZoneInfo, rev: int) -> dict[str, Any]:
    start, end = shown_span(block.starts_at, block.ends_at, place)
    return {
        "id": f"appointment/{block.id}/{block.column_id}",
        "resourceId": str(block.column_id),
        "title": block.title,
        "start": iso(start),
        "end": iso(end),
        "backgroundColor": block.fill,
        "textColor": block.text,
        "borderColor": block.bar,
        "classNames": ["appointment", "is-struck"] if block.is_struck else ["appointment"],
        "editable": block.is_movable,
        "extendedProps": {
            "rev": rev,
            "place": _BLOCK_PLACE,
            "version": block.version,
            "starts": block.starts_at.isoformat(),
            "ends": block.ends_at.isoformat(),
        },
    }


def _away(away: Away, board: Board, rev: int) -> dict[str, Any]:
    start, end = shown_span(away.starts_at, away.ends_at, board.place)
    return {
        "id": f"{away.kind}/{away.id}/{away.column_id}",
        "resourceId": str(away.column_id),
        "title": f"{away.when}\n{away.title}",
        "start": iso(start),
        "end": iso(end),
        "classNames": ["blocked"],
        "editable": False,
        "extendedProps": {"rev": rev},
    }


def _banner(banner: Banner, rev: int) -> dict[str, Any]:
    opens = banner.opens
    return {
        "id": f"{opens.kind}/{opens.id}/{banner.column_id}" if opens else f"banner/{banner.column_id}",
        "resourceId": str(banner.column_id),
        "title": banner.text,
        "start": banner.day.isoformat(),
        "allDay": True,
        "classNames": ["banner", "is-opened"] if opens else ["banner"],
        "editable": False,
        "interactive": opens is not None,
        # Without the running number a click on it says nothing.
        "extendedProps": {"rev": rev} if opens else {},
    }


def _shade(shade: Shade, board: Board) -> dict[str, Any]:
    return {
        "resourceId": str(shade.column_id),
        "start": iso(to_wall(shade.starts_at, board.place)),
        "end": iso(to_wall(shade.ends_at, board.place)),
        "title": shade.word,
        "display": "background",
        "classNames": ["shade", f"shade-{shade.look}"],
    }
