"""Today, by role: the day of the location at the front desk, one's own day with the way to the note, the figures."""

from uuid import UUID

import streamlit as st

from clinic_core.access import Permission
from clinic_core.kit.formats import day_text, minutes_text
from clinic_core.scheduling.queries import (
    count_unclosed,
    day_list,
    day_openings,
    list_practitioners,
    today_counts,
    unclosed_appointments,
)
from clinic_core.scheduling.schemas import (
    DayCounts,
    DayOpenings,
    ListDay,
    ListPractitioners,
    ListUnclosed,
    UnclosedCount,
)
from clinic_core.ui.appointment_panel import draw_panel
from clinic_core.ui.booking import BookingSlot, begin_booking, draw_booking, next_quarter
from clinic_core.ui.checkout import draw_checkout
from clinic_core.ui.day import draw_day
from clinic_core.ui.day_refresh import keep_fresh
from clinic_core.ui.day_sheet import draw_day_sheet_link
from clinic_core.ui.figures import draw_figures
from clinic_core.ui.location import current_location, place_of, today_at
from clinic_core.ui.page import open_page
from clinic_core.ui.payment_dialog import draw_payment
from clinic_core.ui.states import draw_empty
from clinic_core.ui.tiles import counted
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import AppointmentStatus

WAITING_PAGE = "pages/front_desk/waiting_list.py"
SHOW_UNCLOSED = "today_unclosed"

page = open_page("Today", Permission.APPOINTMENT_READ)
actor = page.actor
location = current_location()
place = place_of(location)
today = today_at(location)
manages = actor.can(Permission.APPOINTMENT_MANAGE)
is_practitioner = actor.can(Permission.CLINICAL_WRITE)

with page.actions:
    draw_day_sheet_link(location, today)
    if manages:
        st.button(
            "Book",
            type="primary",
            icon=":material/add:",
            on_click=begin_booking,
            args=(BookingSlot(next_quarter()),),
        )


def head_line(counts: DayCounts, openings: DayOpenings) -> str:
    """The day in one line: who is expected, who came and where they are, who waits long, what is free still."""
    by = counts.by_status
    arrived, inside, done = (
        by[AppointmentStatus.ARRIVED],
        by[AppointmentStatus.IN_PROGRESS],
        by[AppointmentStatus.COMPLETED],
    )
    came = [
        f"{number} {word}" for number, word in ((arrived, "waiting"), (inside, "in room"), (done, "done")) if number
    ]
    came_text = f"{arrived + inside + done} arrived" + (f" ({', '.join(came)})" if came else "")
    parts = [f"{counts.total - by[AppointmentStatus.CANCELLED]} booked", came_text]
    parts += [f"{counts.waiting_long} waiting > 15 min"] if counts.waiting_long else []
    parts += [counted(by[AppointmentStatus.NO_SHOW], "no-show")] if by[AppointmentStatus.NO_SHOW] else []
    parts += [f"{minutes_text(openings.free_minutes)} free"] if openings.free_minutes else []
    return " · ".join(parts)


def toggle_unclosed() -> None:
    """Callback: show or hide what was left open on earlier days."""
    st.session_state[SHOW_UNCLOSED] = not st.session_state.get(SHOW_UNCLOSED, False)


def unclosed_text(unclosed: UnclosedCount) -> str:
    """What was left open, as the button says it."""
    when = "yesterday" if unclosed.total == unclosed.day_before else "earlier days"
    return f"{when} still open: {counted(unclosed.total, 'visit')} without a final status"


practitioner_ids: tuple[UUID, ...] = ()
if is_practitioner:
    whose = st.radio("Whose day", ["Mine", "Everybody"], horizontal=True, label_visibility="collapsed")
    practitioner_ids = (actor.user_id,) if whose == "Mine" and actor.user_id else ()
else:
    people = page.read(list_practitioners, ListPractitioners(clinic_location_id=location.id))
    names = {row.id: row.name for row in people}
    practitioner_ids = tuple(
        st.multiselect(
            "Practitioners",
            list(names),
            format_func=lambda found: names[found],
            key=f"today_people_{location.id}",
            label_visibility="collapsed",
            placeholder="All practitioners",
            width=320,
        )
    )
request = ListDay(clinic_location_id=location.id, day=today, practitioner_ids=practitioner_ids)
earlier = ListUnclosed(clinic_location_id=location.id, before=today, practitioner_ids=practitioner_ids)
openings = page.read(day_openings, request)
unclosed = page.read(count_unclosed, earlier)
line = head_line(page.read(today_counts, request), openings)
st.caption(plain(f"{day_text(today, actor.settings.locale)} · {location.name} · {line}"))
if openings.matching or unclosed.total:
    with st.container(horizontal=True, gap="medium"):
        matching = f"waiting list matching free slots today: {openings.matching}"
        if openings.matching and st.button(matching, type="tertiary", icon=":material/hourglass_top:"):
            page.go(WAITING_PAGE)
        if unclosed.total:
            st.button(
                unclosed_text(unclosed), type="tertiary", icon=":material/pending_actions:", on_click=toggle_unclosed
            )
if actor.can(Permission.REPORT_FINANCIAL):
    draw_figures(page, today, location)
if unclosed.total and st.session_state.get(SHOW_UNCLOSED):
    with st.container(border=True):
        st.markdown("**Still open from earlier days**")
        draw_day(page, page.read(unclosed_appointments, earlier), place, key="unclosed", with_date=True)

rows = page.read(day_list, request)
if not rows:
    draw_empty("Nobody is booked for today here.", "Book on the calendar, or choose another location in the sidebar.")
draw_day(page, [row for row in rows if row.status is not AppointmentStatus.CANCELLED], place, key="today")
cancelled = [row for row in rows if row.status is AppointmentStatus.CANCELLED]
if cancelled:
    with st.expander(f"Cancelled ({len(cancelled)})"):
        draw_day(page, cancelled, place, key="cancelled")
draw_booking(page, location)
draw_panel(page)
draw_payment(page, location.timezone)
draw_checkout(page)
keep_fresh(request)
