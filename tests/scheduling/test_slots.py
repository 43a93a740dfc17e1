"""Free times (S8): the nearest first, with rooms that are free; that nothing is missed is the property test's."""

from collections.abc import Iterator
from datetime import time, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from clinic_core.access import owner_work, perform, unit_of_work
from clinic_core.access.organization import OrganizationSettings
from clinic_core.errors import BookingConflict, InvalidInput, NotFound
from clinic_core.kit.clock import frozen_at
from clinic_core.models import LocationHours, LocationResource
from clinic_core.scheduling.queries import find_slots, free_resources, list_requirements
from clinic_core.scheduling.schemas import (
    FindFreeResources,
    FindSlots,
    ListRequirements,
    ResourceNeed,
    SetRequirements,
    SlotRow,
)
from clinic_core.scheduling.service import set_requirements
from clinic_core.vocabulary import ResourceType
from tests.factories import MONDAY, Clinic, make_clinic, make_patient, slot
from tests.scheduling.arrange import audited, book
from tests.scheduling.undo_arrange import move

ROOM = ResourceNeed(type=ResourceType.ROOM)


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    """It is Monday, 10:00 at Main street."""
    with frozen_at(MONDAY):
        yield


@pytest.fixture
def open_clinic(clinic: Clinic) -> Clinic:
    """Open on Mondays from 8 to 18; nobody has a rota."""
    hours: dict[str, Any] = {"weekday": 1, "opens": time(8), "closes": time(18)}
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.add(LocationHours(organization_id=clinic.organization_id, clinic_location_id=clinic.main, **hours))
    return clinic


def search(clinic: Clinic, *, by: str = "assistant", **fields: object) -> list[SlotRow]:
    """Half an hour at Main street from now on."""
    values: dict[str, object] = {
        "clinic_location_id": clinic.main,
        "duration_minutes": 30,
        "starts_from": MONDAY,
        **fields,
    }
    return perform(clinic.actor(by), find_slots, FindSlots.model_validate(values))


def hours_after(found: list[SlotRow]) -> list[float]:
    return [(one.starts_at - MONDAY) / timedelta(hours=1) for one in found]


def test_where_neither_rota_nor_opening_hours_are_known_the_usual_day_counts(clinic: Clinic) -> None:
    """From 8:00 to 18:00 in Berlin, on Sundays too."""
    mine: dict[str, Any] = {"practitioner_ids": (clinic.users["practitioner"],), "step_minutes": 60, "limit": 50}
    for weekday, first in ((1, 0), (7, 6 * 24 - 2)):
        found = search(clinic, weekdays=(weekday,), days=7, **mine)
        assert hours_after(found) == [*range(first, 6 * 24 + 8 if weekday == 7 else 8)]


def test_a_refusal_offers_three_times_where_no_hours_are_known(clinic: Clinic) -> None:
    book(clinic)
    with pytest.raises(BookingConflict) as refused:
        book(clinic)
    assert [(one.starts_at - MONDAY) / timedelta(hours=1) for one in refused.value.alternatives] == [0.5, 1, 1.5]


def test_a_search_reads_what_is_known_once_and_what_is_taken_once(open_clinic: Clinic) -> None:
    """However many people, rooms and answers there are; later days are read only where the first ones are full."""
    needed = SetRequirements(product_service_id=open_clinic.service, needs=(ROOM,))
    perform(open_clinic.actor("admin"), set_requirements, needed)
    actor = open_clinic.actor("assistant")
    request = FindSlots(
        clinic_location_id=open_clinic.main, product_service_id=open_clinic.service, starts_from=MONDAY, limit=50
    )
    counted: list[str] = []
    with unit_of_work(actor) as work:
        event.listen(work.session.connection(), "before_cursor_execute", lambda *args: counted.append(args[2]))
        assert len(find_slots(work, request)) == 50
    assert len(counted) == 2


def test_answers_come_by_start_and_then_by_name(open_clinic: Clinic) -> None:
    found = search(open_clinic)
    assert hours_after(found) == [0, 0, 0.25, 0.25, 0.5]
    assert [one.practitioner for one in found[:2]] == ["Practitioner", "Second Practitioner"]


def test_an_appointment_that_is_moved_is_not_in_its_own_way(open_clinic: Clinic) -> None:
    mine: dict[str, Any] = {"practitioner_ids": (open_clinic.users["practitioner"],), "limit": 1}
    patient = make_patient(open_clinic)
    row = book(open_clinic, patient_id=patient)
    assert hours_after(search(open_clinic, patient_id=patient, **mine)) == [0.5]
    assert hours_after(search(open_clinic, patient_id=patient, moved_appointment_id=row.id, **mine)) == [0.25]


def test_the_time_that_an_appointment_has_is_no_time_to_move_it_to(open_clinic: Clinic) -> None:
    """A colleague at that time is one, and another length is."""
    row = book(open_clinic)
    found = search(open_clinic, moved_appointment_id=row.id, limit=3)
    assert [(one.practitioner, hour) for one, hour in zip(found, hours_after(found), strict=True)] == [
        ("Second Practitioner", 0),
        ("Practitioner", 0.25),
        ("Second Practitioner", 0.25),
    ]
    longer = search(open_clinic, moved_appointment_id=row.id, duration_minutes=45, limit=1)
    assert [(one.practitioner, hour) for one, hour in zip(longer, hours_after(longer), strict=True)] == [
        ("Practitioner", 0)
    ]


