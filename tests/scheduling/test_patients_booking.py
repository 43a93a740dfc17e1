"""What patients book for themselves, and what they are told of a time that is not free."""

from collections.abc import Callable
from datetime import time
from typing import Any
from uuid import UUID

import pytest

from clinic_core.access import perform
from clinic_core.errors import BookingConflict, InvalidInput, NotFound, PermissionDenied
from clinic_core.kit.ids import new_id
from clinic_core.scheduling.queries import find_date_alternatives, find_slots, free_resources, get_appointment
from clinic_core.scheduling.schemas import (
    AcceptOffer,
    AppointmentRow,
    BookFromWaitingList,
    FindDateAlternatives,
    FindFreeResources,
    FindSlots,
    GetAppointment,
    MoveAppointment,
    ResourceNeed,
    SetRequirements,
)
from clinic_core.scheduling.service import accept_offer, book_from_waiting_list, move_appointment, set_requirements
from clinic_core.vocabulary import ConflictKind, ResourceType, Severity
from tests.factories import Clinic, make_patient, slot
from tests.scheduling.arrange import book
from tests.scheduling.conflict_arrange import away, buffered_service, check, rota
from tests.scheduling.waiting import offer, wait

NOT_FREE = "This time is not free; please choose another."


@pytest.fixture
def me(clinic: Clinic) -> UUID:
    """The record of the patient who signs in."""
    return make_patient(clinic, user_id=clinic.users["patient"])


def book_mine(clinic: Clinic, me: UUID, hours: float = 0, **fields: object) -> AppointmentRow:
    """The follow-up that patients may book, by the patient."""
    values = {"patient_id": me, "product_service_id": clinic.service, **fields}
    return book(clinic, hours, by="patient", **values)


def put_all_in_the_way(clinic: Clinic) -> None:
    """Another's appointment, and then an absence outside the rota."""
    book(clinic)
    away(clinic)
    rota(clinic, time(8), time(9))


IN_THE_WAY: dict[str, Callable[[Clinic], object]] = {
    "another's appointment": book,
    "an absence": away,
    "outside hours": lambda clinic: rota(clinic, time(8), time(9)),
    "all of it": put_all_in_the_way,
}


def needs_room(clinic: Clinic) -> None:
    """The follow-up takes a room."""
    request = SetRequirements(product_service_id=clinic.service, needs=(ResourceNeed(type=ResourceType.ROOM),))
    perform(clinic.actor("manager"), set_requirements, request)


def free(clinic: Clinic, by: str, **fields: object) -> list[UUID]:
    """What the person of a role is told to be free."""
    starts_at, ends_at = slot(0)
    values = {"clinic_location_id": clinic.main, "starts_at": starts_at, "ends_at": ends_at, **fields}
    found = perform(clinic.actor(by), free_resources, FindFreeResources.model_validate(values))
    return [one.id for one in found.free]


def move_mine(clinic: Clinic, row: AppointmentRow, hours: float, **fields: object) -> AppointmentRow:
    """The appointment is moved by the patient."""
    starts_at, ends_at = slot(hours)
    values = {"appointment_id": row.id, "version": row.version, "starts_at": starts_at, "ends_at": ends_at, **fields}
    return perform(clinic.actor("patient"), move_appointment, MoveAppointment.model_validate(values))


@pytest.mark.parametrize("why", IN_THE_WAY)
def test_patients_are_told_that_a_time_is_not_free_never_why(clinic: Clinic, me: UUID, why: str) -> None:
    IN_THE_WAY[why](clinic)
    with pytest.raises(BookingConflict) as refused:
        book_mine(clinic, me)
    assert str(refused.value) == NOT_FREE
    (told,) = refused.value.obstacles
    assert (told.kind, told.severity, told.sentence) == (ConflictKind.PRACTITIONER, Severity.BLOCK, NOT_FREE)
    assert (told.subject_id, told.subject, told.appointment_id) == (None, "", None)
    assert not refused.value.can_override
    seen = check(clinic, by="patient", patient_id=me, product_service_id=clinic.service)
    assert (seen.obstacles, seen.can_override) == ((told,), False)


def test_patients_are_told_of_their_own_appointments(clinic: Clinic, me: UUID) -> None:
    book_mine(clinic, me)
    seen = check(clinic, 2, by="patient", patient_id=me, product_service_id=clinic.service)
    assert seen.is_free
    assert [one.sentence for one in seen.obstacles] == [
        "You come on the same day already, from 10:00 to 10:30 on 3 Mar 2031."
    ]
    colleague = clinic.users["second_practitioner"]
    with pytest.raises(BookingConflict, match=r"^You have another appointment from 10:00 to 10:30 on 3 Mar 2031\.$"):
        book_mine(clinic, me, practitioner_user_id=colleague)


