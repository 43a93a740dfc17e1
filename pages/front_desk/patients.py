"""The register of patients: search, page through, open one, and register a new one with a warning of duplicates."""

from functools import partial

import streamlit as st

from clinic_core.access import Permission
from clinic_core.patients.queries import find_possible_duplicates, list_patients, search_patients
from clinic_core.patients.schemas import FindDuplicates, ListPatients, PatientSummary, SearchPatients
from clinic_core.patients.service import register_patient
from clinic_core.ui.location import current_location
from clinic_core.ui.page import open_page
from clinic_core.ui.patient_form import draw_patient_form
from clinic_core.ui.patient_search import PATIENT_PAGE, SHORTEST
from clinic_core.ui.tables import Column, Wording, draw_pager, show_table
from clinic_core.ui.wording import plain

PAGE_SIZE = 50
REGISTERING = "patients_registering"
WARNED = "patients_warned"

page = open_page("Patients", Permission.PATIENT_READ)
actor = page.actor
wording = Wording(actor.settings.locale)
columns = [
    Column[PatientSummary]("name", "Name", width="medium"),
    Column[PatientSummary]("code", "Code", width="small"),
    Column[PatientSummary]("dob", "Born", width="small", right=True),
    Column[PatientSummary]("sex", "Sex", width="small"),
    Column[PatientSummary]("phone", "Phone"),
    Column[PatientSummary](lambda row: ", ".join(row.alerts), "Alerts"),
    Column[PatientSummary]("email", "E-mail"),
    Column[PatientSummary]("location", "Location"),
]


def set_registering(is_open: bool) -> None:
    """Callback: open or close the form, with nothing left in it."""
    for key in [key for key in st.session_state if str(key).startswith("patients_")]:
        del st.session_state[key]
    if is_open:
        st.session_state[REGISTERING] = True


@st.dialog("Register a patient", width="large", dismissible=False, icon=":material/person_add:")
def register() -> None:
    """The form; who looks the same is shown before a second record is made."""
    location = current_location()
    typed = draw_patient_form(None, key="patients_form", location_id=location.id)
    warned = st.session_state.get(WARNED, [])
    if warned:
        st.warning("This may be somebody who is registered already:", icon=":material/group:")
        for match in warned:
            if st.button(
                plain(f"{match.name} · {match.code} ({', '.join(match.reasons)})"), key=f"patients_{match.id}"
            ):
                set_registering(False)
                page.go(PATIENT_PAGE, patient=match.id)
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key="patients_cancel"):
            set_registering(False)
            st.rerun()
        pressed = st.button("Register anyway" if warned else "Register", type="primary", key="patients_register")
    if not pressed:
        return
    if not warned:
        known = partial(
            FindDuplicates,
            first_name=typed.first_name,
            last_name=typed.last_name,
            dob=typed.dob,
            phone=typed.phone,
            email=typed.email,
        )
        found = page.run(find_possible_duplicates, known)
        if found is None:
            return
        if found:
            st.session_state[WARNED] = found
            st.rerun()
    patient = page.run(
        register_patient, lambda: typed.registration(page.request_id("register")), done="{code} is registered."
    )
    if patient is not None:
        set_registering(False)
        page.go(PATIENT_PAGE, patient=patient.id)


with page.actions:
    if actor.can(Permission.PATIENT_WRITE):
        st.button(
            "Register patient",
            type="primary",
            icon=":material/person_add:",
            on_click=set_registering,
            args=(True,),
        )
with st.container(horizontal=True, vertical_alignment="center", gap="small"):
    typed = st.text_input(
        "Search",
        key="register_search",
        type="search",
        live="300ms",
        placeholder="Part of a name, birth date, phone, e-mail or code",
        label_visibility="collapsed",
        icon=":material/search:",
    )
    with_archived = st.toggle("Archived too", key="register_archived")

if len(typed.strip()) >= SHORTEST:
    found = page.read(search_patients, SearchPatients(text=typed[:200], limit=50))
    empty = "Nobody matches. Try part of the name, or a date such as 1980-03-12."
    chosen = show_table(found, columns, key="patients_found", select=True, wording=wording, empty=empty)
else:
    offset = int(st.session_state.get("register_page", 0)) * PAGE_SIZE
    listed = page.read(list_patients, ListPatients(with_archived=with_archived, offset=offset, limit=PAGE_SIZE))
    empty = "Nobody is registered yet. Register the first patient with the button above."
    chosen = show_table(listed.rows, columns, key=f"patients_{offset}", select=True, wording=wording, empty=empty)
    draw_pager(listed.total, page_size=PAGE_SIZE, key="register_page")
if chosen is not None:
    page.go(PATIENT_PAGE, patient=chosen.id)
if REGISTERING in st.session_state:
    register()
