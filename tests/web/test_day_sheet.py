"""`/docs/day-sheet/….pdf`: whose session it is decides, and a damaged address is a sentence."""

from io import BytesIO

import httpx2
import pytest
from pypdf import PdfReader
from starlette.applications import Starlette
from starlette.testclient import TestClient

from clinic_core.auth.sessions import session_name, start_session
from clinic_core.kit.ids import new_id
from clinic_core.web.day_sheet import DAY_SHEET_ROUTES
from tests.factories import Clinic, make_clinic, make_patient
from tests.scheduling.arrange import book

BROWSER = TestClient(Starlette(routes=DAY_SHEET_ROUTES))
DAY = "2031-03-03"


def get(clinic: Clinic, role: str, address: str) -> httpx2.Response:
    session = session_name(start_session(clinic.actor(role)))
    return BROWSER.get(f"/docs/day-sheet/{address}", headers={"x-clinic-session": session})


def test_the_sheet_is_shown_and_kept_nowhere(clinic: Clinic) -> None:
    row = book(clinic, patient_id=make_patient(clinic, last_name="Printed"))
    answer = get(clinic, "assistant", f"{clinic.main}/{DAY}.pdf")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == f'inline; filename="day-sheet-{DAY}.pdf"'
    text = PdfReader(BytesIO(answer.content)).pages[0].extract_text()
    assert "Ada Printed" in text
    assert row.patient_code in text
    other = get(clinic, "assistant", f"{clinic.main}/{DAY}.pdf?practitioner={clinic.users['second_practitioner']}")
    assert "Nobody is booked" in PdfReader(BytesIO(other.content)).pages[0].extract_text()


@pytest.mark.parametrize(
    ("role", "address", "status"),
    [
        ("patient", "{main}/2031-03-03.pdf", 403),
        ("owner", "{other}/2031-03-03.pdf", 404),
        ("owner", "{main}/2031-03-03.pdf?practitioner={other}", 404),
        ("owner", "{main}/tomorrow.pdf", 400),
        ("owner", "{main}/9999-12-31.pdf", 400),
        ("owner", "main/2031-03-03.pdf", 400),
        ("owner", "{main}/2031-03-03.pdf?practitioner=Ada", 400),
    ],
)
def test_what_is_not_there_or_not_theirs_is_refused(clinic: Clinic, role: str, address: str, status: int) -> None:
    answer = get(clinic, role, address.format(main=clinic.main, other=new_id()))
    assert (answer.status_code, answer.headers["cache-control"]) == (status, "no-store")


def test_nobody_without_a_session_and_no_other_organisation_gets_one(clinic: Clinic) -> None:
    address = f"{clinic.main}/{DAY}.pdf"
    assert BROWSER.get(f"/docs/day-sheet/{address}").status_code == 401
    assert get(make_clinic(), "owner", address).status_code == 404
