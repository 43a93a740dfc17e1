"""The two lines above the calendar: how much time is shown, which columns, which filters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Literal, TypeVar
from uuid import UUID

import streamlit as st

from clinic_core.kit.formats import Locale, date_text, short_date_text, short_day_text
from clinic_core.scheduling.schemas import BookableService, PractitionerRow, ResourceRow
from clinic_core.scheduling.schemas.hours import WEEKDAYS
from clinic_core.ui.calendar_blocks import legend_text
from clinic_core.ui.calendar_filters import EARLIEST, LATEST, By, ColorBy, Mode, View, show
from clinic_core.ui.status import status_text
from clinic_core.vocabulary import AppointmentStatus

Word = TypeVar("Word", bound=StrEnum)
Several = Literal["practitioners", "rooms", "services"]

_MODES = {mode: mode.value.capitalize() for mode in Mode}
_COLUMNS = {By.PRACTITIONER: "By practitioner", By.ROOM: "By room"}
_COLORS = {ColorBy.STATUS: "Colours by status", ColorBy.TYPE: "Colours by type"}


def draw_time_line(view: View, today: date, period: str, *, is_narrow: bool) -> None:
    """View, day, the way back and on, and the period in words; on a phone the day and the ways only."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall" if is_narrow else "small"):
        if is_narrow:
            st.button("Previous", key="calendar_back", on_click=show, args=(view.turned(-1),))
            _draw_day(view, today, width=124)
            st.button("Next", key="calendar_next", on_click=show, args=(view.turned(1),))
            st.button("Today", key="calendar_today", on_click=show, args=(replace(view, day=today),))
            return
        _radio(
            "View", list(Mode), view.mode, _MODES, key="calendar_mode", changed=lambda mode: replace(view, mode=mode)
        )
        st.button(
            "Previous", icon=":material/chevron_left:", key="calendar_back", on_click=show, args=(view.turned(-1),)
        )
        st.button("Today", key="calendar_today", on_click=show, args=(replace(view, day=today),))
        st.button(
            "Next",
            icon=":material/chevron_right:",
            icon_position="right",
            key="calendar_next",
            on_click=show,
            args=(view.turned(1),),
        )
        _draw_day(view, today, width=140)
        st.markdown(f"**{period}**", width="content")


def period_text(view: View, days: tuple[date, date], locale: Locale) -> str:
    """The days shown, as the organisation writes them; one day with its weekday."""
    if view.mode is Mode.DAY:
        return f"{WEEKDAYS[view.day.isoweekday() - 1]}, {date_text(view.day, locale)}"
    return f"{date_text(days[0], locale)} – {date_text(days[1], locale)}"


def short_period_text(view: View, days: tuple[date, date], locale: Locale) -> str:
    """The days shown in few letters, for a phone."""
    if view.mode is Mode.DAY:
        return short_day_text(view.day, locale)
    return f"{short_date_text(days[0], locale)} – {short_date_text(days[1], locale)}"


def shown_people(view: View, people: Sequence[PractitionerRow], own_id: UUID | None, *, one: bool) -> list[UUID]:
    """Whose columns are shown; of a week, and where there is room for `one` only, one's own or the first."""
    known = [row.id for row in people]
    chosen = [found for found in known if found in view.practitioners]
    if one or (view.mode is Mode.WEEK and not chosen):
        usual = [own_id] if own_id in known else known
        return (chosen or usual)[:1]
    return chosen or known


def shown_rooms(view: View, rooms: Sequence[ResourceRow], *, one: bool) -> list[UUID]:
    """Which rooms and equipment have columns; of a week, and where there is room for `one` only, the first."""
    known = [row.id for row in rooms]
    chosen = [found for found in known if found in view.rooms]
    return (chosen or known)[:1] if one or (view.mode is Mode.WEEK and not chosen) else chosen or known


