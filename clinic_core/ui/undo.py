"""Undo where it happened: the step that was taken last in this tab, and the button that takes it back."""

from uuid import UUID

import streamlit as st

from clinic_core.access import Permission
from clinic_core.notifications.service import undo_with_reminders
from clinic_core.scheduling.queries import undoable_step
from clinic_core.scheduling.schemas import GetAppointment, UndoableStep, UndoAppointment
from clinic_core.ui.page import Page

_LAST = "undo_appointment"
TOLD = "The last step is taken back. The patient was told that the appointment is cancelled: please call them."
DONE = "The last step is taken back."


def remember_step(appointment_id: UUID) -> None:
    """Keep in mind which appointment was changed last in this tab."""
    st.session_state[_LAST] = appointment_id


def step_to_undo(page: Page) -> UndoableStep | None:
    """The step that was taken last in this tab, while it can be taken back."""
    appointment_id: UUID | None = st.session_state.get(_LAST)
    if appointment_id is None or not page.actor.can(Permission.APPOINTMENT_MANAGE):
        return None
    return page.read(undoable_step, GetAppointment(appointment_id=appointment_id))


def draw_undo(page: Page, last: UndoableStep, *, key: str) -> None:
    """The button; pressed, the appointment stands as before, with its reminders."""
    if st.button("Undo", key=key, icon=":material/undo:", help=f"Takes back {last.what}"):
        take_back(page, last)


def take_back(page: Page, last: UndoableStep) -> None:
    """Take the step back and draw the page anew; a refusal is said here."""
    request = UndoAppointment(
        appointment_id=last.appointment_id,
        version=last.version,
        request_id=page.request_id(f"undo/{last.appointment_id}/{last.version}"),
    )
    undone = page.run(undo_with_reminders, request, done=DONE)
    if undone is None:
        return
    st.session_state.pop(_LAST, None)
    if undone.was_told:
        page.tell(TOLD)
    st.rerun()
