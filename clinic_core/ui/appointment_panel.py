"""The panel of one appointment: where it stands, what comes next, and everything that can be done with it."""

from datetime import timedelta
from uuid import UUID

import streamlit as st

from clinic_core.access import Actor, Permission
from clinic_core.clinical_docs.schemas import StartVisit
from clinic_core.clinical_docs.service import start_visit
from clinic_core.kit.calendar import from_wall, to_wall, zone
from clinic_core.kit.formats import datetime_text, day_text, minutes_text, time_text
from clinic_core.notifications.service import change_status_with_reminders
from clinic_core.patients.queries import get_patient
from clinic_core.patients.schemas import GetPatient
from clinic_core.scheduling.queries import get_appointment, undoable_step
from clinic_core.scheduling.reach import reaches
from clinic_core.scheduling.schemas import AppointmentRow, ChangeStatus, GetAppointment
from clinic_core.scheduling.transitions import MOVABLE, TRANSITIONS
from clinic_core.ui.appointment_done import draw_done, forget_done, gave_time_free
from clinic_core.ui.appointment_forms import draw_cancel, draw_details, draw_fee
from clinic_core.ui.appointment_move import draw_move
from clinic_core.ui.appointment_story import draw_story
from clinic_core.ui.booking import BookingSlot, begin_booking
from clinic_core.ui.calendar_copy import copy_appointment
from clinic_core.ui.page import Page, go
from clinic_core.ui.patient_line import draw_patient_line
from clinic_core.ui.patient_search import PATIENT_PAGE
from clinic_core.ui.payment_dialog import begin_payment
from clinic_core.ui.series_panel import draw_series, draw_series_dialogs
from clinic_core.ui.status import draw_status, next_steps, usual_step
from clinic_core.ui.undo import take_back
from clinic_core.ui.waiting_list_rows import draw_fitting
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import AppointmentStatus, VisitStatus

CALENDAR_PAGE = "pages/front_desk/calendar.py"
REBOOK_WEEKS = (1, 2, 4, 6)
VISIT_PAGE = "pages/clinical/visit.py"
INVOICE_PAGE = "pages/billing/invoice.py"
_OPEN = "panel_appointment"
_STEP_DONE = {
    AppointmentStatus.ARRIVED: "The patient has arrived.",
    AppointmentStatus.NO_SHOW: "The appointment is marked as a no-show.",
}


def open_panel(appointment_id: UUID) -> None:
    """Open the panel at the next drawing of the page; also a callback of buttons."""
    close_panel()
    forget_done()
    st.session_state[_OPEN] = appointment_id


def close_panel() -> None:
    """Close the panel and forget what was typed in it."""
    for key in [key for key in st.session_state if str(key).startswith("panel_")]:
        del st.session_state[key]


def draw_panel(page: Page) -> None:
    """The panel, when it is open, and what was done in it last."""
    draw_done(page, open_panel)
    if not draw_series_dialogs(page) and _OPEN in st.session_state:
        _panel(page, st.session_state[_OPEN])


@st.dialog("Appointment", width="medium", position="right", on_dismiss=close_panel, icon=":material/event:")
def _panel(page: Page, appointment_id: UUID) -> None:
    row = page.read(get_appointment, GetAppointment(appointment_id=appointment_id))
    manages = reaches(
        page.actor,
        Permission.APPOINTMENT_MANAGE,
        practitioner_id=row.practitioner_user_id,
        location_id=row.clinic_location_id,
    )
    _draw_facts(page, row)
    if gave_time_free(row):
        draw_fitting(page, row)
    if manages:
        _draw_steps(page, row)
    _draw_ways(page, row)
    draw_fee(page, row)
    if manages:
        _draw_again(row)
        if row.status in MOVABLE:
            draw_move(page, row, close_panel)
        draw_details(page, row)
        if AppointmentStatus.CANCELLED in TRANSITIONS[row.status]:
            draw_cancel(page, row, close_panel)
    if draw_series(page, row, manages=manages):
        close_panel()
        st.rerun()
    draw_story(page, row)


def step(page: Page, row: AppointmentRow, status: AppointmentStatus) -> bool:
    """Take one step of the appointment; whether it was taken."""
    request = ChangeStatus(
        appointment_id=row.id, status=status, version=row.version, request_id=page.request_id(f"{row.id}/{status}")
    )
    done = _STEP_DONE.get(status, f"The appointment is {status.label.lower()}.")
    return page.run(change_status_with_reminders, request, done=done) is not None


def _draw_steps(page: Page, row: AppointmentRow) -> None:
    """A button for every step that may follow, the usual one first."""
    with st.container(horizontal=True, gap="small"):
        usual = usual_step(row)
        for status, word in next_steps(row).items():
            pressed = st.button(word, key=f"panel_{status}", type="primary" if status is usual else "secondary")
            if pressed and step(page, row, status):
                st.rerun()
        last = page.read(undoable_step, GetAppointment(appointment_id=row.id))
        if last is not None and st.button(f"Undo {last.what}", icon=":material/undo:", key="panel_undo"):
            take_back(page, last)


