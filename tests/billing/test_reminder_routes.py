"""The letter that would be made, over HTTP: whose session it is decides, every look leaves a line in the audit log."""

from io import BytesIO

from pypdf import PdfReader
from starlette.applications import Starlette
from starlette.testclient import TestClient

from clinic_core.auth.sessions import session_name, start_session
from clinic_core.web.reminders import REMINDER_ROUTES
from tests.billing.arrange import audited, priced
from tests.billing.reminding import late
from tests.factories import Clinic, make_clinic, make_patient

BROWSER = TestClient(Starlette(routes=REMINDER_ROUTES))


def status(clinic: Clinic, role: str, address: str) -> int:
    session = session_name(start_session(clinic.actor(role)))
    return BROWSER.get(f"/docs/reminder/{address}", headers={"x-clinic-session": session}).status_code


def test_a_letter_is_looked_at_before_it_is_sent(clinic: Clinic) -> None:
    invoice = late(clinic)
    session = session_name(start_session(clinic.actor("manager")))
    answer = BROWSER.get(f"/docs/reminder/{invoice.id}.pdf", headers={"x-clinic-session": session})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["cache-control"] == "no-store"
    said = PdfReader(BytesIO(answer.content)).pages[0].extract_text()
    assert invoice.number is not None
    for words in ("Payment reminder", invoice.number, "Total open €80.00", "This is a preview"):
        assert words in said
    assert audited(clinic, "reminder.preview") == [("invoice", "print", clinic.users["manager"])]


def test_a_letter_is_for_whom_it_concerns_and_only_while_it_is_due(clinic: Clinic) -> None:
    invoice = late(clinic)
    assert status(clinic, "manager", f"{invoice.id}.pdf?location={clinic.main}") == 200
    assert status(clinic, "manager", f"{invoice.id}.pdf?location={clinic.branch}") == 409
    assert status(clinic, "manager", f"{priced(clinic, make_patient(clinic), '5.00').id}.pdf") == 409
    assert status(clinic, "assistant", f"{invoice.id}.pdf") == 403
    assert status(make_clinic(), "owner", f"{invoice.id}.pdf") == 404
    assert status(clinic, "manager", "no-id.pdf") == 404
    assert BROWSER.get(f"/docs/reminder/{invoice.id}.pdf").status_code == 401
