"""Signing in and out without JavaScript, the exchange of a ticket, and the links that set a password."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from clinic_core.access import owner_work, perform
from clinic_core.auth.schemas import CreateLink, SignedInUser
from clinic_core.auth.service import create_reset_link
from clinic_core.auth.sessions import end_session, find_session, session_name
from clinic_core.auth.sign_in import create_ticket
from tests.factories import Clinic
from tests.web.conftest import PASSWORD, SESSION_COOKIE, Browser

HTML = {"Accept": "text/html"}
NEW_PASSWORD = "a new and longer one"


@pytest.fixture
def with_password(clinic: Clinic, stored_password: str) -> Clinic:
    """The test's clinic, everybody in it with the same password; failures of other tests do not count."""
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.execute(
            text("update app_user set password_hash = :hash where organization_id = :id"),
            {"hash": stored_password, "id": clinic.organization_id},
        )
        session.execute(text("delete from sign_in_attempt"))
    return clinic


def log_in(browser: Browser, email: str, password: str = PASSWORD) -> tuple[int, str]:
    """Status and text of the answer to the plain form."""
    secret = browser.form_secret("/session/login")
    sent = browser.client.post("/session/login", data={"form": secret, "email": email, "password": password})
    return sent.status_code, sent.text


def ticket_for(clinic: Clinic, browser: Browser, role: str = "assistant") -> str:
    """A ticket as the widget makes it for the nonce that this browser got with the page."""
    browser.client.get("/", headers=HTML)
    nonce = browser.client.cookies["__Host-clinic_nonce"]
    return create_ticket(SignedInUser(organization_id=clinic.organization_id, user_id=clinic.users[role]), nonce)


def link_for(clinic: Clinic, role: str = "assistant") -> str:
    link = perform(clinic.actor("owner"), create_reset_link, CreateLink(user_id=clinic.users[role]))
    return link.path.get_secret_value()


