"""The note editor in a real browser, under the real content security policy: nothing that was typed is lost."""

import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from clinic_core.access import owner_work, perform
from clinic_core.clinical_docs.queries import get_visit
from clinic_core.clinical_docs.schemas import GetVisit, SoapNotes, VisitChart
from clinic_core.vocabulary import VisitStatus
from tests.browser.conftest import SignIn, enter, settle
from tests.clinical_docs.arrange import Chart, in_care_team, make_chart
from tests.factories import Clinic

pytestmark = pytest.mark.browser

SAVED = re.compile(r"^saved \d\d:\d\d$")


@pytest.fixture
def chart(clinic: Clinic) -> Chart:
    """A visit just begun."""
    return make_chart(clinic)


def open_note(page: Page, address: str, chart: Chart) -> list[str]:
    """Open the visit page; what the browser complains about from here on is collected in the list."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(f"{address}/visit?visit={chart.visit.id}")
    expect(page.get_by_label("Subjective")).to_be_visible()
    settle(page)
    return complaints


def written(chart: Chart) -> VisitChart:
    return perform(chart.clinic.actor("practitioner"), get_visit, GetVisit(visit_id=chart.visit.id))


def test_a_pause_keeps_the_draft_under_the_content_security_policy(
    chart: Chart, sign_in: SignIn, app_address: str
) -> None:
    page = sign_in("practitioner")
    complaints = open_note(page, app_address, chart)
    page.get_by_label("Plan").press_sequentially("Rest.\nCome back.")
    assert written(chart).draft is None
    expect(page.locator(".note .status")).to_have_text(SAVED)
    draft = written(chart).draft
    assert draft is not None
    assert draft.notes == SoapNotes(plan="Rest.\nCome back.")
    assert written(chart).revision == 0
    assert [line for line in complaints if "Content Security Policy" in line] == []


def test_a_draft_survives_a_reload_and_signing_in_again(chart: Chart, sign_in: SignIn, app_address: str) -> None:
    page = sign_in("practitioner")
    open_note(page, app_address, chart)
    page.get_by_label("Subjective").press_sequentially("Tired since Monday")
    expect(page.locator(".note .status")).to_have_text(SAVED)
    page.reload()
    expect(page.get_by_label("Subjective")).to_have_value("Tired since Monday")
    expect(page.locator(".note .status")).to_have_text(SAVED)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()  # before the next address is asked for
    enter(page, app_address, chart.clinic.email("practitioner"))
    open_note(page, app_address, chart)
    expect(page.get_by_label("Subjective")).to_have_value("Tired since Monday")


def test_what_was_typed_a_moment_ago_is_saved_and_signed(chart: Chart, sign_in: SignIn, app_address: str) -> None:
    page = sign_in("practitioner")
    open_note(page, app_address, chart)
    page.get_by_label("Assessment").press_sequentially("Strain")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("The note is saved as version 1.")).to_be_visible()
    assert written(chart).notes == SoapNotes(assessment="Strain")
    settle(page)
    page.get_by_label("Assessment").press_sequentially(" of the calf")
    page.get_by_role("button", name="Sign note").click()
    expect(page.get_by_role("button", name="Amend with reason")).to_be_visible()
    visit = written(chart)
    assert (visit.status, visit.notes) == (VisitStatus.SIGNED, SoapNotes(assessment="Strain of the calf"))
    assert visit.draft is None


def test_typing_goes_on_while_the_draft_is_being_kept(chart: Chart, sign_in: SignIn, app_address: str) -> None:
    page = sign_in("practitioner")
    open_note(page, app_address, chart)
    field = page.get_by_label("Subjective")
    words = "one two three four five six seven eight nine ten"
    field.press_sequentially(words, delay=90)
    field.press("Control+s")
    field.press_sequentially(" eleven", delay=90)
    expect(field).to_have_value(f"{words} eleven")
    expect(page.locator(".note .status")).to_have_text(SAVED)
    draft = written(chart).draft
    assert draft is not None
    assert draft.notes.subjective == f"{words} eleven"


def test_discarded_text_gives_way_to_the_saved_note(chart: Chart, sign_in: SignIn, app_address: str) -> None:
    chart.saved(SoapNotes(plan="Rest"))
    page = sign_in("practitioner")
    open_note(page, app_address, chart)
    page.get_by_label("Plan").press_sequentially(" no more")
    page.get_by_label("Subjective").focus()
    page.get_by_role("button", name="Discard changes").click()
    page.get_by_role("button", name="Discard my text").click()
    expect(page.get_by_label("Plan")).to_have_value("Rest")
    assert written(chart).draft is None


def test_a_refusal_says_not_saved_and_keeps_the_text_on_screen(chart: Chart, sign_in: SignIn, app_address: str) -> None:
    page = sign_in("practitioner")
    open_note(page, app_address, chart)
    with owner_work("test.arrange", chart.clinic.organization_id) as session:
        session.execute(text("update visit set deleted_at = now() where id = :id"), {"id": chart.visit.id})
    page.get_by_label("Plan").press_sequentially("Rest")
    expect(page.locator(".note .status")).to_have_text("not saved: This visit does not exist.")
    expect(page.get_by_label("Plan")).to_have_value("Rest")


def test_who_is_overtaken_while_typing_is_told_at_the_next_pause(
    chart: Chart, sign_in: SignIn, app_address: str
) -> None:
    in_care_team(chart.clinic, chart.patient_id)
    page = sign_in("practitioner")
    open_note(page, app_address, chart)
    chart.saved(SoapNotes(plan="Theirs"), role="second_practitioner")
    page.get_by_label("Plan").press_sequentially("Mine")
    expect(page.get_by_text("Second Practitioner changed this note")).to_be_visible()
    expect(page.get_by_label("Plan")).to_have_value("Mine")
    page.get_by_role("button", name="Go on with my text").click()
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("The note is saved as version 2.")).to_be_visible()
    assert written(chart).notes == SoapNotes(plan="Mine")
