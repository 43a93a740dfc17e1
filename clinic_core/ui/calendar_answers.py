"""What the person did on the calendar, read back from the component in instants of the location."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from clinic_core.kit.calendar import from_wall, to_wall
from clinic_core.ui.calendar_types import (
    Answer,
    AwayOpened,
    BlockMisplaced,
    BlockMoved,
    BlockOpened,
    DayChosen,
    SlotChosen,
)

REV = "_calendar_rev"
_CLICK = timedelta(minutes=15)


def read_answer(key: str, place: ZoneInfo) -> Answer | None:
    """What the person did on the calendar of that key since it was answered last; `settle_answer` ends it."""
    value: Mapping[str, Any] = st.session_state.get(key) or {}
    rev = int(st.session_state.get(REV, 0))
    kind = value.get("callback")
    said: Mapping[str, Any] = value.get(str(kind)) or {}
    if kind in {"dateClick", "select"}:
        return _chosen(said, place, rev)
    event = said.get("event") or {}
    if _rev(event) != rev:
        return None
    what, _, rest = str(event["id"]).partition("/")
    id_, _, column = rest.partition("/")
    if what == "day":
        return DayChosen(date.fromisoformat(id_))
    if what in {"absence", "outage"}:
        return AwayOpened(UUID(id_), "absence" if what == "absence" else "outage")
    if kind == "eventClick":
        return BlockOpened(UUID(id_))
    return BlockMisplaced() if event.get("allDay") else _moved(event, UUID(id_), UUID(column), place)


def settle_answer() -> None:
    """The answer is dealt with: the next one differs from it, and a refused drop snaps back."""
    st.session_state[REV] = int(st.session_state.get(REV, 0)) + 1


def iso(wall: datetime) -> str:
    """Wall time as the component takes it."""
    return wall.isoformat(timespec="seconds")


def shown_span(starts_at: datetime, ends_at: datetime, place: ZoneInfo) -> tuple[datetime, datetime]:
    """From … to … on the wall; what runs into an hour that comes twice is drawn as long as it takes."""
    start, end = to_wall(starts_at, place), to_wall(ends_at, place)
    return start, end if end > start else start + (ends_at - starts_at)


def _chosen(said: Mapping[str, Any], place: ZoneInfo, rev: int) -> Answer | None:
    start, end = str(said.get("date") or said.get("start")), said.get("end")
    column = said.get("resource") or {}
    if said.get("allDay"):
        # Above a column there are no times to be chosen.
        return None if column else DayChosen(date.fromisoformat(start[:10]))
    if _rev(column) != rev:
        return None
    starts_at = _instant(start, place)
    drawn = _instant(str(end), place) if end else None
    is_click = drawn is None or drawn - starts_at <= _CLICK
    return SlotChosen(UUID(column["id"]), starts_at, None if is_click else drawn)


def _moved(event: Mapping[str, Any], id_: UUID, column: UUID, place: ZoneInfo) -> BlockMoved:
    """Where it was dropped. What did not change keeps its very instant: a wall time may mean two of them."""
    before = event["extendedProps"]
    old = datetime.fromisoformat(before["starts"]), datetime.fromisoformat(before["ends"])
    shown = shown_span(*old, place)
    start = _wall(event["start"])
    end = _wall(event["end"]) if event.get("end") else start + (shown[1] - shown[0])
    starts_at = old[0] if start == shown[0] else from_wall(start, place).instant
    if end - start == shown[1] - shown[0]:
        ends_at = starts_at + (old[1] - old[0])
    else:
        ends_at = old[1] if end == shown[1] else from_wall(end, place).instant
    return BlockMoved(
        id=id_,
        version=int(before["version"]),
        from_column=column,
        to_column=UUID(event.get("resourceId") or str(column)),
        starts_at=starts_at,
        ends_at=ends_at,
    )


def _rev(thing: Mapping[str, Any]) -> int | None:
    found = (thing.get("extendedProps") or {}).get("rev")
    return int(found) if found is not None else None


def _wall(answered: str) -> datetime:
    return datetime.fromisoformat(answered[:19])


def _instant(answered: str, place: ZoneInfo) -> datetime:
    return from_wall(_wall(answered), place).instant
