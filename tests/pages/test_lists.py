"""Recall, overrides and calendar addresses on their pages: what is drawn, and where a click leads."""

from datetime import date, timedelta
from typing import Any

from streamlit.testing.v1 import AppTest

from clinic_core.access import perform
from clinic_core.kit.clock import now
from clinic_core.scheduling.queries import list_feeds
from clinic_core.scheduling.schemas import ListFeeds
from tests.factories import Clinic, make_patient
from tests.pages.conftest import Open, sentences
from tests.scheduling.arrange import book
from tests.scheduling.test_recall import visit

RECALL, OVERRIDES, PROFILE = "pages/front_desk/recall.py", "pages/analytics/overrides.py", "pages/account/profile.py"


def frame(app: AppTest) -> list[list[str]]:
    return [list(map(str, row)) for row in app.dataframe[0].value.to_numpy().tolist()]


def test_the_recall_list_shows_who_was_seen_three_to_twelve_months_ago(clinic: Clinic, open_app: Open) -> None:
    visit(clinic, make_patient(clinic, last_name="Due", contact_json={"phone": "+49 30 7"}), -150)
    visit(clinic, make_patient(clinic, last_name="Recent"), -20)
    app = open_app("assistant", RECALL)
    (row,) = frame(app)
    assert (row[0], row[5], row[7]) == ("Ada Due", "+49 30 7", "E-mail not asked, SMS not asked")
    assert "1 patient whose last visit" in sentences(app)
    app.selectbox(key="recall_location").select(None).run()
    assert len(frame(app)) == 1
    since, until = (app.date_input(key=f"recall_{end}").value for end in ("from", "to"))
    assert isinstance(since, date)
    assert isinstance(until, date)
    assert since < until


def test_an_empty_recall_list_says_so(clinic: Clinic, open_app: Open) -> None:
    app = open_app("manager", RECALL)
    assert "Nobody needs to be asked back" in sentences(app)
    assert not app.exception


def test_overrides_are_counted_listed_and_narrowed(clinic: Clinic, open_app: Open) -> None:
    ahead = (now() + timedelta(days=3)).replace(minute=0, second=0, microsecond=0)
    span: dict[str, Any] = {"starts_at": ahead, "ends_at": ahead + timedelta(minutes=30)}
    book(clinic, **span)
    book(clinic, by="owner", double_book_reason="Acute pain", **span)
    app = open_app("manager", OVERRIDES)
    app.selectbox(key="overrides_period").select_index(5).run()
    assert {metric.label: metric.value for metric in app.metric}["Overridden appointments"] == "1"
    (row,) = frame(app)
    assert row[1:4] == ["Double booking", "Acute pain", "Owner"]
    app.selectbox(key="overrides_kind").select_index(2).run()
    assert "Nothing was booked against a rule" in sentences(app)
    app.selectbox(key="overrides_kind").select_index(0).run()
    app.selectbox(key="overrides_person").select_index(1).run()
    assert len(frame(app)) == 1
    app.selectbox(key="overrides_period").select_index(1).run()
    assert not app.exception


def test_a_practitioner_makes_an_address_that_is_shown_once(clinic: Clinic, open_app: Open) -> None:
    app = open_app("practitioner", PROFILE)
    app.button(key="feeds_make").click().run()
    assert ".ics" in app.code[0].value
    app.run()
    assert not app.code
    (feed,) = perform(clinic.actor("practitioner"), list_feeds, ListFeeds(user_id=clinic.users["practitioner"]))
    assert "Without names · made" in sentences(app)
    app.button(key=f"feeds_revoke_{feed.id}").click().run()
    assert "Without names · made" not in sentences(app)
    assert not app.exception


def test_only_practitioners_are_offered_an_address(clinic: Clinic, open_app: Open) -> None:
    for role in ("assistant", "manager", "patient"):
        assert "Calendar address" not in [found.value for found in open_app(role, PROFILE).subheader]


def test_who_plans_the_rota_makes_one_for_a_practitioner(clinic: Clinic, open_app: Open) -> None:
    app = open_app("owner", "pages/admin/user.py", user=clinic.users["practitioner"])
    app.radio(key="user_part").set_value("Practitioner").run()
    app.checkbox(key="feeds_with_names").check().run()
    app.button(key="feeds_make").click().run()
    assert ".ics" in app.code[0].value
    assert "With names · made" in sentences(app)
    assert not app.exception
