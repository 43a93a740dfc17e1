"""What the practitioner still has to write: notes to sign, and attended appointments without a note."""

import streamlit as st

from clinic_core.access import Permission
from clinic_core.clinical_docs.queries import attended_without_note, count_open_notes, unsigned_visits
from clinic_core.clinical_docs.schemas import (
    CountOpenNotes,
    ListedVisit,
    ListMissing,
    ListUnsigned,
    MissingNote,
    StartVisit,
)
from clinic_core.clinical_docs.service import start_visit
from clinic_core.kit.calendar import zone
from clinic_core.kit.formats import datetime_text
from clinic_core.ui.page import open_page
from clinic_core.ui.tables import Column, Wording, draw_pager, show_table

page = open_page("Notes to write", Permission.CLINICAL_READ)

VISIT = "pages/clinical/visit.py"
DAYS = 90
PAGE_SIZE = 50

locale = page.actor.settings.locale
counts = page.read(count_open_notes, CountOpenNotes(days=DAYS))

st.subheader(f"To sign: {counts.unsigned}", anchor=False)
unsigned_rows = st.container()
offset = draw_pager(counts.unsigned, page_size=PAGE_SIZE, key="unsigned_page")
with unsigned_rows:
    visit = show_table(
        page.read(unsigned_visits, ListUnsigned(limit=PAGE_SIZE, offset=offset)),
        [
            Column[ListedVisit](lambda row: datetime_text(row.visited_at, zone(row.timezone), locale), "Visit"),
            Column[ListedVisit]("patient_name", "Patient"),
            Column[ListedVisit]("patient_code", "Code"),
            Column[ListedVisit]("case_title", "Case"),
            Column[ListedVisit]("location_name", "Location"),
            Column[ListedVisit](lambda row: "Unsaved text" if row.has_draft else f"Version {row.revision}", "Note"),
        ],
        key="unsigned_visits",
        select=True,
        wording=Wording(locale),
        empty="Every note of yours is signed.",
    )
if visit is not None:
    page.go(VISIT, visit=visit.id, patient=visit.patient_id)

st.subheader(f"Without a note: {counts.missing}", anchor=False)
st.caption(f"Your attended appointments of the last {DAYS} days that no visit documents. Choose one to write its note.")
missing_rows = st.container()
offset = draw_pager(counts.missing, page_size=PAGE_SIZE, key="missing_page")
with missing_rows:
    missing = show_table(
        page.read(attended_without_note, ListMissing(days=DAYS, limit=PAGE_SIZE, offset=offset)),
        [
            Column[MissingNote](lambda row: datetime_text(row.starts_at, zone(row.timezone), locale), "Appointment"),
            Column[MissingNote]("patient_name", "Patient"),
            Column[MissingNote]("patient_code", "Code"),
            Column[MissingNote]("service_name", "Service"),
            Column[MissingNote]("location_name", "Location"),
            Column[MissingNote]("status", "Status"),
        ],
        key="missing_notes",
        select=True,
        wording=Wording(locale),
        empty="Every attended appointment has its note.",
    )
if missing is not None:
    request = StartVisit(appointment_id=missing.id, request_id=page.request_id(f"start/{missing.id}"))
    started = page.run(start_visit, request)
    if started is not None:
        page.go(VISIT, visit=started.id, patient=started.patient_id)