def write_note(page: Page, row: AppointmentRow) -> None:
    """Open the note of the appointment, begun now if there is none."""
    if row.visit_id is None:
        request = StartVisit(appointment_id=row.id, request_id=page.request_id(f"visit/{row.id}"))
        visit = page.run(start_visit, request)
        if visit is not None:
            page.go(VISIT_PAGE, visit=visit.id, patient=row.patient_id)
    else:
        page.go(VISIT_PAGE, visit=row.visit_id, patient=row.patient_id)


def note_label(row: AppointmentRow) -> str:
    """The word on the button that leads to the note."""
    if row.visit_id is None:
        return "Write note"
    return "Read note" if row.visit_status is VisitStatus.SIGNED else "Continue note"


def may_document(actor: Actor, row: AppointmentRow) -> bool:
    """Whether the person writes the note of this appointment."""
    return actor.can(Permission.CLINICAL_WRITE) and row.practitioner_user_id == actor.user_id


def _draw_facts(page: Page, row: AppointmentRow) -> None:
    place, settings = zone(row.timezone), page.actor.settings
    patient = page.read(get_patient, GetPatient(patient_id=row.patient_id))
    draw_patient_line(patient, page.actor)
    minutes = int((row.ends_at - row.starts_at).total_seconds()) // 60
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        draw_status(row.status)
        if row.status_at is not None and row.status is not AppointmentStatus.BOOKED:
            st.caption(f"since {datetime_text(row.status_at, place, settings.locale)}", width="content")
        if row.series_id is not None:
            st.badge("↻ Series", color="gray")
        if row.overridden:
            st.badge("⚑ A rule was lifted", color="orange")
    day = day_text(to_wall(row.starts_at, place).date(), settings.locale)
    lines = [
        f"**{day}, {time_text(row.starts_at, place)}–{time_text(row.ends_at, place)}** ({minutes_text(minutes)})",
        plain(" · ".join(part for part in (row.service, row.practitioner, row.location) if part)),
        plain(", ".join(resource.name for resource in row.resources)),
        plain(f"Double-booked: {row.double_book_reason}") if row.double_booked else "",
        plain(f"{_kinds(row)}: {row.override_reason}") if row.override_reason else "",
        plain(_called_off(row)),
    ]
    st.markdown("  \n".join(line for line in lines if line))


def _called_off(row: AppointmentRow) -> str:
    by = f"Cancelled by the {row.cancelled_by.label.lower()}" if row.cancelled_by else ""
    return f"{by}: {row.cancel_reason}" if row.cancel_reason else by


def _kinds(row: AppointmentRow) -> str:
    return ", ".join(kind.label for kind in row.override_kinds) or "A rule was lifted"


def _draw_again(row: AppointmentRow) -> None:
    """The same once more: copied to a time that is clicked next, or some weeks later at the same time."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        if st.button("Copy", icon=":material/content_copy:", key="panel_copy"):
            copy_appointment(row)
            close_panel()
            go(CALENDAR_PAGE)
        st.caption("Rebook in weeks", width="content")
        for weeks in REBOOK_WEEKS:
            if st.button(str(weeks), key=f"panel_rebook_{weeks}", help=f"Book again in {weeks} weeks"):
                close_panel()
                begin_booking(_later(row, weeks))
                st.rerun()


def _later(row: AppointmentRow, weeks: int) -> BookingSlot:
    """The same time on the wall, weeks later."""
    place = zone(row.timezone)
    starts_at = from_wall(to_wall(row.starts_at, place) + timedelta(weeks=weeks), place).instant
    return BookingSlot(
        starts_at,
        practitioner_id=row.practitioner_user_id,
        ends_at=starts_at + (row.ends_at - row.starts_at),
        patient_id=row.patient_id,
        patient_name=row.patient_name,
        service_id=row.product_service_id,
        resource_ids=row.resource_ids,
    )


def _draw_ways(page: Page, row: AppointmentRow) -> None:
    with st.container(horizontal=True, gap="small"):
        notes = may_document(page.actor, row) and row.status is not AppointmentStatus.CANCELLED
        if notes and st.button(note_label(row), icon=":material/clinical_notes:", key="panel_note"):
            write_note(page, row)
        if st.button("Patient", icon=":material/person:", key="panel_patient"):
            page.go(PATIENT_PAGE, patient=row.patient_id)
        st.link_button("Calendar file", f"/docs/appointment/{row.id}.ics", icon=":material/calendar_add_on:")
        bills = page.actor.can(Permission.BILLING_MANAGE) and row.status is AppointmentStatus.COMPLETED
        if bills and not row.invoiced and st.button("Invoice", icon=":material/receipt_long:", key="panel_invoice"):
            page.go(INVOICE_PAGE, patient=row.patient_id, appointment=row.id)
        collects = page.actor.can(Permission.APPOINTMENT_MANAGE) and page.actor.can(Permission.BILLING_COLLECT)
        if collects and row.patient_balance and st.button("Take payment", icon=":material/payments:", key="panel_pay"):
            close_panel()
            begin_payment(row.patient_id)
            st.rerun()
