"""The short line of figures that a manager sees above the day; the dashboard explains and opens them."""

from datetime import date

import streamlit as st

from clinic_core.analytics.queries import no_show_rate, outstanding, utilization
from clinic_core.analytics.schemas import OutstandingRequest, PeriodFilter
from clinic_core.kit.formats import money, rate_text
from clinic_core.scheduling.schemas import LocationRow
from clinic_core.ui.page import Page


def draw_figures(page: Page, today: date, location: LocationRow) -> None:
    """Outstanding now, and this month's utilization and no-show rate of the location."""
    settings = page.actor.settings
    month = PeriodFilter(first_day=today.replace(day=1), last_day=today, clinic_location_id=location.id)
    owed = page.read(outstanding, OutstandingRequest(clinic_location_id=location.id))
    used = page.read(utilization, month)
    missed = page.read(no_show_rate, month)
    with st.container(horizontal=True, gap="medium"):
        st.metric("Outstanding, net", money(owed.net, settings.currency, settings.locale), width="content")
        st.metric("Utilization this month", rate_text(used.rate, settings.locale), width="content")
        st.metric("No-show this month", rate_text(missed.rate, settings.locale), width="content")
        st.metric("Past visits not closed", str(missed.unclosed), width="content")
