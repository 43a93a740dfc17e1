"""Absences, outages and closures: recorded, changed, taken back; who is met by them comes to the work-list."""

from datetime import date, time, timedelta
from typing import Any

from streamlit.testing.v1 import AppTest

from clinic_core.access import perform
from clinic_core.kit.calendar import range_bounds, to_wall, zone
from clinic_core.kit.clock import now
from clinic_core.scheduling.queries import list_absences, list_closures, list_outages
from clinic_core.scheduling.schemas import AbsenceRow, AddAbsence, ListAbsences, ListClosures, ListOutages, OutageRow
from clinic_core.scheduling.service import add_absence
from clinic_core.ui.absence_fields import first_text, last_text
from clinic_core.vocabulary import AbsenceKind
from tests.factories import Clinic
from tests.pages.conftest import Open, sentences
from tests.scheduling.arrange import book

PAGE = "pages/front_desk/absences.py"
BERLIN = zone("Europe/Berlin")
TODAY = to_wall(now(), BERLIN).date()
COMING: dict[str, Any] = {"starts_before": now() + timedelta(days=400), "ends_after": now() - timedelta(days=2)}


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def absences(clinic: Clinic) -> list[AbsenceRow]:
    return perform(clinic.actor("manager"), list_absences, ListAbsences(**COMING))


def outages(clinic: Clinic) -> list[OutageRow]:
    return perform(clinic.actor("manager"), list_outages, ListOutages(**COMING))


def book_tomorrow(clinic: Clinic, **fields: Any) -> None:
    starts_at = range_bounds(TODAY + timedelta(days=1), TODAY + timedelta(days=1), BERLIN).start
    book(
        clinic,
        starts_at=starts_at + timedelta(hours=10),
        ends_at=starts_at + timedelta(hours=11),
        **fields,
    )


def test_a_manager_records_days_off_and_lands_on_the_work_list(clinic: Clinic, open_app: Open) -> None:
    book_tomorrow(clinic)
    app = open_app("manager").switch_page(PAGE).run()
    app.selectbox(key="absence_kind").set_value(AbsenceKind.TRAINING)
    app.date_input(key="absence_last").set_value(TODAY + timedelta(days=1))
    app.text_input(key="absence_reason").set_value("Congress")
    press(app, "Record absence")
    (row,) = absences(clinic)
    assert (row.kind, row.reason, row.name) == (AbsenceKind.TRAINING, "Congress", "Practitioner")
    assert (row.starts_at, row.ends_at) == tuple(range_bounds(TODAY, TODAY + timedelta(days=1), BERLIN))
    assert app.title[0].value == "To rebook"
    assert "1 appointment cannot take place as booked" in sentences(app)
    assert app.query_params["practitioner"] == str(clinic.users["practitioner"])


def test_an_absence_of_some_hours_is_refused_when_it_ends_before_it_begins(clinic: Clinic, open_app: Open) -> None:
    app = open_app("practitioner", PAGE)
    assert list(app.selectbox(key="absence_who").options) == ["Practitioner"]
    app.toggle(key="absence_whole").set_value(False).run()
    app.time_input(key="absence_from").set_value(time(15))
    press(app, "Record absence")
    assert "Ends at must be after the start" in sentences(app)
    assert absences(clinic) == []
    app.time_input(key="absence_to").set_value(time(17, 30))
    press(app, "Record absence")
    (row,) = absences(clinic)
    assert (to_wall(row.starts_at, BERLIN).hour, to_wall(row.ends_at, BERLIN).minute) == (15, 30)
    assert app.title[0].value == "Absences"


def test_an_absence_is_opened_changed_and_removed(clinic: Clinic, open_app: Open) -> None:
    app = open_app("manager", PAGE)
    press(app, "Record absence")
    (row,) = absences(clinic)
    table = f"absences_{row.id.hex[-6:]}{row.version}"
    app.session_state[table] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.run()
    key = f"absence_{row.id}_{row.version}"
    assert app.toggle(key=f"{key}_whole").value is True
    app.selectbox(key=f"{key}_kind").set_value(AbsenceKind.SICK)
    press(app, "Save absence")
    (row,) = absences(clinic)
    assert (row.kind, row.version) == (AbsenceKind.SICK, 2)
    app.session_state[f"absences_{row.id.hex[-6:]}{row.version}"] = {
        "selection": {"rows": [0], "columns": [], "cells": []}
    }
    app.run()
    press(app, "Remove absence")
    assert absences(clinic) == []


