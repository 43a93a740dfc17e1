"""Clinic holidays and other closures of a location, a year at a time."""

from datetime import date

import streamlit as st

from clinic_core.access import Permission
from clinic_core.scheduling.queries import list_closures
from clinic_core.scheduling.schemas import AddClosure, ClosureRow, ListClosures, LocationRow, RemoveClosure
from clinic_core.scheduling.service import add_closure, remove_closure
from clinic_core.ui.absence_outages import plans_places
from clinic_core.ui.absence_rebook import show_displaced
from clinic_core.ui.forms import chosen, date_field, text_field
from clinic_core.ui.location import today_at
from clinic_core.ui.page import Page
from clinic_core.ui.tables import Column, Wording, show_table
from clinic_core.vocabulary import Scope

YEARS_AHEAD = 3


def draw_closures(page: Page, place: LocationRow) -> None:
    """The days of one year on which the location or the whole clinic is closed; a click on a row takes one back."""
    today = today_at(place)
    years = [today.year - 1 + step for step in range(YEARS_AHEAD + 2)]
    with st.container(width=120):
        year = st.selectbox("Year", years, index=1, key=f"closures_year_{place.id}")
    period = ListClosures(clinic_location_id=place.id, ends_from=date(year, 1, 1), starts_to=date(year, 12, 31))
    rows = page.read(list_closures, period)
    columns: list[Column[ClosureRow]] = [
        Column("name", "Name"),
        Column("starts_on", "First day"),
        Column("ends_on", "Last day"),
        Column(lambda row: (row.ends_on - row.starts_on).days + 1, "Days"),
        Column(lambda row: row.location or "Whole clinic", "Where"),
    ]
    found = show_table(
        rows,
        columns,
        key=f"closures_{place.id}_{year}_{len(rows)}",
        select=True,
        wording=Wording(page.actor.settings.locale),
        empty=f"No closures in {year}.",
    )
    if not plans_places(page.actor, place):
        return
    if found is not None and st.button("Remove closure", key=f"remove_{found.id}"):
        removal = RemoveClosure(closure_id=found.id, request_id=page.request_id(f"remove_{found.id}"))
        if page.run(remove_closure, removal, done="{name} is removed.") is not None:
            st.rerun()
    _draw_new_closure(page, place, today if year == today.year else date(year, 1, 1))


def _draw_new_closure(page: Page, place: LocationRow, first_shown: date) -> None:
    may_close_all = page.actor.scope(Permission.SCHEDULE_MANAGE) is Scope.ORGANISATION
    with st.form(f"closure_{place.id}"):
        name = text_field("Name", key=f"closure_name_{place.id}", limit=100)
        with st.container(horizontal=True, gap="small"):
            first = date_field("First day", key=f"closure_first_{place.id}_{first_shown}", value=first_shown)
            last = date_field("Last day", key=f"closure_last_{place.id}_{first_shown}", value=first_shown)
        everywhere = may_close_all and st.toggle("Whole clinic", key=f"closure_all_{place.id}")
        if st.form_submit_button("Add closure"):
            added = page.run(
                add_closure,
                lambda: AddClosure(
                    clinic_location_id=None if everywhere else place.id,
                    starts_on=chosen(first, field="first_day"),
                    ends_on=chosen(last, field="last_day"),
                    name=name,
                    request_id=page.request_id("closure"),
                ),
                done="{name} is added.",
            )
            if added is not None:
                show_displaced(page, added.displaced)
