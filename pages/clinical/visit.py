"""One visit: the note being written, or signed and read; beside it the previous note, the case and the appointment."""

from uuid import UUID

import streamlit as st

from clinic_core.access import Permission
from clinic_core.clinical_docs.queries import list_visits
from clinic_core.clinical_docs.schemas import GetVisit, ListedVisit, ListVisits, VisitChart
from clinic_core.clinical_docs.service import open_visit
from clinic_core.kit.calendar import zone
from clinic_core.kit.formats import date_text, datetime_text, time_text
from clinic_core.patients.queries import get_patient
from clinic_core.patients.schemas import GetPatient
from clinic_core.ui.chart_door import require_chart
from clinic_core.ui.note_editor import draw_amendment, draw_editor, draw_note, draw_versions
from clinic_core.ui.page import open_page
from clinic_core.ui.patient_line import draw_patient_line
from clinic_core.ui.states import draw_empty
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import VisitStatus

page = open_page("Visit", Permission.CLINICAL_READ)

WORKLIST = "pages/clinical/worklist.py"
CASE = "pages/clinical/case.py"
PATIENTS_OF_VISITS = "visit_patients"
EARLIER_SHOWN = 50

actor = page.actor
visit_id = page.id("visit")
if visit_id is None:
    draw_empty("No visit is chosen.", "Open one from your work-list, or begin one from an appointment.")
    if st.button("Notes to write", icon=":material/edit_note:"):
        page.go(WORKLIST)
    st.stop()

# Whose chart it is is remembered, so that a glass that is whole again asks for a reason instead of knowing nothing.
known: dict[UUID, UUID] = st.session_state.setdefault(PATIENTS_OF_VISITS, {})
patient_id = page.id("patient") or known.get(visit_id)
if patient_id is not None:
    require_chart(page, patient_id)
visit = page.read(open_visit, GetVisit(visit_id=visit_id))
if patient_id != visit.patient_id:
    known[visit_id] = visit.patient_id
    require_chart(page, visit.patient_id)
place, locale = zone(visit.timezone), actor.settings.locale


def draw_head() -> None:
    """Patient, time, place, practitioner and where the note stands."""
    if actor.can(Permission.PATIENT_READ):
        draw_patient_line(page.read(get_patient, GetPatient(patient_id=visit.patient_id)), actor)
    else:
        st.markdown(f"**{plain(visit.patient_name)}** {visit.patient_code}")
    facts = [datetime_text(visit.visited_at, place, locale), visit.location_name, visit.practitioner_name]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(plain(" · ".join(facts)), width="content")
        if visit.status is VisitStatus.SIGNED and visit.signed_at is not None:
            signed = datetime_text(visit.signed_at, place, locale)
            st.badge(f"Signed {signed}", icon=":material/verified:", color="green")
        else:
            version = f", version {visit.revision}" if visit.revision else ""
            st.badge(f"Draft{version}", icon=":material/edit_note:", color="orange")


def draw_signed() -> None:
    """The note as it stands; its author may amend it."""
    amending = f"amending_{visit.id.hex}"
    draft = visit.draft
    if not visit.may_sign:
        draw_note(visit.notes)
        if draft is not None:
            with st.expander("Your unsaved text: this note was signed while you were writing"):
                draw_note(draft.notes)
        return
    if st.session_state.get(amending) or draft is not None:
        draw_amendment(page, visit, place)
        return
    draw_note(visit.notes)
    if st.button("Amend with reason", icon=":material/edit:"):
        st.session_state[amending] = True
        st.rerun()


def draw_earlier() -> None:
    """An earlier note of the patient, the newest first."""
    rows = page.read(list_visits, ListVisits(patient_id=visit.patient_id, limit=EARLIER_SHOWN))
    earlier = [row for row in rows if row.visited_at < visit.visited_at and row.revision > 0]
    st.markdown("**Previous note**")
    if not earlier:
        st.caption("This is the patient's first note that you can see.")
        return
    chosen = st.selectbox(
        "Previous note", earlier, format_func=earlier_label, key=f"earlier_{visit.id.hex}", label_visibility="collapsed"
    )
    draw_note(page.read(open_visit, GetVisit(visit_id=chosen.id)).notes)


def earlier_label(row: ListedVisit) -> str:
    """The date, practitioner and case of an earlier visit."""
    day = date_text(row.visited_at.astimezone(zone(row.timezone)).date(), locale)
    return " · ".join(part for part in (day, row.practitioner_name, row.case_title) if part)


def draw_case(shown: VisitChart) -> None:
    """The case with its diagnoses, and the way to it."""
    case = shown.case
    st.markdown(f"**Case** {plain(case.title)}")
    for diagnosis in case.diagnoses:
        code = f"{diagnosis.system} {diagnosis.code}".strip()
        st.markdown(f"- {plain(' · '.join(part for part in (code, diagnosis.text) if part))}")
    if not case.diagnoses:
        st.caption("No diagnosis is recorded yet.")
    if case.session_limit is not None:
        st.caption(f"{case.visits} of {case.session_limit} sessions used, {case.sessions_left} left")
    if st.button("Open case", icon=":material/folder_open:"):
        page.go(CASE, case=case.id, patient=case.patient_id)


def draw_appointment(shown: VisitChart) -> None:
    """The appointment that the visit began from."""
    st.markdown("**Appointment**")
    booked = shown.appointment
    if booked is None:
        st.caption("This visit was begun without one.")
        return
    span = f"{datetime_text(booked.starts_at, place, locale)}–{time_text(booked.ends_at, place)}"
    st.markdown(plain(" · ".join(part for part in (span, booked.service_name, booked.status.label) if part)))
    if booked.note:
        st.caption(plain(booked.note))


draw_head()
writing, reading = st.columns([2, 1], gap="large")
with writing:
    if visit.status is VisitStatus.SIGNED:
        draw_signed()
    elif visit.may_write:
        draw_editor(page, visit, place)
    else:
        draw_note(visit.notes)
    if visit.revisions:
        with st.expander(f"Versions: {visit.revision}"):
            if st.toggle("Show versions and their differences", key=f"versions_{visit.id.hex}"):
                draw_versions(page, visit, place)
with reading:
    draw_earlier()
    with st.container(border=True):
        draw_case(visit)
    with st.container(border=True):
        draw_appointment(visit)
