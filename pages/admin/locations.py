"""Locations: details, rooms and equipment, opening hours, closures."""

import streamlit as st

from clinic_core.access import Permission
from clinic_core.scheduling.queries import list_locations
from clinic_core.scheduling.schemas import ListLocations
from clinic_core.ui.absence_closures import draw_closures
from clinic_core.ui.location_forms import (
    draw_details,
    draw_hours,
    draw_new_location,
    draw_resources,
)
from clinic_core.ui.page import open_page
from clinic_core.ui.states import draw_empty

page = open_page("Locations", Permission.SETTINGS_MANAGE, Permission.SCHEDULE_MANAGE)

PARTS = {
    "Rooms and equipment": draw_resources,
    "Opening hours": draw_hours,
    "Closures": draw_closures,
    "Details": draw_details,
}
may_change = page.actor.can(Permission.SETTINGS_MANAGE)
with page.actions:
    is_adding = may_change and st.toggle("Add a location", key="adding_location")
if is_adding:
    draw_new_location(page)

places = {place.id: place for place in page.read(list_locations, ListLocations(with_inactive=True))}
if not places:
    draw_empty("There is no location yet.", "Add the first one: patients are seen at locations.")
    st.stop()
names = {place.id: place.name if place.active else f"{place.name} (not in use)" for place in places.values()}
chosen_id = st.selectbox("Location", list(places), format_func=lambda found: names[found], key="admin_location")
place = places[chosen_id]
if may_change:
    part = st.radio("Part", list(PARTS), horizontal=True, key="location_part", label_visibility="collapsed")
    PARTS[part](page, place)
else:
    st.subheader("Closures", anchor=False)
    draw_closures(page, place)
