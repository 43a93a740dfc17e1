"""The location at which the person works now: chosen in the sidebar, used by every page of the front desk."""

from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from clinic_core.access import Actor, Permission, perform
from clinic_core.errors import NotFound
from clinic_core.kit.calendar import local_date, zone
from clinic_core.kit.clock import now
from clinic_core.scheduling.queries import list_locations
from clinic_core.scheduling.schemas import ListLocations, LocationRow
from clinic_core.ui.session import current_actor, once_a_run
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import Scope

_KEY = "location"


def draw_location_switch(actor: Actor) -> None:
    """The switch between the person's locations; a single one is only named."""
    locations = _locations(actor)
    if len(locations) == 1:
        st.markdown(f":material/location_on: {plain(locations[0].name)}")
    if len(locations) < 2:
        return
    names = {location.id: location.name for location in locations}
    if st.session_state.get(_KEY) not in names:
        # A link may name the location that it was copied at.
        wanted = st.query_params.get(_KEY)
        st.session_state[_KEY] = next((found for found in names if str(found) == wanted), locations[0].id)
    st.selectbox(
        "Location", list(names), format_func=lambda found: names[found], key=_KEY, label_visibility="collapsed"
    )


def current_location() -> LocationRow:
    """The location that is chosen.

    Raises:
        NotFound: the person has none.
    """
    locations = _locations(current_actor())
    if not locations:
        raise NotFound("You are not assigned to a location yet; ask an administrator of your clinic.")
    chosen: UUID | None = st.session_state.get(_KEY)
    return next((location for location in locations if location.id == chosen), locations[0])


def today_at(location: LocationRow) -> date:
    """The date on the wall of the location."""
    return local_date(now(), place_of(location))


def place_of(location: LocationRow) -> ZoneInfo:
    """The zone of the location."""
    return zone(location.timezone)


def zones_of_locations() -> tuple[ZoneInfo, ...]:
    """The zones of all locations, that of the chosen one first."""
    rows = _all_locations(current_actor())
    return tuple(dict.fromkeys((reader_zone(), *(zone(row.timezone) for row in rows))))


def reader_zone() -> ZoneInfo:
    """The zone of the chosen location, for pages about no place; UTC where the person has none."""
    try:
        return place_of(current_location())
    except NotFound:
        return ZoneInfo("UTC")


def _locations(actor: Actor) -> list[LocationRow]:
    """Active locations at which the person may see appointments, their own first."""
    if not actor.can(Permission.APPOINTMENT_READ):
        return []
    rows = _all_locations(actor)
    everywhere = actor.scope(Permission.APPOINTMENT_READ) is Scope.ORGANISATION
    return sorted((row for row in rows if everywhere or row.is_mine), key=lambda row: (not row.is_mine, row.name))


def _all_locations(actor: Actor) -> list[LocationRow]:
    return once_a_run("locations", lambda: list(perform(actor, list_locations, ListLocations())))
