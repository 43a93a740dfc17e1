"""The database going away: a calm page, sockets closed politely, and everything back by itself."""

import gc
from collections.abc import Callable, Iterator

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from clinic_core.db.engine import dispose_engines
from clinic_core.settings import settings
from tests.factories import Clinic
from tests.harness import Database
from tests.web.conftest import SOCKET, Browser, is_end_of_run, parsed, rerun

HTML = {"Accept": "text/html"}

# The engines are thrown away while the watch of an open tab may hold a connection, which only the collector closes.
pytestmark = pytest.mark.filterwarnings("ignore:.*was deleted while still open:ResourceWarning")


@pytest.fixture
def take_away(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Callable[[], None]]]:
    """Points the app at a server that does not answer; the function it returns brings the database back."""

    def away() -> Callable[[], None]:
        monkeypatch.setenv("DATABASE_URL", "postgresql://clinic_app@127.0.0.1:9/clinic")
        settings.cache_clear()
        dispose_engines()
        return back

    def back() -> None:
        monkeypatch.undo()
        settings.cache_clear()
        dispose_engines()

    yield away
    back()
    gc.collect()


def test_pages_are_calm_and_come_back_by_themselves(
    browser: Browser, clinic: Clinic, take_away: Callable[[], Callable[[], None]]
) -> None:
    browser.sign_in(clinic, "assistant")
    bring_back = take_away()
    page = browser.client.get("/", headers=HTML)
    assert page.status_code == 503
    assert "tries again by itself" in page.text
    assert page.headers["retry-after"] == "5"
    assert browser.client.get("/media/x").status_code == 503
    assert browser.client.get("/session/login", headers=HTML).status_code == 503
    assert browser.client.get("/healthz").status_code == 200
    assert browser.client.get("/readyz").json() == {"status": "database away"}
    bring_back()
    assert browser.client.get("/", headers=HTML).status_code == 200
    assert browser.client.get("/readyz").status_code == 200


def test_nobody_gets_in_while_nobody_can_be_asked(
    browser: Browser, clinic: Clinic, take_away: Callable[[], Callable[[], None]]
) -> None:
    browser.sign_in(clinic, "assistant")
    bring_back = take_away()
    with pytest.raises(WebSocketDisconnect) as refused, browser.client.websocket_connect(SOCKET):
        pass
    assert refused.value.code == 1013
    bring_back()
    with browser.client.websocket_connect(SOCKET) as socket:
        socket.send_bytes(rerun())
        assert parsed(socket.receive_bytes()).WhichOneof("type") is not None


def test_an_open_tab_is_closed_politely_when_it_asks_for_something_and_connects_again(
    browser: Browser, clinic: Clinic, take_away: Callable[[], Callable[[], None]]
) -> None:
    browser.sign_in(clinic, "assistant")
    with browser.client.websocket_connect(SOCKET) as socket:
        socket.send_bytes(rerun())
        while not is_end_of_run(parsed(socket.receive_bytes())):
            pass
        take_away()
        socket.send_bytes(rerun())
        codes: list[int] = []
        while not codes:
            try:
                assert parsed(socket.receive_bytes()).WhichOneof("type") == "session_status_changed"
            except WebSocketDisconnect as closed:
                codes.append(closed.code)
        assert codes == [1013]


def test_a_sign_in_without_a_database_is_told_to_wait(
    browser: Browser, take_away: Callable[[], Callable[[], None]]
) -> None:
    secret = browser.form_secret("/session/login")
    take_away()
    data = {"form": secret, "email": "ada@example.test", "password": "correct horse battery"}
    assert browser.client.post("/session/login", data=data).status_code == 503


def test_a_fault_of_ours_is_a_reference_code_and_no_message(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_name: str) -> None:
        raise ValueError("Ada Demo was born on 1 May")

    monkeypatch.setattr("clinic_core.web.gate.find_session", broken)
    browser.client.cookies.set("__Host-clinic_session", "x", domain="testserver.local", path="/")
    client: TestClient = browser.client
    answer = client.get("/", headers=HTML)
    assert answer.status_code == 500
    assert "reference code" in answer.text
    assert "Ada" not in answer.text + caplog.text
    assert "ValueError" in caplog.text
