"""The calendar in a real browser: click, drag, undo, snap back, block; views, a phone, and zones.

All tests of the module share one clinic and one tab; each has a day of its own."""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

import pytest
from playwright.sync_api import Browser, expect

from clinic_core.access import perform
from clinic_core.kit.calendar import from_wall, range_bounds, to_wall
from clinic_core.scheduling.queries import list_absences
from clinic_core.scheduling.schemas import (
    AddAbsence,
    ListAbsences,
    MoveAppointment,
)
from clinic_core.scheduling.service import add_absence, move_appointment
from clinic_core.vocabulary import AbsenceKind
from tests.browser.calendar_desk import BERLIN, Desk, block, drag, new_tab, open_desk, point
from tests.browser.conftest import settle
from tests.factories import make_patient
from tests.harness import Database

pytestmark = pytest.mark.browser
SPRING_FORWARD, FALL_BACK = date(2031, 3, 30), date(2031, 10, 26)


@pytest.fixture(scope="module")
def desk(browser: Browser, app_address: str, database: Database) -> Iterator[Desk]:
    with open_desk(browser, app_address) as opened:
        yield opened


def test_a_click_on_a_free_time_books_it_in_four_actions(desk: Desk) -> None:
    day, page = desk.next_day(), desk.page
    make_patient(desk.clinic, first_name="Fourfold")
    board = desk.open(day)
    page.mouse.click(*point(board, "10:15", desk.clinic.users["second_practitioner"]))
    page.get_by_role("dialog").get_by_label("Patient").fill("Fourfold")
    page.get_by_role("dialog").get_by_text("Fourfold Demo").first.wait_for()
    page.get_by_role("dialog").get_by_role("button", name="Book", exact=True).click()
    expect(block(board, "Fourfold")).to_contain_text("10:15")
    (row,) = desk.booked_on(day)
    assert desk.walls(row.id)[0] == "10:15"
    assert row.practitioner_user_id == desk.clinic.users["second_practitioner"]
    expect(block(board, "Fourfold")).to_contain_text("★")


def test_a_drag_moves_and_undo_takes_it_back(desk: Desk) -> None:
    day, page = desk.next_day(), desk.page
    booked = desk.book(day, time(9), "Undone")
    board = desk.open(day)
    drag(page, block(board, "Undone"), point(board, "11:00", desk.clinic.users["second_practitioner"]))
    expect(page.get_by_text("The appointment is moved to")).to_be_visible()
    expect(block(board, "Undone")).to_contain_text("11:00")
    assert desk.walls(booked.id) == ("11:00", "11:30")
    assert desk.row(booked.id).practitioner_user_id == desk.clinic.users["second_practitioner"]

    page.get_by_role("button", name="Undo").click()
    expect(block(board, "Undone")).to_contain_text("09:00")
    assert desk.walls(booked.id) == ("09:00", "09:30")
    assert desk.row(booked.id).practitioner_user_id == desk.clinic.users["practitioner"]


def test_a_refused_drag_snaps_back_and_says_why_and_what_is_free(desk: Desk) -> None:
    day, page, practitioner = desk.next_day(), desk.page, desk.clinic.users["practitioner"]
    booked = desk.book(day, time(9), "Refused", resource_ids=(desk.clinic.room,))
    other = {"practitioner_user_id": desk.clinic.users["second_practitioner"]}
    desk.book(day, time(11), "Taken", resource_ids=(desk.clinic.room,), **other)
    board = desk.open(day)
    drag(page, block(board, "Refused"), point(board, "11:00", practitioner))
    expect(page.get_by_text("Room 1 is taken").first).to_be_visible()
    expect(block(board, "Refused")).to_contain_text("09:00")
    assert desk.walls(booked.id) == ("09:00", "09:30")


def test_a_resize_changes_the_length(desk: Desk) -> None:
    day, page = desk.next_day(), desk.page
    booked = desk.book(day, time(9), "Longer")
    board = desk.open(day)
    block(board, "Longer").hover()
    drag(page, block(board, "Longer"), point(board, "10:00", desk.clinic.users["practitioner"]), from_bottom=True)
    expect(page.get_by_text("The appointment is moved to")).to_be_visible()
    assert desk.walls(booked.id) == ("09:00", "10:15")


