"""`make screenshots`: the pictures of the README, taken of the demo clinic with a database of its own.

Run as a program, not by pytest: `python -m tests.browser.screenshots`.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from clinic_core.seed.demo import DEMO_ORGANIZATION, DEMO_PASSWORD
from clinic_core.seed.demo_base import demo_email
from clinic_core.seed.demo_clinic import STAFF
from clinic_core.settings import PROJECT_ROOT
from clinic_core.vocabulary import BaselineRole
from tests.browser.conftest import chromium, enter, free_port, settle, wait_until_ready

FOLDER = PROJECT_ROOT / "docs" / "screenshots"
SIZE = {"width": 1440, "height": 900}
SEED_SECONDS = 600
SETTLE_MS = 1500


def main() -> None:
    """Draw all pictures anew."""
    found = chromium()
    if found is None:
        sys.exit("There is no Chromium on the PATH; install one, or name it in CLINIC_CHROMIUM.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with demo_clinic() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage"])
        take(browser, address, BaselineRole.ASSISTANT, "today", show_today)
        take(browser, address, BaselineRole.MANAGER, "calendar", show_calendar)
        take(browser, address, BaselineRole.PRACTITIONER, "visit", show_visit)
        take(browser, address, BaselineRole.MANAGER, "invoice", show_invoice)
        take(browser, address, BaselineRole.MANAGER, "overview", show_overview)
        take(browser, address, BaselineRole.MANAGER, "overview-dark", show_overview, dark=True)
        browser.close()


@contextmanager
def demo_clinic() -> Iterator[str]:
    """The address of the demo clinic, served from a directory that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="clinic-") as folder:
        Path(folder).chmod(0o755)
        port, log = free_port(), Path(folder) / "app.log"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_")}
        environment["CLINIC_DATA_DIR"] = str(Path(folder) / "data")
        command = [str(Path(sys.executable).with_name("clinic")), "demo", "--port", str(port)]
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, cwd=PROJECT_ROOT, stdout=output, stderr=subprocess.STDOUT, env=environment
            )
            try:
                wait_until_ready(port, process, log, seconds=SEED_SECONDS)
                yield f"http://localhost:{port}"
            finally:
                process.terminate()
                process.wait(timeout=SEED_SECONDS)


def take(
    browser: Browser, address: str, role: BaselineRole, name: str, show: Callable[[Page], None], *, dark: bool = False
) -> None:
    """Sign in as the first person of the role, go where `show` leads, and keep the picture."""
    email = demo_email(DEMO_ORGANIZATION, next(person.sign_in for person in STAFF if person.role is role))
    context = browser.new_context(viewport=SIZE, color_scheme="dark" if dark else "light", locale="en-GB")  # type: ignore[arg-type]
    page = context.new_page()
    enter(page, address, email, DEMO_PASSWORD)
    settle(page)
    show(page)
    settle(page)
    page.mouse.move(5, 5)
    page.wait_for_timeout(SETTLE_MS)
    page.screenshot(path=FOLDER / f"{name}.png")
    context.close()
    sys.stdout.write(f"{name}.png\n")


def show_today(page: Page) -> None:
    """The day at the front desk, where everybody of it begins."""
    page.get_by_role("button", name="More").first.wait_for()


def show_calendar(page: Page) -> None:
    """The day by practitioner."""
    page.get_by_role("link", name="Calendar").click()
    page.frame_locator("iframe[title*=calendar]:not([height='0'])").locator(".fc-timegrid-event").first.wait_for()


def show_visit(page: Page) -> None:
    """A note of one's own day."""
    page.get_by_role("button", name="Continue note").or_(page.get_by_role("button", name="Read note")).first.click()
    page.get_by_text("Previous note").first.wait_for()


def show_invoice(page: Page) -> None:
    """An invoice with what was paid on it."""
    page.get_by_role("link", name="Invoices").click()
    settle(page)
    page.get_by_role("combobox", name="Status").click()
    page.get_by_role("option", name="Part paid").click()
    settle(page)
    table = page.locator("[data-testid=stDataFrame]").first
    # The grid takes a click only where it saw the pointer come.
    table.hover(position={"x": 120, "y": (table.bounding_box() or {"height": 100})["height"] - 10})
    page.wait_for_timeout(SETTLE_MS)
    table.hover(position={"x": 120, "y": 60})
    page.wait_for_timeout(SETTLE_MS)
    table.click(position={"x": 120, "y": 48})
    page.get_by_role("link", name="PDF").wait_for()


def show_overview(page: Page) -> None:
    """The dashboard."""
    page.get_by_role("link", name="Overview").click()
    page.locator(".js-plotly-plot").first.wait_for()


if __name__ == "__main__":
    main()
