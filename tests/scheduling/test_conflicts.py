"""The validator (S5): what is in the way, how grave it is, and who may lift it with a reason."""

from datetime import time, timedelta
from typing import Any

import pytest

from clinic_core.access import owner_work, perform
from clinic_core.errors import BookingConflict, PermissionDenied
from clinic_core.kit.clock import frozen_at
from clinic_core.models import ResourceOutage
from clinic_core.scheduling.schemas import (
    AddClosure,
    MoveAppointment,
    OpeningSpan,
    SetOpeningHours,
)
from clinic_core.scheduling.service import (
    add_closure,
    move_appointment,
    set_opening_hours,
)
from clinic_core.vocabulary import ConflictKind, Severity
from tests.factories import MONDAY, Clinic, make_patient, slot
from tests.scheduling.arrange import audited, book, drift
from tests.scheduling.conflict_arrange import away, buffered_service, check, kinds, rota

OVERRIDABLE = ("outside_hours", "absence", "patient", "past", "buffer")


def put_in_the_way(clinic: Clinic, kind: str) -> dict[str, Any]:
    """Makes the Monday slot stand in conflict of one kind only; what the booking needs to meet it."""
    match kind:
        case "outside_hours":
            rota(clinic, time(8), time(10))
        case "absence":
            away(clinic)
        case "patient":
            patient = make_patient(clinic)
            book(clinic, patient_id=patient, practitioner_user_id=clinic.users["second_practitioner"])
            return {"patient_id": patient}
        case "past":
            return {"starts_at": MONDAY - timedelta(days=4000), "ends_at": MONDAY - timedelta(days=3999, hours=23)}
        case "buffer":
            book(clinic, -0.5, product_service_id=buffered_service(clinic))
    return {}


@pytest.mark.parametrize("kind", OVERRIDABLE)
def test_what_an_override_lifts_is_refused_without_one(clinic: Clinic, kind: str) -> None:
    fields = put_in_the_way(clinic, kind)
    with pytest.raises(BookingConflict) as refused:
        book(clinic, by="manager", **fields)
    assert kinds(refused.value) == [ConflictKind(kind)]
    assert {one.severity for one in refused.value.obstacles} == {Severity.OVERRIDE}
    assert refused.value.can_override


@pytest.mark.parametrize("kind", OVERRIDABLE)
def test_what_was_lifted_is_kept_with_its_reason_and_audited(clinic: Clinic, kind: str) -> None:
    fields = put_in_the_way(clinic, kind)
    row = book(clinic, by="manager", override_reason="She came a long way", **fields)
    assert row.override_kinds == (ConflictKind(kind),)
    assert row.override_reason == "She came a long way"
    assert row.overridden
    assert drift(clinic) == 0
    inserted = [diff for table, action, _, diff in audited(clinic, "appointment.book") if table == "appointment"]
    assert any("override_kinds_json" in diff for diff in inserted)


@pytest.mark.parametrize("kind", OVERRIDABLE)
def test_the_front_desk_lifts_nothing(clinic: Clinic, kind: str) -> None:
    fields = put_in_the_way(clinic, kind)
    with pytest.raises(BookingConflict) as refused:
        book(clinic, **fields)
    assert not refused.value.can_override
    with pytest.raises(PermissionDenied):
        book(clinic, override_reason="Because", **fields)


def test_a_practitioner_overrides_on_the_own_calendar_only(clinic: Clinic) -> None:
    rota(clinic, time(8), time(10))
    assert book(clinic, by="practitioner", override_reason="I stay").override_kinds == (ConflictKind.OUTSIDE_HOURS,)
    with pytest.raises(PermissionDenied):
        book(clinic, 2, by="second_practitioner", override_reason="You stay")


