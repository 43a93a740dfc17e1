"""The real app on loopback with a database of its own, and Chromium in front of it."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event
from time import monotonic

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from sqlalchemy import text

from clinic_core.access import owner_work
from clinic_core.auth.passwords import hash_password
from clinic_core.settings import PROJECT_ROOT
from tests.factories import Clinic, make_clinic
from tests.harness import Database

PASSWORD = "correct horse battery 47"
START_SECONDS = 60
ACTION_MS = 20_000

SignIn = Callable[..., Page]

# A busy machine may take its time; what never comes still fails.
expect.set_options(timeout=ACTION_MS)


def chromium() -> str | None:
    """The browser: `CLINIC_CHROMIUM`, else the first `chromium` on the PATH."""
    return os.environ.get("CLINIC_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of the process; without one they are skipped, unless they are required."""
    found = chromium()
    if found is None:
        if os.environ.get("CLINIC_BROWSER_TESTS") == "required":
            pytest.fail("CLINIC_BROWSER_TESTS is required, and there is no Chromium on the PATH.")
        pytest.skip("There is no Chromium on the PATH; install one, or name it in CLINIC_CHROMIUM.")
    with sync_playwright() as playwright:
        # Root in a container has no user namespaces for Chromium's sandbox.
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def app_address(browser: Browser, database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the real app, started as `clinic serve` starts it, on this worker's database."""
    port = free_port()
    log = tmp_path_factory.mktemp("app") / "app.log"
    with serve(port, log) as process:
        wait_until_ready(port, process, log)
        yield f"http://localhost:{port}"


@contextmanager
def serve(port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The app as a process of its own on that port, on the database of the environment."""
    command = [str(Path(sys.executable).with_name("clinic")), "serve", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(timeout=START_SECONDS)


def is_ready(port: int) -> bool:
    """Whether the app on that port says that database and migrations are in order."""
    connection = HTTPConnection("localhost", port, timeout=START_SECONDS)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def wait_until_ready(port: int, process: subprocess.Popen[bytes], log: Path, *, seconds: int = START_SECONDS) -> None:
    """Wait for the app to answer that database and migrations are in order."""
    ends = monotonic() + seconds
    pause = Event()
    while monotonic() < ends and process.poll() is None:
        if is_ready(port):
            return
        pause.wait(0.2)
    pytest.fail(f"The app did not become ready:\n{log.read_text(encoding='utf-8', errors='replace')[-3000:]}")


@pytest.fixture
def clinic(database: Database) -> Clinic:
    """A clinic whose people have a password."""
    made = make_clinic()
    give_passwords(made)
    return made


def give_passwords(clinic: Clinic) -> None:
    """Let everybody of the clinic sign in with the one password of the tests."""
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.execute(
            text("update app_user set password_hash = :hash where organization_id = :id"),
            {"hash": stored_password(), "id": clinic.organization_id},
        )


@cache
def stored_password() -> str:
    """The hash of PASSWORD, computed once: it is meant to take long."""
    return hash_password(PASSWORD)


@pytest.fixture
def sign_in(browser: Browser, app_address: str, clinic: Clinic) -> Iterator[SignIn]:
    """Signs the person of a role in through the sign-in page, in a browser profile of their own."""
    contexts: list[BrowserContext] = []

    def sign_in_as(role: str, *, width: int = 1440, dark: bool = False, zone: str = "Europe/Berlin") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            locale="en-GB",
            timezone_id=zone,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(ACTION_MS)
        enter(page, app_address, clinic.email(role))
        return page

    yield sign_in_as
    for context in contexts:
        context.close()


def enter(page: Page, address: str, email: str, password: str = PASSWORD) -> None:
    """Fill the sign-in page and wait for the first page behind it."""
    page.goto(address)
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_attached(timeout=ACTION_MS)


def settle(page: Page) -> None:
    """Wait until Streamlit's run is over."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=ACTION_MS)
