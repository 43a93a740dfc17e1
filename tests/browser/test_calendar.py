"""The calendar in a real browser: click, drag, snap back, and the zone of the location whatever the browser's."""

from datetime import datetime, time, timedelta
from uuid import UUID

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

from clinic_core.access import perform
from clinic_core.kit.calendar import from_wall, local_date, to_wall, zone
from clinic_core.kit.clock import now
from clinic_core.scheduling.queries import get_appointment
from clinic_core.scheduling.schemas import AppointmentRow, BookAppointment, GetAppointment
from clinic_core.scheduling.service import book_appointment
from tests.browser.conftest import SignIn, settle
from tests.factories import Clinic, make_patient

pytestmark = pytest.mark.browser

BERLIN = zone("Europe/Berlin")


def book(clinic: Clinic, clock: time, first_name: str) -> AppointmentRow:
    starts_at = from_wall(datetime.combine(local_date(now(), BERLIN), clock), BERLIN).instant
    request = BookAppointment(
        patient_id=make_patient(clinic, first_name=first_name),
        practitioner_user_id=clinic.users["practitioner"],
        clinic_location_id=clinic.main,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=30),
    )
    return perform(clinic.actor("assistant"), book_appointment, request)


def wall_of(clinic: Clinic, appointment_id: UUID) -> str:
    row = perform(clinic.actor("assistant"), get_appointment, GetAppointment(appointment_id=appointment_id))
    return f"{to_wall(row.starts_at, BERLIN):%H:%M}"


def board_of(page: Page) -> FrameLocator:
    page.get_by_role("link", name="Calendar").click()
    board = page.frame_locator("iframe[title*=calendar]")
    board.locator(".fc-timegrid-event").first.wait_for()
    settle(page)
    return board


def drag(page: Page, block: Locator, board: FrameLocator, to: str) -> None:
    """Take the block at its upper edge and drop it on the slot that begins then."""
    block.scroll_into_view_if_needed()
    start, end = block.bounding_box(), board.locator(f"td.fc-timegrid-slot-lane[data-time='{to}']").bounding_box()
    assert start is not None
    assert end is not None
    x = start["x"] + 40
    page.mouse.move(x, start["y"] + 5)
    page.mouse.down()
    page.mouse.move(x, start["y"] + 30, steps=5)
    page.mouse.move(x, end["y"] + 5, steps=8)
    page.mouse.up()


def test_a_drag_moves_and_a_taken_time_snaps_back_with_the_reason(clinic: Clinic, sign_in: SignIn) -> None:
    booked = book(clinic, time(9), "Ada")
    book(clinic, time(11), "Bo")
    page = sign_in("assistant")
    board = board_of(page)
    ada = board.locator(".fc-timegrid-event", has_text="Ada")

    drag(page, ada, board, "10:00:00")
    expect(page.get_by_text("The appointment is moved.")).to_be_visible()
    expect(ada).to_contain_text("10:00")
    assert wall_of(clinic, booked.id) == "10:00"

    settle(page)
    drag(page, ada, board, "11:00:00")
    expect(page.get_by_text("The time is not free.")).to_be_visible()
    expect(ada).to_contain_text("10:00")
    assert wall_of(clinic, booked.id) == "10:00"


def test_a_click_opens_the_panel_again_and_again(clinic: Clinic, sign_in: SignIn) -> None:
    book(clinic, time(9), "Ada")
    page = sign_in("assistant")
    board = board_of(page)
    for _ in range(2):
        board.locator(".fc-timegrid-event").click()
        expect(page.get_by_role("dialog")).to_contain_text("Ada Demo")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        settle(page)


def test_a_week_shows_its_seven_days(clinic: Clinic, sign_in: SignIn) -> None:
    book(clinic, time(9), "Ada")
    page = sign_in("practitioner")
    board = board_of(page)
    page.get_by_text("Week", exact=True).click()
    expect(board.locator("th.fc-day")).to_have_count(7)
    expect(board.locator(".fc-timegrid-event")).to_contain_text("Ada Demo")
    page.get_by_role("button", name="Next").click()
    expect(board.locator(".fc-timegrid-event")).to_have_count(0)


@pytest.mark.parametrize("browser_zone", ["America/Los_Angeles", "Asia/Kolkata"])
def test_times_are_those_of_the_location_in_every_browser(clinic: Clinic, sign_in: SignIn, browser_zone: str) -> None:
    booked = book(clinic, time(9), "Ada")
    page = sign_in("assistant", zone=browser_zone)
    board = board_of(page)
    ada = board.locator(".fc-timegrid-event")
    expect(ada).to_contain_text("09:00")
    drag(page, ada, board, "10:00:00")
    expect(page.get_by_text("The appointment is moved.")).to_be_visible()
    assert wall_of(clinic, booked.id) == "10:00"
