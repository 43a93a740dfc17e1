"""Who and what is not there: absences of practitioners, rooms out of service, days on which the clinic is closed."""

import streamlit as st

from clinic_core.access import Permission
from clinic_core.scheduling.queries import list_practitioners
from clinic_core.scheduling.schemas import ListPractitioners
from clinic_core.ui.absence_closures import draw_closures
from clinic_core.ui.absence_forms import draw_absences
from clinic_core.ui.absence_outages import draw_outages
from clinic_core.ui.availability_people import planned_by
from clinic_core.ui.location import current_location, place_of
from clinic_core.ui.page import open_page

page = open_page("Absences", Permission.SCHEDULE_MANAGE)

PARTS = ("People", "Rooms and equipment", "Closures")

location = current_location()
part = st.radio("Part", PARTS, horizontal=True, key="absences_part", label_visibility="collapsed")
if part == PARTS[0]:
    people = page.read(list_practitioners, ListPractitioners())
    draw_absences(page, place_of(location), planned_by(page.actor, people))
elif part == PARTS[1]:
    draw_outages(page, location)
else:
    draw_closures(page, location)
