"""Today, by role: the day of the location at the front desk, one's own day with the way to the note, the figures."""

import streamlit as st

from clinic_core.access import Permission
from clinic_core.kit.formats import date_text
from clinic_core.scheduling.queries import day_list, today_counts
from clinic_core.scheduling.schemas import DayCounts, ListDay
from clinic_core.ui.appointment_panel import draw_panel
from clinic_core.ui.booking import BookingSlot, begin_booking, draw_booking, next_quarter
from clinic_core.ui.day import draw_day
from clinic_core.ui.figures import draw_figures
from clinic_core.ui.location import current_location, place_of, today_at
from clinic_core.ui.page import open_page
from clinic_core.ui.states import draw_empty
from clinic_core.ui.status import LOOKS
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import AppointmentStatus

page = open_page("Today", Permission.APPOINTMENT_READ)
actor = page.actor
location = current_location()
place = place_of(location)
today = today_at(location)
is_practitioner = actor.can(Permission.CLINICAL_WRITE)

with page.actions:
    if actor.can(Permission.APPOINTMENT_MANAGE):
        st.button(
            "Book",
            type="primary",
            icon=":material/add:",
            on_click=begin_booking,
            args=(BookingSlot(next_quarter()),),
        )


def counts_line(counts: DayCounts) -> str:
    """The day in one line: a number for every status that occurs."""
    parts = [
        f"{LOOKS[status].symbol} {counts.by_status[status]} {status.label.lower()}"
        for status in AppointmentStatus
        if counts.by_status.get(status)
    ]
    waiting = [f"{counts.waiting_long} waiting longer than 15 min"] if counts.waiting_long else []
    return " · ".join([f"{counts.total} in all", *parts, *waiting])


whose = "Everybody"
if is_practitioner:
    whose = st.radio("Whose day", ["Mine", "Everybody"], horizontal=True, label_visibility="collapsed")
practitioner_ids = (actor.user_id,) if is_practitioner and whose != "Everybody" and actor.user_id else ()
request = ListDay(clinic_location_id=location.id, day=today, practitioner_ids=practitioner_ids)
counts = page.read(today_counts, request)
st.caption(plain(f"{today:%A}, {date_text(today, actor.settings.locale)} · {location.name} · {counts_line(counts)}"))
if actor.can(Permission.REPORT_FINANCIAL):
    draw_figures(page, today, location)
rows = page.read(day_list, request)
if not rows:
    draw_empty("Nobody is booked for today here.", "Book on the calendar, or choose another location in the sidebar.")
open_rows = [row for row in rows if row.status is not AppointmentStatus.CANCELLED]
draw_day(page, open_rows, place, key="today")
cancelled = [row for row in rows if row.status is AppointmentStatus.CANCELLED]
if cancelled:
    with st.expander(f"Cancelled ({len(cancelled)})"):
        draw_day(page, cancelled, place, key="cancelled")
draw_booking(page, location)
draw_panel(page)
