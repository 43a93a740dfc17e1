"""The shell in a real browser: sign-in, menu, deep links, sign-out."""

import pytest
from playwright.sync_api import expect

from clinic_core.ui.nav import allowed_pages
from tests.browser.conftest import SignIn, settle
from tests.factories import Clinic

pytestmark = pytest.mark.browser


def test_a_reload_of_a_page_stays_signed_in_on_that_page(clinic: Clinic, sign_in: SignIn, app_address: str) -> None:
    page = sign_in("assistant")
    page.get_by_role("link", name="Patients").click()
    expect(page.get_by_role("heading", name="Patients")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Patients")).to_be_visible()
    expect(page.get_by_text("Page not found")).to_have_count(0)


@pytest.mark.parametrize("role", ["assistant", "admin"])
def test_every_page_is_reached_by_its_address_also_the_one_a_role_begins_with(
    clinic: Clinic, sign_in: SignIn, app_address: str, role: str
) -> None:
    page = sign_in(role)
    first, *others = [entry for entry in allowed_pages(clinic.actor(role)) if entry.listed]
    expect(page).to_have_url(f"{app_address}/{first.address}")
    for entry in (*others, first):
        page.goto(f"{app_address}/{entry.address}")
        expect(page.get_by_role("heading", level=1)).to_have_text(entry.title)
        expect(page.get_by_text("Page not found")).to_have_count(0)
    page.goto(app_address)
    expect(page).to_have_url(f"{app_address}/{first.address}")


def test_sign_out_reaches_the_other_tab(clinic: Clinic, sign_in: SignIn, app_address: str) -> None:
    page = sign_in("assistant")
    other = page.context.new_page()
    other.goto(f"{app_address}/patients")
    expect(other.get_by_role("heading", name="Patients")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    settle(other)
    other.get_by_role("link", name="Calendar").click()
    expect(other.get_by_role("button", name="Sign in")).to_be_visible()
