"""The working hours page: the week as a grid, edited as a whole, looked at before it is saved."""

from datetime import date, time, timedelta

from streamlit.testing.v1 import AppTest

from clinic_core.access import perform
from clinic_core.kit.calendar import range_bounds, to_wall, zone
from clinic_core.kit.clock import now
from clinic_core.scheduling.queries import list_practitioners
from clinic_core.scheduling.schemas import (
    AvailabilityRule,
    ListPractitioners,
    PreviewedSpan,
    SetAvailability,
)
from clinic_core.scheduling.service import set_availability
from clinic_core.ui.availability_draft import copied
from clinic_core.ui.availability_grid import hours_text
from clinic_core.ui.availability_preview import week_sums
from tests.factories import Clinic
from tests.pages.conftest import Open, sentences
from tests.scheduling.arrange import book
from tests.scheduling.test_displaced import rule

PAGE = "pages/admin/availability.py"
BERLIN = zone("Europe/Berlin")


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def stored(clinic: Clinic, key: str = "practitioner") -> list[tuple[int, str]]:
    people = perform(clinic.actor("manager"), list_practitioners, ListPractitioners())
    rules = next(row.availability for row in people if row.id == clinic.users[key])
    return [(rule.weekday, hours_text(rule)) for rule in rules]


def save(clinic: Clinic, *rules: AvailabilityRule) -> None:
    week = SetAvailability(practitioner_user_id=clinic.users["practitioner"], rules=rules)
    perform(clinic.actor("manager"), set_availability, week)


def test_a_span_is_added_copied_changed_and_saved_as_a_whole(clinic: Clinic, open_app: Open) -> None:
    app = open_app("practitioner", PAGE)
    app.button(key="rule_add_1").click().run()
    app.time_input(key="rule_form_to").set_value(time(7))
    press(app, "Take over")
    assert "Ends must be after the start on Monday" in sentences(app)
    app.time_input(key="rule_form_to").set_value(time(12, 30)).run()
    press(app, "Take over")
    app.button(key="rule_copy_do_1").click().run()
    assert stored(clinic) == []
    app.button(key=f"rule_{clinic.users['practitioner']}_4").click().run()
    app.number_input(key="rule_form_every").set_value(2).run()
    press(app, "Take over")
    press(app, "Save working hours")
    assert stored(clinic) == [(day, "08:00–12:30") for day in range(1, 6)]
    assert "every 2 weeks" in sentences(app)
    assert app.button(key="availability_save").disabled


def test_changes_are_kept_until_they_are_discarded(clinic: Clinic, open_app: Open) -> None:
    save(clinic, rule(clinic, 1))
    app = open_app("manager", PAGE)
    app.button(key=f"rule_{clinic.users['practitioner']}_0").click().run()
    press(app, "Remove")
    app.selectbox(key="availability_person").set_value(clinic.users["second_practitioner"]).run()
    app.selectbox(key="availability_person").set_value(clinic.users["practitioner"]).run()
    assert not app.button(key="availability_save").disabled
    press(app, "Discard changes")
    assert app.button(key="availability_save").disabled
    assert "08:00–18:00" in [button.label for button in app.button]


def test_a_stale_form_is_refused(clinic: Clinic, open_app: Open) -> None:
    save(clinic, rule(clinic, 1))
    app = open_app("practitioner", PAGE)
    app.button(key=f"rule_{clinic.users['practitioner']}_0").click().run()
    press(app, "Remove")
    save(clinic, rule(clinic, 2))
    press(app, "Save working hours")
    assert "changed by Manager in the meantime" in sentences(app)
    assert stored(clinic) == [(2, "08:00–18:00")]


def test_who_would_lie_outside_is_said_before_and_shown_after(clinic: Clinic, open_app: Open) -> None:
    day = to_wall(now(), BERLIN).date() + timedelta(days=7)
    start = range_bounds(day, day, BERLIN).start + timedelta(hours=9)
    save(clinic, *(rule(clinic, weekday) for weekday in range(1, 8)))
    book(clinic, starts_at=start, ends_at=start + timedelta(hours=1))
    app = open_app("manager").switch_page(PAGE).run()
    app.button(key=f"rule_{clinic.users['practitioner']}_{day.isoweekday() - 1}").click().run()
    press(app, "Remove")
    assert "1 booked appointment would lie outside these hours" in sentences(app)
    press(app, "Save working hours")
    assert "1 booked appointment lie" in sentences(app)
    press(app, "Show")
    assert app.title[0].value == "To rebook"
    assert "1 appointment cannot take place as booked" in sentences(app)


def test_two_places_at_once_are_refused_with_a_sentence(clinic: Clinic, open_app: Open) -> None:
    app = open_app("manager", PAGE)
    for place in (clinic.main, clinic.branch):
        app.button(key="rule_add_1").click().run()
        app.selectbox(key="rule_form_location").set_value(place)
        app.time_input(key="rule_form_to").set_value(time(20)).run()
        press(app, "Take over")
    assert "nobody works at two places at once" in sentences(app)
    press(app, "Save working hours")
    assert stored(clinic) == []


def test_practitioners_see_their_own_week_only(clinic: Clinic, open_app: Open) -> None:
    app = open_app("practitioner", PAGE)
    assert [box.key for box in app.selectbox if box.key == "availability_person"] == []
    assert not app.exception


def test_copying_replaces_what_stood_on_the_other_days(clinic: Clinic) -> None:
    rules = (rule(clinic, 1, "08:00", "12:00"), rule(clinic, 1, "13:00", "15:00"), rule(clinic, 3, "09:00", "10:00"))
    found = sorted((each.weekday, each.starts) for each in copied(rules, 1, [1, 3, 5]))
    assert found == [(day, time(hour)) for day in (1, 3, 5) for hour in (8, 13)]


def test_weeks_add_up_with_midnight_as_an_end(clinic: Clinic) -> None:
    first = date(2031, 3, 3)
    spans = [
        PreviewedSpan(
            day=first + timedelta(days=at), clinic_location_id=clinic.main, location="", starts=time(22), ends=time()
        )
        for at in (0, 7)
    ]
    assert week_sums(spans, first, 3) == {first: 120, first + timedelta(7): 120, first + timedelta(14): 0}
