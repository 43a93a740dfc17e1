"""Checking out in a real browser: from the completed row of Today to invoice, receipt and change, by a double click."""

import re
from datetime import timedelta
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, expect

from clinic_core.access import perform
from clinic_core.billing.queries import list_invoices, list_receipts
from clinic_core.billing.schemas import DisplayStatus, ListInvoices, ListReceipts
from clinic_core.kit.clock import now
from clinic_core.scheduling.schemas import BookAppointment, ChangeStatus
from clinic_core.scheduling.service import book_appointment, change_status
from clinic_core.vocabulary import AppointmentStatus
from tests.browser.conftest import SignIn, settle
from tests.browser.test_main_job import make_it_noon
from tests.factories import Clinic, make_patient

pytestmark = pytest.mark.browser


def complete_one(clinic: Clinic) -> None:
    """An appointment of today that has taken place."""
    starts_at = now().replace(second=0, microsecond=0) + timedelta(minutes=5)
    booked = BookAppointment(
        patient_id=make_patient(clinic),
        practitioner_user_id=clinic.users["practitioner"],
        clinic_location_id=clinic.main,
        product_service_id=clinic.service,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=30),
    )
    manager = clinic.actor("manager")
    row = perform(manager, book_appointment, booked)
    for status in (AppointmentStatus.ARRIVED, AppointmentStatus.IN_PROGRESS, AppointmentStatus.COMPLETED):
        row = perform(manager, change_status, ChangeStatus(appointment_id=row.id, status=status))


def is_pdf(page: Page, link: re.Pattern[str]) -> bool:
    address = page.get_by_role("link", name=link).get_attribute("href")
    answer = page.context.request.get(urljoin(page.url, address))
    return answer.status == 200 and answer.body().startswith(b"%PDF")


def test_a_double_click_checks_out_once_and_the_change_is_said(clinic: Clinic, sign_in: SignIn) -> None:
    make_it_noon(clinic)
    complete_one(clinic)
    page = sign_in("manager")
    page.get_by_role("link", name="Today").click()
    page.get_by_role("button", name="Check out").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Total €80.00")
    dialog.get_by_role("button", name="Cash").click()
    dialog.get_by_label("Cash given").fill("100")
    dialog.get_by_label("Cash given").press("Enter")
    expect(dialog).to_contain_text("Change: €20.00")
    settle(page)
    dialog.get_by_role("button", name="Issue and pay").dblclick()
    expect(dialog).to_contain_text(re.compile(r"Invoice INV-\d{4}-00001 over €80\.00 is issued, paid in full\."))
    expect(dialog).to_contain_text("Change to give back")
    assert is_pdf(page, re.compile("Invoice INV"))
    assert is_pdf(page, re.compile("Receipt RCT"))
    dialog.get_by_role("button", name="Done").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Check out")).to_be_hidden()

    manager = clinic.actor("manager")
    (made,) = perform(manager, list_invoices, ListInvoices())
    assert made.display_status is DisplayStatus.PAID
    assert len(perform(manager, list_receipts, ListReceipts())) == 1