def test_a_closed_location_is_blocked_for_everybody(clinic: Clinic) -> None:
    closed = AddClosure(clinic_location_id=clinic.main, starts_on=MONDAY.date(), ends_on=MONDAY.date(), name="Holiday")
    perform(clinic.actor("manager"), add_closure, closed)
    with pytest.raises(BookingConflict) as refused:
        book(clinic, by="owner", override_reason="Because", double_book_reason="Because")
    assert kinds(refused.value) == [ConflictKind.CLOSED]
    assert not refused.value.can_override


@pytest.mark.parametrize("thing", ["room", "laser"])
def test_rooms_and_equipment_are_blocked_for_everybody_their_buffers_included(clinic: Clinic, thing: str) -> None:
    taken = getattr(clinic, thing)
    buffered = buffered_service(clinic)
    book(
        clinic,
        -0.5,
        resource_ids=(taken,),
        product_service_id=buffered,
        practitioner_user_id=clinic.users["second_practitioner"],
    )
    with pytest.raises(BookingConflict) as refused:
        book(clinic, by="owner", resource_ids=(taken,), override_reason="Because", double_book_reason="Because")
    assert kinds(refused.value) == [ConflictKind.ROOM if thing == "room" else ConflictKind.EQUIPMENT]
    assert refused.value.obstacles[0].severity is Severity.BLOCK


def test_a_room_that_is_out_of_service_is_blocked(clinic: Clinic) -> None:
    starts_at, ends_at = slot()
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.add(
            ResourceOutage(
                organization_id=clinic.organization_id, resource_id=clinic.room, starts_at=starts_at, ends_at=ends_at
            )
        )
    assert check(clinic, -0.5, resource_ids=(clinic.room,)).is_free
    assert kinds(check(clinic, by="owner", resource_ids=(clinic.room,))) == [ConflictKind.OUT_OF_SERVICE]


