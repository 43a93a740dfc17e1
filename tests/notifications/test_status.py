"""Steps of an appointment and its reminders: gone when it is called off or over, back when it is expected again."""

from typing import Any
from uuid import UUID

import pytest

from clinic_core.access import perform
from clinic_core.errors import NotFound
from clinic_core.kit.ids import new_id
from clinic_core.notifications.schemas import BookWithReminder, ReminderWish, WithdrawReminders
from clinic_core.notifications.service import (
    book_with_reminder,
    cancel_with_reminders,
    change_status_with_reminders,
    withdraw_reminders,
)
from clinic_core.scheduling.schemas import AppointmentRow, CancelAppointment, ChangeStatus
from clinic_core.vocabulary import AppointmentStatus, CancelledBy, NotificationChannel, WithdrawnReason
from tests.factories import Clinic
from tests.notifications.arrange import messages_of, reachable
from tests.scheduling.arrange import audited, booking

S = AppointmentStatus
WISHES = tuple(ReminderWish(channel=NotificationChannel.EMAIL, minutes_before=hours * 60) for hours in (24, 2))


def booked(clinic: Clinic) -> AppointmentRow:
    request = BookWithReminder(booking=booking(clinic, patient_id=reachable(clinic)), reminders=WISHES)
    return perform(clinic.actor("assistant"), book_with_reminder, request).appointment


def cancel(clinic: Clinic, row: AppointmentRow) -> AppointmentRow:
    request = CancelAppointment(appointment_id=row.id, cancelled_by=CancelledBy.PATIENT)
    return perform(clinic.actor("assistant"), cancel_with_reminders, request)


def change(clinic: Clinic, appointment_id: UUID, status: AppointmentStatus, **fields: Any) -> AppointmentRow:
    request = ChangeStatus(appointment_id=appointment_id, status=status, **fields)
    return perform(clinic.actor("assistant"), change_status_with_reminders, request)


def reminders(clinic: Clinic, row: AppointmentRow, status: str) -> list[Any]:
    return sorted(one.scheduled_at for one in messages_of(clinic, row.patient_id) if one.status == status)


def test_what_is_booked_again_is_reminded_of_again(clinic: Clinic) -> None:
    row = booked(clinic)
    before = reminders(clinic, row, "planned")
    cancel(clinic, row)
    assert reminders(clinic, row, "planned") == []
    again = change(clinic, row.id, S.BOOKED)
    assert (again.status, reminders(clinic, row, "planned")) == (S.BOOKED, before)
    assert ("notification", "insert") in {
        found[:2] for found in audited(clinic, "appointment.change_status_with_reminders")
    }


def test_what_was_withdrawn_by_hand_stays_withdrawn(clinic: Clinic) -> None:
    row = booked(clinic)
    cancel(clinic, row)
    change(clinic, row.id, S.BOOKED)
    perform(clinic.actor("assistant"), withdraw_reminders, WithdrawReminders(appointment_id=row.id))
    cancel(clinic, row)
    change(clinic, row.id, S.BOOKED)
    assert reminders(clinic, row, "planned") == []


def test_what_is_completed_is_not_reminded_of_and_a_completion_by_mistake_leaves_them_all(clinic: Clinic) -> None:
    row = booked(clinic)
    before = reminders(clinic, row, "planned")
    for status in (S.ARRIVED, S.COMPLETED):
        change(clinic, row.id, status)
    reasons = {one.withdrawn_reason for one in messages_of(clinic, row.patient_id)}
    assert reasons == {WithdrawnReason.APPOINTMENT_OVER}
    for status in (S.IN_PROGRESS, S.ARRIVED, S.BOOKED, S.CONFIRMED):
        change(clinic, row.id, status)
    assert reminders(clinic, row, "planned") == before


def test_a_double_click_books_again_once_and_nobody_elsewhere_does(clinic: Clinic) -> None:
    row = cancel(clinic, booked(clinic))
    request_id = new_id()
    first = change(clinic, row.id, S.BOOKED, version=row.version, request_id=request_id)
    assert change(clinic, row.id, S.BOOKED, version=row.version, request_id=request_id) == first
    assert len(reminders(clinic, row, "planned")) == len(WISHES)
    with pytest.raises(NotFound):
        change(clinic, new_id(), S.BOOKED)
