"""A patient's statement of account: movements with the running balance, what is open and how old, as on the PDF."""

import streamlit as st

from clinic_core.access import Permission
from clinic_core.billing.queries import get_statement
from clinic_core.billing.schemas import StatementRequest
from clinic_core.ui.export import draw_export
from clinic_core.ui.page import open_page
from clinic_core.ui.patient_search import PATIENT_PAGE
from clinic_core.ui.statement import (
    draw_account,
    draw_figures,
    draw_open_items,
    draw_period,
    statement_address,
    statement_export,
)
from clinic_core.ui.states import draw_empty

REGISTER = "pages/front_desk/patients.py"
VIEWS = {"Account": draw_account, "Open invoices": draw_open_items}

page = open_page("Statement", Permission.BILLING_VIEW)
patient_id = page.id("patient")
may_see_patients = page.actor.can(Permission.PATIENT_READ)
if patient_id is None:
    draw_empty("No patient is chosen.", "A statement opens from the patient, or from what is outstanding.")
    if may_see_patients:
        st.page_link(REGISTER, label="All patients", icon=":material/group:")
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    days = draw_period(key="statement")
found = page.read(get_statement, StatementRequest(patient_id=patient_id, first_day=days[0], last_day=days[1]))
with page.actions:
    if may_see_patients and st.button("Patient", icon=":material/person:", type="tertiary"):
        page.go(PATIENT_PAGE, patient=patient_id)
    draw_export(statement_export(patient_id, days))
    st.link_button("PDF", statement_address(patient_id, days), icon=":material/picture_as_pdf:", type="primary")
draw_figures(page, found)
view = st.radio("Show", list(VIEWS), horizontal=True, key="statement_view", label_visibility="collapsed")
VIEWS[view](page, found)
