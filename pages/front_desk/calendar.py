"""The calendar: a day or a week by practitioner; click to book, drag to move, click an appointment for its panel."""

from datetime import date, datetime, time, timedelta

import streamlit as st

from clinic_core.access import Permission
from clinic_core.kit.calendar import from_wall, local_date, range_bounds
from clinic_core.kit.clock import now
from clinic_core.kit.formats import date_text
from clinic_core.notifications.service import move_with_reminders
from clinic_core.scheduling.queries import count_appointments, list_appointments, list_practitioners, working_hours
from clinic_core.scheduling.schemas import GetWorkingHours, ListAppointments, ListPractitioners, MoveAppointment
from clinic_core.ui.appointment_panel import draw_panel, open_panel
from clinic_core.ui.booking import BookingSlot, begin_booking, draw_booking, next_quarter
from clinic_core.ui.calendar_board import make_board
from clinic_core.ui.calendar_view import BlockMoved, BlockOpened, SlotChosen, draw_calendar
from clinic_core.ui.location import current_location, place_of, today_at
from clinic_core.ui.page import open_page
from clinic_core.ui.states import draw_empty
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import AppointmentStatus

MOST = 500
MODES = ["Day", "Week"]

page = open_page("Calendar", Permission.APPOINTMENT_READ)
actor = page.actor
location = current_location()
place = place_of(location)
today = today_at(location)
manages = actor.can(Permission.APPOINTMENT_MANAGE)


def turn(days: int) -> None:
    """Callback: go to another day; 0 is today."""
    shown: date = st.session_state["calendar_day"]
    st.session_state["calendar_day"] = shown + timedelta(days=days) if days else today


st.session_state.setdefault("calendar_day", today)
people = page.read(list_practitioners, ListPractitioners(clinic_location_id=location.id))
names = {row.id: row.name for row in people}
with st.container(horizontal=True, vertical_alignment="center", gap="small"):
    mode = st.radio("View", MODES, horizontal=True, key="calendar_mode", label_visibility="collapsed", width="content")
    days = 7 if mode == "Week" else 1
    st.button("Previous", icon=":material/chevron_left:", on_click=turn, args=(-days,), key="calendar_back")
    st.button("Today", on_click=turn, args=(0,), key="calendar_today")
    st.button(
        "Next", icon=":material/chevron_right:", on_click=turn, args=(days,), key="calendar_next", icon_position="right"
    )
    shown = st.date_input("Day", key="calendar_day", label_visibility="collapsed", format="YYYY-MM-DD", width=140)
    own = [actor.user_id] if actor.user_id in names else list(names)[:1]
    chosen = st.multiselect(
        "Practitioners",
        list(names),
        default=own if days == 7 else list(names),
        format_func=lambda found: names[found],
        key=f"calendar_people_{days}_{location.id}",
        label_visibility="collapsed",
        placeholder="Practitioners",
        width="stretch",
    )
    with_cancelled = st.toggle("Cancelled", key="calendar_cancelled")
first = shown - timedelta(days=(shown.isoweekday() - actor.settings.first_weekday) % 7) if days == 7 else shown
last = first + timedelta(days=days - 1)
bounds = range_bounds(first, last, place)
with page.actions:
    if manages:
        nine = from_wall(datetime.combine(shown, time(9)), place).instant
        start = next_quarter() if local_date(now(), place) == shown else nine
        st.button(
            "Book",
            type="primary",
            icon=":material/add:",
            on_click=begin_booking,
            args=(BookingSlot(start),),
        )

if not chosen:
    draw_empty("Nobody is chosen to be shown.", "Choose practitioners above, or give them this location in Admin.")
    st.stop()

statuses = tuple(found for found in AppointmentStatus if with_cancelled or found is not AppointmentStatus.CANCELLED)
request = ListAppointments(
    starts_from=bounds.start,
    starts_before=bounds.end,
    clinic_location_id=location.id,
    practitioner_ids=tuple(chosen),
    statuses=statuses,
    limit=MOST,
)
rows = page.read(list_appointments, request)
if len(rows) == MOST:
    total = page.read(count_appointments, request)
    st.caption(f"The first {MOST} of {total} appointments are drawn; choose fewer days or practitioners.")
hours = page.read(
    working_hours,
    GetWorkingHours(
        clinic_location_id=location.id,
        first=first,
        last=last,
        practitioner_ids=tuple(chosen),
    ),
)
for closure in hours.closures:
    st.info(f"Closed from {date_text(closure.starts_on, actor.settings.locale)}: {plain(closure.name)}")
board = make_board(actor, (first, last), place, {found: names[found] for found in chosen}, rows, hours)
answer = draw_calendar(board, key="calendar")
if isinstance(answer, SlotChosen):
    begin_booking(BookingSlot(answer.starts_at, answer.column_id, answer.ends_at))
elif isinstance(answer, BlockOpened):
    open_panel(answer.id)
elif isinstance(answer, BlockMoved):
    moved = next(row for row in rows if row.id == answer.id)
    page.run_for_next(
        move_with_reminders,
        MoveAppointment(
            appointment_id=moved.id,
            starts_at=answer.starts_at,
            ends_at=answer.ends_at,
            practitioner_user_id=answer.column_id,
            version=moved.version,
            request_id=page.request_id(f"drag/{moved.id}"),
        ),
        done="The appointment is moved.",
    )
if answer is not None:
    # The next run draws the blocks where they are now: moved, or back where they were.
    st.rerun()
draw_booking(page, location)
draw_panel(page)
