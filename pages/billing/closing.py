"""Close day: what is still open, the money against what was counted, who signed when; months for who closes them."""

from datetime import timedelta

import streamlit as st

from clinic_core.access import Permission
from clinic_core.billing.queries import day_to_close
from clinic_core.billing.schemas import DayToClose
from clinic_core.kit.formats import day_text
from clinic_core.ui.appointment_panel import draw_panel
from clinic_core.ui.closing_day import draw_closed_days, draw_counting, draw_open_points, draw_signed_day
from clinic_core.ui.closing_month import draw_months
from clinic_core.ui.export import Export, draw_forms
from clinic_core.ui.location import current_location, place_of, today_at
from clinic_core.ui.page import open_page
from clinic_core.ui.payment_dialog import draw_payment
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import Scope

page = open_page("Close day", Permission.BILLING_COLLECT)

actor = page.actor
location = current_location()
place = place_of(location)
today = today_at(location)

with page.actions:
    day = st.date_input(
        "Day",
        value=today,
        min_value=today - timedelta(days=3660),
        max_value=today,
        key=f"closing_day_{location.id}",
        format="YYYY-MM-DD",
        label_visibility="collapsed",
        width=150,
    )
    draw_forms(Export("takings", {"from": day, "to": day, "location": location.id}, "Receipts"))

found = page.read(day_to_close, DayToClose(clinic_location_id=location.id, day=day))
st.caption(plain(f"{day_text(day, actor.settings.locale)} · {location.name}"))
if found.closing:
    draw_signed_day(page, found.closing, place)
else:
    open_side, money_side = st.columns([2, 3], gap="medium")
    with open_side:
        st.subheader("Still open", anchor=False)
        draw_open_points(page, found.points, place)
    with money_side:
        st.subheader("Takings", anchor=False)
        draw_counting(page, found, location.id)

st.subheader("Closed days here", anchor=False)
draw_closed_days(page, location.id, place)
if actor.scope(Permission.BILLING_CLOSE_PERIOD) is Scope.ORGANISATION:
    st.subheader("Months", anchor=False)
    draw_months(page, today, place)
draw_panel(page)
draw_payment(page, location.timezone)
