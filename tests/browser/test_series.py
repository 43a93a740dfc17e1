"""Series in a real browser: repeat a booking with a date that is taken, then move this and following."""

from datetime import date, datetime, time, timedelta

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from clinic_core.access import perform
from clinic_core.kit.calendar import from_wall, to_wall, zone
from clinic_core.scheduling.schemas import BookAppointment
from clinic_core.scheduling.service import book_appointment
from tests.browser.conftest import SignIn, settle
from tests.factories import MONDAY, Clinic, make_patient
from tests.scheduling.series_arrange import live, repeat

pytestmark = pytest.mark.browser

BERLIN = zone("Europe/Berlin")
DAY = MONDAY.date()
WEEK = timedelta(weeks=1)


def taken(clinic: Clinic, day: date, clock: time) -> None:
    """Somebody else has the practitioner then."""
    starts_at = from_wall(datetime.combine(day, clock), BERLIN).instant
    request = BookAppointment(
        patient_id=make_patient(clinic, first_name="Bo"),
        practitioner_user_id=clinic.users["practitioner"],
        clinic_location_id=clinic.main,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=30),
    )
    perform(clinic.actor("assistant"), book_appointment, request)


def clocks(clinic: Clinic) -> list[str]:
    return [f"{to_wall(row.starts_at, BERLIN):%H:%M}" for row in live(clinic)]


def board_of(page: Page, address: str) -> FrameLocator:
    """The calendar of that Monday."""
    page.goto(f"{address}/calendar?day={DAY}")
    board = page.frame_locator("iframe[title*=calendar]:not([height='0'])")
    board.locator(".fc-view").first.wait_for()
    settle(page)
    return board


def type_time(page: Page, clock: time) -> None:
    """Type into the time field of the dialog, hours and minutes apart."""
    dialog = page.get_by_role("dialog")
    for name, value in (("hour", f"{clock:%H}"), ("minute", f"{clock:%M}")):
        dialog.get_by_role("spinbutton", name=f"{name}, Time").click()
        page.keyboard.type(value)
    page.keyboard.press("Tab")
    settle(page)


def test_a_booking_is_repeated_and_a_taken_date_skipped(clinic: Clinic, sign_in: SignIn, app_address: str) -> None:
    make_patient(clinic, first_name="Ada", last_name="Series")
    taken(clinic, DAY + WEEK, time(14))
    page = sign_in("assistant")
    board = board_of(page, app_address)
    lane = board.locator("td.fc-timegrid-slot-lane[data-time='14:00:00']")
    lane.scroll_into_view_if_needed()
    line = lane.bounding_box()
    column = board.locator(f"td.fc-timegrid-col[data-resource-id='{clinic.users['practitioner']}']").bounding_box()
    assert line is not None
    assert column is not None
    page.mouse.click(column["x"] + column["width"] / 2, line["y"] + 5)
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Patient", exact=True).fill("Series")
    expect(dialog.get_by_text("Ada Series")).to_be_visible()
    dialog.get_by_label("Repeat", exact=True).click()
    page.get_by_role("option", name="Weekly", exact=True).click()
    expect(dialog.get_by_text("6 dates, 5 free, 1 in conflict")).to_be_visible()
    expect(dialog.get_by_text("Practitioner is taken from 14:00").first).to_be_visible()
    expect(dialog.get_by_text("5 of 6 dates will be booked.")).to_be_visible()
    dialog.get_by_role("button", name="Book", exact=True).click()
    expect(page.get_by_text("5 appointments are booked.")).to_be_visible()
    assert clocks(clinic) == ["14:00"] * 5


def test_this_and_following_move_after_a_look_at_old_and_new(clinic: Clinic, sign_in: SignIn, app_address: str) -> None:
    booked = repeat(clinic, "FREQ=WEEKLY;COUNT=4").booked
    taken(clinic, DAY + 2 * WEEK, time(11))
    page = sign_in("assistant")
    board = board_of(page, app_address)
    board.locator(".fc-timegrid-event", has_text="Ada").click()
    page.get_by_role("dialog").get_by_text("Series · 1 of 4").click()
    page.get_by_role("button", name="Change series").click()
    dialog = page.get_by_role("dialog", name="Change the series")
    expect(dialog).to_be_visible()
    type_time(page, time(11))
    expect(dialog.get_by_text("1 date is not free")).to_be_visible()
    expect(dialog.get_by_text("Practitioner is taken from 11:00").first).to_be_visible()
    dialog.get_by_role("button", name="Save change").click()
    expect(page.get_by_text("The series is changed: 3 changed.")).to_be_visible()
    assert clocks(clinic) == ["11:00", "11:00", "10:00", "11:00"]
    assert [row.id for row in live(clinic)] == list(booked)
