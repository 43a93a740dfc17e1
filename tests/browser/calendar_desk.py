"""A clinic with somebody at its calendar in a browser, and what a hand does there."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from playwright.sync_api import Browser, FrameLocator, Locator, Page

from clinic_core.access import perform
from clinic_core.kit.calendar import from_wall, range_bounds, to_wall, zone
from clinic_core.scheduling.queries import get_appointment, list_appointments
from clinic_core.scheduling.schemas import (
    AppointmentRow,
    BookAppointment,
    GetAppointment,
    ListAppointments,
)
from clinic_core.scheduling.service import book_appointment
from tests.browser.conftest import ACTION_MS, enter, give_passwords, settle
from tests.factories import MONDAY, Clinic, make_clinic, make_patient

BERLIN = zone("Europe/Berlin")


@dataclass
class Desk:
    """A clinic, somebody of it at a browser, and the days that no test has used yet."""

    clinic: Clinic
    address: str
    browser: Browser
    page: Page
    used: int = 0

    def next_day(self) -> date:
        """A Monday of the test's own."""
        self.used += 1
        return MONDAY.date() + timedelta(weeks=self.used)

    def open(self, day: date, page: Page | None = None, **query: object) -> FrameLocator:
        """The calendar of that day, in the tab that is shared or in another."""
        tab = page or self.page
        address = "&".join(f"{name}={value}" for name, value in {"day": day, **query}.items())
        tab.goto(f"{self.address}/calendar?{address}")
        board = tab.frame_locator("iframe[title*=calendar]:not([height='0'])")
        board.locator(".fc-view").first.wait_for()
        settle(tab)
        return board

    def book(self, day: date, clock: time, first_name: str, **fields: object) -> AppointmentRow:
        """Half an hour with the practitioner, for a new patient."""
        starts_at = from_wall(datetime.combine(day, clock), BERLIN).instant
        values: dict[str, Any] = {
            "patient_id": make_patient(self.clinic, first_name=first_name),
            "practitioner_user_id": self.clinic.users["practitioner"],
            "clinic_location_id": self.clinic.main,
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(minutes=30),
            **fields,
        }
        return perform(self.clinic.actor("manager"), book_appointment, BookAppointment.model_validate(values))

    def row(self, appointment_id: UUID) -> AppointmentRow:
        """How it stands now."""
        return perform(self.clinic.actor("manager"), get_appointment, GetAppointment(appointment_id=appointment_id))

    def walls(self, appointment_id: UUID) -> tuple[str, str]:
        """From … to … on the wall."""
        row = self.row(appointment_id)
        return f"{to_wall(row.starts_at, BERLIN):%H:%M}", f"{to_wall(row.ends_at, BERLIN):%H:%M}"

    def booked_on(self, day: date) -> list[AppointmentRow]:
        """Everything booked on that day."""
        bounds = range_bounds(day, day, BERLIN)
        request = ListAppointments(starts_from=bounds.start, starts_before=bounds.end)
        return perform(self.clinic.actor("manager"), list_appointments, request)


@contextmanager
def open_desk(browser: Browser, address: str) -> Iterator[Desk]:
    """A clinic of its own and somebody at its calendar, for the tests of a module."""
    clinic = make_clinic()
    give_passwords(clinic)
    page = new_tab(browser, address, clinic)
    yield Desk(clinic, address, browser, page)
    page.context.close()


def new_tab(
    browser: Browser, address: str, clinic: Clinic, *, width: int = 1440, zone_id: str = "Europe/Berlin"
) -> Page:
    """Somebody who may do everything on the calendar, in a browser of their own."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, locale="en-GB", timezone_id=zone_id, has_touch=width < 500
    )
    page = context.new_page()
    page.set_default_timeout(ACTION_MS)
    enter(page, address, clinic.email("manager"))
    return page


def block(board: FrameLocator, text: str) -> Locator:
    return board.locator(".fc-timegrid-event", has_text=text)


def point(board: FrameLocator, clock: str, column: UUID) -> tuple[float, float]:
    """Just below where that time begins in that column."""
    lane = board.locator(f"td.fc-timegrid-slot-lane[data-time='{clock}:00']")
    lane.scroll_into_view_if_needed()
    line = lane.bounding_box()
    place = board.locator(f"td.fc-timegrid-col[data-resource-id='{column}']").bounding_box()
    assert line is not None
    assert place is not None
    return place["x"] + place["width"] / 2, line["y"] + 5


def drag(page: Page, found: Locator, to: tuple[float, float], *, from_bottom: bool = False) -> None:
    """Take the block at its upper edge, or at its lower one, and drop it there."""
    start = found.bounding_box()
    assert start is not None
    x, y = start["x"] + start["width"] / 2, start["y"] + (start["height"] - 2 if from_bottom else 6)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 25, steps=4)
    page.mouse.move(*to, steps=8)
    page.mouse.up()
