"""Copies on the calendar: what is in the way of one is said with what is free instead."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from streamlit.testing.v1 import AppTest

from clinic_core.access import perform
from clinic_core.kit.clock import frozen_at
from clinic_core.scheduling.queries import list_appointments
from clinic_core.scheduling.schemas import AppointmentRow, ListAppointments
from tests.factories import MONDAY, Clinic, slot
from tests.pages.calendar_clicks import CALENDAR, answer, dropped, press
from tests.pages.conftest import Open, sentences
from tests.scheduling.arrange import book


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    """It is Monday morning."""
    with frozen_at(MONDAY):
        yield


def copied_onto(clinic: Clinic, open_app: Open, taken: datetime, *, by: str) -> tuple[AppointmentRow, AppTest]:
    """A copy of an appointment is clicked onto a time that is not free."""
    book(clinic, 4)
    booked = book(clinic, 1)
    app = answer(open_app(by, CALENDAR), "eventClick", dropped(booked, MONDAY.replace(hour=11)))
    app.button(key="panel_copy").click().run()
    column = {"resource": {"id": str(booked.practitioner_user_id)}, "date": f"{taken:%Y-%m-%dT%H:%M:%S}Z"}
    app = answer(app, "dateClick", column)
    assert "Practitioner is taken" in sentences(app)
    return booked, app


def times_of(clinic: Clinic, booked: AppointmentRow) -> list[datetime]:
    asked = ListAppointments(patient_id=booked.patient_id, starts_from=slot(-9)[0], starts_before=slot(48)[0])
    return [row.starts_at for row in perform(clinic.actor("manager"), list_appointments, asked)]


def test_a_copy_that_is_refused_offers_what_is_free_instead(clinic: Clinic, open_app: Open) -> None:
    booked, app = copied_onto(clinic, open_app, MONDAY.replace(hour=14), by="assistant")
    assert "Book anyway" not in [button.label for button in app.button]
    app.button(key="calendar_copy_conflict_free_0").click().run()
    assert times_of(clinic, booked) == [booked.starts_at, MONDAY.replace(hour=13, minute=30)]
    assert "Stop copying" not in [button.label for button in app.button]
    assert "Practitioner is taken" not in sentences(app)


def test_who_may_lift_a_rule_books_a_copy_anyway_with_a_reason(clinic: Clinic, open_app: Open) -> None:
    booked, app = copied_onto(clinic, open_app, MONDAY.replace(hour=14), by="manager")
    app.text_input(key="calendar_copy_conflict_reason").input("Emergency")
    press(app, "Book anyway")
    assert times_of(clinic, booked) == [booked.starts_at, MONDAY.replace(hour=13)]


def test_stopping_a_copy_forgets_what_was_in_its_way(clinic: Clinic, open_app: Open) -> None:
    booked, app = copied_onto(clinic, open_app, MONDAY.replace(hour=14), by="assistant")
    assert "Practitioner is taken" not in sentences(press(app, "Stop copying"))
    assert times_of(clinic, booked) == [booked.starts_at]
