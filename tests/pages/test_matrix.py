"""Every page for every role: drawn without a fault for who may open it, closed to all others, cold and alone too."""

import pytest
from streamlit.testing.v1 import AppTest

from clinic_core.access import BASELINE_GRANTS
from clinic_core.settings import PROJECT_ROOT
from clinic_core.ui.nav import NAV_PAGES, NavPage, allowed_pages, may_open
from clinic_core.vocabulary import BaselineRole
from tests.factories import Clinic, make_patient
from tests.pages.conftest import SECONDS, Open, sentences

CLOSED = "Your role does not open this page"
FAULT = "Something went wrong"
FILES = sorted(path.relative_to(PROJECT_ROOT).as_posix() for path in (PROJECT_ROOT / "pages").rglob("*.py"))

each_role = pytest.mark.parametrize("role", [role.value for role in BaselineRole])
each_page = pytest.mark.parametrize("page", NAV_PAGES, ids=lambda page: page.address)


def faults(app: AppTest, page: NavPage) -> list[str]:
    """What is wrong with a page that was drawn."""
    said = sentences(app)
    found = [f"{page.path}: {error.value}" for error in app.exception]
    found += [f"{page.path}: says {sentence}" for sentence in (FAULT, CLOSED) if sentence in said]
    return found if found or app.title else [f"{page.path}: drew no title"]


@each_role
def test_a_role_opens_its_pages_and_no_other(role: str, clinic: Clinic, open_app: Open) -> None:
    make_patient(clinic)
    actor, app = clinic.actor(role), open_app(role)
    wrong: list[str] = []
    for page in NAV_PAGES:
        if may_open(actor, *page.permissions):
            wrong += faults(app.switch_page(page.path).run(), page)
            continue
        with pytest.raises(ValueError, match="Could not find a navigation page"):
            app.switch_page(page.path)
    assert wrong == []


@each_role
def test_a_page_file_alone_is_closed_without_its_permission(role: str, clinic: Clinic, open_app: Open) -> None:
    actor = clinic.actor(role)
    closed = [page for page in NAV_PAGES if not may_open(actor, *page.permissions)]
    open_anyway = [page.path for page in closed if CLOSED not in sentences(open_app(role, page.path))]
    assert open_anyway == []


@each_page
def test_a_page_file_alone_shows_nothing_to_somebody_anonymous(page: NavPage, open_app: Open) -> None:
    app = open_app(None, page.path)
    assert [info.value for info in app.info] == ["You are signed out. Please sign in again."]
    assert not app.title
    assert not app.exception


@each_page
def test_a_page_file_alone_shows_nothing_without_the_gate(page: NavPage) -> None:
    app = AppTest.from_file(str(PROJECT_ROOT / page.path), default_timeout=SECONDS).run()
    assert [error.value for error in app.error] == [
        "Start with clinic serve: this script shows nothing without the gate in front of it."
    ]
    assert not app.title


def test_without_the_gate_home_shows_one_sentence() -> None:
    app = AppTest.from_file(str(PROJECT_ROOT / "Home.py"), default_timeout=SECONDS).run()
    assert [error.value for error in app.error] == [
        "Start with clinic serve: this script shows nothing without the gate in front of it."
    ]
    assert len(app.main.children) == 1


def test_an_ended_session_shows_nothing(open_app: Open) -> None:
    app = open_app("owner")
    app.button(key="sign_out").click().run()
    assert "You are signed out. Please sign in again." in [info.value for info in app.info]
    assert not app.title


def test_every_page_file_is_in_the_menu_and_every_entry_has_its_file() -> None:
    assert sorted(page.path for page in NAV_PAGES) == FILES


def test_addresses_of_pages_differ() -> None:
    addresses = [page.address for page in NAV_PAGES]
    assert sorted(set(addresses)) == sorted(addresses)


@each_role
def test_every_page_answers_at_its_own_address_also_the_first_one(role: str, clinic: Clinic, open_app: Open) -> None:
    listed = [page for page in allowed_pages(clinic.actor(role)) if page.listed]
    app = open_app(role)
    assert [link.proto.page for link in app.sidebar.get("page_link")] == [page.address for page in listed]
    assert [title.value for title in app.title] == [page.title for page in listed[:1]]


def test_every_staff_role_has_a_page_to_begin_with() -> None:
    assert set(BASELINE_GRANTS) == set(BaselineRole)