def test_a_drag_on_what_somebody_else_moved_meanwhile_is_refused(desk: Desk) -> None:
    day, page = desk.next_day(), desk.page
    booked = desk.book(day, time(9), "Stale")
    board = desk.open(day)
    moved = MoveAppointment(
        appointment_id=booked.id,
        starts_at=booked.starts_at + timedelta(hours=3),
        ends_at=booked.ends_at + timedelta(hours=3),
        version=booked.version,
    )
    perform(desk.clinic.actor("owner"), move_appointment, moved)
    drag(page, block(board, "Stale"), point(board, "10:00", desk.clinic.users["practitioner"]))
    expect(page.get_by_text("was changed by Owner in the meantime")).to_be_visible()
    expect(block(board, "Stale")).to_contain_text("12:00")
    assert desk.walls(booked.id)[0] == "12:00"


def test_a_double_click_opens_one_panel_and_the_same_one_again(desk: Desk) -> None:
    day, page = desk.next_day(), desk.page
    desk.book(day, time(9), "Twice")
    board = desk.open(day)
    for _ in range(2):
        block(board, "Twice").dblclick(force=True)  # the first click opens what covers the second
        expect(page.get_by_role("dialog")).to_contain_text("Twice Demo")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        settle(page)


def test_time_is_blocked_by_drawing_over_it_and_opened_again(desk: Desk) -> None:
    day, page, practitioner = desk.next_day(), desk.page, desk.clinic.users["practitioner"]
    board = desk.open(day)
    x, y = point(board, "13:00", practitioner)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 20, steps=4)
    page.mouse.move(*point(board, "14:15", practitioner), steps=6)
    page.mouse.up()
    page.get_by_role("button", name="Block this time instead").click()
    page.get_by_role("dialog").get_by_label("Reason").fill("Team meeting")
    page.get_by_role("dialog").get_by_role("button", name="Block", exact=True).click()
    expect(block(board, "Team meeting")).to_contain_text("13:00")
    bounds = range_bounds(day, day, BERLIN)
    asked = ListAbsences(starts_before=bounds.end, ends_after=bounds.start)
    (away,) = perform(desk.clinic.actor("manager"), list_absences, asked)
    assert (away.user_id, away.kind) == (practitioner, AbsenceKind.BLOCKED)
    assert f"{to_wall(away.ends_at, BERLIN):%H:%M}" == "14:30"

    settle(page)
    block(board, "Team meeting").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(block(board, "Team meeting")).to_have_count(0)
    assert perform(desk.clinic.actor("manager"), list_absences, asked) == []


def test_another_column_of_rooms_is_another_room(desk: Desk) -> None:
    day, page = desk.next_day(), desk.page
    booked = desk.book(day, time(9), "Roomy", resource_ids=(desk.clinic.room, desk.clinic.laser))
    board = desk.open(day, by="room")
    expect(block(board, "Roomy")).to_have_count(2)
    drag(page, block(board, "Roomy").first, point(board, "10:00", desk.clinic.second_room))
    expect(page.get_by_text("The appointment is moved to")).to_be_visible()
    assert set(desk.row(booked.id).resource_ids) == {desk.clinic.second_room, desk.clinic.laser}
    assert desk.walls(booked.id)[0] == "10:00"


def test_a_copy_is_booked_with_the_next_click(desk: Desk) -> None:
    day, page = desk.next_day(), desk.page
    desk.book(day, time(9), "Copied", product_service_id=desk.clinic.service, resource_ids=(desk.clinic.room,))
    board = desk.open(day)
    block(board, "Copied").click()
    page.get_by_role("dialog").get_by_role("button", name="Copy").click()
    expect(page.get_by_text("click a free time to book it there")).to_be_visible()
    settle(page)
    page.mouse.click(*point(board, "12:00", desk.clinic.users["second_practitioner"]))
    expect(block(board, "Copied")).to_have_count(2)
    first, second = desk.booked_on(day)
    assert (second.patient_id, second.service, second.resource_ids) == (
        first.patient_id,
        first.service,
        first.resource_ids,
    )
    assert second.practitioner_user_id == desk.clinic.users["second_practitioner"]


def test_month_and_list_show_the_same_and_a_day_of_the_month_opens(desk: Desk) -> None:
    day, page = desk.next_day(), desk.page
    desk.book(day, time(9), "Monthly")
    board = desk.open(day, view="month")
    cell = board.locator(f"td.fc-daygrid-day[data-date='{day}']")
    expect(cell).to_contain_text("1 booked")
    expect(cell).to_contain_text("Monthly")
    for _ in range(2):
        cell.locator(".day-number").click()
        expect(block(board, "Monthly")).to_be_visible()
        expect(page).to_have_url(re.compile(f"day={day}&view=day"))
        settle(page)
        page.get_by_text("Month", exact=True).click()
        expect(cell).to_be_visible()
        settle(page)
    page.get_by_text("List", exact=True).click()
    expect(page.get_by_text("1 appointment", exact=True)).to_be_visible()


