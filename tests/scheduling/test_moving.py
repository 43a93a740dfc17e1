"""Moving: time, practitioner, place, rooms; conflicts, stale calendars, whose appointment it is."""

from datetime import date, timedelta

import pytest

from clinic_core.access import owner_work, perform
from clinic_core.access.organization import OrganizationSettings
from clinic_core.errors import BookingConflict, Conflict, InvalidInput, NotFound, PermissionDenied, StaleEdit
from clinic_core.kit.clock import frozen_at
from clinic_core.kit.ids import new_id
from clinic_core.models import Appointment, Patient, ProductService
from clinic_core.scheduling.schemas import AppointmentRow, CancelAppointment, ChangeStatus, MoveAppointment
from clinic_core.scheduling.service import cancel_appointment, change_status, move_appointment
from clinic_core.vocabulary import AppointmentStatus, CancelledBy
from tests.factories import MONDAY, Clinic, make_clinic, make_patient, slot
from tests.scheduling.arrange import audited, book, drift


def move(
    clinic: Clinic, row: AppointmentRow, hours: float, *, by: str = "assistant", **fields: object
) -> AppointmentRow:
    starts_at, ends_at = slot(hours)
    values = {"appointment_id": row.id, "version": row.version, "starts_at": starts_at, "ends_at": ends_at, **fields}
    return perform(clinic.actor(by), move_appointment, MoveAppointment.model_validate(values))


def test_a_moved_appointment_frees_the_old_time_and_takes_the_new_one(clinic: Clinic) -> None:
    row = book(clinic, resource_ids=(clinic.room,))
    moved = move(clinic, row, 1)
    assert (moved.starts_at, moved.ends_at) == slot(1)
    assert moved.resource_ids == (clinic.room,)
    book(clinic, resource_ids=(clinic.room,))
    with pytest.raises(BookingConflict):
        book(clinic, 1)
    update = next(row for row in audited(clinic, "appointment.move") if row[:2] == ("appointment", "update"))
    assert update[2] == clinic.users["assistant"]
    assert set(update[3]) == {"starts_at", "ends_at"}
    assert drift(clinic) == 0


def test_an_appointment_may_move_within_its_own_time(clinic: Clinic) -> None:
    row = book(clinic, resource_ids=(clinic.room,))
    assert move(clinic, row, 0.25).starts_at == slot(0.25)[0]


def test_a_move_into_a_taken_time_is_refused_and_changes_nothing(clinic: Clinic) -> None:
    row = book(clinic)
    book(clinic, 1, resource_ids=(clinic.room,))
    with pytest.raises(BookingConflict) as refused:
        move(clinic, row, 1, resource_ids=(clinic.room,))
    assert [one.subject for one in refused.value.obstacles] == ["Room 1", "Practitioner"]
    assert move(clinic, row, 2).version == row.version + 1


def test_the_buffer_goes_along(clinic: Clinic) -> None:
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.get_one(ProductService, clinic.service).buffer_minutes = 15
    row = book(clinic, product_service_id=clinic.service)
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.get_one(ProductService, clinic.service).buffer_minutes = 0
    assert move(clinic, row, 2).buffer_minutes == 15
    with pytest.raises(BookingConflict):
        book(clinic, 2.5)


def test_rooms_can_be_changed_with_and_without_a_new_time(clinic: Clinic) -> None:
    row = book(clinic, resource_ids=(clinic.room, clinic.laser))
    changed = move(clinic, row, 0, resource_ids=(clinic.second_room, clinic.laser))
    assert set(changed.resource_ids) == {clinic.second_room, clinic.laser}
    assert move(clinic, changed, 0, resource_ids=()).resources == ()
    assert drift(clinic) == 0


def test_at_another_location_the_rooms_are_chosen_anew(clinic: Clinic) -> None:
    row = book(clinic, resource_ids=(clinic.room,))
    with pytest.raises(InvalidInput, match="rooms at the new location"):
        move(clinic, row, 0, by="manager", clinic_location_id=clinic.branch)
    moved = move(clinic, row, 0, by="manager", clinic_location_id=clinic.branch, resource_ids=())
    assert (moved.location, moved.timezone, moved.resources) == ("Harbour", "America/New_York", ())
    assert drift(clinic) == 0


def test_a_colleagues_appointment_does_not_exist_for_a_practitioner(clinic: Clinic) -> None:
    row = book(clinic)
    with pytest.raises(NotFound):
        move(clinic, row, 1, by="second_practitioner")
    assert move(clinic, row, 1, by="practitioner").starts_at == slot(1)[0]


def test_nobody_moves_an_appointment_out_of_reach(clinic: Clinic) -> None:
    row = book(clinic)
    with pytest.raises(PermissionDenied):
        move(clinic, row, 1, clinic_location_id=clinic.branch, resource_ids=())
    with pytest.raises(PermissionDenied):
        move(clinic, row, 1, by="practitioner", practitioner_user_id=clinic.users["second_practitioner"])
    assert [row[1] for row in audited(clinic, "appointment.move")] == ["refused", "refused"]


