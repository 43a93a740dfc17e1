"""The shell in a real browser: sign-in, menu, deep links, sign-out."""

import pytest
from playwright.sync_api import expect

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
