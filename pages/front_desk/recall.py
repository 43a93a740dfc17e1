"""The recall list: patients who were seen, have no next appointment, and should be asked back."""

import streamlit as st

from clinic_core.access import Permission
from clinic_core.kit.calendar import local_date, zone
from clinic_core.kit.formats import date_text
from clinic_core.scheduling.queries import list_recall
from clinic_core.scheduling.schemas import RecallRow
from clinic_core.ui.booking import BookingSlot, begin_booking, draw_booking, next_quarter
from clinic_core.ui.export import draw_export
from clinic_core.ui.location import current_location, today_at
from clinic_core.ui.page import open_page
from clinic_core.ui.patient_search import PATIENT_PAGE
from clinic_core.ui.recall import PAGE_SIZE, PAGER, draw_recall_filters, recall_export
from clinic_core.ui.tables import Column, Wording, draw_pager, show_table
from clinic_core.ui.tiles import counted
from clinic_core.ui.wording import plain

page = open_page("Recall", Permission.APPOINTMENT_READ)
locale = page.actor.settings.locale
location = current_location()

request = draw_recall_filters(page, today_at(location))
with page.actions:
    draw_export(recall_export(request))
found = page.read(list_recall, request)
st.caption(
    f"{counted(found.count, 'patient')} whose last visit lies in this time and who have no appointment ahead, the"
    " longest unseen first. The filters are about that last visit. Archived and deceased patients are left out."
)
row = show_table(
    found.rows,
    [
        Column[RecallRow]("name", "Patient", width="medium"),
        Column[RecallRow]("code", "Code", width="small"),
        Column[RecallRow](
            lambda one: date_text(local_date(one.last_visit_at, zone(one.timezone)), locale), "Last visit"
        ),
        Column[RecallRow]("practitioner", "Practitioner"),
        Column[RecallRow]("service", "Service"),
        Column[RecallRow]("phone", "Phone"),
        Column[RecallRow]("email", "E-mail"),
        Column[RecallRow]("contact", "Messages"),
        Column[RecallRow]("location", "Location"),
    ],
    key=f"recall_{request.offset}",
    select=True,
    wording=Wording(locale),
    empty="Nobody needs to be asked back: everyone seen in this time has been here since or has an appointment.",
)
draw_pager(found.count, page_size=PAGE_SIZE, key=PAGER)
if row is not None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(plain(f"{row.name} · {row.code}"), width="content")
        if page.actor.can(Permission.APPOINTMENT_MANAGE):
            st.button(
                "Book",
                type="primary",
                icon=":material/add:",
                on_click=begin_booking,
                args=(BookingSlot(next_quarter(), row.practitioner_user_id, None, row.id, row.name),),
            )
        if st.button("Open patient", icon=":material/person:"):
            page.go(PATIENT_PAGE, patient=row.id)
draw_booking(page, location)