def test_an_appointment_can_be_handed_over(clinic: Clinic) -> None:
    moved = move(clinic, book(clinic), 0, practitioner_user_id=clinic.users["second_practitioner"])
    assert moved.practitioner == "Second Practitioner"
    book(clinic)


def test_a_stale_calendar_moves_nothing(clinic: Clinic) -> None:
    row = book(clinic)
    move(clinic, row, 1, by="manager")
    with pytest.raises(StaleEdit, match="Manager"):
        move(clinic, row, 2)


@pytest.mark.parametrize("status", ["in_progress", "completed", "no_show"])
def test_what_has_begun_or_is_over_is_not_moved(clinic: Clinic, status: str) -> None:
    row = book(clinic)
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.get_one(Appointment, row.id).status = AppointmentStatus(status)
    with pytest.raises(Conflict, match="is not moved"):
        move(clinic, row, 1, version=row.version + 1)


def test_a_double_booking_that_moves_to_a_free_time_is_none_any_more(clinic: Clinic) -> None:
    book(clinic)
    squeezed = book(clinic, by="manager", double_book_reason="Emergency")
    kept = move(clinic, squeezed, 0, by="manager", resource_ids=(clinic.room,))
    assert kept.double_book_reason == "Emergency"
    moved = move(clinic, kept, 1, by="manager")
    assert not moved.double_booked
    with pytest.raises(BookingConflict):
        move(clinic, moved, 0, by="manager")
    assert move(clinic, moved, 0, by="manager", double_book_reason="Late").double_book_reason == "Late"
    assert drift(clinic) == 0


def test_patients_move_their_own_appointments_ahead_of_time(clinic: Clinic) -> None:
    row = book(clinic, patient_id=make_patient(clinic, user_id=clinic.users["patient"]))
    assert move(clinic, row, 1, by="patient").starts_at == slot(1)[0]
    with pytest.raises(NotFound):
        move(clinic, book(clinic, 4), 5, by="patient")
    with frozen_at(MONDAY + timedelta(hours=2)), pytest.raises(InvalidInput, match="no longer ahead"):
        move(clinic, row, 6, by="patient", version=row.version + 1)


def test_patients_do_not_move_the_fee_of_a_late_cancellation_away() -> None:
    clinic = make_clinic(OrganizationSettings(late_cancellation_hours=36))
    row = book(clinic, patient_id=make_patient(clinic, user_id=clinic.users["patient"]))
    with frozen_at(MONDAY - timedelta(hours=35)):
        with pytest.raises(Conflict, match="Please call the clinic: it is less than 36 hours ahead"):
            move(clinic, row, 200, by="patient")
        row = move(clinic, row, 1)
    with frozen_at(MONDAY - timedelta(hours=35)):
        assert move(clinic, row, 200, by="patient").starts_at == slot(200)[0]


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [("deceased_on", date(2026, 1, 1), "has died"), ("deleted_at", MONDAY - timedelta(days=400), "is deleted")],
)
def test_appointments_of_who_is_gone_are_neither_moved_nor_confirmed_but_cancelled(
    clinic: Clinic, column: str, value: object, sentence: str
) -> None:
    row = book(clinic)
    with owner_work("test.arrange", clinic.organization_id) as session:
        setattr(session.get_one(Patient, row.patient_id), column, value)
    with pytest.raises(Conflict, match=sentence):
        move(clinic, row, 1)
    confirmed = ChangeStatus(appointment_id=row.id, status=AppointmentStatus.CONFIRMED)
    with pytest.raises(Conflict, match=sentence):
        perform(clinic.actor("assistant"), change_status, confirmed)
    off = CancelAppointment(appointment_id=row.id, cancelled_by=CancelledBy.CLINIC)
    assert perform(clinic.actor("assistant"), cancel_appointment, off).status is AppointmentStatus.CANCELLED


def test_a_double_click_moves_once(clinic: Clinic) -> None:
    row, request_id = book(clinic), new_id()
    first = move(clinic, row, 1, request_id=request_id)
    assert move(clinic, row, 1, request_id=request_id) == first


def test_an_appointment_of_another_clinic_is_not_moved_nor_moved_there(clinic: Clinic) -> None:
    other = make_clinic()
    with pytest.raises(NotFound):
        move(clinic, book(other), 1, by="owner")
    row = book(clinic)
    for fields in (
        {"practitioner_user_id": other.users["practitioner"]},
        {"clinic_location_id": other.main},
        {"resource_ids": (other.room,)},
    ):
        with pytest.raises(NotFound):
            move(clinic, row, 1, by="owner", **fields)
