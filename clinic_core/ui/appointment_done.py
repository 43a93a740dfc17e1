"""What was done with an appointment last, under the head of the page: in a sentence, with undo and who waits for it."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import streamlit as st

from clinic_core.kit.clock import now
from clinic_core.scheduling.queries import undoable_step
from clinic_core.scheduling.schemas import AppointmentRow, GetAppointment
from clinic_core.ui.page import Page
from clinic_core.ui.undo import draw_undo
from clinic_core.ui.waiting_list_rows import fitting_text, list_fitting
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import AppointmentStatus

_DONE = "appointment_done"


@dataclass(frozen=True)
class _Done:
    """The appointment as it stood afterwards, and the page on which it was done."""

    row: AppointmentRow
    sentence: str
    page: str


def tell_done(page: Page, row: AppointmentRow, sentence: str) -> None:
    """Say at the next run what was done, and offer the way back under the head of this page."""
    page.tell(sentence)
    st.session_state[_DONE] = _Done(row, sentence, page.title)


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
    step = page.read(undoable_step, GetAppointment(appointment_id=done.row.id))
    if step is None or step.version != done.row.version or page.title != done.page:
        forget_done()
        return
    with page.notice:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f":material/check_circle: {plain(done.sentence)}", width="content")
            draw_undo(page, step, key="done_undo")
        fitting = list_fitting(page, done.row) if gave_time_free(done.row) else []
        if fitting:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(f":material/hourglass_top: **{fitting_text(fitting)}**", width="content")
                st.button("Show", key="done_fitting", on_click=show, args=(done.row.id,))
