"""Outages of rooms and equipment: the list, a form to record one, and one to change or take back what was chosen."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import streamlit as st

from clinic_core.access import Actor, Permission
from clinic_core.scheduling.queries import list_outages, list_resources
from clinic_core.scheduling.schemas import ListOutages, ListResources, LocationRow, OutageRow, ResourceRow
from clinic_core.ui.absence_fields import draw_away_fields, listed_period, table_key, when_columns
from clinic_core.ui.absence_rebook import show_displaced
from clinic_core.ui.absence_saving import draw_steps, record_outage, remove_away, save_outage
from clinic_core.ui.forms import option_field
from clinic_core.ui.location import place_of
from clinic_core.ui.page import Page
from clinic_core.ui.tables import Column, Wording, show_table
from clinic_core.vocabulary import Scope


def plans_places(actor: Actor, location: LocationRow) -> bool:
    """Whether the person blocks rooms and closes the location."""
    scope = actor.scope(Permission.SCHEDULE_MANAGE)
    return scope is Scope.ORGANISATION or (scope is Scope.LOCATION and location.is_mine)


def draw_outages(page: Page, location: LocationRow) -> None:
    """What is out of service at the location from a month ago on; a click on a row opens it."""
    place = place_of(location)
    starts_before, ends_after = listed_period()
    period = ListOutages(clinic_location_id=location.id, starts_before=starts_before, ends_after=ends_after)
    rows = page.read(list_outages, period)
    may_change = plans_places(page.actor, location)
    found = show_table(
        rows,
        [
            Column[OutageRow]("name", "Room or equipment"),
            *when_columns(rows, place),
            Column[OutageRow]("reason", "Reason"),
        ],
        key=table_key("outages", rows),
        select=may_change,
        wording=Wording(page.actor.settings.locale, place),
        empty="Every room and piece of equipment of this location is in service.",
    )
    if not may_change:
        return
    if found is not None:
        _draw_chosen(page, place, found)
        return
    _draw_new(page, place, page.read(list_resources, ListResources(clinic_location_id=location.id)))


def _draw_new(page: Page, place: ZoneInfo, resources: Sequence[ResourceRow]) -> None:
    if not resources:
        st.caption("This location has no rooms yet; they are added on the page Locations.")
        return
    st.subheader("Take out of service", anchor=False)
    with st.container(width=260):
        resource = option_field("Room or equipment", resources, key="outage_resource", show=lambda row: row.name)
    fields = draw_away_fields("outage", place)
    if st.button("Record outage", type="primary", key="outage_add") and resource is not None:
        saved = record_outage(page, resource.id, fields, done="{name} is out of service for that time.")
        if saved is not None:
            show_displaced(page, saved.displaced)


def _draw_chosen(page: Page, place: ZoneInfo, row: OutageRow) -> None:
    key = f"outage_{row.id}_{row.version}"
    st.subheader("Change the outage", anchor=False)
    fields = draw_away_fields(key, place, (row.starts_at, row.ends_at), reason=row.reason)
    match draw_steps("outage", key):
        case "save":
            saved = save_outage(page, row, fields, done="The outage of {name} is saved.")
            if saved is not None:
                show_displaced(page, saved.displaced)
        case "remove" if remove_away(page, row, done="{name} is in service again."):
            st.rerun()
