"""How statuses look: one colour pair for each theme, a symbol and a word, the same on calendar, lists and badges."""

from dataclasses import dataclass
from typing import Literal

import streamlit as st

from clinic_core.kit.calendar import local_date, zone
from clinic_core.kit.clock import now
from clinic_core.scheduling.schemas import AppointmentRow
from clinic_core.scheduling.transitions import TRANSITIONS
from clinic_core.vocabulary import AppointmentStatus

Theme = Literal["light", "dark"]
BadgeColor = Literal["gray", "blue", "violet", "orange", "green", "red"]


@dataclass(frozen=True)
class Look:
    """Fill and text of a block in the light and in the dark theme, its symbol, and the nearest badge colour."""

    symbol: str
    badge: BadgeColor
    light: tuple[str, str]
    dark: tuple[str, str]

    def pair(self, theme: Theme) -> tuple[str, str]:
        """Fill and text for the theme."""
        return self.dark if theme == "dark" else self.light


LOOKS: dict[AppointmentStatus, Look] = {
    AppointmentStatus.BOOKED: Look("○", "gray", ("#e3e8ee", "#2b3947"), ("#33404d", "#e1e8ef")),
    AppointmentStatus.CONFIRMED: Look("◎", "blue", ("#d6e6fb", "#12407a"), ("#173a63", "#cfe3fb")),
    AppointmentStatus.ARRIVED: Look("●", "violet", ("#e5dcfa", "#472a93"), ("#3b2a6b", "#e3d9fb")),
    AppointmentStatus.IN_PROGRESS: Look("▶", "orange", ("#fbe7c2", "#6b3f04"), ("#5c3a0a", "#fbe5bd")),
    AppointmentStatus.COMPLETED: Look("✓", "green", ("#d5efdd", "#17512e"), ("#17452a", "#cdeed8")),
    AppointmentStatus.NO_SHOW: Look("✕", "red", ("#f9d8dc", "#85182b"), ("#5e1c28", "#fad7dc")),
    AppointmentStatus.CANCELLED: Look("–", "gray", ("#ffffff", "#5b6875"), ("#12171c", "#9aa7b4")),
}

_S = AppointmentStatus

# The steps of a day and the word on each button.
STEPS: dict[AppointmentStatus, dict[AppointmentStatus, str]] = {
    _S.BOOKED: {_S.ARRIVED: "Arrive", _S.CONFIRMED: "Confirm", _S.IN_PROGRESS: "Start", _S.NO_SHOW: "No-show"},
    _S.CONFIRMED: {_S.ARRIVED: "Arrive", _S.IN_PROGRESS: "Start", _S.NO_SHOW: "No-show", _S.BOOKED: "Not confirmed"},
    _S.ARRIVED: {_S.IN_PROGRESS: "Start", _S.COMPLETED: "Complete", _S.BOOKED: "Not here yet"},
    _S.IN_PROGRESS: {_S.COMPLETED: "Complete", _S.ARRIVED: "Not started yet"},
    _S.COMPLETED: {_S.IN_PROGRESS: "Not finished yet"},
    _S.NO_SHOW: {_S.ARRIVED: "Arrived after all", _S.BOOKED: "Take back no-show"},
    _S.CANCELLED: {_S.BOOKED: "Book again"},
}


# What follows on the day itself; what is over, or was called off, has no usual next step.
USUAL: dict[AppointmentStatus, AppointmentStatus] = {
    _S.BOOKED: _S.ARRIVED,
    _S.CONFIRMED: _S.ARRIVED,
    _S.ARRIVED: _S.IN_PROGRESS,
    _S.IN_PROGRESS: _S.COMPLETED,
}

# Nobody comes before the day, and nobody is missed before the hour.
_ON_THE_DAY = frozenset({_S.ARRIVED, _S.IN_PROGRESS})


def next_steps(row: AppointmentRow) -> dict[AppointmentStatus, str]:
    """What may follow now, each with the word on its button; cancelling is apart."""
    is_later = _is_on_a_later_day(row)
    return {
        found: word
        for found, word in STEPS[row.status].items()
        if found in TRANSITIONS[row.status]
        and not (is_later and found in _ON_THE_DAY)
        and not (found is _S.NO_SHOW and row.starts_at > now())
    }


def usual_step(row: AppointmentRow) -> AppointmentStatus | None:
    """What comes next: on the day the patient, before it the confirmation, and nothing of what is over."""
    if row.status is _S.BOOKED and _is_on_a_later_day(row):
        return _S.CONFIRMED
    step = USUAL.get(row.status)
    return step if step in next_steps(row) else None


def _is_on_a_later_day(row: AppointmentRow) -> bool:
    place = zone(row.timezone)
    return local_date(row.starts_at, place) > local_date(now(), place)


def current_theme() -> Theme:
    """The theme the browser shows."""
    return "dark" if st.context.theme.type == "dark" else "light"


def status_text(status: AppointmentStatus) -> str:
    """Symbol and word: ● Arrived."""
    return f"{LOOKS[status].symbol} {status.label}"


def draw_status(status: AppointmentStatus) -> None:
    """The status as a badge."""
    st.badge(status_text(status), color=LOOKS[status].badge)
