"""What was done with an appointment last, under the head of the page: in a sentence, with undo and who waits for it."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import streamlit as st

from clinic_core.kit.clock import now
from clinic_core.notifications.service import move_with_reminders
from clinic_core.scheduling.queries import get_appointment, undoable_step
from clinic_core.scheduling.schemas import AppointmentRow, GetAppointment, MoveAppointment, UndoableStep
from clinic_core.ui.page import Page
from clinic_core.ui.undo import draw_undo
from clinic_core.ui.waiting_list_rows import fitting_text, list_fitting
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import AppointmentStatus

MOVED_BACK = "The move is taken back."
_DONE = "appointment_done"


@dataclass(frozen=True)
class _Done:
    """The appointment as it stood afterwards, and the page on which it was done; `back` undoes a move of rooms."""

    row: AppointmentRow
    sentence: str
    page: str
    back: MoveAppointment | None


def tell_done(page: Page, row: AppointmentRow, sentence: str, *, back: MoveAppointment | None = None) -> None:
    """Say at the next run what was done, and offer the way back under the head of this page."""
    page.tell(sentence)
    st.session_state[_DONE] = _Done(row, sentence, page.title, back)


def way_back(before: AppointmentRow, moved: AppointmentRow) -> MoveAppointment | None:
    """The move that takes back one between rooms: they have no step of their own in the history.

    The time is moved back along with them. None where the rooms stayed: then the step itself is undone.
    """
    if before.resource_ids == moved.resource_ids:
        return None
    return MoveAppointment(
        appointment_id=before.id,
        starts_at=before.starts_at,
        ends_at=before.ends_at,
        practitioner_user_id=before.practitioner_user_id,
        resource_ids=before.resource_ids,
        version=moved.version,
    )


def forget_done() -> None:
    """What was done before is no longer offered to be taken back there."""
    st.session_state.pop(_DONE, None)


def gave_time_free(row: AppointmentRow) -> bool:
    """Whether the appointment was called off and its time lies ahead."""
    return row.status is AppointmentStatus.CANCELLED and row.starts_at > now()


def draw_done(page: Page, show: Callable[[UUID], None]) -> None:
    """The sentence with its undo, while it is the last step; `show` opens the appointment of a time that came free."""
    done: _Done | None = st.session_state.get(_DONE)
    if done is None:
        return
    request = GetAppointment(appointment_id=done.row.id)
    step = page.read(get_appointment if done.back else undoable_step, request)
    if step is None or step.version != done.row.version or page.title != done.page:
        forget_done()
        return
    with page.notice:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f":material/check_circle: {plain(done.sentence)}", width="content")
            if isinstance(step, UndoableStep):
                draw_undo(page, step, key="done_undo")
            elif done.back is not None and st.button("Undo", key="done_undo", icon=":material/undo:"):
                _move_back(page, done.back)
        fitting = list_fitting(page, done.row) if gave_time_free(done.row) else []
        if fitting:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(f":material/hourglass_top: **{fitting_text(fitting)}**", width="content")
                st.button("Show", key="done_fitting", on_click=show, args=(done.row.id,))


def _move_back(page: Page, back: MoveAppointment) -> None:
    keyed = back.model_copy(update={"request_id": page.request_id(f"back/{back.appointment_id}/{back.version}")})
    if page.run(move_with_reminders, keyed, done=MOVED_BACK) is not None:
        forget_done()
        st.rerun()
