"""Outages of rooms and equipment: the list, a form to record one, and one to change or take back what was chosen."""

from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from clinic_core.access import Actor, Permission
from clinic_core.kit.clock import now
from clinic_core.scheduling.queries import list_outages, list_resources
from clinic_core.scheduling.schemas import (
    AddOutage,
    ChangeOutage,
    ListOutages,
    ListResources,
    LocationRow,
    OutageRow,
    RemoveOutage,
    ResourceRow,
)
from clinic_core.scheduling.service import add_outage, change_outage, remove_outage
from clinic_core.ui.absence_fields import draw_away_fields, first_text, last_text
from clinic_core.ui.absence_rebook import show_displaced
from clinic_core.ui.forms import chosen, option_field, text_field
from clinic_core.ui.location import place_of
from clinic_core.ui.page import Page
from clinic_core.ui.tables import Column, Wording, show_table
from clinic_core.vocabulary import Scope

LOOK_BACK = timedelta(days=31)
LOOK_AHEAD = timedelta(days=366)


def plans_places(actor: Actor, location: LocationRow) -> bool:
    """Whether the person blocks rooms and closes the location."""
    scope = actor.scope(Permission.SCHEDULE_MANAGE)
    return scope is Scope.ORGANISATION or (scope is Scope.LOCATION and location.is_mine)


def draw_outages(page: Page, location: LocationRow) -> None:
    """What is out of service at the location from a month ago on; a click on a row opens it."""
    place = place_of(location)
    rows = page.read(
        list_outages,
        ListOutages(clinic_location_id=location.id, starts_before=now() + LOOK_AHEAD, ends_after=now() - LOOK_BACK),
    )
    may_change = plans_places(page.actor, location)
    found = show_table(
        rows,
        [
            Column[OutageRow]("name", "Room or equipment"),
            Column[OutageRow](lambda row: first_text(row.starts_at, place), "From"),
            Column[OutageRow](lambda row: last_text(row.ends_at, place), "To"),
            Column[OutageRow]("reason", "Reason"),
        ],
        key=f"outages_{'_'.join(f'{row.id.hex[-6:]}{row.version}' for row in rows)}",
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
    reason = text_field("Reason", key="outage_reason")

    def request() -> AddOutage:
        starts_at, ends_at = fields.span(place)
        return AddOutage(
            resource_id=chosen(resource, field="room").id,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=reason,
            request_id=page.request_id("outage"),
        )

    if st.button("Record outage", type="primary", key="outage_add"):
        saved = page.run(add_outage, request, done="{name} is out of service for that time.")
        if saved is not None:
            show_displaced(page, saved.displaced)


def _draw_chosen(page: Page, place: ZoneInfo, row: OutageRow) -> None:
    key = f"outage_{row.id}_{row.version}"
    st.subheader("Change the outage", anchor=False)
    fields = draw_away_fields(key, place, (row.starts_at, row.ends_at))
    reason = text_field("Reason", key=f"{key}_reason", value=row.reason)

    def request() -> ChangeOutage:
        starts_at, ends_at = fields.span(place)
        return ChangeOutage(
            outage_id=row.id,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=reason,
            version=row.version,
            request_id=page.request_id(key),
        )

    with st.container(horizontal=True, gap="small"):
        if st.button("Save outage", type="primary", key=f"{key}_save"):
            saved = page.run(change_outage, request, done="The outage of {name} is saved.")
            if saved is not None:
                show_displaced(page, saved.displaced)
        if st.button("Remove outage", key=f"{key}_remove"):
            removal = RemoveOutage(outage_id=row.id, request_id=page.request_id(f"{key}/remove"))
            if page.run(remove_outage, removal, done="{name} is in service again.") is not None:
                st.rerun()
