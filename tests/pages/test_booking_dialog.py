"""The booking dialog: what the service needs, what is in the way, and the times instead."""

from collections.abc import Iterator
from datetime import time
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from clinic_core.access import owner_work, perform
from clinic_core.kit.clock import frozen_at
from clinic_core.models import LocationHours, LocationResource
from clinic_core.scheduling.queries import list_appointments, list_requirements
from clinic_core.scheduling.schemas import (
    AppointmentRow,
    AvailabilityRule,
    ListAppointments,
    ListRequirements,
    ResourceNeed,
    SetAvailability,
    SetRequirements,
)
from clinic_core.scheduling.service import set_availability, set_requirements
from clinic_core.vocabulary import ConflictKind, ResourceType
from tests.factories import MONDAY, Clinic, make_patient, slot
from tests.pages.conftest import Open, sentences
from tests.scheduling.arrange import book

TODAY = "pages/front_desk/today.py"
CATALOGUE = "pages/billing/catalogue.py"
FREE = "**The time is free.**"


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    """It is Monday, 10:00 at Main street."""
    with frozen_at(MONDAY):
        yield


def press(app: AppTest, label: str) -> AppTest:
    """Click the first button that says this."""
    return next(button for button in app.button if button.label.startswith(label)).click().run()


def opened(clinic: Clinic, open_app: Open, role: str = "assistant") -> AppTest:
    """The dialog with Zoe chosen; the clinic is open on Mondays from 8 to 18."""
    make_patient(clinic, first_name="Zoe", last_name="Unusual")
    with owner_work("test.arrange", clinic.organization_id) as session:
        hours: dict[str, Any] = {"weekday": 1, "opens": time(8), "closes": time(18)}
        session.add(LocationHours(organization_id=clinic.organization_id, clinic_location_id=clinic.main, **hours))
    app = press(open_app(role, TODAY), "Book")
    return app.text_input(key="booking_patient_text").input("Unusual").run()


def works_on(clinic: Clinic, who: str, weekday: int) -> None:
    hours = {"clinic_location_id": clinic.main, "weekday": weekday, "starts": time(8), "ends": time(16)}
    rule = AvailabilityRule.model_validate(hours)
    request = SetAvailability(practitioner_user_id=clinic.users[who], rules=(rule,))
    perform(clinic.actor("manager"), set_availability, request)


def need(clinic: Clinic, *needs: tuple[ResourceType, str]) -> None:
    request = SetRequirements(
        product_service_id=clinic.service,
        needs=tuple(ResourceNeed(type=kind, category=category) for kind, category in needs),
    )
    perform(clinic.actor("admin"), set_requirements, request)


def booked(clinic: Clinic) -> list[AppointmentRow]:
    day = ListAppointments(starts_from=slot(-12)[0], starts_before=slot(36)[0])
    found = perform(clinic.actor("manager"), list_appointments, day)
    return [row for row in found if row.patient_name == "Zoe Unusual"]


def test_a_free_time_is_said_before_anything_is_booked(clinic: Clinic, open_app: Open) -> None:
    app = opened(clinic, open_app)
    assert FREE in sentences(app)
    assert booked(clinic) == []


def test_what_is_in_the_way_is_said_before_anything_is_booked(clinic: Clinic, open_app: Open) -> None:
    book(clinic, 0)
    app = opened(clinic, open_app)
    assert FREE not in sentences(app)
    assert "Not free** · Practitioner is taken from 10:00 to 10:30" in sentences(app)


def test_the_room_that_the_service_needs_is_chosen_by_itself(clinic: Clinic, open_app: Open) -> None:
    need(clinic, (ResourceType.ROOM, ""), (ResourceType.EQUIPMENT, ""))
    book(clinic, 0, practitioner_user_id=clinic.users["second_practitioner"], resource_ids=(clinic.room,))
    opened(clinic, open_app).button(key="booking_book").click().run()
    (row,) = booked(clinic)
    assert {resource.name for resource in row.resources} == {"Room 2", "Laser"}


def test_the_practitioner_who_is_suggested_works_on_that_day(clinic: Clinic, open_app: Open) -> None:
    works_on(clinic, "practitioner", 2)
    works_on(clinic, "second_practitioner", 1)
    app = opened(clinic, open_app)
    assert app.selectbox(key="booking_practitioner").value == clinic.users["second_practitioner"]


def test_nobody_is_suggested_on_a_day_when_nobody_works(clinic: Clinic, open_app: Open) -> None:
    works_on(clinic, "practitioner", 2)
    works_on(clinic, "second_practitioner", 3)
    app = opened(clinic, open_app)
    assert app.selectbox(key="booking_practitioner").value is None
    app.button(key="booking_book").click().run()
    assert app.error[0].value.endswith("is missing.")


