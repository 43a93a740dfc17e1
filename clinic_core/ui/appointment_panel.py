"""The panel of one appointment: where it stands, what comes next, move, cancel, and the ways to note and invoice."""

from datetime import timedelta
from uuid import UUID

import streamlit as st

from clinic_core.access import Actor, Permission
from clinic_core.clinical_docs.schemas import StartVisit
from clinic_core.clinical_docs.service import start_visit
from clinic_core.kit.calendar import to_wall, zone
from clinic_core.kit.formats import date_text, datetime_text, minutes_text, money, time_text
from clinic_core.notifications.service import cancel_with_reminders, move_with_reminders
from clinic_core.patients.queries import get_patient
from clinic_core.patients.schemas import GetPatient
from clinic_core.scheduling.queries import appointment_history, get_appointment, list_practitioners, list_resources
from clinic_core.scheduling.schemas import (
    AppointmentRow,
    CancelAppointment,
    ChangeStatus,
    GetAppointment,
    ListPractitioners,
    ListResources,
    MoveAppointment,
)
from clinic_core.scheduling.service import change_status
from clinic_core.scheduling.transitions import MOVABLE, TRANSITIONS
from clinic_core.ui.forms import choice_field, chosen, date_field, instant_of, reason_field
from clinic_core.ui.page import Page
from clinic_core.ui.patient_line import draw_patient_line
from clinic_core.ui.patient_search import PATIENT_PAGE
from clinic_core.ui.status import draw_status, next_steps
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import AppointmentStatus, CancelledBy, VisitStatus

VISIT_PAGE = "pages/clinical/visit.py"
INVOICE_PAGE = "pages/billing/invoice.py"
CANCELLED = "The appointment is cancelled; its time is free again."
_OPEN = "panel_appointment"


def open_panel(appointment_id: UUID) -> None:
    """Open the panel at the next drawing of the page; also a callback of buttons."""
    close_panel()
    st.session_state[_OPEN] = appointment_id


def close_panel() -> None:
    """Close the panel and forget what was typed in it."""
    for key in [key for key in st.session_state if str(key).startswith("panel_")]:
        del st.session_state[key]


def draw_panel(page: Page) -> None:
    """The panel, when it is open."""
    if _OPEN in st.session_state:
        _panel(page, st.session_state[_OPEN])


@st.dialog("Appointment", width="small", position="right", on_dismiss=close_panel, icon=":material/event:")
def _panel(page: Page, appointment_id: UUID) -> None:
    row = page.read(get_appointment, GetAppointment(appointment_id=appointment_id))
    _draw_facts(page, row)
    if page.actor.can(Permission.APPOINTMENT_MANAGE):
        draw_steps(page, row)
    _draw_ways(page, row)
    if page.actor.can(Permission.APPOINTMENT_MANAGE):
        if row.status in MOVABLE:
            _draw_move(page, row)
        if AppointmentStatus.CANCELLED in TRANSITIONS[row.status]:
            _draw_cancel(page, row)
    _draw_history(page, row)


def step(page: Page, row: AppointmentRow, status: AppointmentStatus) -> bool:
    """Take one step of the appointment; whether it was taken."""
    request = ChangeStatus(
        appointment_id=row.id, status=status, version=row.version, request_id=page.request_id(f"{row.id}/{status}")
    )
    return page.run(change_status, request, done=f"The appointment is {status.label.lower()}.") is not None


def draw_steps(page: Page, row: AppointmentRow) -> None:
    """A button for every step that may follow, the usual one first."""
    with st.container(horizontal=True, gap="small"):
        for place, (status, word) in enumerate(next_steps(row.status).items()):
            pressed = st.button(word, key=f"panel_{status}", type="primary" if place == 0 else "secondary")
            if pressed and step(page, row, status):
                st.rerun()


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
    draw_status(row.status)
    day = date_text(to_wall(row.starts_at, place).date(), settings.locale)
    lines = [
        f"**{day}, {time_text(row.starts_at, place)}–{time_text(row.ends_at, place)}** ({minutes_text(minutes)})",
        plain(" · ".join(part for part in (row.service, row.practitioner, row.location) if part)),
        plain(", ".join(resource.name for resource in row.resources)),
        plain(row.note),
        plain(f"Double-booked: {row.double_book_reason}") if row.double_booked else "",
        plain(f"Cancelled by the {row.cancelled_by.label.lower()}: {row.cancel_reason}") if row.cancelled_by else "",
        plain(f"Balance {money(row.patient_balance, settings.currency, settings.locale)}")
        if row.patient_balance
        else "",
    ]
    st.markdown("  \n".join(line for line in lines if line))


