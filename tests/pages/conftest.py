"""Pages without a browser: AppTest over the real core, signed in by a real session of the test's clinic."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from clinic_core.auth.sessions import session_name, start_session
from clinic_core.settings import PROJECT_ROOT
from tests.factories import Clinic

SECONDS = 30

Open = Callable[..., AppTest]


@pytest.fixture(scope="session", autouse=True)
def _one_look_at_installed_components() -> Iterator[None]:
    """Streamlit reads the metadata of every installed package for each app, which takes longer than the app itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


@pytest.fixture(autouse=True)
def _no_pages_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest takes the folder `pages` for Streamlit's own and would run its files without Home.py; app.py locks it."""
    make = PagesManager.__init__

    def locked(self: PagesManager, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        monkeypatch.setattr(PagesManager, "uses_pages_directory", False)

    monkeypatch.setattr(PagesManager, "__init__", locked)


@pytest.fixture
def open_app(clinic: Clinic) -> Open:
    """Opens the app (or with `page` one page file alone) as the person of a role; None is somebody anonymous."""

    def open_as(role: str | None, page: str = "Home.py", **ids: object) -> AppTest:
        app = AppTest.from_file(str(PROJECT_ROOT / page), default_timeout=SECONDS)
        app.user = {"sid": session_name(start_session(clinic.actor(role))) if role else "anonymous"}
        for name, value in ids.items():
            app.query_params[name] = str(value)
        return app.run()

    return open_as


def sentences(app: AppTest) -> str:
    """Everything that is said on the page, for looking for a sentence."""
    elements = [*app.error, *app.warning, *app.info, *app.caption, *app.markdown, *app.title, *app.success, *app.toast]
    return "\n".join(str(element.value) for element in elements)
