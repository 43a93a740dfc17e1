"""The sign-in widget: the package's form over our own check, and a ticket that only this browser can exchange."""

import re

import pytest
from sqlalchemy import text
from starlette.testclient import WebSocketTestSession
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from clinic_core.access import owner_work
from tests.factories import Clinic
from tests.web.conftest import PASSWORD, SOCKET, Browser, parsed, rerun

HTML = {"Accept": "text/html"}


@pytest.fixture
def with_password(clinic: Clinic, stored_password: str) -> Clinic:
    """The test's clinic, its assistant with a password; failures of other tests do not count."""
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.execute(
            text("update app_user set password_hash = :hash where id = :id"),
            {"hash": stored_password, "id": clinic.users["assistant"]},
        )
        session.execute(text("delete from sign_in_attempt"))
    return clinic


def drawn(socket: WebSocketTestSession, frame: bytes) -> list[ForwardMsg]:
    """All messages of one run of the script."""
    socket.send_bytes(frame)
    found: list[ForwardMsg] = []
    while not found or found[-1].WhichOneof("type") != "script_finished":
        found.append(parsed(socket.receive_bytes()))
    return found


def submitted(shown: list[ForwardMsg], email: str, password: str) -> bytes:
    """The frame of a person who fills in the form that was drawn and presses its button."""
    elements = [message.delta.new_element for message in shown if message.WhichOneof("type") == "delta"]
    inputs = {one.text_input.label: one.text_input.id for one in elements if one.WhichOneof("type") == "text_input"}
    [button] = [one.button.id for one in elements if one.WhichOneof("type") == "button"]
    frame = BackMsg()
    frame.ParseFromString(rerun())
    for widget, typed in ((inputs["E-mail"], email), (inputs["Password"], password)):
        frame.rerun_script.widget_states.widgets.add(id=widget, string_value=typed)
    frame.rerun_script.widget_states.widgets.add(id=button, trigger_value=True)
    return frame.SerializeToString()


def test_the_widget_leads_to_a_session_that_only_this_browser_has(with_password: Clinic, browser: Browser) -> None:
    browser.client.get("/", headers=HTML)
    with browser.client.websocket_connect(SOCKET) as socket:
        shown = drawn(socket, rerun())
        answer = drawn(socket, submitted(shown, with_password.email("assistant").upper(), f" {PASSWORD} "))
    [address] = [one.auth_redirect.url for one in answer if one.WhichOneof("type") == "auth_redirect"]
    assert re.fullmatch(r"/session/exchange\?t=[\w-]{43}", address)
    assert PASSWORD not in str(answer)
    assert browser.client.get(address).status_code == 303
    assert browser.client.get("/calendar", headers=HTML).status_code == 200


def test_a_wrong_pair_is_told_in_one_sentence_and_leaves_no_cookie(with_password: Clinic, browser: Browser) -> None:
    browser.client.get("/", headers=HTML)
    with browser.client.websocket_connect(SOCKET) as socket:
        shown = drawn(socket, rerun())
        answers = [
            drawn(socket, submitted(shown, email, "wrong password"))
            for email in (with_password.email("assistant"), "nobody@example.test")
        ]
    for answer in answers:
        assert not [one for one in answer if one.WhichOneof("type") == "auth_redirect"]
        assert "do not match" in str(answer)
    assert not browser.client.cookies.get("__Host-clinic_session")


def test_a_browser_without_cookies_is_told_so(with_password: Clinic, browser: Browser) -> None:
    with browser.client.websocket_connect(SOCKET) as socket:
        shown = drawn(socket, rerun())
        answer = drawn(socket, submitted(shown, with_password.email("assistant"), PASSWORD))
    assert "allow cookies" in str(answer)
