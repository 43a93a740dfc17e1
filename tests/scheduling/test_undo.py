"""Taking back the last step: every kind of it, what must be free for it, and what is never undone."""

from datetime import timedelta
from typing import Any

import pytest

from clinic_core.access import owner_work, perform
from clinic_core.access.organization import FeeRule, OrganizationSettings
from clinic_core.errors import BookingConflict, Conflict, NotFound, PermissionDenied, StaleEdit
from clinic_core.kit.calendar import day_bounds, local_date, zone
from clinic_core.kit.clock import frozen_at, now
from clinic_core.kit.ids import new_id
from clinic_core.models import ClinicalCase, Patient, Visit
from clinic_core.notifications.schemas import MoveDisplaced
from clinic_core.notifications.service import move_displaced
from clinic_core.scheduling.queries import appointment_history, list_fees, undoable_step
from clinic_core.scheduling.schemas import (
    AppointmentRow,
    GetAppointment,
    ListFees,
    UndoAppointment,
)
from clinic_core.scheduling.service import (
    undo_appointment,
)
from clinic_core.vocabulary import AppointmentStatus, FeeStatus
from tests.factories import Clinic, make_clinic, make_patient, slot
from tests.scheduling.arrange import audited, book, drift
from tests.scheduling.undo_arrange import cancel, change, delete, move, place, undo, undoable

S = AppointmentStatus


def test_the_earlier_status_comes_back_with_its_own_time(clinic: Clinic) -> None:
    arrived = change(clinic, book(clinic), S.ARRIVED)
    started = change(clinic, arrived, S.IN_PROGRESS)
    assert started.status_at is not None
    back = undo(clinic, started)
    assert (back.status, back.status_at) == (S.ARRIVED, arrived.status_at)
    step = next(found for found in audited(clinic, "appointment.undo") if found[0] == "appointment")
    assert step[3]["status"] == ["in_progress", "arrived"]


@pytest.mark.parametrize("status", [S.CONFIRMED, S.ARRIVED, S.IN_PROGRESS, S.NO_SHOW])
def test_every_first_step_of_a_booking_is_taken_back(clinic: Clinic, status: AppointmentStatus) -> None:
    row = book(clinic)
    back = undo(clinic, change(clinic, row, status))
    assert (back.status, back.status_at) == (S.BOOKED, row.status_at)
    assert drift(clinic) == 0


def test_a_step_back_taken_by_mistake_is_undone_too(clinic: Clinic) -> None:
    arrived = change(clinic, book(clinic), S.ARRIVED)
    gone = change(clinic, arrived, S.BOOKED)
    back = undo(clinic, gone)
    assert (back.status, back.status_at) == (S.ARRIVED, arrived.status_at)


def test_a_move_goes_back_to_its_time_and_practitioner_with_its_rooms(clinic: Clinic) -> None:
    row = book(clinic, resource_ids=(clinic.room,))
    moved = move(clinic, row, 3, practitioner_user_id=clinic.users["second_practitioner"])
    back = undo(clinic, moved)
    assert (place(back), back.resource_ids) == (place(row), (clinic.room,))
    assert drift(clinic) == 0


def test_a_move_that_ended_an_arrival_goes_back_as_a_whole(clinic: Clinic) -> None:
    row = change(clinic, book(clinic), S.ARRIVED)
    starts_at, ends_at = slot(3)
    request = MoveDisplaced(appointment_id=row.id, starts_at=starts_at, ends_at=ends_at, version=row.version)
    moved = perform(clinic.actor("assistant"), move_displaced, request).appointment
    assert (moved.status, moved.starts_at) == (S.BOOKED, starts_at)
    step = undoable(clinic, moved)
    assert step is not None
    assert step.what == "the move"
    back = undo(clinic, moved)
    assert (back.status, back.status_at, place(back)) == (S.ARRIVED, row.status_at, place(row))
    assert undoable(clinic, back) is None
    assert drift(clinic) == 0


def test_a_move_does_not_go_back_where_the_time_was_given_away(clinic: Clinic) -> None:
    row = book(clinic, resource_ids=(clinic.room,))
    moved = move(clinic, row, 3)
    book(clinic, practitioner_user_id=clinic.users["second_practitioner"], resource_ids=(clinic.room,))
    with pytest.raises(BookingConflict, match="Room 1 is taken"):
        undo(clinic, moved)
    assert drift(clinic) == 0


def test_a_move_to_another_location_is_not_undone_as_rooms_do_not_follow(clinic: Clinic) -> None:
    row = book(clinic, by="manager")
    moved = move(clinic, row, 3, by="manager", clinic_location_id=clinic.branch)
    with pytest.raises(Conflict, match="Rooms do not follow"):
        undo(clinic, moved, by="manager")


