"""Blocking time: a span of a practitioner becomes an absence, one of a room an outage; a click opens it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from clinic_core.access import Permission
from clinic_core.kit.calendar import to_wall
from clinic_core.scheduling.reach import reaches
from clinic_core.scheduling.schemas import (
    AbsenceRow,
    AddAbsence,
    AddOutage,
    ChangeAbsence,
    ChangeOutage,
    OutageRow,
    PractitionerRow,
    RemoveAbsence,
    RemoveOutage,
    ResourceRow,
    WorkingHours,
)
from clinic_core.scheduling.service import (
    add_absence,
    add_outage,
    change_absence,
    change_outage,
    remove_absence,
    remove_outage,
)
from clinic_core.ui.calendar_types import AwayOpened
from clinic_core.ui.forms import chosen, date_field, instant_of, text_field
from clinic_core.ui.page import Page
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import AbsenceKind, Scope

_OPEN = "away_open"


@dataclass(frozen=True)
class AwaySpan:
    """Where the dialog begins: a time, and the practitioner or room whose it is; None leaves that to be chosen."""

    starts_at: datetime
    ends_at: datetime
    subject_id: UUID | None = None


@dataclass(frozen=True)
class _Typed:
    day: date | None
    starts: time | None
    last_day: date | None
    ends: time | None
    reason: str


def may_block(page: Page) -> bool:
    """Whether the person may block any time at all."""
    return page.actor.can(Permission.SCHEDULE_MANAGE)


def begin_away(span: AwaySpan) -> None:
    """Open the dialog for a new block at the next drawing of the page; also a callback."""
    end_away()
    st.session_state[_OPEN] = span


def open_away(opened: AwayOpened) -> None:
    """Open what was blocked before at the next drawing of the page."""
    end_away()
    st.session_state[_OPEN] = opened


def end_away() -> None:
    """Close the dialog and forget what was typed in it."""
    for key in [key for key in st.session_state if str(key).startswith("away_")]:
        del st.session_state[key]


def draw_away(
    page: Page, place: ZoneInfo, hours: WorkingHours, people: Sequence[PractitionerRow], rooms: Sequence[ResourceRow]
) -> None:
    """The dialog, when it is open; `hours` are those of the days that are shown."""
    opened: AwaySpan | AwayOpened | None = st.session_state.get(_OPEN)
    if isinstance(opened, AwaySpan):
        _new(page, place, opened, _blockable(page, people, rooms))
    elif opened is not None:
        known: Sequence[AbsenceRow | OutageRow] = hours.absences if opened.kind == "absence" else hours.outages
        row = next((one for one in known if one.id == opened.id), None)
        if row is None:
            end_away()
        else:
            _change(page, place, row)


@st.dialog("Block time", width="small", dismissible=False, icon=":material/block:")
def _new(page: Page, place: ZoneInfo, span: AwaySpan, names: dict[UUID, tuple[str, bool]]) -> None:
    ids = list(names)
    subject = st.selectbox(
        "Practitioner or room",
        ids,
        index=ids.index(span.subject_id) if span.subject_id in names else (0 if span.subject_id is None else None),
        format_func=lambda found: names[found][0],
        key="away_subject",
    )
    typed = _draw_fields(place, span.starts_at, span.ends_at, "")

    def absence() -> AddAbsence:
        starts_at, ends_at = _span(typed, place)
        return AddAbsence(
            user_id=chosen(subject, field="practitioner or room"),
            starts_at=starts_at,
            ends_at=ends_at,
            kind=AbsenceKind.BLOCKED,
            reason=typed.reason,
            request_id=page.request_id("block"),
        )

    def outage() -> AddOutage:
        starts_at, ends_at = _span(typed, place)
        return AddOutage(
            resource_id=chosen(subject, field="practitioner or room"),
            starts_at=starts_at,
            ends_at=ends_at,
            reason=typed.reason,
            request_id=page.request_id("block"),
        )

    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key="away_cancel"):
            end_away()
            st.rerun()
        if not st.button("Block", type="primary", key="away_save"):
            return
    is_room = subject is not None and names[subject][1]
    saved = page.run(add_outage, outage) if is_room else page.run(add_absence, absence)
    if saved is not None:
        _done(page, "The time is blocked.", saved.displaced)


@st.dialog("Blocked time", width="small", dismissible=False, icon=":material/block:")
def _change(page: Page, place: ZoneInfo, row: AbsenceRow | OutageRow) -> None:
    st.markdown(f"**{plain(row.name)}**")
    typed = _draw_fields(place, row.starts_at, row.ends_at, row.reason)
    with st.container(horizontal=True):
        if st.button("Remove", icon=":material/delete:", key="away_remove") and _remove(page, row):
            _done(page, "The time is free again.", 0)
        st.space("stretch")
        if st.button("Cancel", key="away_cancel"):
            end_away()
            st.rerun()
        if not st.button("Save", type="primary", key="away_save"):
            return

    def outage() -> ChangeOutage:
        starts_at, ends_at = _span(typed, place)
        return ChangeOutage(
            outage_id=row.id,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=typed.reason,
            version=row.version,
            request_id=page.request_id(f"outage/{row.id}"),
        )

    def absence() -> ChangeAbsence:
        starts_at, ends_at = _span(typed, place)
        return ChangeAbsence(
            absence_id=row.id,
            starts_at=starts_at,
            ends_at=ends_at,
            kind=AbsenceKind.BLOCKED,
            reason=typed.reason,
            version=row.version,
            request_id=page.request_id(f"absence/{row.id}"),
        )

    saved = page.run(change_outage, outage) if isinstance(row, OutageRow) else page.run(change_absence, absence)
    if saved is not None:
        _done(page, "The blocked time is changed.", saved.displaced)


def _remove(page: Page, row: AbsenceRow | OutageRow) -> bool:
    request_id = page.request_id(f"remove/{row.id}")
    if isinstance(row, OutageRow):
        return page.run(remove_outage, RemoveOutage(outage_id=row.id, request_id=request_id)) is not None
    return page.run(remove_absence, RemoveAbsence(absence_id=row.id, request_id=request_id)) is not None


def _done(page: Page, sentence: str, displaced: int) -> None:
    end_away()
    booked = "one appointment lies" if displaced == 1 else f"{displaced} appointments lie"
    page.tell(f"{sentence[:-1]}; {booked} in it and must be moved." if displaced else sentence)
    st.rerun()


def _draw_fields(place: ZoneInfo, starts_at: datetime, ends_at: datetime, reason: str) -> _Typed:
    start, end = to_wall(starts_at, place), to_wall(ends_at, place)
    five = timedelta(minutes=5)
    left, right = st.columns(2)
    with left:
        day = date_field("From", key="away_first_day", value=start.date())
        last_day = date_field("To", key="away_last_day", value=end.date())
    with right:
        starts = st.time_input("From, time", value=start.time(), key="away_starts", step=five)
        ends = st.time_input("To, time", value=end.time(), key="away_ends", step=five)
    return _Typed(day, starts, last_day, ends, text_field("Reason", key="away_reason", value=reason))


def _span(typed: _Typed, place: ZoneInfo) -> tuple[datetime, datetime]:
    return instant_of(typed.day, typed.starts, place), instant_of(typed.last_day, typed.ends, place)


def _blockable(
    page: Page, people: Sequence[PractitionerRow], rooms: Sequence[ResourceRow]
) -> dict[UUID, tuple[str, bool]]:
    """Whose time the person may block: the name, and whether it is a room or equipment."""
    actor = page.actor
    everywhere = actor.scope(Permission.SCHEDULE_MANAGE) in {Scope.LOCATION, Scope.ORGANISATION}
    names = {
        row.id: (row.name, False)
        for row in people
        if everywhere or reaches(actor, Permission.SCHEDULE_MANAGE, practitioner_id=row.id)
    }
    return names | ({row.id: (row.name, True) for row in rooms} if everywhere else {})
