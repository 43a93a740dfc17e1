"""The calendar on a phone: one column, the page scrolls, a month is a list of its days."""

import re
from collections.abc import Iterator
from datetime import time

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.calendar_desk import Desk, block, new_tab, open_desk
from tests.browser.conftest import settle
from tests.harness import Database

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def desk(browser: Browser, app_address: str, database: Database) -> Iterator[Desk]:
    with open_desk(browser, app_address) as opened:
        yield opened


def test_a_phone_scrolls_the_page_and_not_the_board_and_shows_it_in_the_upper_third(desk: Desk) -> None:
    day = desk.next_day()
    desk.book(day, time(17), "Late")
    page = new_tab(desk.browser, desk.address, desk.clinic, width=390)
    board = desk.open(day, page)
    expect(board.locator("th.fc-col-header-cell")).to_have_count(1)
    settle(page)
    scrollers = board.locator("*").evaluate_all(
        "all => all.filter(one => one.scrollHeight > one.clientHeight + 1 && /auto|scroll/.test("
        "getComputedStyle(one).overflowY)).map(one => one.className)"
    )
    assert scrollers == []
    frame = page.locator("iframe[title*=calendar]:not([height='0'])")
    shown, whole = frame.bounding_box(), board.locator("body").evaluate("body => body.scrollHeight")
    title = page.get_by_role("heading", level=1).bounding_box()
    assert shown is not None
    assert title is not None
    assert shown["height"] >= whole
    assert shown["y"] - (title["y"] + title["height"]) < 150
    block(board, "Late").scroll_into_view_if_needed()
    expect(block(board, "Late")).to_be_in_viewport()
    page.context.close()


def test_a_phone_lists_the_days_of_a_month_and_opens_one(desk: Desk) -> None:
    day = desk.next_day()
    desk.book(day, time(9), "Pocket")
    page = new_tab(desk.browser, desk.address, desk.clinic, width=390)
    page.goto(f"{desk.address}/calendar?day={day.replace(day=1)}&view=month")
    line = page.get_by_role("button", name=f"Mon {day.day} {day:%b} · 1 booked")
    line.tap()
    board = page.frame_locator("iframe[title*=calendar]:not([height='0'])")
    expect(block(board, "Pocket")).to_be_visible()
    expect(page).to_have_url(re.compile(f"day={day}&view=day"))
    page.context.close()


def test_a_phone_shows_one_column_and_no_more_than_its_width(desk: Desk) -> None:
    day = desk.next_day()
    desk.book(day, time(9), "Thumb")
    desk.book(day, time(9), "Other", practitioner_user_id=desk.clinic.users["second_practitioner"])
    page = new_tab(desk.browser, desk.address, desk.clinic, width=390)
    board = desk.open(day, page)
    expect(board.locator("th.fc-col-header-cell")).to_have_count(1)
    expect(block(board, "Thumb")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_role("combobox", name="Practitioner").click()
    page.get_by_role("option", name="Second Practitioner").click()
    expect(block(board, "Other")).to_be_visible()
    expect(block(board, "Thumb")).to_have_count(0)
    settle(page)
    block(board, "Other").tap()
    expect(page.get_by_role("dialog")).to_contain_text("Other Demo")
    page.context.close()