def test_a_refused_move_does_not_offer_the_time_that_the_appointment_has(open_clinic: Clinic) -> None:
    book(open_clinic)
    row = book(open_clinic, 0.5)
    with pytest.raises(BookingConflict) as refused:
        move(open_clinic, row, 0)
    assert [(one.starts_at - MONDAY) / timedelta(hours=1) for one in refused.value.alternatives] == [0.75, 1.25, 1.75]


def test_a_patient_is_not_offered_what_the_own_appointment_takes(open_clinic: Clinic) -> None:
    patient = make_patient(open_clinic)
    book(open_clinic, patient_id=patient, practitioner_user_id=open_clinic.users["second_practitioner"])
    assert min(hours_after(search(open_clinic, patient_id=patient))) == 0.5


def test_patients_are_offered_every_calendar_with_the_notice_of_the_clinic() -> None:
    clinic = make_clinic(OrganizationSettings(online_notice_minutes=120))
    with owner_work("test.arrange", clinic.organization_id) as session:
        hours: dict[str, Any] = {"weekday": 1, "opens": time(8), "closes": time(18)}
        session.add(LocationHours(organization_id=clinic.organization_id, clinic_location_id=clinic.main, **hours))
    patient = make_patient(clinic, user_id=clinic.users["patient"])
    mine: dict[str, Any] = {"patient_id": patient, "product_service_id": clinic.service}
    assert hours_after(search(clinic, by="patient", limit=2, **mine)) == [2, 2]
    assert search(clinic, by="patient") == []


def test_who_books_only_the_own_calendar_is_offered_no_other(open_clinic: Clinic) -> None:
    found = search(open_clinic, by="practitioner", limit=10)
    assert {one.practitioner_user_id for one in found} == {open_clinic.users["practitioner"]}


@pytest.mark.parametrize("field", ["clinic_location_id", "practitioner_ids", "resource_ids", "patient_id"])
def test_rows_of_another_clinic_do_not_exist(clinic: Clinic, field: str) -> None:
    other = make_clinic()
    values: dict[str, Any] = {
        "clinic_location_id": other.main,
        "practitioner_ids": (other.users["practitioner"],),
        "resource_ids": (other.room,),
        "patient_id": make_patient(other),
    }
    with pytest.raises(NotFound):
        search(clinic, **{field: values[field]})


def test_a_service_without_a_known_length_is_refused_in_words(clinic: Clinic) -> None:
    with pytest.raises(InvalidInput):
        search(clinic, product_service_id=clinic.product, duration_minutes=None)


def test_what_a_service_needs_is_kept_listed_and_audited(clinic: Clinic) -> None:
    laser = ResourceNeed(type=ResourceType.EQUIPMENT, category="Laser")
    request = SetRequirements(product_service_id=clinic.service, needs=(laser, ROOM))
    assert perform(clinic.actor("admin"), set_requirements, request).needs == (ROOM, laser)
    (row,) = perform(clinic.actor("assistant"), list_requirements, ListRequirements())
    assert (row.id, row.needs) == (clinic.service, (ROOM, laser))
    fewer = SetRequirements(product_service_id=clinic.service, needs=(ROOM,))
    assert perform(clinic.actor("admin"), set_requirements, fewer).needs == (ROOM,)
    actions = [(entity, action) for entity, action, _, _ in audited(clinic, "service.set_requirements")]
    assert sorted(actions) == [("service_requirement", "delete"), *[("service_requirement", "insert")] * 2]


def test_a_product_needs_no_room(clinic: Clinic) -> None:
    with pytest.raises(InvalidInput, match="Bandage is a product"):
        perform(
            clinic.actor("admin"), set_requirements, SetRequirements(product_service_id=clinic.product, needs=(ROOM,))
        )


def test_a_need_is_named_once(clinic: Clinic) -> None:
    twice = [ResourceNeed(type=ResourceType.ROOM, category=word) for word in ("Green", "green")]
    with pytest.raises(InvalidInput, match="named twice"):
        SetRequirements(product_service_id=clinic.service, needs=tuple(twice))


def test_the_first_free_room_by_name_is_chosen_and_what_is_missing_is_said(clinic: Clinic) -> None:
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.get_one(LocationResource, clinic.second_room).category = "Green"
    needs = (ROOM, *(ResourceNeed(type=ResourceType.ROOM, category=word) for word in ("green", "blue")))
    perform(clinic.actor("admin"), set_requirements, SetRequirements(product_service_id=clinic.service, needs=needs))
    starts_at, ends_at = slot()
    asked = FindFreeResources(
        clinic_location_id=clinic.main, product_service_id=clinic.service, starts_at=starts_at, ends_at=ends_at
    )
    found = perform(clinic.actor("assistant"), free_resources, asked)
    assert {one.name for one in found.chosen} == {"Room 1", "Room 2"}
    assert [need.category for need in found.missing] == ["blue"]
    taken = book(clinic, resource_ids=(clinic.room, clinic.laser))
    assert [one.name for one in perform(clinic.actor("assistant"), free_resources, asked).free] == ["Room 2"]
    moved = asked.model_copy(update={"appointment_id": taken.id})
    assert len(perform(clinic.actor("assistant"), free_resources, moved).free) == 3
