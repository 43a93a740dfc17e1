"""The waiting list of the location: who waits, which times came free for whom, offers, and a time for each."""

import streamlit as st

from clinic_core.access import Permission
from clinic_core.scheduling.queries import count_waiting, freed_slots, list_practitioners, list_waiting
from clinic_core.scheduling.schemas import ListFreed, ListPractitioners, ListWaiting
from clinic_core.ui.location import current_location, place_of
from clinic_core.ui.page import open_page
from clinic_core.ui.states import draw_empty
from clinic_core.ui.tables import draw_pager
from clinic_core.ui.waiting_list_form import begin_waiting, draw_waiting_form
from clinic_core.ui.waiting_list_rows import draw_entries, draw_freed
from clinic_core.ui.waiting_list_times import draw_search
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import Urgency

PAGE_SIZE = 50
FILTERS = ("waiting_list_practitioner", "waiting_list_urgency")

page = open_page("Waiting list", Permission.APPOINTMENT_READ)
actor = page.actor
location = current_location()
manages = actor.can(Permission.APPOINTMENT_MANAGE)
patient_id = page.id("patient")
if patient_id is not None and manages:
    # Come from a patient's page: the form opens once, a reload does not open it again.
    del st.query_params["patient"]
    begin_waiting(patient_id)


def clear_filters() -> None:
    """Callback: show everybody again."""
    for key in FILTERS:
        st.session_state.pop(key, None)


with page.actions:
    if manages:
        st.button("Add", type="primary", icon=":material/add:", on_click=begin_waiting, args=(None,))
people = page.read(list_practitioners, ListPractitioners(clinic_location_id=location.id))
names = {row.id: row.name for row in people}
with st.container(horizontal=True, vertical_alignment="center", gap="small"):
    who = st.selectbox(
        "Practitioner",
        list(names),
        index=None,
        format_func=lambda found: names[found],
        key=FILTERS[0],
        label_visibility="collapsed",
        placeholder="All practitioners",
        width=220,
    )
    urgencies = st.multiselect(
        "Urgency",
        list(reversed(Urgency)),
        format_func=lambda word: word.label,
        key=FILTERS[1],
        label_visibility="collapsed",
        placeholder="Any urgency",
        width=260,
    )
asked = ListWaiting(
    clinic_location_id=location.id, practitioner_user_id=who, urgencies=tuple(urgencies), limit=PAGE_SIZE
)
total = page.read(count_waiting, asked)
wanted = (who,) if who else ()
slots = page.read(freed_slots, ListFreed(clinic_location_id=location.id, practitioner_ids=wanted))
suiting = [slot for slot in slots if slot.matches]
if suiting:
    st.subheader("Came free", anchor=False)
    draw_freed(page, suiting, place_of(location))
    st.subheader("Waiting", anchor=False)
if total:
    st.caption(plain(f"{total} waiting at {location.name}"))
    offset = draw_pager(total, page_size=PAGE_SIZE, key="waiting_list_page")
    draw_entries(page, page.read(list_waiting, asked.model_copy(update={"offset": offset})))
elif who or urgencies:
    draw_empty("Nobody on the waiting list matches these filters.")
    st.button("Clear filters", on_click=clear_filters)
else:
    draw_empty(
        "Nobody waits for a time here.",
        "Add who wants to come sooner: when a time comes free, this page and Today say whom it suits.",
    )
draw_waiting_form(page, location)
draw_search(page, location)