def draw_filter_line(
    view: View,
    people: Sequence[PractitionerRow],
    rooms: Sequence[ResourceRow],
    services: Sequence[BookableService],
    shown: Sequence[UUID],
    *,
    on_phone: Callable[[], None] | None = None,
) -> None:
    """Columns, filters, colours and the legend; `shown` are the columns.

    On a phone there is room for one column: the view stands here too, and `on_phone` draws what else of the page has
    its place behind the filters then.
    """
    is_narrow = on_phone is not None
    names: dict[Several, Mapping[UUID, str]] = {
        "practitioners": {row.id: row.name for row in people},
        "rooms": {row.id: row.name for row in rooms},
        "services": {row.id: row.name for row in services},
    }
    columns: Several = "rooms" if view.by is By.ROOM else "practitioners"
    is_board = view.mode in {Mode.DAY, Mode.WEEK}
    several = _placeholder(view, [names[columns][found] for found in shown])
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall" if is_narrow else "small"):
        if is_narrow:
            _draw_modes(view)
        elif is_board:
            _draw_columns(view)
        if is_narrow and is_board and shown:
            _one_of(view, columns, names[columns], shown[0])
        elif not is_narrow and (is_board or columns == "practitioners"):
            _several_of(view, columns, names[columns], several)
        hidden = [view.services, view.statuses, view.practitioners if columns == "rooms" else ()]
        active = sum(1 for values in hidden if values)
        word = "More" if is_narrow else "Filters"
        with st.popover(f"{word} ({active})" if active else word, icon=":material/filter_list:"):
            if on_phone is not None:
                on_phone()
            if is_narrow and is_board:
                _draw_columns(view)
            if columns == "rooms" or (is_narrow and not is_board):
                _several_of(view, "practitioners", names["practitioners"], "All practitioners")
            _several_of(view, "services", names["services"], "All services")
            _statuses_of(view)
            st.button("Clear filters", key="calendar_clear", on_click=show, args=(_cleared(view),), disabled=not active)
            _radio(
                "Colours",
                list(ColorBy),
                view.color,
                _COLORS,
                key="calendar_color",
                changed=lambda color: replace(view, color=color),
            )
            st.caption(legend_text())


def _draw_day(view: View, today: date, *, width: int) -> None:
    st.session_state["calendar_day"] = view.day
    st.date_input(
        "Day",
        key="calendar_day",
        label_visibility="collapsed",
        format="YYYY-MM-DD",
        width=width,
        min_value=EARLIEST,
        max_value=LATEST,
        on_change=lambda: show(replace(view, day=st.session_state["calendar_day"] or today)),
    )


def _draw_modes(view: View) -> None:
    """The views that a phone has room for, in one field."""
    key = "calendar_mode_narrow"
    st.session_state[key] = view.mode
    st.selectbox(
        "View",
        [mode for mode in Mode if mode is not Mode.WEEK],
        format_func=lambda mode: _MODES[mode],
        key=key,
        label_visibility="collapsed",
        width=96,
        on_change=lambda: show(replace(view, mode=st.session_state[key])),
    )


def _draw_columns(view: View) -> None:
    _radio("Columns", list(By), view.by, _COLUMNS, key="calendar_by", changed=lambda by: replace(view, by=by))


def _placeholder(view: View, shown: Sequence[str]) -> str:
    """What is shown while nobody chose."""
    what = "rooms" if view.by is By.ROOM else "practitioners"
    return f"{shown[0]}; choose others here" if view.mode is Mode.WEEK and shown else f"All {what}"


def _cleared(view: View) -> View:
    return replace(view, services=(), statuses=(), practitioners=() if view.by is By.ROOM else view.practitioners)


def _radio(
    label: str,
    options: Sequence[Word],
    value: Word,
    words: Mapping[Word, str],
    *,
    key: str,
    changed: Callable[[Word], View],
) -> None:
    st.session_state[key] = value
    st.radio(
        label,
        options,
        horizontal=True,
        key=key,
        format_func=lambda word: words[word],
        label_visibility="collapsed",
        width="content",
        on_change=lambda: show(changed(st.session_state[key])),
    )


def _one_of(view: View, field: Several, names: Mapping[UUID, str], one: UUID) -> None:
    key = f"calendar_one_{field}"
    st.session_state[key] = one
    st.selectbox(
        "Room" if field == "rooms" else "Practitioner",
        list(names),
        format_func=lambda found: names[found],
        key=key,
        label_visibility="collapsed",
        width=140,
        on_change=lambda: show(_with(view, field, (st.session_state[key],))),
    )


def _several_of(view: View, field: Several, names: Mapping[UUID, str], placeholder: str) -> None:
    key = f"calendar_{field}"
    st.session_state[key] = [found for found in getattr(view, field) if found in names]
    st.multiselect(
        field.capitalize(),
        list(names),
        format_func=lambda found: names[found],
        key=key,
        label_visibility="collapsed",
        placeholder=placeholder,
        on_change=lambda: show(_with(view, field, tuple(st.session_state[key]))),
    )


def _with(view: View, field: Several, ids: tuple[UUID, ...]) -> View:
    match field:
        case "practitioners":
            return replace(view, practitioners=ids)
        case "rooms":
            return replace(view, rooms=ids)
        case "services":
            return replace(view, services=ids)


def _statuses_of(view: View) -> None:
    key = "calendar_statuses"
    st.session_state[key] = list(view.statuses)
    st.multiselect(
        "Statuses",
        list(AppointmentStatus),
        format_func=status_text,
        key=key,
        label_visibility="collapsed",
        placeholder="All statuses but cancelled",
        on_change=lambda: show(replace(view, statuses=tuple(st.session_state[key]))),
    )
