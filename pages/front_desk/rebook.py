"""Appointments that cannot take place as booked, and whole days of a practitioner who cannot come."""

import streamlit as st

from clinic_core.access import Permission
from clinic_core.scheduling.queries import list_practitioners
from clinic_core.scheduling.schemas import ListPractitioners
from clinic_core.ui.absence_day import draw_whole_day
from clinic_core.ui.absence_rebook import WORK_LIST, draw_work_list
from clinic_core.ui.location import current_location
from clinic_core.ui.page import open_page
from clinic_core.ui.series_gaps import GAPS, draw_series_gaps
from clinic_core.ui.states import draw_empty
from clinic_core.vocabulary import Scope

page = open_page("To rebook", Permission.APPOINTMENT_MANAGE)

PARTS = (WORK_LIST, GAPS, "Somebody cannot come")

location = current_location()
is_own_only = page.actor.scope(Permission.APPOINTMENT_MANAGE) is Scope.OWN
people = [
    row for row in page.read(list_practitioners, ListPractitioners()) if not is_own_only or row.id == page.actor.user_id
]
here = [row for row in people if location.id in row.location_ids]
part = st.radio("Part", PARTS, horizontal=True, key="rebook_part", label_visibility="collapsed")
if part == WORK_LIST:
    draw_work_list(page, people)
elif part == GAPS:
    draw_series_gaps(page, location)
elif here:
    draw_whole_day(page, location, here)
else:
    draw_empty("No calendar of this location is yours to change.", "Choose another location in the sidebar.")
