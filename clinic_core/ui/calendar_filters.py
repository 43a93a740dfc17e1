"""What the calendar shows: view, day, columns and filters, kept in the address, so that a link shows the same.

Only words, dates and ids stand in the address; whoever opens it sees what their own permissions let them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

import streamlit as st

from clinic_core.ui.calendar_window.width import is_narrow
from clinic_core.vocabulary import AppointmentStatus

Value = TypeVar("Value")

EARLIEST, LATEST = date(1990, 1, 1), date(2100, 12, 31)
_VIEW = "_calendar_view"
_ADDRESS = "_calendar_address"


class Mode(StrEnum):
    """How much time is shown at once."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    LIST = "list"


class By(StrEnum):
    """What the columns are."""

    PRACTITIONER = "practitioner"
    ROOM = "room"


class ColorBy(StrEnum):
    """What the colour of a block says; its symbols say the rest."""

    STATUS = "status"
    TYPE = "type"


@dataclass(frozen=True)
class View:
    """What is shown. Empty filters show all; `statuses` empty shows all but the cancelled ones."""

    day: date
    mode: Mode = Mode.DAY
    by: By = By.PRACTITIONER
    color: ColorBy = ColorBy.STATUS
    practitioners: tuple[UUID, ...] = ()
    rooms: tuple[UUID, ...] = ()
    services: tuple[UUID, ...] = ()
    statuses: tuple[AppointmentStatus, ...] = ()

    @property
    def shown_statuses(self) -> tuple[AppointmentStatus, ...]:
        """The statuses to ask for."""
        return self.statuses or tuple(one for one in AppointmentStatus if one is not AppointmentStatus.CANCELLED)

    def period(self, first_weekday: int) -> tuple[date, date]:
        """The first and the last day shown; weeks begin on the organisation's first weekday (ISO number)."""
        if self.mode is Mode.DAY:
            return self.day, self.day
        if self.mode is Mode.MONTH:
            first = self.day.replace(day=1)
            return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        first = self.day - timedelta(days=(self.day.isoweekday() - first_weekday) % 7)
        return first, first + timedelta(days=6)

    def turned(self, steps: int) -> "View":
        """The same one period later, or with -1 earlier."""
        if self.mode is Mode.MONTH:
            first = self.day.replace(day=1)
            turned = (first - timedelta(days=1) if steps < 0 else first + timedelta(days=31)).replace(day=1)
        else:
            turned = self.day + steps * timedelta(days=1 if self.mode is Mode.DAY else 7)
        return replace(self, day=min(max(turned, EARLIEST), LATEST))


def current_view(today: date) -> View:
    """What the address asks for, else what was shown last, else today."""
    address = {name: value for name, value in st.query_params.items() if name in _NAMES}
    known: View | None = st.session_state.get(_VIEW)
    if known is None or (address and address != st.session_state.get(_ADDRESS)):
        known = _read(address, today)
        st.session_state[_VIEW] = known
    # As narrow as a phone there is room for one column of one day.
    return replace(known, mode=Mode.DAY) if is_narrow() and known.mode is Mode.WEEK else known


def show(view: View) -> None:
    """Show this from the next drawing on."""
    st.session_state[_VIEW] = view


def keep_in_address(view: View, location_id: UUID) -> None:
    """Write what is shown into the address of the page."""
    address = {"location": str(location_id), **_written(view)}
    if dict(st.query_params.items()) != address:
        st.query_params.from_dict(address)
    st.session_state[_ADDRESS] = {name: value for name, value in address.items() if name in _NAMES}


_NAMES = frozenset({"day", "view", "by", "color", "practitioners", "rooms", "services", "statuses"})


def _written(view: View) -> dict[str, str]:
    lists = {
        "practitioners": view.practitioners,
        "rooms": view.rooms,
        "services": view.services,
        "statuses": view.statuses,
    }
    return {
        "day": view.day.isoformat(),
        "view": view.mode.value,
        "by": view.by.value,
        "color": view.color.value,
        **{name: ",".join(str(one) for one in values) for name, values in lists.items() if values},
    }


def _read(address: Mapping[str, str], today: date) -> View:
    """The view of an address; what is damaged in it falls back to the usual."""
    return View(
        day=min(max(_one(address, "day", date.fromisoformat, today), EARLIEST), LATEST),
        mode=_one(address, "view", Mode, Mode.DAY),
        by=_one(address, "by", By, By.PRACTITIONER),
        color=_one(address, "color", ColorBy, ColorBy.STATUS),
        practitioners=_several(address, "practitioners", UUID),
        rooms=_several(address, "rooms", UUID),
        services=_several(address, "services", UUID),
        statuses=_several(address, "statuses", AppointmentStatus),
    )


def _one(address: Mapping[str, str], name: str, read: Callable[[str], Value], usual: Value) -> Value:
    try:
        return read(address[name]) if name in address else usual
    except ValueError:
        return usual


def _several(address: Mapping[str, str], name: str, read: Callable[[str], Value]) -> tuple[Value, ...]:
    try:
        return tuple(read(part) for part in address.get(name, "").split(",") if part)
    except ValueError:
        return ()
