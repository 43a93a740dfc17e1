"""Whom a free time is right for, and in which order; times that were given back lately (S9)."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from clinic_core.access import owner_work, perform
from clinic_core.errors import NotFound
from clinic_core.kit.clock import frozen_at, now
from clinic_core.kit.ids import new_id
from clinic_core.models import Absence, ProductService
from clinic_core.scheduling.queries import (
    freed_slots,
    get_appointment,
    matches_for_slot,
)
from clinic_core.scheduling.schemas import (
    AddAbsence,
    AddClosure,
    AddOutage,
    BookFromWaitingList,
    CancelAppointment,
    DeleteAppointment,
    GetAppointment,
    ListFreed,
    MatchesForSlot,
    MoveAppointment,
    ResourceNeed,
    SetRequirements,
    WaitingMatch,
)
from clinic_core.scheduling.service import (
    add_absence,
    add_closure,
    add_outage,
    book_from_waiting_list,
    cancel_appointment,
    delete_appointment,
    move_appointment,
    set_requirements,
)
from clinic_core.vocabulary import CancelledBy, ResourceType
from tests.factories import MONDAY, Clinic, make_patient, slot
from tests.notifications.arrange import cost
from tests.scheduling.arrange import book
from tests.scheduling.waiting import wait


def matches(
    clinic: Clinic, hours: float = 0, *, minutes: int = 30, by: str = "assistant", **fields: Any
) -> list[WaitingMatch]:
    starts_at, ends_at = slot(hours, minutes=minutes)
    values = {
        "clinic_location_id": clinic.main,
        "practitioner_user_id": clinic.users["practitioner"],
        "starts_at": starts_at,
        "ends_at": ends_at,
        **fields,
    }
    return perform(clinic.actor(by), matches_for_slot, MatchesForSlot.model_validate(values))


@pytest.mark.parametrize(
    ("wish", "fits"),
    [
        ({}, True),
        ({"weekdays": (1,)}, True),
        ({"weekdays": (2, 3)}, False),
        ({"time_from": "10:00"}, True),
        ({"time_from": "10:05"}, False),
        ({"time_to": "10:30"}, True),
        ({"time_to": "10:25"}, False),
        ({"earliest_on": "2031-03-03"}, True),
        ({"earliest_on": "2031-03-04"}, False),
        ({"latest_on": "2031-03-03"}, True),
        ({"latest_on": "2031-03-02"}, False),
        ({"duration_minutes": 31}, False),
    ],
)
def test_a_time_is_right_by_day_and_time_on_the_wall_and_by_length(
    clinic: Clinic, wish: dict[str, Any], fits: bool
) -> None:
    """The free time is Monday from 10:00 to 10:30 in Berlin."""
    wait(clinic, **wish)
    assert bool(matches(clinic)) is fits


def test_a_longer_time_is_used_where_the_wish_begins(clinic: Clinic) -> None:
    wait(clinic, time_from="11:00")
    (match,) = matches(clinic, minutes=120)
    assert (match.starts_at, match.ends_at) == (slot(1)[0], slot(1)[1])


def test_a_time_that_has_begun_is_used_from_the_next_five_minutes(clinic: Clinic) -> None:
    wait(clinic)
    with frozen_at(MONDAY + timedelta(minutes=12)):
        (match,) = matches(clinic, minutes=60)
        assert match.starts_at == MONDAY + timedelta(minutes=15)
        assert matches(clinic) == []


def test_only_who_wants_that_practitioner_or_anybody_is_matched(clinic: Clinic) -> None:
    anybody = wait(clinic)
    wait(clinic, practitioner_user_id=clinic.users["second_practitioner"])
    wait(clinic, clinic_location_id=clinic.branch, by="manager")
    assert [match.entry.id for match in matches(clinic)] == [anybody.id]


def test_matches_rank_by_urgency_then_days_of_waiting_then_fit(clinic: Clinic) -> None:
    anybody = wait(clinic)
    short = wait(clinic, product_service_id=None, duration_minutes=10)
    wanted = wait(clinic, practitioner_user_id=clinic.users["practitioner"])
    urgent = wait(clinic, urgency="urgent")
    ranked = [match.entry.id for match in matches(clinic)]
    assert ranked == [urgent.id, wanted.id, anybody.id, short.id]


def test_who_could_not_be_booked_is_not_matched(clinic: Clinic) -> None:
    busy = wait(clinic)
    book(clinic, patient_id=busy.patient_id, practitioner_user_id=clinic.users["second_practitioner"])
    assert matches(clinic) == []
    wait(clinic)
    assert len(matches(clinic)) == 1
    with owner_work("test.arrange", clinic.organization_id) as session:
        starts_at, ends_at = slot()
        org = clinic.organization_id
        away = Absence(organization_id=org, user_id=clinic.users["practitioner"], starts_at=starts_at, ends_at=ends_at)
        session.add(away)
    assert matches(clinic) == []


def needs(clinic: Clinic, *types: ResourceType) -> None:
    """What a follow-up takes."""
    request = SetRequirements(product_service_id=clinic.service, needs=tuple(ResourceNeed(type=one) for one in types))
    perform(clinic.actor("manager"), set_requirements, request)


def test_who_needs_a_room_or_equipment_is_matched_only_where_it_is_free_then(clinic: Clinic) -> None:
    needs(clinic, ResourceType.ROOM, ResourceType.EQUIPMENT)
    follow_up = wait(clinic)
    talk = wait(clinic, product_service_id=None, duration_minutes=30)
    colleague: dict[str, Any] = {"practitioner_user_id": clinic.users["second_practitioner"]}
    others = {0: (clinic.room,), 1: (clinic.room, clinic.second_room), 2: (clinic.laser,)}
    for hours, resource_ids in others.items():
        book(clinic, hours, resource_ids=resource_ids, **colleague)
    starts_at, ends_at = slot(3)
    out = AddOutage(resource_id=clinic.laser, starts_at=starts_at, ends_at=ends_at)
    perform(clinic.actor("manager"), add_outage, out)
    found = [{match.entry.id for match in matches(clinic, hours)} for hours in range(5)]
    assert found == [{follow_up.id, talk.id}, {talk.id}, {talk.id}, {talk.id}, {follow_up.id, talk.id}]
    (match,) = (one for one in matches(clinic) if one.entry.id == follow_up.id)
    chosen = BookFromWaitingList(
        entry_id=match.entry.id,
        practitioner_user_id=match.practitioner_user_id,
        starts_at=match.starts_at,
        ends_at=match.ends_at,
    )
    booked = perform(clinic.actor("assistant"), book_from_waiting_list, chosen).appointment
    assert set(booked.resource_ids) == {clinic.second_room, clinic.laser}


def test_a_room_must_be_free_to_the_end_of_the_buffer(clinic: Clinic) -> None:
    needs(clinic, ResourceType.EQUIPMENT)
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.get_one(ProductService, clinic.service).buffer_minutes = 15
    wait(clinic)
    assert len(matches(clinic)) == 1
    book(clinic, 0.5, resource_ids=(clinic.laser,), practitioner_user_id=clinic.users["second_practitioner"])
    assert matches(clinic) == []


def test_rooms_of_all_who_wait_are_looked_up_at_once(clinic: Clinic) -> None:
    needs(clinic, ResourceType.ROOM)
    wait(clinic)
    one = cost(lambda: matches(clinic))
    for _ in range(12):
        wait(clinic)
    assert cost(lambda: matches(clinic)) == one


def test_matches_are_for_calendars_that_the_reader_sees(clinic: Clinic) -> None:
    wait(clinic)
    assert len(matches(clinic, by="practitioner")) == 1
    assert matches(clinic, by="patient") == []
    with pytest.raises(NotFound):
        matches(clinic, clinic_location_id=new_id())


@pytest.mark.parametrize("way", ["cancelled", "moved", "deleted"])
def test_a_freed_time_names_whom_it_is_right_for(clinic: Clinic, way: str) -> None:
    row = wait(clinic)
    booked = book(clinic)
    assert freed(clinic) == []
    give_back(clinic, booked.id, way)
    (found,) = freed(clinic)
    assert (found.practitioner, found.starts_at, found.ends_at) == ("Practitioner", *slot())
    assert [match.entry.id for match in found.matches] == [row.id]
    book(clinic)
    assert freed(clinic) == []


def freed(clinic: Clinic, **fields: Any) -> list[Any]:
    return perform(clinic.actor("assistant"), freed_slots, ListFreed(clinic_location_id=clinic.main, **fields))


def give_back(clinic: Clinic, appointment_id: Any, way: str) -> None:
    actor = clinic.actor("assistant")
    if way == "cancelled":
        request = CancelAppointment(appointment_id=appointment_id, cancelled_by=CancelledBy.PATIENT)
        perform(actor, cancel_appointment, request)
    elif way == "deleted":
        perform(actor, delete_appointment, DeleteAppointment(appointment_id=appointment_id))
    else:
        row = perform(actor, get_appointment, GetAppointment(appointment_id=appointment_id))
        starts_at, ends_at = slot(5)
        move = MoveAppointment(appointment_id=row.id, starts_at=starts_at, ends_at=ends_at, version=row.version)
        perform(actor, move_appointment, move)


def test_what_was_given_back_long_ago_or_lies_in_the_past_is_not_shown(clinic: Clinic) -> None:
    wait(clinic)
    give_back(clinic, book(clinic).id, "cancelled")
    with frozen_at(now() + timedelta(days=8)):
        assert freed(clinic) == []
        assert len(freed(clinic, days_back=30)) == 1
    with frozen_at(MONDAY + timedelta(hours=1)):
        assert freed(clinic, days_back=60) == []


def test_a_freed_time_names_who_fits_behind_those_who_are_busy_then(clinic: Clinic) -> None:
    """More are busy than are looked at for one of twelve times at once."""
    for hours in range(0, 24, 2):
        give_back(clinic, book(clinic, hours).id, "cancelled")
    for _ in range(6):
        busy = wait(clinic, urgency="urgent")
        all_day: dict[str, Any] = {"patient_id": busy.patient_id, "ends_at": slot(23)[0], "double_book_reason": "Group"}
        book(clinic, practitioner_user_id=clinic.users["second_practitioner"], by="manager", **all_day)
    last = wait(clinic)
    names = [[match.entry.id for match in found.matches] for found in freed(clinic)]
    assert [last.id in named for named in names] == [True] * 12


def test_a_time_freed_where_nobody_works_or_all_is_closed_hides_none_that_is_free(clinic: Clinic) -> None:
    """A sick day called off in pieces and a closed day come before the one time that somebody can be booked into."""
    row = wait(clinic)
    for hours in [*(0.75 * n for n in range(12)), 24, 48]:
        give_back(clinic, book(clinic, hours).id, "cancelled")
    sick = AddAbsence(user_id=clinic.users["practitioner"], starts_at=slot(-2)[0], ends_at=slot(12)[0])
    perform(clinic.actor("manager"), add_absence, sick)
    tuesday = date(2031, 3, 4)
    holiday = AddClosure(clinic_location_id=clinic.main, starts_on=tuesday, ends_on=tuesday, name="Holiday")
    perform(clinic.actor("admin"), add_closure, holiday)
    (found,) = freed(clinic)
    assert found.starts_at == slot(48)[0]
    assert [match.entry.id for match in found.matches] == [row.id]


def test_every_freed_time_that_lies_ahead_is_seen_however_many_were_freed_since(clinic: Clinic) -> None:
    wait(clinic)
    give_back(clinic, book(clinic).id, "cancelled")
    patient_id = make_patient(clinic)
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.execute(
            text(
                "insert into appointment (id, organization_id, patient_id, practitioner_user_id, clinic_location_id,"
                " starts_at, ends_at) select gen_random_uuid(), :org, :patient, :user, :place,"
                " cast(:first as timestamptz) + n * interval '1 hour',"
                " cast(:first as timestamptz) + n * interval '1 hour' + interval '30 minutes'"
                " from generate_series(1, 250) n"
            ),
            {
                "org": clinic.organization_id,
                "patient": patient_id,
                "user": clinic.users["practitioner"],
                "place": clinic.main,
                "first": MONDAY,
            },
        )
        off = text("update appointment set status = 'cancelled', cancelled_by = 'clinic' where patient_id = :patient")
        session.execute(off, {"patient": patient_id})
    assert freed(clinic)[0].starts_at == MONDAY
    assert len(freed(clinic)) == 12
