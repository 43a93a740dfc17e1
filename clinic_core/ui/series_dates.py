"""The dates of a series that need somebody to decide: skip, another time, or book all the same with a reason."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from clinic_core.errors import Obstacle
from clinic_core.kit.calendar import to_wall, zone
from clinic_core.kit.formats import Locale, day_text, time_text
from clinic_core.scheduling.queries import find_date_alternatives
from clinic_core.scheduling.schemas import ChosenDate, FindDateAlternatives, SlotRow
from clinic_core.ui.booking_fields import ask
from clinic_core.ui.conflict_view import draw_obstacles, lifting
from clinic_core.ui.forms import reason_field
from clinic_core.ui.page import Page
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import DateChoice, DateStatus, Severity

MOST_ASKED = 12
_OTHER, _ANYWAY = "Another time", "Book all the same"
_SYMBOLS = {
    DateStatus.FREE: ":green[:material/check_circle:]",
    DateStatus.CONFLICT: ":red[:material/event_busy:]",
    DateStatus.NOT_AVAILABLE: ":orange[:material/schedule:]",
}


@dataclass(frozen=True)
class OpenDate:
    """A date that is not free; `skip` is the word for leaving it out, `ask` what alternatives are looked for."""

    original_starts_at: datetime
    starts_at: datetime
    status: DateStatus
    obstacles: tuple[Obstacle, ...]
    can_override: bool
    skip: str
    alternatives: FindDateAlternatives


def when_text(instant: datetime, timezone: str, locale: Locale) -> str:
    """A date with its weekday and time on the wall of the series: "Mon 10 Mar 2031, 10:00"."""
    place = zone(timezone)
    return f"{day_text(to_wall(instant, place).date(), locale)}, {time_text(instant, place)}"


def clock_note(*, shifted: bool, repeated: bool) -> str:
    """What the change of the clocks does to a date, as a remark; empty on ordinary days."""
    if shifted:
        return "The clocks skip this time; it begins later"
    return "The clocks show this time twice; it is the first" if repeated else ""


def draw_open_dates(page: Page, dates: Sequence[OpenDate], timezone: str, *, key: str) -> tuple[ChosenDate, ...]:
    """A choice for each date that is not free; those beyond the first dozen are skipped."""
    if not dates:
        return ()
    number = len(dates)
    st.markdown(f"**{number} {'date is' if number == 1 else 'dates are'} not free** · choose what shall be done")
    chosen = []
    for place, date in enumerate(dates[:MOST_ASKED]):
        with st.container(border=True, gap="small", key=f"{key}_{place}"):
            chosen.append(_draw(page, date, timezone, f"{key}_{date.original_starts_at:%Y%m%d%H%M}"))
    rest = dates[MOST_ASKED:]
    if rest:
        st.caption(f"{len(rest)} more are not free either; “{rest[0].skip}” holds for them.")
    return (*chosen, *(_skipped(date) for date in rest))


def _draw(page: Page, date: OpenDate, timezone: str, key: str) -> ChosenDate:
    locale = page.actor.settings.locale
    st.markdown(f"{_SYMBOLS[date.status]} **{plain(when_text(date.starts_at, timezone, locale))}**")
    draw_obstacles([one for one in date.obstacles if one.severity is not Severity.INFO], can_override=date.can_override)
    words = [date.skip, _OTHER, *([_ANYWAY] if date.can_override else [])]
    word = st.radio("Choice", words, key=f"{key}_choice", horizontal=True, label_visibility="collapsed")
    if word == _OTHER:
        return _draw_other(page, date, timezone, key)
    if word == _ANYWAY:
        return _draw_anyway(date, key)
    return _skipped(date)


def _draw_other(page: Page, date: OpenDate, timezone: str, key: str) -> ChosenDate:
    found = ask(page, find_date_alternatives, lambda: date.alternatives)
    if isinstance(found, str) or not found:
        st.caption(plain(found) if isinstance(found, str) and found else "Nothing is free around that date.")
        return _skipped(date)
    show: Callable[[SlotRow], str] = lambda slot: when_text(slot.starts_at, timezone, page.actor.settings.locale)  # noqa: E731
    slot = st.radio("Instead", found, format_func=show, key=f"{key}_other", horizontal=True)
    return ChosenDate(
        original_starts_at=date.original_starts_at,
        choice=DateChoice.OTHER_TIME,
        starts_at=slot.starts_at,
        resource_ids=slot.resource_ids,
    )


def _draw_anyway(date: OpenDate, key: str) -> ChosenDate:
    reason = reason_field("Reason to book it all the same", key=f"{key}_reason").strip()
    if not reason:
        st.caption("Without a reason this date is left out.")
        return _skipped(date)
    lifted = lifting(date.obstacles, reason)
    return ChosenDate(
        original_starts_at=date.original_starts_at,
        choice=DateChoice.OVERRIDE,
        double_book_reason=lifted.double_book_reason,
        override_reason=lifted.override_reason,
        seen=tuple(sorted({one.kind for one in date.obstacles if one.severity is not Severity.INFO})),
    )


def _skipped(date: OpenDate) -> ChosenDate:
    return ChosenDate(original_starts_at=date.original_starts_at, choice=DateChoice.SKIP)