def test_a_room_is_taken_out_of_service_and_back(clinic: Clinic, open_app: Open) -> None:
    book_tomorrow(clinic, resource_ids=(clinic.room,))
    app = open_app("manager").switch_page(PAGE).run()
    app.radio(key="absences_part").set_value("Rooms and equipment").run()
    app.date_input(key="outage_last").set_value(TODAY + timedelta(days=1))
    press(app, "Record outage")
    (row,) = outages(clinic)
    assert row.name == "Room 1"
    assert "Room 1 is out of service" in sentences(app)
    app.switch_page(PAGE).run()
    app.radio(key="absences_part").set_value("Rooms and equipment").run()
    app.session_state[f"outages_{row.id.hex[-6:]}{row.version}"] = {
        "selection": {"rows": [0], "columns": [], "cells": []}
    }
    app.run()
    app.text_input(key=f"outage_{row.id}_1_reason").set_value("Paint")
    press(app, "Save outage")
    (row,) = outages(clinic)
    assert row.reason == "Paint"
    app.switch_page(PAGE).run()
    app.radio(key="absences_part").set_value("Rooms and equipment").run()
    app.session_state[f"outages_{row.id.hex[-6:]}{row.version}"] = {
        "selection": {"rows": [0], "columns": [], "cells": []}
    }
    app.run()
    press(app, "Remove outage")
    assert outages(clinic) == []


def test_a_practitioner_sees_outages_and_closures_but_records_none(clinic: Clinic, open_app: Open) -> None:
    app = open_app("practitioner", PAGE)
    for part in ("Rooms and equipment", "Closures"):
        app.radio(key="absences_part").set_value(part).run()
        assert not app.exception
        assert list(app.button) == []


def test_closures_are_shown_a_year_at_a_time(clinic: Clinic, open_app: Open) -> None:
    app = open_app("manager", PAGE)
    app.radio(key="absences_part").set_value("Closures").run()
    app.selectbox(key=f"closures_year_{clinic.main}").set_value(TODAY.year + 1).run()
    assert f"No closures in {TODAY.year + 1}" in sentences(app)
    app.text_input(key=f"closure_name_{clinic.main}").set_value("New Year")
    app.toggle(key=f"closure_all_{clinic.main}").set_value(True)
    press(app, "Add closure")
    (closure,) = perform(clinic.actor("manager"), list_closures, ListClosures())
    assert (closure.starts_on, closure.clinic_location_id) == (date(TODAY.year + 1, 1, 1), None)
    assert "No closures" not in sentences(app)


def test_a_day_off_of_another_location_stays_a_day_of_that_place(clinic: Clinic, open_app: Open) -> None:
    tomorrow = TODAY + timedelta(days=1)
    away = range_bounds(tomorrow, tomorrow, zone("America/New_York"))
    absence = AddAbsence(user_id=clinic.users["practitioner"], starts_at=away.start, ends_at=away.end)
    row = perform(clinic.actor("manager"), add_absence, absence)
    app = open_app("manager", PAGE)
    (table,) = app.dataframe
    assert "America/New_York" in table.value.to_string()
    assert ":" not in table.value.to_string()
    app.session_state[f"absences_{row.id.hex[-6:]}{row.version}"] = {
        "selection": {"rows": [0], "columns": [], "cells": []}
    }
    app.run()
    key = f"absence_{row.id}_{row.version}"
    assert "These are whole days of America/New_York." in sentences(app)
    assert (app.toggle(key=f"{key}_whole").value, app.date_input(key=f"{key}_last").value) == (True, tomorrow)
    app.date_input(key=f"{key}_last").set_value(tomorrow + timedelta(days=1))
    press(app, "Save absence")
    (changed,) = absences(clinic)
    assert changed.starts_at == away.start
    assert changed.ends_at == range_bounds(tomorrow, tomorrow + timedelta(days=1), zone("America/New_York")).end


def test_cells_say_days_for_whole_days_and_times_for_hours() -> None:
    day = date(2031, 3, 30)  # an hour shorter in Berlin
    bounds = range_bounds(day, day, BERLIN)
    assert (first_text(bounds.start, BERLIN), last_text(bounds.end, BERLIN)) == (day, day)
    noon = bounds.start + timedelta(hours=11)
    assert (first_text(noon, BERLIN), last_text(noon, BERLIN)) == (noon, noon)
