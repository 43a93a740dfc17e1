"""One patient: the line, and overview, appointments, chart, money and history, each read when it is looked at."""

from datetime import timedelta

import streamlit as st

from clinic_core.access import Permission
from clinic_core.patients.schemas import GetPatient, PatientChange
from clinic_core.patients.service import (
    archive_patient,
    delete_patient,
    open_patient,
    unarchive_patient,
    update_patient,
)
from clinic_core.ui.appointment_panel import draw_panel
from clinic_core.ui.booking import BookingSlot, begin_booking, draw_booking, next_quarter
from clinic_core.ui.checkout import begin_checkout, draw_checkout
from clinic_core.ui.location import current_location
from clinic_core.ui.page import open_page
from clinic_core.ui.patient_form import draw_patient_form
from clinic_core.ui.patient_line import draw_patient_line
from clinic_core.ui.patient_record import draw_appointments, draw_billing, draw_chart, draw_history, draw_overview
from clinic_core.ui.payment_dialog import draw_payment
from clinic_core.ui.states import draw_empty

EDITING = "edit_patient"
REGISTER = "pages/front_desk/patients.py"
WAITING_PAGE = "pages/front_desk/waiting_list.py"
TABS = {
    "Overview": (Permission.PATIENT_READ, draw_overview),
    "Appointments": (Permission.APPOINTMENT_READ, draw_appointments),
    "Clinical": (Permission.CLINICAL_READ, draw_chart),
    "Billing": (Permission.BILLING_VIEW, draw_billing),
    "History": (Permission.AUDIT_VIEW, draw_history),
}

page = open_page("Patient", Permission.PATIENT_READ)
actor = page.actor
patient_id = page.id("patient")
if patient_id is None:
    draw_empty("No patient is chosen.", "Find one with the search in the sidebar, or in the list of patients.")
    st.page_link(REGISTER, label="All patients", icon=":material/group:")
    st.stop()
patient = page.read(open_patient, GetPatient(patient_id=patient_id))


def set_editing(version: int | None) -> None:
    """Callback: open the form on that version of the patient or close it, with nothing left in it."""
    for key in [key for key in st.session_state if str(key).startswith(EDITING)]:
        del st.session_state[key]
    if version is not None:
        st.session_state[EDITING] = version


@st.dialog("Change details", width="large", dismissible=False, icon=":material/edit:")
def edit() -> None:
    """The form; it is refused when somebody else changed the patient since it was opened."""
    typed = draw_patient_form(patient, key=EDITING, location_id=patient.clinic_location_id)
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key=f"{EDITING}_cancel"):
            set_editing(None)
            st.rerun()
        pressed = st.button("Save", type="primary", key=f"{EDITING}_save")
    if not pressed:
        return
    version, once = st.session_state[EDITING], page.request_id("edit")
    done = "{code} is saved."
    if page.run(update_patient, lambda: typed.change_of(patient.id, version, once), done=done) is not None:
        set_editing(None)
        st.rerun()


draw_patient_line(patient, actor)
with page.actions:
    if actor.can(Permission.APPOINTMENT_MANAGE):
        slot = BookingSlot(next_quarter() + timedelta(days=1), patient_id=patient.id, patient_name=patient.name)
        st.button("Book", type="primary", icon=":material/add:", on_click=begin_booking, args=(slot,))
        if st.button("Waiting list", icon=":material/hourglass_top:"):
            page.go(WAITING_PAGE, patient=patient.id)
    if actor.can(Permission.BILLING_MANAGE) or actor.can(Permission.BILLING_COLLECT):
        out = ":material/shopping_cart_checkout:"
        st.button("Check out", icon=out, on_click=begin_checkout, args=(patient.id,))
    if actor.can(Permission.PATIENT_WRITE):
        st.button("Change details", icon=":material/edit:", on_click=set_editing, args=(patient.version,))
        with st.popover("More"):
            change = PatientChange(patient_id=patient.id, version=patient.version, request_id=page.request_id("change"))
            turn, word = (unarchive_patient, "Unarchive") if patient.is_archived else (archive_patient, "Archive")
            if st.button(word, width="stretch") and page.run(turn, change, done="{code} is saved.") is not None:
                st.rerun()
            erase = st.button("Delete", width="stretch")
            if erase and page.run(delete_patient, change, done="{code} is deleted.") is not None:
                page.go(REGISTER)

tabs = [name for name, (permission, _) in TABS.items() if actor.can(permission)]
tab = st.radio("Part", tabs, horizontal=True, key="patient_part", label_visibility="collapsed")
TABS[tab][1](page, patient)
if actor.can(Permission.APPOINTMENT_MANAGE):
    draw_booking(page, current_location())
    draw_payment(page, current_location().timezone)
draw_panel(page)
draw_checkout(page)
if EDITING in st.session_state:
    edit()
