"""The gate: what is open, what is not, and that a session's end reaches every open tab before any script runs."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from clinic_core.access import owner_work, perform
from clinic_core.auth.schemas import ChangeUserStatus
from clinic_core.auth.service import deactivate_user
from clinic_core.auth.sessions import end_session
from clinic_core.settings import PROJECT_ROOT, settings
from clinic_core.web.addresses import address_group, client_address
from clinic_core.web.gate import ANONYMOUS_SOCKETS
from tests.factories import Clinic
from tests.web.conftest import SESSION_COOKIE, SOCKET, Browser, is_end_of_run, parsed, rerun

HTML = {"Accept": "text/html"}
PAGES = sorted(path.relative_to(PROJECT_ROOT).as_posix() for path in (PROJECT_ROOT / "pages").rglob("*.py"))


def messages(socket: WebSocketTestSession) -> Iterator[ForwardMsg]:
    """What the tab is told until the script has finished."""
    while True:
        message = parsed(socket.receive_bytes())
        yield message
        if is_end_of_run(message):
            return


def run(socket: WebSocketTestSession, frame: bytes | None = None) -> str:
    """Everything that one run of the script shows, as text."""
    socket.send_bytes(frame or rerun())
    return "\n".join(str(message) for message in messages(socket))


def end_of(socket: WebSocketTestSession) -> tuple[str, int]:
    """Where the tab is sent without another run of the script, and the code with which its socket closes."""
    told = parsed(socket.receive_bytes())
    while told.WhichOneof("type") != "auth_redirect":
        assert told.WhichOneof("type") == "session_status_changed"
        told = parsed(socket.receive_bytes())
    address = told.auth_redirect.url
    with pytest.raises(WebSocketDisconnect) as closed:
        socket.receive_bytes()
    return address, closed.value.code


def last_seen(sid: str) -> object:
    with owner_work("test.look") as session:
        return session.execute(
            text("select last_seen_at from user_session where token_hash = :h"), {"h": bytes.fromhex(sid)}
        ).scalar_one()


def make_older(sid: str, minutes: int) -> None:
    with owner_work("test.arrange") as session:
        session.execute(
            text(
                "update user_session set last_seen_at = last_seen_at - make_interval(mins => :m) where token_hash = :h"
            ),
            {"m": minutes, "h": bytes.fromhex(sid)},
        )


@pytest.mark.parametrize("address", ["/media/abc.png", "/_stcore/upload_file/x/y", "/_stcore/bidi-components/a/b.js",
                                     "/_stcore/metrics", "/_stcore/agent/mcp", "/auth/login", "/docs/invoice/1.pdf",
                                     "/calendar", "/patients", "/sessionx", "/static", "//media/abc.png"])  # fmt: skip
def test_without_a_session_everything_else_is_closed(browser: Browser, address: str) -> None:
    assert browser.client.get(address).status_code == 401
    page = browser.client.get(address, headers=HTML)
    assert (page.status_code, page.headers["location"]) == (303, "/")
    assert browser.client.put(address, headers=HTML).status_code == 401


@pytest.mark.parametrize(
    "address",
    ["/", "/session/login", "/healthz", "/readyz", "/robots.txt", "/favicon.png", "/_stcore/health",
     "/_stcore/host-config", "/app/static/fonts/inter-latin-wght-normal.woff2"],
)  # fmt: skip
def test_what_the_sign_in_page_needs_is_open(browser: Browser, address: str) -> None:
    assert browser.client.get(address).status_code == 200


@pytest.mark.parametrize("folder", ["static", "session", "component", "app/static", "link", "ics"])
def test_an_open_folder_is_no_way_around_the_gate(browser: Browser, folder: str) -> None:
    for address in (f"/{folder}/%2e%2e/docs/invoices.csv", f"/{folder}/..%2fmedia/x", f"/{folder}//media/x"):
        answer = browser.client.get(address)
        assert answer.status_code in {400, 404} or "<title>Streamlit</title>" in answer.text


def test_assets_of_components_pass_the_gate(browser: Browser) -> None:
    assert browser.client.get("/component/there.is.none/index.html").status_code == 404


def test_an_anonymous_socket_shows_the_sign_in_form_and_nothing_else(browser: Browser) -> None:
    with browser.client.websocket_connect(SOCKET) as socket:
        for frame in (rerun(), rerun(page="calendar"), rerun(page="front_desk/calendar")):
            shown = run(socket, frame)
            assert "Sign in" in shown
            assert "Front desk" not in shown


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asked_for_by_its_address_shows_an_anonymous_tab_nothing(browser: Browser, page: str) -> None:
    with browser.client.websocket_connect(SOCKET) as socket:
        for name in (Path(page).stem, Path(page).stem.replace("_", "-"), page, page.removesuffix(".py")):
            shown = run(socket, rerun(page=name))
            assert "Sign in" in shown
            assert "navigation" not in shown


def test_a_signed_in_socket_shows_the_menu_of_the_person(browser: Browser, clinic: Clinic) -> None:
    browser.sign_in(clinic, "assistant")
    with browser.client.websocket_connect(SOCKET) as socket:
        assert "Front desk" in run(socket)


@pytest.mark.parametrize("claimed", ["anonymous", "the session's name"])
def test_what_a_client_claims_to_be_is_stripped(browser: Browser, clinic: Clinic, claimed: str,
                                                make_browser: Callable[[], Browser]) -> None:  # fmt: skip
    sid = make_browser().sign_in(clinic, "owner")
    headers = {"X-Clinic-Session": sid if claimed != "anonymous" else claimed, "x-clinic-other": "1"}
    with browser.client.websocket_connect(SOCKET, headers=headers) as socket:
        assert "Front desk" not in run(socket)
    assert browser.client.get("/calendar", headers=headers).status_code == 401
    browser.client.cookies.set(SESSION_COOKIE, sid, domain="testserver.local", path="/")
    assert browser.client.get("/calendar").status_code == 401


def test_a_reload_keeps_the_session_and_an_address_carries_nothing(
    browser: Browser, clinic: Clinic, make_browser: Callable[[], Browser]
) -> None:
    browser.sign_in(clinic, "assistant")
    for _ in range(2):
        reloaded = browser.client.get("/calendar", headers=HTML)
        assert reloaded.status_code == 200
        assert "set-cookie" not in reloaded.headers
        with browser.client.websocket_connect(SOCKET) as socket:
            assert "Front desk" in run(socket)
    assert make_browser().client.get("/calendar", headers=HTML).status_code == 303


def test_after_revocation_the_next_frame_sends_the_tab_to_sign_in_and_no_script_runs(
    browser: Browser, clinic: Clinic
) -> None:
    sid = browser.sign_in(clinic, "assistant")
    with browser.client.websocket_connect(SOCKET) as socket:
        run(socket)
        end_session(sid)
        socket.send_bytes(rerun())
        assert end_of(socket) == ("/session/login?r=expired", 4401)


def test_a_tab_in_which_nobody_does_anything_is_sent_to_sign_in_by_the_watch(browser: Browser, clinic: Clinic) -> None:
    browser.sign_in(clinic, "assistant")
    with browser.client.websocket_connect(SOCKET) as socket:
        run(socket)
        perform(clinic.actor("owner"), deactivate_user, ChangeUserStatus(user_id=clinic.users["assistant"]))
        assert end_of(socket) == ("/session/login?r=expired", 4401)


def test_a_dead_session_that_connects_again_is_sent_to_sign_in(browser: Browser, clinic: Clinic) -> None:
    end_session(browser.sign_in(clinic, "assistant"))
    with browser.client.websocket_connect(SOCKET) as socket:
        assert end_of(socket) == ("/session/login?r=expired", 4401)
    assert f"{SESSION_COOKIE}=" in browser.client.get("/", headers=HTML).headers["set-cookie"]


def test_a_click_is_activity_and_a_timer_is_not(browser: Browser, clinic: Clinic) -> None:
    sid = browser.sign_in(clinic, "assistant")
    make_older(sid, 10)
    before = last_seen(sid)
    with browser.client.websocket_connect(SOCKET) as socket:
        run(socket, rerun(by_timer=True))
        assert last_seen(sid) == before
        run(socket, rerun())
        assert last_seen(sid) != before


def test_an_idle_session_ends_while_a_timer_goes_on(browser: Browser, clinic: Clinic) -> None:
    sid = browser.sign_in(clinic, "assistant")
    with browser.client.websocket_connect(SOCKET) as socket:
        run(socket)
        make_older(sid, 16)
        socket.send_bytes(rerun(by_timer=True))
        assert end_of(socket) == ("/session/login?r=expired", 4401)


def test_one_address_has_a_limited_number_of_anonymous_tabs(browser: Browser) -> None:
    with ExitStack() as open_tabs:
        for _ in range(ANONYMOUS_SOCKETS):
            open_tabs.enter_context(browser.client.websocket_connect(SOCKET))
        with pytest.raises(WebSocketDisconnect), browser.client.websocket_connect(SOCKET):
            pass
    with browser.client.websocket_connect(SOCKET) as socket:
        assert "Sign in" in run(socket)


def test_another_websocket_than_the_apps_is_closed(browser: Browser) -> None:
    with pytest.raises(WebSocketDisconnect), browser.client.websocket_connect("wss://testserver/other"):
        pass


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Sets a variable of the environment for one test."""

    def configure(name: str, value: str) -> None:
        monkeypatch.setenv(name, value)
        settings.cache_clear()

    yield configure
    monkeypatch.undo()
    settings.cache_clear()