def test_what_was_cancelled_holds_its_time_again(clinic: Clinic) -> None:
    confirmed = change(clinic, book(clinic, resource_ids=(clinic.room,)), S.CONFIRMED)
    back = undo(clinic, cancel(clinic, confirmed, reason="Ill"))
    assert (back.status, back.status_at) == (S.CONFIRMED, confirmed.status_at)
    assert (back.cancelled_by, back.cancelled_late, back.cancel_reason) == (None, False, "")
    with pytest.raises(BookingConflict):
        book(clinic)
    assert drift(clinic) == 0


def test_what_was_cancelled_stays_so_where_the_time_was_given_away(clinic: Clinic) -> None:
    cancelled = cancel(clinic, book(clinic))
    book(clinic)
    with pytest.raises(BookingConflict, match="Practitioner is taken"):
        undo(clinic, cancelled)


def test_what_was_deleted_comes_back_and_needs_its_time(clinic: Clinic) -> None:
    row = book(clinic)
    deleted = delete(clinic, row)
    back = undo(clinic, deleted)
    assert (back.deleted_at, back.status, place(back)) == (None, S.BOOKED, place(row))
    deleted = delete(clinic, back)
    book(clinic)
    with pytest.raises(BookingConflict):
        undo(clinic, deleted)
    assert drift(clinic) == 0


def test_a_cancelled_appointment_that_was_deleted_comes_back_cancelled(clinic: Clinic) -> None:
    deleted = delete(clinic, cancel(clinic, book(clinic), reason="Ill"))
    book(clinic)
    back = undo(clinic, deleted)
    assert (back.status, back.cancel_reason, back.deleted_at) == (S.CANCELLED, "Ill", None)
    assert drift(clinic) == 0


def test_a_second_booking_is_restored_only_by_who_may_book_twice(clinic: Clinic) -> None:
    book(clinic)
    squeezed = cancel(clinic, book(clinic, by="manager", double_book_reason="Emergency"))
    with pytest.raises(BookingConflict):
        undo(clinic, squeezed)
    back = undo(clinic, squeezed, by="manager")
    assert back.double_book_reason == "Emergency"
    assert drift(clinic) == 0


def test_what_was_lifted_for_a_time_stays_lifted_for_it(clinic: Clinic) -> None:
    patient_id = make_patient(clinic)
    book(clinic, patient_id=patient_id, practitioner_user_id=clinic.users["second_practitioner"])
    row = book(clinic, by="manager", patient_id=patient_id, override_reason="Two at once")
    back = undo(clinic, cancel(clinic, row))
    assert (back.override_reason, back.override_kinds) == ("Two at once", ("patient",))


def test_an_undo_is_not_undone(clinic: Clinic) -> None:
    row = book(clinic)
    undone = [
        undo(clinic, change(clinic, row, S.ARRIVED)),
        undo(clinic, move(clinic, book(clinic, 5), 7)),
        undo(clinic, delete(clinic, book(clinic, 10))),
        undo(clinic, cancel(clinic, book(clinic, 12))),
    ]
    for found in undone:
        assert undoable(clinic, found) is None
        with pytest.raises(Conflict, match="taken back already"):
            undo(clinic, found)


def test_after_an_undo_the_step_is_taken_and_taken_back_again(clinic: Clinic) -> None:
    row = undo(clinic, change(clinic, book(clinic), S.ARRIVED))
    assert undo(clinic, change(clinic, row, S.ARRIVED)).status is S.BOOKED
    back = undo(clinic, move(clinic, row, 2, version=row.version + 2))
    assert place(undo(clinic, move(clinic, back, 2))) == place(row)


def test_a_booking_is_not_undone(clinic: Clinic) -> None:
    with pytest.raises(Conflict, match="A booking is not undone"):
        undo(clinic, book(clinic))


def test_only_a_step_of_the_same_day_is_undone(clinic: Clinic) -> None:
    arrived = change(clinic, book(clinic), S.ARRIVED)
    with frozen_at(now() + timedelta(days=1)):
        assert undoable(clinic, arrived) is None
        with pytest.raises(Conflict, match="same day"):
            undo(clinic, arrived)


def test_the_day_of_a_step_is_that_of_the_location(clinic: Clinic) -> None:
    arrived = change(clinic, book(clinic), S.ARRIVED)
    step = undoable(clinic, arrived)
    assert step is not None
    berlin = zone("Europe/Berlin")
    midnight = day_bounds(local_date(step.at, berlin), berlin).end
    with frozen_at(midnight - timedelta(seconds=1)):
        assert undoable(clinic, arrived) is not None
    with frozen_at(midnight):
        assert undoable(clinic, arrived) is None


def test_what_was_booked_again_is_cancelled_again_not_undone(clinic: Clinic) -> None:
    again = change(clinic, cancel(clinic, book(clinic)), S.BOOKED)
    with pytest.raises(Conflict, match="Cancel the appointment again"):
        undo(clinic, again)