def test_a_practitioner_who_works_on_that_day_is_suggested_to_herself(clinic: Clinic, open_app: Open) -> None:
    for who in ("practitioner", "second_practitioner"):
        works_on(clinic, who, 1)
    app = press(open_app("second_practitioner", TODAY), "Book")
    assert app.selectbox(key="booking_practitioner").value == clinic.users["second_practitioner"]


def test_a_room_chosen_by_hand_stays_when_the_time_changes(clinic: Clinic, open_app: Open) -> None:
    need(clinic, (ResourceType.ROOM, ""))
    app = opened(clinic, open_app)
    app.multiselect(key="booking_resources").set_value([clinic.second_room]).run()
    app.time_input(key="booking_clock").set_value(time(11)).run()
    app.button(key="booking_book").click().run()
    assert [resource.name for row in booked(clinic) for resource in row.resources] == ["Room 2"]


def test_a_refusal_offers_times_of_which_one_click_takes_one(clinic: Clinic, open_app: Open) -> None:
    book(clinic, 0)
    app = opened(clinic, open_app)
    app.button(key="booking_book").click().run()
    assert ":material/event_busy: **The time is not free.**" in sentences(app)
    offered = [button.label for button in app.button if button.key and "_free_" in button.key]
    assert offered == [f"Mon 3 Mar 2031, {clock} with Practitioner" for clock in ("10:30", "11:00", "11:30")]
    press(app, "Mon 3 Mar 2031, 11:00")
    assert FREE in sentences(app)
    app.button(key="booking_book").click().run()
    assert [row.starts_at for row in booked(clinic)] == [slot(1)[0]]


def test_who_may_books_anyway_with_a_reason_and_nobody_without(clinic: Clinic, open_app: Open) -> None:
    book(clinic, 0)
    app = opened(clinic, open_app, "manager")
    app.button(key="booking_book").click().run()
    press(app, "Book anyway")
    assert "Say why first" in sentences(app)
    app.text_input(key="booking_conflict_view_reason").input("In pain").run()
    press(app, "Book anyway")
    (row,) = booked(clinic)
    assert (row.double_book_reason, row.override_kinds) == ("In pain", ())


def test_the_desk_without_the_permission_sees_no_way_around(clinic: Clinic, open_app: Open) -> None:
    book(clinic, 0)
    app = opened(clinic, open_app)
    app.button(key="booking_book").click().run()
    assert "Book anyway" not in [button.label for button in app.button]


def test_an_override_keeps_its_reason_and_kind(clinic: Clinic, open_app: Open) -> None:
    app = opened(clinic, open_app, "manager")
    app.time_input(key="booking_clock").set_value(time(19)).run()
    app.button(key="booking_book").click().run()
    app.text_input(key="booking_conflict_view_reason").input("After work").run()
    press(app, "Book anyway")
    (row,) = booked(clinic)
    assert (row.override_reason, row.override_kinds) == ("After work", (ConflictKind.OUTSIDE_HOURS,))


def test_a_time_that_was_found_fills_the_form(clinic: Clinic, open_app: Open) -> None:
    book(clinic, 0)
    app = opened(clinic, open_app)
    app.toggle(key="booking_search").set_value(True).run()
    app.selectbox(key="booking_slots_part").set_value("Afternoon").run()
    press(app, "**Mon 3 Mar 2031, 12:15**")
    assert app.time_input(key="booking_clock").value == time(12, 15)
    assert not app.toggle(key="booking_search").value
    app.button(key="booking_book").click().run()
    assert [row.starts_at for row in booked(clinic)] == [slot(2.25)[0]]


def test_later_times_are_five_more(clinic: Clinic, open_app: Open) -> None:
    app = opened(clinic, open_app)
    app.toggle(key="booking_search").set_value(True).run()
    press(app, "Later times")
    assert len([button for button in app.button if button.key and "_slots_slot_" in button.key]) == 10


def test_the_catalogue_says_what_a_service_needs(clinic: Clinic, open_app: Open) -> None:
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.get_one(LocationResource, clinic.room).category = "treatment"
    app = press(open_app("admin", CATALOGUE), "New item")
    app.text_input(key="catalogue_form_code").input("LAS")
    app.text_input(key="catalogue_form_name").input("Laser therapy")
    app.text_input(key="catalogue_form_price").input("50")
    app.multiselect(key="catalogue_form_needs_room").set_value(["treatment"])
    app.multiselect(key="catalogue_form_needs_equipment").set_value([""])
    app.button(key="catalogue_form_save").click().run()
    (row,) = perform(clinic.actor("assistant"), list_requirements, ListRequirements())
    assert [(one.type, one.category) for one in row.needs] == [
        (ResourceType.ROOM, "treatment"),
        (ResourceType.EQUIPMENT, ""),
    ]