def test_the_plain_form_signs_in_with_a_cookie_no_script_can_read(with_password: Clinic, browser: Browser) -> None:
    secret = browser.form_secret("/session/login")
    data = {"form": secret, "email": with_password.email("assistant"), "password": PASSWORD}
    answer = browser.client.post("/session/login", data=data)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    [cookie] = [line for line in answer.headers.get_list("set-cookie") if line.startswith(SESSION_COOKIE)]
    assert all(word in cookie for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"))
    assert "Domain" not in cookie
    assert browser.client.get("/calendar", headers=HTML).status_code == 200
    assert browser.client.get("/session/login").status_code == 303


def test_a_wrong_pair_is_told_without_saying_what_was_wrong(with_password: Clinic, browser: Browser) -> None:
    known = log_in(browser, with_password.email("assistant"), "wrong password")
    unknown = log_in(browser, "nobody@example.test", "wrong password")
    hide = re.compile(r'value="[^"]*"')
    assert known[0] == unknown[0] == 401
    assert hide.sub("", known[1]) == hide.sub("", unknown[1])
    assert "do not match" in known[1]


def test_a_form_of_another_site_is_refused(with_password: Clinic, browser: Browser) -> None:
    data = {"email": with_password.email("assistant"), "password": PASSWORD}
    assert browser.client.post("/session/login", data=data).status_code == 403
    browser.form_secret("/session/login")
    assert browser.client.post("/session/login", data={**data, "form": "guessed"}).status_code == 403
    assert browser.client.post("/session/logout", data={"form": ""}).status_code == 403


def test_a_form_as_large_as_a_file_is_refused(browser: Browser) -> None:
    assert browser.client.post("/session/login", data={"email": "x" * 100_000}).status_code == 413


def test_what_was_typed_is_never_markup(browser: Browser) -> None:
    answer = browser.client.get("/session/invitation?token=<script>alert(1)</script>")
    assert answer.status_code == 404
    assert "<script>" not in answer.text


def test_a_ticket_becomes_a_session_once_in_its_own_browser(
    clinic: Clinic, browser: Browser, make_browser: Callable[[], Browser]
) -> None:
    ticket = ticket_for(clinic, browser)
    stranger = make_browser()
    stranger.client.get("/", headers=HTML)
    assert stranger.client.get(f"/session/exchange?t={ticket}").status_code == 403
    answer = browser.client.get(f"/session/exchange?t={ticket}")
    assert (answer.status_code, answer.headers["location"], answer.headers["referrer-policy"]) == (
        303,
        "/",
        "no-referrer",
    )
    assert browser.client.get("/calendar", headers=HTML).status_code == 200
    assert browser.client.get(f"/session/exchange?t={ticket}").status_code == 403


def test_a_browser_without_the_cookie_is_told_so(clinic: Clinic, browser: Browser) -> None:
    answer = browser.client.get("/session/exchange?t=whatever")
    assert answer.status_code == 403
    assert "cookie" in answer.text


def test_signing_in_again_ends_the_session_that_the_browser_had(clinic: Clinic, browser: Browser) -> None:
    ticket = ticket_for(clinic, browser, "manager")
    before = browser.sign_in(clinic, "assistant")
    assert browser.client.get(f"/session/exchange?t={ticket}").status_code == 303
    assert find_session(before) is None


def test_an_address_alone_signs_nobody_out_and_the_button_does(clinic: Clinic, browser: Browser) -> None:
    sid = browser.sign_in(clinic, "assistant")
    secret = browser.form_secret("/session/logout")
    assert find_session(sid) is not None
    answer = browser.client.post("/session/logout", data={"form": secret})
    assert (answer.status_code, answer.headers["location"]) == (303, "/session/login?r=out")
    assert find_session(sid) is None
    assert browser.client.get("/calendar", headers=HTML).status_code == 303


def test_after_the_end_the_form_says_why_and_takes_the_cookie_back(clinic: Clinic, browser: Browser) -> None:
    end_session(browser.sign_in(clinic, "assistant"))
    answer = browser.client.get("/session/login?r=expired")
    assert "Your session ended" in answer.text
    assert any(f'{SESSION_COOKIE}=""' in line for line in answer.headers.get_list("set-cookie"))


def test_a_link_lets_the_person_choose_a_password_and_looking_at_it_uses_nothing_up(
    with_password: Clinic, browser: Browser
) -> None:
    path = link_for(with_password)
    secret = browser.form_secret(path)
    secret = browser.form_secret(path)
    fields = {"form": secret, "token": path.split("token=")[1]}
    differing = browser.client.post("/session/reset", data={**fields, "password": NEW_PASSWORD, "again": "other one"})
    assert "differ" in differing.text
    common = browser.client.post("/session/reset", data={**fields, "password": "password123", "again": "password123"})
    assert "most common" in common.text
    done = browser.client.post("/session/reset", data={**fields, "password": NEW_PASSWORD, "again": NEW_PASSWORD})
    assert (done.status_code, done.headers["location"]) == (303, "/session/login?r=password")
    assert browser.client.get(path).status_code == 404
    assert log_in(browser, with_password.email("assistant"), NEW_PASSWORD)[0] == 303


def test_the_page_behind_a_link_is_not_stored_and_tells_nobody_its_address(
    with_password: Clinic, browser: Browser
) -> None:
    headers = browser.client.get(link_for(with_password)).headers
    assert (headers["cache-control"], headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert "default-src 'none'" in headers["content-security-policy"]


def test_on_plain_http_to_this_machine_the_cookie_does_without_secure(with_password: Clinic, browser: Browser) -> None:
    local = TestClient(browser.client.app, base_url="http://localhost:8501", follow_redirects=False)
    local.portal = browser.client.portal
    assert log_in(Browser(local), with_password.email("assistant"))[0] == 303
    assert find_session(session_name(local.cookies["clinic_session"])) is not None
    elsewhere = TestClient(browser.client.app, base_url="http://clinic.example.org", follow_redirects=False)
    elsewhere.portal = browser.client.portal
    assert "__Host-clinic_form" in elsewhere.get("/session/login").headers["set-cookie"]