def test_a_link_shows_the_same_view(desk: Desk) -> None:
    day, page = desk.next_day(), desk.page
    desk.book(day, time(9), "Linked")
    board = desk.open(day)
    page.get_by_text("Week", exact=True).click()
    expect(board.locator("th.fc-day")).to_have_count(7)
    page.get_by_role("button", name="Next").click()
    expect(block(board, "Linked")).to_have_count(0)
    page.get_by_role("button", name="Previous").click()
    expect(block(board, "Linked")).to_be_visible()
    settle(page)
    assert "Linked" not in page.url
    page.reload()
    expect(board.locator("th.fc-day")).to_have_count(7)
    expect(block(board, "Linked")).to_be_visible()


@pytest.mark.parametrize(("zone_id", "hour"), [("Asia/Tokyo", 9), ("America/New_York", 13)])
def test_times_are_those_of_the_location_on_both_days_its_clocks_change(desk: Desk, zone_id: str, hour: int) -> None:
    page = new_tab(desk.browser, desk.address, desk.clinic, zone_id=zone_id)
    practitioner, name = desk.clinic.users["practitioner"], f"Abroad{hour}"
    for day in (SPRING_FORWARD, FALL_BACK):
        booked = desk.book(day, time(hour), name)
        board = desk.open(day, page)
        expect(block(board, name)).to_contain_text(f"{hour:02}:00 - {hour:02}:30")
        drag(page, block(board, name), point(board, f"{hour + 1:02}:00", practitioner))
        expect(page.get_by_text("The appointment is moved to")).to_be_visible()
        expect(block(board, name)).to_contain_text(f"{hour + 1:02}:00 - {hour + 1:02}:30")
        assert desk.row(booked.id).starts_at == from_wall(datetime.combine(day, time(hour + 1)), BERLIN).instant
        settle(page)
        page.mouse.click(*point(board, f"{hour + 2:02}:15", practitioner))
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_label("Time", exact=True)).to_contain_text(re.compile(rf"{hour + 2:02}\D*15"))
        dialog.get_by_role("button", name="Cancel").click()
        expect(dialog).to_have_count(0)
    page.context.close()


def test_what_a_day_of_the_month_has_no_room_for_opens_the_day(desk: Desk) -> None:
    day, page = desk.next_day(), desk.page
    for number, hour in enumerate(range(9, 14)):
        desk.book(day, time(hour), f"Busy{number}")
    board = desk.open(day, view="month")
    cell = board.locator(f"td.fc-daygrid-day[data-date='{day}']")
    expect(cell).to_contain_text("5 booked")
    expect(cell).to_contain_text("Busy1")
    expect(cell).not_to_contain_text("Busy2")
    more = cell.locator(".day-more")
    expect(more).to_have_text("+ 3 more")
    more.focus()
    page.keyboard.press("Enter")
    expect(block(board, "Busy4")).to_be_visible()
    expect(page).to_have_url(re.compile(f"day={day}&view=day"))


@pytest.mark.parametrize("view", ["day", "week"])
def test_an_absence_is_seen_above_what_is_booked_in_it_and_takes_no_drop(desk: Desk, view: str) -> None:
    day, page, practitioner = desk.next_day(), desk.page, desk.clinic.users["practitioner"]
    booked = [desk.book(day, time(hour), f"Met{hour}") for hour in range(9, 12)]
    span = range_bounds(day, day, BERLIN)
    absence = AddAbsence(user_id=practitioner, starts_at=span.start, ends_at=span.end, kind=AbsenceKind.SICK)
    perform(desk.clinic.actor("manager"), add_absence, absence)
    board = desk.open(day, view=view)
    banner = board.get_by_text("Sick, all day")
    expect(banner).to_be_visible()
    place = banner.bounding_box()
    assert place is not None
    middle = (place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    drag(page, block(board, "Met9"), middle)
    settle(page)
    expect(block(board, "Met9")).to_contain_text("09:00")
    assert desk.walls(booked[0].id) == ("09:00", "09:30")
    page.mouse.click(*middle)
    settle(page)
    expect(page.get_by_role("dialog")).to_have_count(0)
