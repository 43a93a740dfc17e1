"""No serious or critical finding of axe on any page, light and dark; the front desk also on a phone."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from clinic_core.access import Permission, owner_work
from clinic_core.models import Appointment
from clinic_core.scheduling.schemas import AppointmentRow
from clinic_core.settings import PROJECT_ROOT
from clinic_core.ui.nav import NAV_PAGES
from clinic_core.vocabulary import AppointmentStatus, CancelledBy
from tests.billing.arrange import priced
from tests.browser.conftest import SignIn, settle
from tests.factories import MONDAY, Clinic, make_patient
from tests.scheduling.arrange import book

pytestmark = pytest.mark.browser

AXE = PROJECT_ROOT.parent / "shared" / "data" / "a11y" / "axe.min.js"
FINDINGS = """
async () => {
  const found = await axe.run(document, {resultTypes: ["violations"]});
  return found.violations
    .filter(one => ["serious", "critical"].includes(one.impact))
    .flatMap(one => one.nodes.map(node => `${one.id}: ${node.html} ${node.failureSummary}`));
}
"""
# How far the page reaches beyond the window, if it does.
TOO_WIDE = "() => [document.documentElement.scrollWidth - window.innerWidth].filter(wide => wide > 0)"

CALENDAR_FRAME = "iframe[title*=calendar]:not([height='0'])"
CALENDARS = tuple(
    f"calendar?day={MONDAY.date()}&{view}"
    for view in ("view=day", "view=week&color=type", "by=room", "view=month", "view=list")
)

Check = Callable[[Page], list[str]]


@pytest.fixture(scope="session")
def findings() -> Check:
    """What axe finds on a page."""
    if not Path(AXE).exists():
        pytest.skip("axe is not there: put axe.min.js of axe-core into ../shared/data/a11y.")
    source = AXE.read_text(encoding="utf-8")

    def check(page: Page) -> list[str]:
        expect(page.get_by_role("button", name="Sign out", exact=True)).to_be_attached()
        settle(page)
        # What the calendar draws is in a frame, which axe looks into where it finds itself.
        for frame in page.frames:
            frame.evaluate(source)
        found: list[str] = page.evaluate(FINDINGS)
        return found

    return check


def take_step(clinic: Clinic, booked: AppointmentRow, status: AppointmentStatus) -> None:
    """Let the appointment stand there, so that the calendar shows how that looks."""
    with owner_work("test.arrange", clinic.organization_id) as session:
        appointment = session.get_one(Appointment, booked.id)
        appointment.status = status
        if status is AppointmentStatus.CANCELLED:
            appointment.cancelled_by = CancelledBy.CLINIC


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_front_desk_is_accessible(
    clinic: Clinic, sign_in: SignIn, app_address: str, findings: Check, width: int, dark: bool
) -> None:
    patient_id = make_patient(clinic, alerts_json=["Latex"])
    for hours, status in enumerate(AppointmentStatus):
        booked = book(clinic, hours, patient_id=patient_id, product_service_id=clinic.service)
        take_step(clinic, booked, status)
    page = sign_in("assistant", width=width, dark=dark)
    found = {"today": findings(page)}
    for address in (*CALENDARS, "patients", f"patient?patient={patient_id}"):
        page.goto(f"{app_address}/{address}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        if width < 500 and address in CALENDARS:
            # Until the browser has told its width the page is that of a wide window.
            expect(page.get_by_role("button", name="More")).to_be_visible()
        if address in CALENDARS and "view=list" not in address and (width > 500 or "view=month" not in address):
            expect(page.frame_locator(CALENDAR_FRAME).locator(".fc-view").first).to_be_visible()
        found[address.replace(str(patient_id), "")] = [
            *findings(page),
            *(f"The page is {wide} pixels too wide." for wide in page.evaluate(TOO_WIDE)),
        ]
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_listed_page_is_accessible_and_fits_a_phone(
    clinic: Clinic, sign_in: SignIn, app_address: str, findings: Check, dark: bool
) -> None:
    make_patient(clinic)
    page = sign_in("owner", width=390, dark=dark)
    found: dict[str, list[str]] = {}
    for entry in NAV_PAGES:
        if entry.section != "Front desk" and entry.listed and Permission.CLINICAL_READ not in entry.permissions:
            page.goto(f"{app_address}/{entry.address}")
            expect(page.get_by_role("heading", level=1)).to_have_text(entry.title)
            found[entry.address] = findings(page)
            found[entry.address] += [f"The page is {wide} pixels too wide." for wide in page.evaluate(TOO_WIDE)]
    assert len(found) >= 9
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_work_list_of_notes_is_accessible(
    clinic: Clinic, sign_in: SignIn, app_address: str, findings: Check, dark: bool
) -> None:
    page = sign_in("practitioner", dark=dark)
    page.goto(f"{app_address}/worklist")
    expect(page.get_by_role("heading", level=1)).to_have_text("Notes to write")
    assert findings(page) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_a_statement_is_accessible_and_fits_a_phone(
    clinic: Clinic, sign_in: SignIn, app_address: str, findings: Check, dark: bool, width: int
) -> None:
    ada = make_patient(clinic)
    priced(clinic, ada, "25.00")
    page = sign_in("manager", width=width, dark=dark)
    page.goto(f"{app_address}/statement?patient={ada}")
    for view in ("Account", "Open invoices"):
        page.locator("label").filter(has_text=view).last.click()
        expect(page.get_by_role("link", name="PDF")).to_be_visible()
        assert findings(page) == []
        assert page.evaluate(TOO_WIDE) == []