def test_only_allowed_hosts_are_served(browser: Browser, configured: Callable[[str, str], None]) -> None:
    configured("CLINIC_ALLOWED_HOSTS", "clinic.example.org, *.clinic.example.org")
    statuses = {
        host: browser.client.get("/", headers={"Host": host}).status_code
        for host in (
            "clinic.example.org",
            "CLINIC.example.org:8443",
            "a.clinic.example.org",
            "evil.example",
            "testserver",
        )
    }
    assert list(statuses.values()) == [200, 200, 200, 400, 400]
    assert browser.client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.5", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.5", "1.2.3.4, 198.51.100.1, 10.0.0.7", "198.51.100.1"),
        ("10.0.0.5", "", "10.0.0.5"),
        ("10.0.0.5", "10.0.0.8", "10.0.0.8"),
        ("testclient", "198.51.100.1", "testclient"),
    ],
)
def test_the_clients_address_is_the_right_most_untrusted_one(
    configured: Callable[[str, str], None], peer: str, forwarded: str, address: str
) -> None:
    configured("CLINIC_TRUSTED_PROXIES", "10.0.0.0/8")
    scope = {"type": "http", "client": (peer, 1), "headers": [(b"x-forwarded-for", forwarded.encode())]}
    assert client_address(scope) == address


