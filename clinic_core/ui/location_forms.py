"""The forms of a location: details, rooms and equipment, opening hours."""

import streamlit as st

from clinic_core.kit.calendar import zone_names
from clinic_core.scheduling.queries import get_opening_hours, list_resources
from clinic_core.scheduling.schemas import (
    AddLocation,
    AddResource,
    GetOpeningHours,
    ListResources,
    LocationRow,
    ResourceRow,
    SetOpeningHours,
    UpdateLocation,
    UpdateResource,
)
from clinic_core.scheduling.service import (
    add_location,
    add_resource,
    set_opening_hours,
    update_location,
    update_resource,
)
from clinic_core.ui.absence_rebook import show_displaced
from clinic_core.ui.forms import choice_field, long_text_field, text_field
from clinic_core.ui.opening_hours import WEEKDAYS, spans_of, spans_text
from clinic_core.ui.page import Page
from clinic_core.ui.tables import Column, Wording, show_table
from clinic_core.vocabulary import ResourceType

_ZONES = zone_names()


def draw_new_location(page: Page) -> None:
    """The form of a location that is to be added."""
    with st.form("location_new"):
        name = text_field("Name", key="location_new_name", limit=100)
        timezone = _zone_field("location_new_zone", "")
        address = long_text_field("Address", key="location_new_address")
        phone = text_field("Phone", key="location_new_phone", limit=40)
        if st.form_submit_button("Add location", type="primary"):
            added = page.run(
                add_location,
                lambda: AddLocation(
                    name=name, timezone=timezone, address=address, phone=phone, request_id=page.request_id("new")
                ),
                done="Location {name} is added.",
            )
            if added is not None:
                st.rerun()


def draw_details(page: Page, place: LocationRow) -> None:
    """Name, zone, address, phone, and whether the location is in use."""
    with st.form(f"details_{place.id}"):
        name = text_field("Name", key=f"name_{place.id}", value=place.name, limit=100)
        timezone = _zone_field(f"zone_{place.id}", place.timezone)
        address = long_text_field("Address", key=f"address_{place.id}", value=place.address)
        phone = text_field("Phone", key=f"phone_{place.id}", value=place.phone, limit=40)
        active = st.toggle("In use", value=place.active, key=f"active_{place.id}", help="Off: takes no bookings")
        if st.form_submit_button("Save location", type="primary"):
            change = page.run(
                update_location,
                lambda: UpdateLocation(
                    clinic_location_id=place.id,
                    name=name,
                    timezone=timezone,
                    address=address,
                    phone=phone,
                    active=active,
                    version=place.version,
                    request_id=page.request_id("location"),
                ),
                done="Location {name} is saved.",
            )
            if change is not None:
                st.rerun()


def draw_resources(page: Page, place: LocationRow) -> None:
    """Rooms and equipment; a click on a row opens its form."""
    rows = page.read(list_resources, ListResources(clinic_location_id=place.id, with_inactive=True))
    wording = Wording(page.actor.settings.locale)
    columns: list[Column[ResourceRow]] = [
        Column("name", "Name"),
        Column("type", "Type"),
        Column("category", "Category"),
        Column("active", "In service"),
    ]
    found = show_table(
        rows,
        columns,
        key=f"resources_{place.id}",
        select=True,
        wording=wording,
        empty="There are no rooms yet.",
    )
    if found is None:
        _draw_new_resource(page, place)
    else:
        _draw_resource(page, found)


def _draw_new_resource(page: Page, place: LocationRow) -> None:
    with st.form(f"resource_new_{place.id}", clear_on_submit=False):
        name = text_field("Name", key=f"resource_new_{place.id}_name", limit=100)
        kind = choice_field("Type", ResourceType, key=f"resource_new_{place.id}_type")
        category = _category_field(f"resource_new_{place.id}_category", "")
        if st.form_submit_button("Add room or equipment"):
            added = page.run(
                add_resource,
                lambda: AddResource(
                    clinic_location_id=place.id,
                    type=kind,
                    name=name,
                    category=category,
                    request_id=page.request_id("resource"),
                ),
                done="{name} is added.",
            )
            if added is not None:
                st.rerun()


def _draw_resource(page: Page, resource: ResourceRow) -> None:
    key = f"resource_{resource.id}_{resource.version}"
    with st.form(key):
        name = text_field("Name", key=f"{key}_name", value=resource.name, limit=100)
        category = _category_field(f"{key}_category", resource.category)
        active = st.toggle("In service", value=resource.active, key=f"{key}_active")
        if st.form_submit_button("Save"):
            saved = page.run(
                update_resource,
                lambda: UpdateResource(
                    resource_id=resource.id,
                    name=name,
                    category=category,
                    active=active,
                    version=resource.version,
                    request_id=page.request_id(key),
                ),
                done="{name} is saved.",
            )
            if saved is not None:
                st.rerun()


def _category_field(key: str, value: str) -> str:
    return text_field(
        "Category",
        key=key,
        value=value,
        limit=60,
        help="What it is good for, such as treatment or ultrasound; services may need a room of a category.",
    )


def draw_hours(page: Page, place: LocationRow) -> None:
    """One line a weekday."""
    present = page.read(get_opening_hours, GetOpeningHours(clinic_location_id=place.id))
    key = f"hours_{place.id}_{present.version}"
    with st.form(key):
        st.caption("For example 08:00-12:00, 14:00-18:00; empty where the location is closed.")
        lines = {
            weekday: text_field(name, key=f"{key}_{weekday}", value=spans_text(present.spans, weekday), limit=100)
            for weekday, name in enumerate(WEEKDAYS, start=1)
        }
        if st.form_submit_button("Save opening hours", type="primary"):
            saved = page.run(
                set_opening_hours,
                lambda: SetOpeningHours(
                    clinic_location_id=place.id,
                    spans=spans_of(lines),
                    version=present.version,
                    request_id=page.request_id(key),
                ),
                done="The opening hours are saved.",
            )
            if saved is not None:
                show_displaced(page, saved.displaced)


def _zone_field(key: str, value: str) -> str:
    """The time zone of a location."""
    return st.selectbox("Time zone", _ZONES, index=_ZONES.index(value) if value in _ZONES else None, key=key) or value
