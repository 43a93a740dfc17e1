"""Moving by drag: the use case decides, what it refuses is said with what is free instead, and a move is taken back."""

from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from clinic_core.access import perform
from clinic_core.errors import Alternative, BookingConflict, ClinicError
from clinic_core.kit.calendar import local_date
from clinic_core.kit.formats import day_text, time_text
from clinic_core.notifications.service import move_with_reminders
from clinic_core.scheduling.queries import get_appointment, undoable_step
from clinic_core.scheduling.schemas import AppointmentRow, GetAppointment, MoveAppointment
from clinic_core.ui.appointment_done import MOVED_BACK, forget_done, way_back
from clinic_core.ui.calendar_filters import By
from clinic_core.ui.calendar_types import NO_ROOM, BlockMoved
from clinic_core.ui.conflict_view import draw_conflict
from clinic_core.ui.page import Page
from clinic_core.ui.states import draw_refusal
from clinic_core.ui.undo import take_back
from clinic_core.ui.wording import plain

_MOVED = "_calendar_moved"
_REFUSED = "_calendar_refused"


@dataclass(frozen=True)
class _Moved:
    """The move that was made last; one between rooms comes with the move that takes it back."""

    appointment_id: UUID
    version: int
    sentence: str
    rooms_before: MoveAppointment | None


@dataclass(frozen=True)
class _Refused:
    """A move that something is in the way of, and the appointment as it stands."""

    row: AppointmentRow
    request: MoveAppointment
    conflict: BookingConflict


def move_block(page: Page, dropped: BlockMoved, by: By, place: ZoneInfo) -> None:
    """Move the appointment to where it was dropped; in columns of rooms another column is another room."""
    try:
        row = perform(page.actor, get_appointment, GetAppointment(appointment_id=dropped.id))
    except ClinicError as error:
        draw_refusal(error)
        return
    resource_ids: tuple[UUID, ...] | None = None
    if by is By.ROOM and dropped.to_column != dropped.from_column:
        resource_ids = tuple({*row.resource_ids, dropped.to_column} - {dropped.from_column, NO_ROOM})
    request = MoveAppointment(
        appointment_id=row.id,
        starts_at=dropped.starts_at,
        ends_at=dropped.ends_at,
        practitioner_user_id=None if by is By.ROOM else dropped.to_column,
        resource_ids=resource_ids,
        version=dropped.version,
    )
    _move(page, request, row, place)


def forget_move() -> None:
    """What was moved or refused before is no longer offered to be taken back or repeated."""
    for key in (_MOVED, _REFUSED):
        st.session_state.pop(key, None)


def draw_move(page: Page, place: ZoneInfo) -> None:
    """What became of the last drag: moved, with the way back; or why not, and what is free instead."""
    moved: _Moved | None = st.session_state.get(_MOVED)
    if moved is not None:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f":material/check_circle: {plain(moved.sentence)}", width="content")
            if st.button("Undo", icon=":material/undo:", key="calendar_undo"):
                _take_back(page, moved)
    refused: _Refused | None = st.session_state.get(_REFUSED)
    if refused is not None:
        _draw_refused(page, refused, place)


def _move(page: Page, request: MoveAppointment, row: AppointmentRow, place: ZoneInfo) -> None:
    forget_move()
    forget_done()
    keyed = request.model_copy(update={"request_id": page.request_id(f"move/{row.id}/{request.version}")})
    answer = page.run_or_conflict(move_with_reminders, keyed)
    if isinstance(answer, BookingConflict):
        st.session_state[_REFUSED] = _Refused(row, request, answer)
    if answer is None or isinstance(answer, BookingConflict):
        return
    moved = answer.appointment
    day = day_text(local_date(moved.starts_at, place), page.actor.settings.locale)
    sentence = f"The appointment is moved to {day}, {time_text(moved.starts_at, place)}, {moved.practitioner}."
    st.session_state[_MOVED] = _Moved(row.id, moved.version, sentence, way_back(row, moved))


def _take_back(page: Page, moved: _Moved) -> None:
    if moved.rooms_before is not None:
        if page.run(move_with_reminders, moved.rooms_before, done=MOVED_BACK) is not None:
            forget_move()
            st.rerun()
        return
    step = page.read(undoable_step, GetAppointment(appointment_id=moved.appointment_id))
    forget_move()
    if step is None or step.version != moved.version:
        st.info("This move can no longer be taken back here; the appointment was changed since.")
    else:
        take_back(page, step)


def _draw_refused(page: Page, refused: _Refused, place: ZoneInfo) -> None:
    choice = draw_conflict(refused.conflict, key="calendar_conflict", anyway="Move anyway")
    st.button("Leave it where it is", key="calendar_leave", on_click=forget_move)
    if choice.alternative is not None:
        _move(page, _instead(refused.request, choice.alternative), refused.row, place)
        st.rerun()
    if choice.is_anyway:
        reasons = {"override_reason": choice.override_reason, "double_book_reason": choice.double_book_reason}
        _move(page, refused.request.model_copy(update=reasons), refused.row, place)
        st.rerun()


def _instead(request: MoveAppointment, free: Alternative) -> MoveAppointment:
    return request.model_copy(
        update={
            "starts_at": free.starts_at,
            "ends_at": free.ends_at,
            "practitioner_user_id": free.practitioner_user_id,
            "resource_ids": free.resource_ids,
        }
    )
