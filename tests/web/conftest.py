"""A browser against the real app: cookies over https, the page's websocket, no JavaScript."""

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from starlette.middleware import Middleware
from starlette.testclient import TestClient
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.runtime import Runtime
from streamlit.starlette import App

import app as product
from clinic_core.auth.passwords import hash_password
from clinic_core.auth.sessions import session_name, start_session
from clinic_core.settings import PROJECT_ROOT
from clinic_core.ui.script_error import draw_script_error
from clinic_core.web.errors import ERROR_ANSWERS
from clinic_core.web.gate import SessionGate
from clinic_core.web.routes import ROUTES
from tests.factories import Clinic

ORIGIN = "https://testserver"
SOCKET = "wss://testserver/_stcore/stream"
SESSION_COOKIE = "__Host-clinic_session"
WATCH_SECONDS = 0.2


@dataclass
class Browser:
    """One browser with its cookies."""

    client: TestClient

    def sign_in(self, clinic: Clinic, role: str) -> str:
        """Gives the browser a session of the person of that role; returns the session's name."""
        token = start_session(clinic.actor(role), "test browser")
        self.client.cookies.set(SESSION_COOKIE, token, domain="testserver.local", path="/")
        return session_name(token)

    def form_secret(self, address: str) -> str:
        """The secret of the form on that page."""
        found = re.search(r'name="form" value="([^"]+)"', self.client.get(address).text)
        assert found is not None
        return found[1]


def serve(watch_seconds: float) -> App:
    """The app as app.py puts it together, with another watch; an app can be started only once."""
    PagesManager.uses_pages_directory = False
    return App(
        PROJECT_ROOT / "Home.py",
        routes=ROUTES,
        middleware=[*product.MIDDLEWARE, Middleware(SessionGate, watch_seconds=watch_seconds)],
        lifespan=product.lifespan,
        on_script_error=draw_script_error,
        exception_handlers=ERROR_ANSWERS,
    )


@pytest.fixture(scope="module")
def running() -> Iterator[TestClient]:
    """The app, started once for the tests of a module."""
    Runtime._instance = None
    with TestClient(serve(watch_seconds=WATCH_SECONDS), base_url=ORIGIN) as client:
        yield client
    Runtime._instance = None
    for thread in threading.enumerate():
        if thread.name.startswith("ScriptRunner"):
            thread.join(30)


@pytest.fixture
def make_browser(running: TestClient) -> Callable[[], Browser]:
    """Makes a browser without cookies; all talk to the app in the one event loop in which it was started."""

    def make() -> Browser:
        client = TestClient(running.app, base_url=ORIGIN, follow_redirects=False)
        client.portal = running.portal
        return Browser(client)

    return make


@pytest.fixture
def browser(make_browser: Callable[[], Browser]) -> Browser:
    """A browser without cookies."""
    return make_browser()


@pytest.fixture(scope="session")
def stored_password() -> str:
    """The hash of the password that people of a test have, computed once."""
    return hash_password(PASSWORD)


PASSWORD = "correct horse battery"


def rerun(*, by_timer: bool = False, page: str = "") -> bytes:
    """The frame of a click, or of a fragment's timer."""
    message = BackMsg()
    message.rerun_script.query_string = ""
    message.rerun_script.page_name = page
    message.rerun_script.is_auto_rerun = by_timer
    return message.SerializeToString()


def parsed(frame: bytes) -> ForwardMsg:
    """A message to the tab."""
    message = ForwardMsg()
    message.ParseFromString(frame)
    return message


def is_end_of_run(message: ForwardMsg) -> bool:
    """Whether the script has finished and does not begin again by itself, as it does at an address without a page."""
    again = ForwardMsg.ScriptFinishedStatus.FINISHED_EARLY_FOR_RERUN
    return message.WhichOneof("type") == "script_finished" and message.script_finished != again
