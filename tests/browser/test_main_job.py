"""The clinic's main job in a real browser, from sign-in to the dashboard, each step by a role that may do it."""

import re
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, expect

from clinic_core.access import owner_work
from clinic_core.kit.clock import now
from clinic_core.models import ClinicLocation
from tests.browser.conftest import SignIn, settle
from tests.factories import Clinic

pytestmark = pytest.mark.browser

PATIENT = "Nia Newcomer"
LINE = re.compile(PATIENT)


def pick(page: Page, label: str, option: str) -> None:
    """Choose an option of a select box."""
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=re.compile(option)).click()
    settle(page)


def make_it_noon(clinic: Clinic) -> None:
    """Puts the clinic where it is noon: the main job takes place within one day, whenever it is tried."""
    zone = f"Etc/GMT{now().hour - 12:+d}"  # their signs are reversed: +5 is five hours west
    with owner_work("test.arrange", clinic.organization_id) as session:
        for location in session.query(ClinicLocation).filter_by(organization_id=clinic.organization_id):
            location.timezone = zone


def register_and_book(desk: Page) -> None:
    desk.get_by_role("link", name="Calendar").click()
    expect(desk.get_by_role("heading", name="Calendar", level=1)).to_be_visible()
    board = desk.frame_locator("iframe[title*=calendar]:not([height='0'])")
    # The next quarter of an hour: a morning's slots lie in the past.
    desk.get_by_role("button", name="Book", exact=True).click()
    expect(desk.get_by_role("dialog")).to_contain_text("Book an appointment")
    desk.get_by_text("New patient").click()
    desk.get_by_label("First name").fill("Nia")
    desk.get_by_label("Last name").fill("Newcomer")
    pick(desk, "Room", "Room 1")
    desk.keyboard.press("Tab")  # the list stays open for more
    desk.get_by_role("dialog").get_by_role("button", name="Book", exact=True).click()
    expect(desk.get_by_text("The appointment is booked for")).to_be_visible()
    expect(board.locator(".fc-timegrid-event")).to_contain_text(PATIENT)


def receive(desk: Page) -> None:
    desk.get_by_role("link", name="Today").click()
    expect(desk.get_by_role("button", name=LINE)).to_be_visible()
    desk.get_by_role("button", name="Arrive").click()
    expect(desk.get_by_text("The patient has arrived.")).to_be_visible()


def write_and_sign(practitioner: Page) -> None:
    practitioner.get_by_role("button", name="Start", exact=True).click()
    expect(practitioner.get_by_text("The appointment is in progress.")).to_be_visible()
    practitioner.get_by_role("button", name="Write note").click()
    practitioner.get_by_label("Subjective").press_sequentially("Sore calf since Sunday.")
    practitioner.get_by_label("Plan").press_sequentially("Rest, stretch, come back in a week.")
    practitioner.get_by_role("button", name="Sign note").click()
    expect(practitioner.get_by_text("The note is signed as version 1.")).to_be_visible()
    practitioner.get_by_role("link", name="Today").click()
    practitioner.get_by_role("button", name="Complete").click()
    expect(practitioner.get_by_text("The appointment is completed.")).to_be_visible()


def issue(manager: Page) -> str:
    """The address of the invoice that was issued."""
    manager.get_by_role("button", name="More").click()
    manager.get_by_role("button", name="Invoice", exact=True).click()
    manager.get_by_role("button", name="Save draft").click()
    expect(manager.get_by_text("The draft is saved.")).to_be_visible()
    manager.get_by_role("button", name="Issue invoice").click()
    expect(manager.get_by_text(re.compile(r"Invoice INV-\d{4}-00001 is issued\."))).to_be_visible()
    return manager.url


def collect(desk: Page, invoice: str) -> None:
    desk.goto(invoice)
    desk.get_by_role("button", name="Take payment").click()
    dialog = desk.get_by_role("dialog")
    dialog.get_by_label("Amount").fill("30")
    pick(desk, "Method", "Card")
    dialog.get_by_role("button", name="Take payment").click()
    expect(desk.get_by_text(re.compile(r"Receipt RCT-\d{4}-00001 is recorded\."))).to_be_visible()


def fetch(page: Page, link: str) -> bytes:
    """The file behind a link of the page."""
    address = page.get_by_role("link", name=link).get_attribute("href")
    answer = page.context.request.get(urljoin(page.url, address))
    assert answer.status == 200
    return answer.body()


def test_the_main_job_from_sign_in_to_the_dashboard(clinic: Clinic, sign_in: SignIn, app_address: str) -> None:
    make_it_noon(clinic)
    desk = sign_in("assistant")
    register_and_book(desk)
    receive(desk)

    write_and_sign(sign_in("practitioner"))

    manager = sign_in("manager")
    invoice = issue(manager)
    collect(desk, invoice)

    assert fetch(desk, "PDF").startswith(b"%PDF")

    manager.get_by_role("link", name="Overview").click()
    expect(manager.get_by_text("€50.00").first).to_be_visible()
    manager.get_by_role("button", name="Export").click()
    lines = fetch(manager, "Outstanding invoices (CSV)").decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert "50.00" in lines[1]
