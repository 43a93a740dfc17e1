"""The calendar: days, a week, a month or a list; click to book, drag to move, draw to block, click to open."""

from datetime import datetime, time
from functools import partial
from uuid import UUID

import streamlit as st

from clinic_core.access import Permission
from clinic_core.kit.calendar import from_wall, range_bounds
from clinic_core.scheduling.queries import (
    count_appointments,
    count_by_day,
    first_visits,
    get_opening_hours,
    list_appointments,
    list_practitioners,
    list_resources,
    list_services_for_booking,
    working_hours,
)
from clinic_core.scheduling.schemas import (
    CountDays,
    FindFirstVisits,
    GetOpeningHours,
    GetWorkingHours,
    ListPractitioners,
    ListResources,
    ListServices,
)
from clinic_core.ui.appointment_panel import draw_panel
from clinic_core.ui.booking import BookingSlot, begin_booking, draw_booking, next_quarter
from clinic_core.ui.calendar_actions import draw_tools, handle_answer, offer_blocking
from clinic_core.ui.calendar_away import draw_away, may_block
from clinic_core.ui.calendar_board import Shown, board_of_people, board_of_rooms
from clinic_core.ui.calendar_copy import draw_copy
from clinic_core.ui.calendar_days import draw_days
from clinic_core.ui.calendar_filters import By, ColorBy, Mode, current_view, keep_in_address
from clinic_core.ui.calendar_list import draw_list
from clinic_core.ui.calendar_month import make_month
from clinic_core.ui.calendar_moves import draw_move
from clinic_core.ui.calendar_toolbar import (
    draw_filter_line,
    draw_time_line,
    period_text,
    short_period_text,
    shown_people,
    shown_rooms,
)
from clinic_core.ui.calendar_view import draw_board, draw_month
from clinic_core.ui.calendar_window.width import is_narrow, watch_width
from clinic_core.ui.location import current_location, place_of, today_at
from clinic_core.ui.page import open_page
from clinic_core.ui.payment_dialog import draw_payment
from clinic_core.ui.states import draw_empty

MOST = 500

page = open_page("Calendar", Permission.APPOINTMENT_READ)
actor = page.actor
location = current_location()
place = place_of(location)
today = today_at(location)
narrow = is_narrow()

view = handle_answer(page, current_view(today), location, place)
keep_in_address(view, location.id)
is_board = view.mode in {Mode.DAY, Mode.WEEK}
first, last = view.period(actor.settings.first_weekday)
bounds = range_bounds(first, last, place)

nine = from_wall(datetime.combine(view.day, time(9)), place).instant
start = BookingSlot(next_quarter() if view.day == today else nine)
tools = partial(draw_tools, page, location, view, start)

with page.actions:
    if narrow:
        st.markdown(f"**{short_period_text(view, (first, last), actor.settings.locale)}**", width="content")
    else:
        tools()
    if actor.can(Permission.APPOINTMENT_MANAGE):
        st.button("Book", type="primary", icon=":material/add:", on_click=begin_booking, args=(start,))
draw_copy(page)
draw_move(page, place)

people = page.read(list_practitioners, ListPractitioners(clinic_location_id=location.id))
rooms = page.read(list_resources, ListResources(clinic_location_id=location.id))
services = page.read(list_services_for_booking, ListServices())
one_column = narrow and is_board
columns = (
    shown_rooms(view, rooms, one=one_column)
    if view.by is By.ROOM
    else shown_people(view, people, actor.user_id, one=one_column)
)
draw_time_line(view, today, period_text(view, (first, last), actor.settings.locale), is_narrow=narrow)
draw_filter_line(view, people, rooms, services, columns, on_phone=tools if narrow else None)

# Those of a link or of another location who do not work here are nobody's filter.
asked: tuple[UUID, ...] = tuple(row.id for row in people if row.id in view.practitioners)
if is_board and view.by is By.PRACTITIONER:
    asked = tuple(columns)
    if not columns:
        draw_empty("Nobody works at this location yet.", "Give practitioners this location in Admin, Users.")
        st.stop()
request = CountDays(
    starts_from=bounds.start,
    starts_before=bounds.end,
    clinic_location_id=location.id,
    practitioner_ids=asked,
    product_service_ids=tuple(row.id for row in services if row.id in view.services),
    statuses=view.shown_statuses,
    limit=MOST,
)

if view.mode is Mode.LIST:
    draw_list(page, request, place, shown=f"{first}_{view.by}")
    draw_booking(page, location)
    draw_panel(page)
    draw_payment(page, location.timezone)
    watch_width()
    st.stop()

totals = page.read(count_by_day, request) if view.mode is Mode.MONTH else []
too_many = sum(sum(total.by_status.values()) for total in totals) > MOST
# On a phone a day of the month has room for its numbers only.
only_numbers = too_many or (narrow and view.mode is Mode.MONTH)
rows = [] if only_numbers else page.read(list_appointments, request)
if too_many and not narrow:
    st.caption(f"More than {MOST} appointments: each day shows its number; choose a day or fewer practitioners.")
elif len(rows) == MOST:
    total = page.read(count_appointments, request)
    if total > MOST:
        st.caption(f"The first {MOST} of {total} appointments are drawn; choose fewer days or practitioners.")
hours = page.read(
    working_hours,
    GetWorkingHours(clinic_location_id=location.id, first=first, last=last, practitioner_ids=asked),
)
opening = page.read(get_opening_hours, GetOpeningHours(clinic_location_id=location.id))
shown = Shown(
    first=first,
    last=last,
    place=place,
    rows=rows,
    first_visits=page.read(first_visits, FindFirstVisits(appointment_ids=tuple(row.id for row in rows))),
    hours=hours,
    has_opening_hours=bool(opening.spans),
    is_by_type=view.color is ColorBy.TYPE,
    is_narrow=narrow,
)
if view.mode is Mode.MONTH and narrow:
    draw_days(page, view, today, totals, hours.closures, opening.spans)
elif view.mode is Mode.MONTH:
    draw_month(make_month(page, shown, totals))
elif view.by is By.ROOM:
    draw_board(board_of_rooms(actor, shown, [row for row in rooms if row.id in columns]))
else:
    draw_board(board_of_people(actor, shown, [row for row in people if row.id in columns]))
draw_booking(page, location, offer_blocking if may_block(page) else None)
draw_panel(page)
draw_away(page, place, hours, people, rooms)
draw_payment(page, location.timezone)
watch_width()
