"""Series on the pages: the dates that wait for the desk, and the rule beside a booking."""

from datetime import date, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from clinic_core.access import perform
from clinic_core.kit.clock import frozen_at
from clinic_core.kit.recurrence import expand
from clinic_core.scheduling.queries import list_series_gaps
from clinic_core.scheduling.schemas import AvailabilityRule, ListSeriesGaps, SeriesGapRow, SetAvailability
from clinic_core.scheduling.service import set_availability
from tests.factories import Clinic, make_clinic
from tests.harness import Database
from tests.pages.conftest import Open, sentences
from tests.scheduling.series_arrange import live
from tests.scheduling.test_series_horizon import SHORT, make_gap

PAGE = "pages/front_desk/rebook.py"
RULE = """
import datetime, streamlit as st
from clinic_core.ui.series_rule import draw_rule
first = st.date_input("First", datetime.date(2031, 3, 3), key="first")
st.text(draw_rule(first, key="rule") or "once")
"""


@pytest.fixture
def clinic(database: Database) -> Clinic:
    """A clinic that books series 30 days ahead."""
    return make_clinic(SHORT)


def open_gaps(clinic: Clinic) -> list[SeriesGapRow]:
    return perform(clinic.actor("assistant"), list_series_gaps, ListSeriesGaps())


def make_open_gap(clinic: Clinic) -> SeriesGapRow:
    """A date on which the practitioner, who works every day, is away."""
    days = [
        {"clinic_location_id": clinic.main, "weekday": day, "starts": "08:00", "ends": "18:00"} for day in range(1, 8)
    ]
    rules = tuple(AvailabilityRule.model_validate(day) for day in days)
    week = SetAvailability(practitioner_user_id=clinic.users["practitioner"], rules=rules)
    perform(clinic.actor("manager"), set_availability, week)
    return make_gap(clinic)


def show_gaps(open_app: Open) -> AppTest:
    app = open_app("assistant", PAGE)
    return app.radio(key="rebook_part").set_value("Dates of series").run()


def test_a_date_that_waits_is_booked_with_one_press_or_left_out(clinic: Clinic, open_app: Open) -> None:
    with frozen_at(datetime.fromisoformat("2031-03-01T08:00Z")):
        gap = make_open_gap(clinic)
        app = show_gaps(open_app)
        assert "in the way: absence" in sentences(app)
        app.button(key=f"gap_{gap.id}_0").click().run()
        assert open_gaps(clinic) == []
        assert gap.original_starts_at in {row.original_starts_at for row in live(clinic)}
        assert "Every date of a series is booked" in sentences(app)


def chosen(app: AppTest) -> str:
    return str(app.text[0].value)


def test_the_form_writes_rules_that_begin_on_the_date() -> None:
    app = AppTest.from_string(RULE).run()
    assert chosen(app) == "once"
    app.selectbox(key="rule_freq").set_value("Weekly").run()
    assert chosen(app) == "FREQ=WEEKLY;COUNT=6;BYDAY=MO"
    app.date_input(key="first").set_value(date(2031, 3, 6)).run()
    assert chosen(app) == "FREQ=WEEKLY;COUNT=6;BYDAY=TH"
    app.checkbox(key="rule_day_0").check().run()
    app.date_input(key="first").set_value(date(2031, 3, 7)).run()
    assert chosen(app) == "FREQ=WEEKLY;COUNT=6;BYDAY=MO,TH"
    app.selectbox(key="rule_ends").set_value("Never").run()
    app.number_input(key="rule_every").set_value(2).run()
    assert chosen(app) == "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH"
    app.date_input(key="first").set_value(date(2031, 3, 31)).run()
    app.selectbox(key="rule_freq").set_value("Monthly").run()
    ways = app.selectbox(key="rule_way_2031-03-31")
    assert ways.options == ["On day 31", "On the fifth Monday", "On the last Monday", "On the last day"]
    for way, rule in (("On the last Monday", "BYDAY=-1MO"), ("On the last day", "BYMONTHDAY=-1")):
        app.selectbox(key="rule_way_2031-03-31").set_value(way).run()
        assert chosen(app) == f"FREQ=MONTHLY;INTERVAL=2;{rule}"
        assert expand(chosen(app), datetime.fromisoformat("2031-03-31T10:00"), "UTC", limit=1)
    app.selectbox(key="rule_ends").set_value("On a date").run()
    app.date_input(key="rule_until").set_value(date(2031, 3, 31) + timedelta(days=90)).run()
    assert chosen(app).startswith("FREQ=MONTHLY;UNTIL=20310629T235959;INTERVAL=2")
