"""The calendar as a table: the appointments of the period in the order of their times, paged."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

import streamlit as st

from clinic_core.scheduling.queries import count_appointments, first_visits, list_appointments
from clinic_core.scheduling.schemas import AppointmentRow, FindFirstVisits, ListAppointments
from clinic_core.ui.appointment_panel import open_panel
from clinic_core.ui.calendar_blocks import LEGEND, symbols_of
from clinic_core.ui.page import Page
from clinic_core.ui.status import status_text
from clinic_core.ui.tables import Column, Wording, draw_pager, show_table

PAGE_SIZE = 100
_OPENED = "_calendar_list_opened"


def draw_list(page: Page, request: ListAppointments, place: ZoneInfo, *, shown: str) -> None:
    """The rows of the request, a page of them at a time; a click on one opens its panel. `shown` names the period."""
    total = page.read(count_appointments, request)
    table = st.container()
    offset = draw_pager(total, page_size=PAGE_SIZE, key=f"calendar_list_page_{shown}")
    rows = page.read(list_appointments, request.model_copy(update={"limit": PAGE_SIZE, "offset": offset}))
    new = page.read(first_visits, FindFirstVisits(appointment_ids=tuple(row.id for row in rows)))
    # The selection stays with the table: a new key after each opened row lets the same row be opened again.
    opened = int(st.session_state.setdefault(_OPENED, 0))
    with table:
        st.caption("1 appointment" if total == 1 else f"{total:,} appointments")
        chosen = show_table(
            rows,
            _columns(place, lambda row: " · ".join(LEGEND[one] for one in symbols_of(row, new))),
            key=f"calendar_list_{shown}_{offset}_{opened}",
            select=True,
            wording=Wording(page.actor.settings.locale, place),
            empty="Nothing is booked in this period with these filters.",
        )
    if chosen is not None:
        st.session_state[_OPENED] = opened + 1
        open_panel(chosen.id)


def _columns(place: ZoneInfo, remarks: Callable[[AppointmentRow], str]) -> list[Column[AppointmentRow]]:
    return [
        Column("starts_at", "Time", zone=place),
        Column("patient_name", "Patient"),
        Column("service", "Service"),
        Column("practitioner", "Practitioner"),
        Column(lambda row: ", ".join(one.name for one in row.resources), "Rooms"),
        Column(lambda row: status_text(row.status), "Status"),
        Column(remarks, "To know", width="medium"),
    ]
