"""A calendar address from the button to the calendar program: made in Chromium, read from the running server."""

from datetime import timedelta
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from icalendar import Calendar
from playwright.sync_api import expect

from clinic_core.access import perform
from clinic_core.kit.clock import now
from clinic_core.scheduling.schemas import BookAppointment
from clinic_core.scheduling.service import book_appointment
from tests.browser.conftest import SignIn, settle
from tests.factories import Clinic, make_patient

pytestmark = pytest.mark.browser


def fetched(address: str) -> tuple[int, bytes]:
    """What a program without a session gets."""
    parts = urlsplit(address)
    connection = HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request("GET", parts.path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_an_address_is_made_shown_once_read_and_revoked(clinic: Clinic, sign_in: SignIn) -> None:
    starts_at = (now() + timedelta(days=5)).replace(minute=0, second=0, microsecond=0)
    booking = BookAppointment(
        patient_id=make_patient(clinic, first_name="Grace", last_name="Hidden"),
        practitioner_user_id=clinic.users["practitioner"],
        clinic_location_id=clinic.main,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=30),
        product_service_id=clinic.service,
        note="Semicolons; commas, and\na second line",
    )
    row = perform(clinic.actor("manager"), book_appointment, booking)
    page = sign_in("practitioner")
    page.get_by_role("link", name="My account").click()
    page.get_by_role("button", name="Make a calendar address").click()
    address = page.get_by_test_id("stCode").inner_text().strip()
    status, content = fetched(address)
    assert status == 200
    calendar = Calendar.from_ical(content)
    assert isinstance(calendar, Calendar)
    (event,) = calendar.events
    assert (event["uid"], event["summary"], event.start) == (str(row.id), "Appointment: Follow-up", starts_at)
    assert b"Grace" not in content
    settle(page)
    page.reload()
    expect(page.get_by_text("Without names · made")).to_be_visible()
    expect(page.get_by_test_id("stCode")).to_have_count(0)
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("Without names · made")).to_have_count(0)
    assert fetched(address)[0] == 404
