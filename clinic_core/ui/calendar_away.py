"""Blocking time: a span of a practitioner becomes an absence, one of a room an outage; a click opens it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from clinic_core.access import Permission
from clinic_core.errors import InvalidInput
from clinic_core.scheduling.reach import reaches
from clinic_core.scheduling.schemas import AbsenceRow, OutageRow, PractitionerRow, ResourceRow, WorkingHours
from clinic_core.ui.absence_fields import draw_away_fields
from clinic_core.ui.absence_saving import record_absence, record_outage, remove_away, save_absence, save_outage
from clinic_core.ui.calendar_types import AwayOpened
from clinic_core.ui.page import Page
from clinic_core.ui.states import draw_refusal
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import AbsenceKind, Scope

_OPEN = "away_open"


@dataclass(frozen=True)
class AwaySpan:
    """Where the dialog begins: a time, and the practitioner or room whose it is; None leaves that to be chosen."""

    starts_at: datetime
    ends_at: datetime
    subject_id: UUID | None = None


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
    fields = draw_away_fields("away", place, (span.starts_at, span.ends_at))
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key="away_cancel"):
            end_away()
            st.rerun()
        if not st.button("Block", type="primary", key="away_save"):
            return
    if subject is None:
        draw_refusal(InvalidInput("Please choose whose time is blocked."))
        return
    is_room = names[subject][1]
    saved = (
        record_outage(page, subject, fields) if is_room else record_absence(page, subject, AbsenceKind.BLOCKED, fields)
    )
    if saved is not None:
        _done(page, "The time is blocked.", saved.displaced)


@st.dialog("Blocked time", width="small", dismissible=False, icon=":material/block:")
def _change(page: Page, place: ZoneInfo, row: AbsenceRow | OutageRow) -> None:
    st.markdown(f"**{plain(row.name)}**")
    fields = draw_away_fields("away", place, (row.starts_at, row.ends_at), reason=row.reason)
    with st.container(horizontal=True):
        if st.button("Remove", icon=":material/delete:", key="away_remove") and remove_away(page, row):
            _done(page, "The time is free again.", 0)
        st.space("stretch")
        if st.button("Cancel", key="away_cancel"):
            end_away()
            st.rerun()
        if not st.button("Save", type="primary", key="away_save"):
            return
    saved = (
        save_outage(page, row, fields)
        if isinstance(row, OutageRow)
        else save_absence(page, row, AbsenceKind.BLOCKED, fields)
    )
    if saved is not None:
        _done(page, "The blocked time is changed.", saved.displaced)


def _done(page: Page, sentence: str, displaced: int) -> None:
    end_away()
    booked = "one appointment lies" if displaced == 1 else f"{displaced} appointments lie"
    page.tell(f"{sentence[:-1]}; {booked} in it and must be moved." if displaced else sentence)
    st.rerun()


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