def test_who_keeps_another_calendar_is_told_no_more_than_that_a_time_is_not_free(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    book(clinic, patient_id=patient)
    seen = check(clinic, by="second_practitioner", patient_id=patient)
    assert [one.sentence for one in seen.obstacles] == [NOT_FREE]
    assert check(clinic, 2, by="second_practitioner", patient_id=patient).obstacles == ()


def test_what_was_lifted_by_the_clinic_stays_lifted_when_a_patient_keeps_the_time(clinic: Clinic, me: UUID) -> None:
    away(clinic)
    row = book(clinic, by="manager", patient_id=me, override_reason="She came a long way")
    again = MoveAppointment(appointment_id=row.id, version=row.version, starts_at=row.starts_at, ends_at=row.ends_at)
    assert perform(clinic.actor("patient"), move_appointment, again).starts_at == row.starts_at
    kept = perform(clinic.actor("manager"), get_appointment, GetAppointment(appointment_id=row.id))
    assert (kept.override_reason, kept.override_kinds) == ("She came a long way", (ConflictKind.ABSENCE,))


def test_patients_book_only_what_is_booked_online_for_as_long_as_it_takes(clinic: Clinic, me: UUID) -> None:
    inner = buffered_service(clinic)
    too_long = {"product_service_id": None, "ends_at": slot(1.25)[0]}
    for fields in (too_long, {"product_service_id": inner}):
        with pytest.raises(InvalidInput, match="Please choose a service that is booked online"):
            book_mine(clinic, me, **fields)
    with pytest.raises(InvalidInput, match="Follow-up takes 30 minutes"):
        book_mine(clinic, me, ends_at=slot(24)[0])
    with pytest.raises(NotFound, match="service"):
        book_mine(clinic, me, product_service_id=new_id())
    assert book_mine(clinic, me).ends_at == slot(0)[1]


def test_patients_who_do_not_know_the_service_book_an_hour_at_most_without_rooms(clinic: Clinic, me: UUID) -> None:
    assert book_mine(clinic, me, product_service_id=None, ends_at=slot(1)[0]).resources == ()
    with pytest.raises(InvalidInput, match="Rooms and equipment are chosen"):
        book_mine(clinic, me, product_service_id=None, resource_ids=(clinic.room,))


def test_rooms_are_chosen_for_patients_by_what_the_service_needs(clinic: Clinic, me: UUID) -> None:
    needs_room(clinic)
    for resource_ids in ((clinic.laser,), (clinic.room, clinic.second_room), (clinic.room, clinic.laser)):
        with pytest.raises(InvalidInput, match="Rooms and equipment are chosen"):
            book_mine(clinic, me, resource_ids=resource_ids)
    with pytest.raises(NotFound):
        book_mine(clinic, me, resource_ids=(new_id(),))
    assert book_mine(clinic, me, resource_ids=(clinic.second_room,)).resource_ids == (clinic.second_room,)
    assert book_mine(clinic, me, 1).resource_ids == (clinic.room,)
    colleague = clinic.users["second_practitioner"]
    book(clinic, 2, practitioner_user_id=colleague, resource_ids=(clinic.room,))
    assert book_mine(clinic, me, 2).resource_ids == (clinic.second_room,)
    book(clinic, 3, practitioner_user_id=colleague, resource_ids=(clinic.room, clinic.second_room))
    with pytest.raises(BookingConflict, match=f"^{NOT_FREE}$"):
        book_mine(clinic, me, 3)


def test_patients_see_no_rooms_but_those_that_the_service_takes(clinic: Clinic, me: UUID) -> None:
    needs_room(clinic)
    assert free(clinic, "patient", product_service_id=clinic.service) == [clinic.room]
    assert len(free(clinic, "assistant", product_service_id=clinic.service)) == 3
    with pytest.raises(InvalidInput, match="booked online"):
        free(clinic, "patient")
    with pytest.raises(InvalidInput, match="Rooms and equipment are chosen"):
        check(clinic, by="patient", patient_id=me, resource_ids=(clinic.laser,))


def test_patients_ask_about_no_longer_time_than_they_may_book(clinic: Clinic, me: UUID) -> None:
    asked: dict[str, Any] = {"by": "patient", "patient_id": me}
    refused: tuple[tuple[dict[str, Any], str], ...] = (
        ({"product_service_id": clinic.service, "ends_at": slot(24)[0]}, "Follow-up takes 30 minutes"),
        ({"product_service_id": buffered_service(clinic)}, "booked online"),
        ({"ends_at": slot(1.25)[0]}, "booked online"),
    )
    for fields, said in refused:
        with pytest.raises(InvalidInput, match=said):
            check(clinic, **asked, **fields)
    row = book(clinic, 2, patient_id=me)
    with pytest.raises(InvalidInput, match="takes 30 minutes"):
        check(clinic, 3, appointment_id=row.id, ends_at=slot(4)[0], **asked)
    assert check(clinic, 3, appointment_id=row.id, **asked).is_free
    assert check(clinic, 5, ends_at=slot(6)[0], **asked).is_free
    assert check(clinic, 24, by="assistant", ends_at=slot(48)[0]).is_free


def test_a_patient_asks_about_what_the_clinic_offered(clinic: Clinic, me: UUID) -> None:
    entry = wait(clinic, patient_id=me, product_service_id=buffered_service(clinic), duration_minutes=45)
    made = offer(clinic, entry, ends_at=slot(0, minutes=45)[1])
    service_id = entry.product_service_id
    seen = check(clinic, by="patient", patient_id=me, product_service_id=service_id, ends_at=made.ends_at)
    assert seen.is_free


@pytest.mark.parametrize("fields", [{"duration_minutes": 60}, {"needs": ()}, {"buffer_minutes": 0}, "room"])
def test_patients_search_only_for_what_they_may_book(clinic: Clinic, me: UUID, fields: Any) -> None:
    rota(clinic, time(8), time(18))
    asked = {"clinic_location_id": clinic.main, "starts_from": slot(0)[0], "patient_id": me, "duration_minutes": 30}
    given = {"resource_ids": (clinic.room,)} if fields == "room" else fields
    values = {**asked, "product_service_id": clinic.service, **given}
    with pytest.raises(InvalidInput):
        perform(clinic.actor("patient"), find_slots, FindSlots.model_validate(values))
    asked["product_service_id"] = clinic.service
    assert perform(clinic.actor("patient"), find_slots, FindSlots.model_validate(asked))[0].starts_at == slot(0)[0]


def test_patients_move_an_appointment_as_it_is(clinic: Clinic, me: UUID) -> None:
    row = book(clinic, patient_id=me, resource_ids=(clinic.room,))
    for fields in (
        {"ends_at": slot(5)[0]},
        {"resource_ids": ()},
        {"resource_ids": (clinic.laser,)},
        {"resource_ids": (clinic.room, clinic.laser)},
    ):
        with pytest.raises(InvalidInput):
            move_mine(clinic, row, 1, **fields)
    row = move_mine(clinic, row, 1, resource_ids=(clinic.second_room,))
    assert row.resource_ids == (clinic.second_room,)
    assert move_mine(clinic, row, 2).resource_ids == (clinic.second_room,)


def test_patients_find_times_for_what_they_move_with_rooms_like_those_it_has(clinic: Clinic, me: UUID) -> None:
    rota(clinic, time(8), time(18))
    row = book(clinic, patient_id=me, resource_ids=(clinic.room,))
    book(clinic, 1, practitioner_user_id=clinic.users["second_practitioner"], resource_ids=(clinic.room,))
    asked = FindSlots(
        clinic_location_id=clinic.main,
        starts_from=slot(1)[0],
        patient_id=me,
        moved_appointment_id=row.id,
        duration_minutes=30,
    )
    found = perform(clinic.actor("patient"), find_slots, asked)
    assert (found[0].starts_at, found[0].resource_ids) == (slot(1)[0], (clinic.second_room,))
    assert move_mine(clinic, row, 1, resource_ids=found[0].resource_ids).resource_ids == (clinic.second_room,)


def test_a_patient_accepts_what_the_clinic_offered_and_nothing_else_of_the_kind(clinic: Clinic, me: UUID) -> None:
    entry = wait(clinic, patient_id=me, product_service_id=buffered_service(clinic), duration_minutes=45)
    made = offer(clinic, entry, ends_at=slot(0, minutes=45)[1])
    other = BookFromWaitingList(
        entry_id=entry.id,
        practitioner_user_id=made.practitioner_user_id,
        starts_at=slot(2)[0],
        ends_at=slot(2, minutes=45)[1],
    )
    with pytest.raises(InvalidInput, match="booked online"):
        perform(clinic.actor("patient"), book_from_waiting_list, other)
    booked = perform(clinic.actor("patient"), accept_offer, AcceptOffer(offer_id=made.id)).appointment
    assert (booked.starts_at, booked.ends_at) == (made.starts_at, made.ends_at)


def test_times_for_a_series_are_not_looked_up_by_patients(clinic: Clinic, me: UUID) -> None:
    asked = FindDateAlternatives(
        practitioner_user_id=clinic.users["practitioner"],
        clinic_location_id=clinic.main,
        starts_at=slot(0)[0],
        duration_minutes=30,
        resource_ids=(clinic.room,),
        patient_id=me,
    )
    with pytest.raises(PermissionDenied, match="Series are booked"):
        perform(clinic.actor("patient"), find_date_alternatives, asked)