def test_all_that_is_in_the_way_is_named_the_gravest_first(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    book(clinic, patient_id=patient, resource_ids=(clinic.room,))
    away(clinic, 0.25)
    rota(clinic, time(8), time(9))
    found = check(clinic, by="owner", patient_id=patient, resource_ids=(clinic.room,))
    assert kinds(found) == ["room", "practitioner", "patient", "outside_hours", "absence"]
    assert not found.can_override
    assert [one.severity for one in found.obstacles] == [Severity.BLOCK] + 4 * [Severity.OVERRIDE]


def test_two_reasons_are_kept_apart(clinic: Clinic) -> None:
    book(clinic)
    rota(clinic, time(8), time(9))
    row = book(clinic, by="owner", double_book_reason="Emergency", override_reason="Late shift")
    assert (row.double_book_reason, row.override_reason, row.override_kinds) == (
        "Emergency",
        "Late shift",
        (ConflictKind.OUTSIDE_HOURS,),
    )


def test_a_reason_that_was_not_needed_is_dropped(clinic: Clinic) -> None:
    row = book(clinic, by="owner", override_reason="Because", double_book_reason="Because")
    assert (row.override_reason, row.double_book_reason, row.override_kinds) == ("", "", ())


def test_the_reason_for_a_double_booking_is_none_for_hours(clinic: Clinic) -> None:
    rota(clinic, time(8), time(9))
    with pytest.raises(BookingConflict):
        book(clinic, by="owner", double_book_reason="Because")


def test_without_a_rota_the_opening_hours_count_and_without_those_nothing(clinic: Clinic) -> None:
    assert check(clinic, 12).is_free
    request = SetOpeningHours(
        clinic_location_id=clinic.main, spans=(OpeningSpan(weekday=1, opens=time(8), closes=time(18)),)
    )
    perform(clinic.actor("admin"), set_opening_hours, request)
    assert check(clinic).is_free
    assert kinds(check(clinic, 12)) == [ConflictKind.OUTSIDE_HOURS]


def test_who_works_only_elsewhere_does_not_work_here(clinic: Clinic) -> None:
    rota(clinic, time(0), time(0), at=clinic.branch)
    assert kinds(check(clinic)) == [ConflictKind.OUTSIDE_HOURS]


def test_an_appointment_must_lie_wholly_within_the_hours(clinic: Clinic) -> None:
    rota(clinic, time(10), time(10, 29))
    assert kinds(check(clinic)) == [ConflictKind.OUTSIDE_HOURS]
    rota(clinic, time(10), time(10, 30))
    assert check(clinic).is_free


def test_another_visit_on_the_same_day_is_only_said(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    book(clinic, patient_id=patient)
    found = check(clinic, 3, patient_id=patient)
    assert (kinds(found), found.is_free) == ([ConflictKind.SAME_DAY], True)
    assert book(clinic, 3, patient_id=patient).override_kinds == ()


def test_the_past_begins_a_quarter_of_an_hour_ago_for_those_who_walk_in(clinic: Clinic) -> None:
    with frozen_at(MONDAY + timedelta(minutes=15)):
        assert check(clinic).is_free
    with frozen_at(MONDAY + timedelta(minutes=16)):
        assert kinds(check(clinic)) == [ConflictKind.PAST]


def test_an_appointment_under_way_may_end_later(clinic: Clinic) -> None:
    row = book(clinic)
    with frozen_at(MONDAY + timedelta(minutes=20)):
        longer = MoveAppointment(
            appointment_id=row.id, starts_at=row.starts_at, ends_at=slot(0.5)[1], version=row.version
        )
        assert perform(clinic.actor("assistant"), move_appointment, longer).ends_at == slot(0.5)[1]


def test_what_was_lifted_stays_lifted_while_only_rooms_change(clinic: Clinic) -> None:
    rota(clinic, time(8), time(9))
    row = book(clinic, by="manager", override_reason="She came a long way")
    same = MoveAppointment(
        appointment_id=row.id,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        resource_ids=(clinic.room,),
        version=row.version,
    )
    moved = perform(clinic.actor("assistant"), move_appointment, same)
    assert (moved.override_reason, moved.override_kinds) == ("She came a long way", ("outside_hours",))


def test_moved_to_a_free_time_nothing_is_lifted_any_more(clinic: Clinic) -> None:
    away(clinic)
    row = book(clinic, by="manager", override_reason="She came a long way")
    starts_at, ends_at = slot(2)
    request = MoveAppointment(appointment_id=row.id, starts_at=starts_at, ends_at=ends_at, version=row.version)
    moved = perform(clinic.actor("assistant"), move_appointment, request)
    assert (moved.override_reason, moved.override_kinds) == ("", ())


def test_a_refusal_carries_three_times_that_are_free(clinic: Clinic) -> None:
    rota(clinic, time(9), time(17))
    book(clinic, resource_ids=(clinic.room,))
    with pytest.raises(BookingConflict) as refused:
        book(clinic, resource_ids=(clinic.room,))
    assert len(refused.value.alternatives) == 3
    for alternative in refused.value.alternatives:
        free = check(
            clinic,
            starts_at=alternative.starts_at,
            ends_at=alternative.ends_at,
            practitioner_user_id=alternative.practitioner_user_id,
            resource_ids=alternative.resource_ids,
        )
        assert free.is_free
    nearest = refused.value.alternatives[0]
    assert nearest.starts_at == slot(0.5)[0]
    assert nearest.practitioner_user_id == clinic.users["practitioner"]


def test_patients_keep_the_notice_of_the_clinic(clinic: Clinic) -> None:
    patient = make_patient(clinic, user_id=clinic.users["patient"])
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.connection().exec_driver_sql(
            "update organization set settings_json = settings_json || '{\"online_notice_minutes\": 120}'"
            f" where id = '{clinic.organization_id}'"
        )
    with frozen_at(MONDAY - timedelta(minutes=119)):
        assert check(clinic).is_free
        with pytest.raises(BookingConflict) as refused:
            book(clinic, by="patient", patient_id=patient, product_service_id=clinic.service)
    assert kinds(refused.value) == [ConflictKind.NOTICE]
    with frozen_at(MONDAY - timedelta(minutes=120)):
        assert book(clinic, by="patient", patient_id=patient, product_service_id=clinic.service).patient_id == patient