def _draw_ways(page: Page, row: AppointmentRow) -> None:
    with st.container(horizontal=True, gap="small"):
        notes = may_document(page.actor, row) and row.status is not AppointmentStatus.CANCELLED
        if notes and st.button(note_label(row), icon=":material/clinical_notes:", key="panel_note"):
            write_note(page, row)
        if st.button("Patient", icon=":material/person:", key="panel_patient"):
            page.go(PATIENT_PAGE, patient=row.patient_id)
        bills = page.actor.can(Permission.BILLING_MANAGE) and row.status is AppointmentStatus.COMPLETED
        if bills and not row.invoiced and st.button("Invoice", icon=":material/receipt_long:", key="panel_invoice"):
            page.go(INVOICE_PAGE, patient=row.patient_id, appointment=row.id)


def _draw_move(page: Page, row: AppointmentRow) -> None:
    place = zone(row.timezone)
    wall = to_wall(row.starts_at, place)
    with st.expander("Move"):
        people = page.read(list_practitioners, ListPractitioners(clinic_location_id=row.clinic_location_id))
        things = page.read(list_resources, ListResources(clinic_location_id=row.clinic_location_id))
        names = {found.id: found.name for found in people} | {found.id: found.name for found in things}
        day = date_field("Date", key="panel_day", value=wall.date())
        clock = st.time_input("Time", value=wall.time(), key="panel_clock", step=timedelta(minutes=5))
        ids = [found.id for found in people]
        who = st.selectbox(
            "Practitioner",
            ids,
            index=ids.index(row.practitioner_user_id) if row.practitioner_user_id in ids else None,
            format_func=lambda found: names[found],
            key="panel_practitioner",
        )
        taken = st.multiselect(
            "Rooms and equipment",
            [found.id for found in things],
            default=[found for found in row.resource_ids if found in names],
            format_func=lambda found: names[found],
            key="panel_resources",
        )

        def request() -> MoveAppointment:
            starts_at = instant_of(day, clock, place)
            return MoveAppointment(
                appointment_id=row.id,
                starts_at=starts_at,
                ends_at=starts_at + (row.ends_at - row.starts_at),
                practitioner_user_id=chosen(who, field="practitioner"),
                resource_ids=tuple(taken),
                version=row.version,
                request_id=page.request_id(f"move/{row.id}"),
            )

        pressed = st.button("Move", key="panel_move")
        if pressed and page.run(move_with_reminders, request, done="The appointment is moved.") is not None:
            close_panel()
            st.rerun()


def _draw_cancel(page: Page, row: AppointmentRow) -> None:
    with st.expander("Cancel"):
        by = choice_field("Called off by", CancelledBy, key="panel_cancelled_by")
        reason = reason_field(key="panel_reason")

        def request() -> CancelAppointment:
            return CancelAppointment(
                appointment_id=row.id,
                cancelled_by=by,
                reason=reason,
                version=row.version,
                request_id=page.request_id(f"cancel/{row.id}"),
            )

        pressed = st.button("Cancel appointment", key="panel_cancel")
        if pressed and page.run(cancel_with_reminders, request, done=CANCELLED) is not None:
            close_panel()
            st.rerun()


def _draw_history(page: Page, row: AppointmentRow) -> None:
    with st.expander("History"):
        place, locale = zone(row.timezone), page.actor.settings.locale
        for found in page.read(appointment_history, GetAppointment(appointment_id=row.id)):
            st.caption(plain(f"{datetime_text(found.at, place, locale)} · {found.by} · {found.to_status.label}"))