def test_addresses_of_one_network_count_as_one() -> None:
    assert address_group("2001:db8::1") == address_group("2001:db8::ffff:1") == "2001:db8::/64"
    assert address_group("::ffff:192.0.2.1") == address_group("192.0.2.1")


def test_every_answer_carries_the_security_headers(browser: Browser) -> None:
    for address in ("/", "/healthz", "/media/x", "/session/login", "/app/static/fonts/OFL.txt"):
        headers = browser.client.get(address).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] in {"same-origin", "no-referrer"}
        assert "frame-ancestors" in headers["Content-Security-Policy"]
    policy = browser.client.get("/").headers["Content-Security-Policy"]
    assert policy.count("'sha256-") == browser.client.get("/").text.count("<script>") == 1
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]


def test_health_readiness_and_metrics(browser: Browser, configured: Callable[[str, str], None]) -> None:
    assert browser.client.get("/healthz").json() == {"status": "ok"}
    assert browser.client.get("/readyz").json() == {"status": "ready"}
    assert browser.client.get("/metrics").status_code == 401
    configured("CLINIC_METRICS_TOKEN", "a token of the operator")
    with_token = {"Authorization": "Bearer a token of the operator"}
    told = browser.client.get("/metrics", headers=with_token)
    assert (told.status_code, told.headers["cache-control"]) == (200, "no-store")
    figures = {family.name: family.samples for family in text_string_to_metric_families(told.text)}
    assert {tuple(sample.labels) for sample in figures["clinic_http_requests"]} == {("method", "status")}
    assert sorted(sample.labels["status"] for sample in figures["clinic_jobs"]) == ["doing", "failed", "todo"]
    assert browser.client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_metrics_are_open_to_this_machine_but_not_through_a_proxy(browser: Browser) -> None:
    local = TestClient(browser.client.app, base_url="https://testserver", client=("127.0.0.1", 5000))
    local.portal = browser.client.portal
    assert local.get("/metrics").status_code == 200
    assert local.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 401
