"""The locations page: details, rooms, opening hours, closures; what cannot be is refused with a sentence."""

from datetime import time

import pytest
from streamlit.testing.v1 import AppTest

from clinic_core.access import perform
from clinic_core.errors import InvalidInput
from clinic_core.scheduling.queries import get_opening_hours, list_closures, list_locations, list_resources
from clinic_core.scheduling.schemas import (
    GetOpeningHours,
    ListClosures,
    ListLocations,
    ListResources,
    LocationRow,
    OpeningSpan,
)
from clinic_core.ui.opening_hours import spans_of, spans_text
from tests.factories import Clinic
from tests.pages.conftest import Open, sentences

PAGE = "pages/admin/locations.py"


def open_main(clinic: Clinic, open_app: Open, role: str = "admin") -> AppTest:
    app = open_app(role, PAGE)
    app.selectbox(key="admin_location").set_value(clinic.main).run()
    assert not app.exception
    return app


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def locations(clinic: Clinic) -> dict[str, LocationRow]:
    return {row.name: row for row in perform(clinic.actor("admin"), list_locations, ListLocations(with_inactive=True))}


def test_a_location_is_renamed_and_taken_out_of_use(clinic: Clinic, open_app: Open) -> None:
    app = open_main(clinic, open_app)
    app.radio(key="location_part").set_value("Details").run()
    app.text_input(key=f"name_{clinic.main}").set_value("Market")
    app.toggle(key=f"active_{clinic.main}").set_value(False)
    press(app, "Save location")
    assert not locations(clinic)["Market"].active


def test_a_location_is_added_with_its_time_zone(clinic: Clinic, open_app: Open) -> None:
    app = open_app("admin", PAGE)
    app.toggle(key="adding_location").set_value(True).run()
    app.text_input(key="location_new_name").set_value("Hill")
    press(app, "Add location")
    assert "not a time zone" in sentences(app)
    app.selectbox(key="location_new_zone").set_value("Asia/Kolkata")
    press(app, "Add location")
    assert locations(clinic)["Hill"].timezone == "Asia/Kolkata"


def test_a_room_is_added_once_and_a_taken_name_gets_a_sentence(clinic: Clinic, open_app: Open) -> None:
    app = open_main(clinic, open_app)
    name = app.text_input(key=f"resource_new_{clinic.main}_name")
    name.set_value("room 1")
    press(app, "Add room or equipment")
    assert "exists already" in sentences(app)
    app.text_input(key=f"resource_new_{clinic.main}_name").set_value("Room 3")
    press(app, "Add room or equipment")
    rows = perform(clinic.actor("admin"), list_resources, ListResources(clinic_location_id=clinic.main))
    assert [row.name for row in rows] == ["Room 1", "Room 2", "Room 3", "Laser"]


def test_opening_hours_are_typed_one_line_a_weekday(clinic: Clinic, open_app: Open) -> None:
    app = open_main(clinic, open_app)
    app.radio(key="location_part").set_value("Opening hours").run()
    app.text_input(key=f"hours_{clinic.main}_1_1").set_value("8-12, 14:00-18:00")
    app.text_input(key=f"hours_{clinic.main}_1_2").set_value("morning")
    press(app, "Save opening hours")
    assert "Tuesday must look like" in sentences(app)
    app.text_input(key=f"hours_{clinic.main}_1_2").set_value("")
    press(app, "Save opening hours")
    hours = perform(clinic.actor("admin"), get_opening_hours, GetOpeningHours(clinic_location_id=clinic.main))
    assert spans_text(hours.spans, 1) == "08:00-12:00, 14:00-18:00"
    assert spans_text(hours.spans, 2) == ""


def test_a_manager_closes_the_clinic_but_changes_no_rooms(clinic: Clinic, open_app: Open) -> None:
    app = open_main(clinic, open_app, "manager")
    assert [button.label for button in app.button] == ["Add closure"]
    app.text_input(key=f"closure_name_{clinic.main}").set_value("Holiday")
    app.toggle(key=f"closure_all_{clinic.main}").set_value(True)
    press(app, "Add closure")
    (closure,) = perform(clinic.actor("manager"), list_closures, ListClosures())
    assert (closure.name, closure.clinic_location_id) == ("Holiday", None)


def test_a_practitioner_reads_the_closures(clinic: Clinic, open_app: Open) -> None:
    assert list(open_main(clinic, open_app, "practitioner").button) == []


@pytest.mark.parametrize(
    ("line", "sentence"),
    [("25-26", "no time 25:00"), ("8:75-9", "no time 8:75"), ("12-8", "after the opening"), ("8:00", "must look like")],
)
def test_a_line_that_cannot_be_read_names_the_weekday(line: str, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence) as refused:
        spans_of({3: line})
    assert "Wednesday" in refused.value.message


def test_lines_are_read_back_as_they_are_written() -> None:
    lines = {1: "08:00-12:00, 14:00-18:30", 2: "", 7: "09:00-10:00"}
    spans = spans_of(lines)
    assert spans[0] == OpeningSpan(weekday=1, opens=time(8), closes=time(12))
    assert {day: spans_text(spans, day) for day in lines} == lines