def test_a_documented_visit_keeps_the_patient_there(clinic: Clinic) -> None:
    arrived = change(clinic, book(clinic), S.ARRIVED)
    people: dict[str, Any] = {
        "organization_id": clinic.organization_id,
        "patient_id": arrived.patient_id,
        "practitioner_user_id": arrived.practitioner_user_id,
    }
    with owner_work("test.arrange", clinic.organization_id) as session:
        case = ClinicalCase(id=new_id(), opened_at=now(), **people)
        session.add(case)
        session.flush()
        visit: dict[str, Any] = {"case_id": case.id, "clinic_location_id": clinic.main, "appointment_id": arrived.id}
        session.add(Visit(**visit, visited_at=now(), **people))
    with pytest.raises(Conflict, match="A visit was documented"):
        undo(clinic, arrived)
    assert undo(clinic, change(clinic, arrived, S.COMPLETED)).status is S.ARRIVED


def test_undo_withdraws_the_fee_and_the_next_no_show_proposes_it_again() -> None:
    clinic = make_clinic(OrganizationSettings(no_show_fee=FeeRule.model_validate({"kind": "flat", "amount": "25"})))

    def statuses(row: AppointmentRow) -> list[FeeStatus]:
        wanted = ListFees(appointment_id=row.id, statuses=tuple(FeeStatus))
        return [fee.status for fee in perform(clinic.actor("manager"), list_fees, wanted)]

    missed = change(clinic, book(clinic), S.NO_SHOW)
    back = undo(clinic, missed)
    assert statuses(back) == [FeeStatus.WITHDRAWN]
    change(clinic, back, S.NO_SHOW)
    assert statuses(back) == [FeeStatus.PROPOSED]


def test_nothing_is_held_again_for_a_patient_who_died(clinic: Clinic) -> None:
    cancelled = cancel(clinic, book(clinic))
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.get_one(Patient, cancelled.patient_id).deceased_on = now().date()
    with pytest.raises(Conflict, match="has died"):
        undo(clinic, cancelled)


def test_who_may_undo(clinic: Clinic) -> None:
    patient_id = make_patient(clinic, user_id=clinic.users["patient"])
    cancelled = cancel(clinic, book(clinic, patient_id=patient_id), by="patient")
    with pytest.raises(PermissionDenied, match="call the clinic"):
        undo(clinic, cancelled, by="patient")
    for actor in (clinic.actor("second_practitioner"), make_clinic().actor("owner")):
        with pytest.raises(NotFound):
            perform(actor, undo_appointment, UndoAppointment(appointment_id=cancelled.id, version=cancelled.version))
        with pytest.raises(NotFound):
            perform(actor, undoable_step, GetAppointment(appointment_id=cancelled.id))
    assert undo(clinic, cancelled, by="practitioner").status is S.BOOKED


def test_a_practitioner_does_not_take_a_visit_back_from_elsewhere_into_a_colleagues_calendar(clinic: Clinic) -> None:
    row = book(clinic)
    moved = move(clinic, row, 3, practitioner_user_id=clinic.users["second_practitioner"])
    with pytest.raises(PermissionDenied, match="earlier calendar"):
        undo(clinic, moved, by="second_practitioner")


def test_a_stale_list_undoes_nothing_and_a_double_click_undoes_once(clinic: Clinic) -> None:
    arrived = change(clinic, book(clinic), S.ARRIVED)
    with pytest.raises(StaleEdit):
        undo(clinic, arrived, version=arrived.version - 1)
    request_id = new_id()
    first = undo(clinic, arrived, request_id=request_id)
    assert undo(clinic, arrived, request_id=request_id) == first


@pytest.mark.parametrize(
    ("take", "what"),
    [
        (lambda clinic, row: change(clinic, row, S.ARRIVED), "arrived"),
        (lambda clinic, row: move(clinic, row, 1), "the move"),
        (cancel, "the cancellation"),
        (delete, "the deletion"),
    ],
)
def test_the_step_is_named_in_words(clinic: Clinic, take: Any, what: str) -> None:
    row = take(clinic, book(clinic))
    step = undoable(clinic, row)
    assert step is not None
    assert (step.what, step.version, step.appointment_id) == (what, row.version, row.id)


def test_an_undo_stays_in_the_history(clinic: Clinic) -> None:
    row = undo(clinic, change(clinic, book(clinic), S.ARRIVED))
    steps = perform(clinic.actor("assistant"), appointment_history, GetAppointment(appointment_id=row.id))
    assert [(step.from_status, step.to_status) for step in steps] == [
        (None, S.BOOKED),
        (S.BOOKED, S.ARRIVED),
        (S.ARRIVED, S.BOOKED),
    ]
