"""One case of a patient, or a new one: title, diagnoses, sessions and visits."""

from uuid import UUID

import streamlit as st

from clinic_core.access import Permission
from clinic_core.clinical_docs.queries import get_case, list_visits
from clinic_core.clinical_docs.schemas import (
    CaseHead,
    CaseRow,
    ChangeCase,
    GetCase,
    GetChart,
    ListedVisit,
    ListVisits,
    StartVisit,
)
from clinic_core.clinical_docs.service import (
    close_case,
    open_case,
    open_chart,
    reopen_case,
    start_visit,
    update_case,
)
from clinic_core.kit.calendar import zone
from clinic_core.kit.formats import datetime_text
from clinic_core.patients.queries import get_patient
from clinic_core.patients.schemas import GetPatient
from clinic_core.ui.case_form import draw_case_form
from clinic_core.ui.chart_door import require_chart
from clinic_core.ui.location import current_location
from clinic_core.ui.page import open_page
from clinic_core.ui.patient_line import draw_patient_line
from clinic_core.ui.states import draw_empty
from clinic_core.ui.tables import Column, Wording, show_table
from clinic_core.ui.tiles import counted
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import CaseStatus

page = open_page("Case", Permission.CLINICAL_READ)

CASE = "pages/clinical/case.py"
VISIT = "pages/clinical/visit.py"
PATIENTS = "pages/front_desk/patients.py"
MOST_VISITS = 200

actor = page.actor
case_id, patient_id = page.id("case"), page.id("patient")
if case_id is None and patient_id is None:
    draw_empty("No case is chosen.", "Open one from a visit or a patient.")
    if st.button("All patients", icon=":material/group:"):
        page.go(PATIENTS)
    st.stop()
may_write = actor.can(Permission.CLINICAL_WRITE)


def draw_patient(shown_id: UUID) -> None:
    """Whose case it is."""
    if actor.can(Permission.PATIENT_READ):
        draw_patient_line(page.read(get_patient, GetPatient(patient_id=shown_id)), actor)


def draw_new(for_patient: UUID) -> None:
    """The form that opens a case."""
    access = require_chart(page, for_patient)
    draw_patient(for_patient)
    if not (may_write and access.may_start):
        draw_empty("You may read this chart, not write in it.")
        return
    typed = draw_case_form(None, key="new_case")
    again = page.request_id("open_case")
    if st.button("Open case", type="primary"):
        opened = page.run(open_case, lambda: typed.opening(for_patient, again), done="The case is open.")
        if opened is not None:
            page.go(CASE, case=opened.id, patient=opened.patient_id)


def after(changed: CaseHead | None) -> None:
    """Draw the page anew, with what was changed."""
    if changed is not None:
        st.rerun()


def draw_steps(case: CaseRow) -> None:
    """A new visit, and closing or reopening the case."""
    change = ChangeCase(case_id=case.id, version=case.version, request_id=page.request_id(f"change/{case.id}"))
    with page.actions:
        if case.status is CaseStatus.CLOSED:
            if st.button("Reopen", icon=":material/lock_open:"):
                after(page.run(reopen_case, change, done="The case is open again."))
            return
        if st.button("Close case", icon=":material/lock:"):
            after(page.run(close_case, change, done="The case is closed."))
        pressed = st.button("New visit", type="primary", icon=":material/add:")
    if not pressed:
        return
    location_id = None if len(actor.location_ids) == 1 else current_location().id
    request = StartVisit(
        case_id=case.id, clinic_location_id=location_id, request_id=page.request_id(f"visit/{case.id}")
    )
    visit = page.run(start_visit, request)
    if visit is not None:
        page.go(VISIT, visit=visit.id, patient=visit.patient_id)


def draw_visits(case: CaseRow) -> None:
    """The visits of the case, newest first."""
    st.subheader("Visits", anchor=False)
    chosen = show_table(
        page.read(list_visits, ListVisits(case_id=case.id, limit=MOST_VISITS)),
        [
            Column[ListedVisit](
                lambda row: datetime_text(row.visited_at, zone(row.timezone), actor.settings.locale), "Visit"
            ),
            Column[ListedVisit]("practitioner_name", "Practitioner"),
            Column[ListedVisit]("location_name", "Location"),
            Column[ListedVisit]("status", "Note"),
            Column[ListedVisit]("revision", "Version"),
        ],
        key="case_visits",
        select=True,
        wording=Wording(actor.settings.locale),
        empty="No visit yet. It begins from an appointment, or with New visit.",
    )
    if chosen is not None:
        page.go(VISIT, visit=chosen.id, patient=chosen.patient_id)


def draw_case(case: CaseRow) -> None:
    """What the case says, to be changed, with its visits."""
    opened = datetime_text(case.opened_at, zone(current_location().timezone), actor.settings.locale)
    facts = [case.status.label, f"opened {opened}", case.practitioner_name, counted(case.visits, "visit")]
    if case.sessions_left is not None:
        facts.append(f"{case.sessions_left} sessions left")
    st.caption(plain(" · ".join(facts)))
    if may_write:
        draw_steps(case)
    typed = draw_case_form(case, key=f"case_{case.id.hex}_{case.version}")
    again = page.request_id(f"update/{case.id}")
    if may_write and st.button("Save"):
        after(page.run(update_case, lambda: typed.change_of(case, again), done="The case is saved."))
    draw_visits(case)


if patient_id is not None and case_id is None:
    draw_new(patient_id)
if case_id is not None:
    if patient_id is not None:
        require_chart(page, patient_id)
    found = page.read(get_case, GetCase(case_id=case_id))
    page.read(open_chart, GetChart(patient_id=found.patient_id))
    draw_patient(found.patient_id)
    draw_case(found)
