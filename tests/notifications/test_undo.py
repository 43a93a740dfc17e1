"""Undo and what it does to reminders and messages; offers with their message."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from clinic_core.access import perform, unit_of_work
from clinic_core.errors import Conflict
from clinic_core.kit.clock import frozen_at
from clinic_core.kit.ids import new_id
from clinic_core.models import Notification
from clinic_core.notifications.queries import list_messages
from clinic_core.notifications.schemas import (
    AppointmentWithReminders,
    BookWithReminder,
    ListMessages,
    NotificationRow,
    NotifyAppointment,
    ReminderWish,
    UndoneWithReminders,
)
from clinic_core.notifications.service import (
    book_with_reminder,
    cancel_with_reminders,
    delete_with_reminders,
    move_with_reminders,
    notify_cancelled,
    notify_moved,
    offer_with_message,
    undo_with_reminders,
)
from clinic_core.scheduling.schemas import (
    AppointmentRow,
    CancelAppointment,
    DeleteAppointment,
    MoveAppointment,
    OfferSlot,
    UndoAppointment,
)
from clinic_core.vocabulary import CancelledBy, NotificationChannel, NotificationStatus, WithdrawnReason
from tests.factories import MONDAY, Clinic, make_patient, slot
from tests.scheduling.arrange import booking
from tests.scheduling.waiting import wait

DAY_BEFORE = ReminderWish(channel=NotificationChannel.EMAIL, minutes_before=24 * 60)
PLANNED, WITHDRAWN = NotificationStatus.PLANNED, NotificationStatus.WITHDRAWN


def reachable(clinic: Clinic) -> Any:
    return make_patient(clinic, contact_json={"email": "ada@example.org"})


def booked(clinic: Clinic) -> AppointmentWithReminders:
    request = BookWithReminder(booking=booking(clinic, patient_id=reachable(clinic)), reminders=(DAY_BEFORE,))
    return perform(clinic.actor("assistant"), book_with_reminder, request)


def undo(clinic: Clinic, row: AppointmentRow, **fields: Any) -> UndoneWithReminders:
    request = UndoAppointment(appointment_id=row.id, version=row.version, **fields)
    return perform(clinic.actor("assistant"), undo_with_reminders, request)


def move(clinic: Clinic, row: AppointmentRow, hours: float) -> AppointmentRow:
    starts_at, ends_at = slot(hours)
    request = MoveAppointment(appointment_id=row.id, starts_at=starts_at, ends_at=ends_at, version=row.version)
    return perform(clinic.actor("assistant"), move_with_reminders, request).appointment


def cancel(clinic: Clinic, row: AppointmentRow) -> AppointmentRow:
    request = CancelAppointment(appointment_id=row.id, cancelled_by=CancelledBy.CLINIC)
    return perform(clinic.actor("assistant"), cancel_with_reminders, request)


def messages(clinic: Clinic, row: AppointmentRow) -> list[NotificationRow]:
    return perform(clinic.actor("manager"), list_messages, ListMessages(appointment_id=row.id))


def deliver(clinic: Clinic, message: NotificationRow) -> None:
    """As if the worker had sent it."""
    with unit_of_work(clinic.actor("admin")) as work, work._in_use_case("test.deliver", None, None):
        stored = work.session.execute(select(Notification).where(col(Notification.id) == message.id)).scalar_one()
        stored.status, stored.sent_at = NotificationStatus.SENT, MONDAY
        work.session.flush()


def test_a_cancelled_appointment_gets_its_reminders_back(clinic: Clinic) -> None:
    made = booked(clinic)
    back = undo(clinic, cancel(clinic, made.appointment))
    assert [found.scheduled_at for found in back.reminders] == [made.reminders[0].scheduled_at]
    assert not back.was_told
    assert [found.status for found in messages(clinic, back.appointment)].count(PLANNED) == 1


def test_a_deleted_appointment_gets_its_reminders_back_but_not_those_whose_time_has_passed(clinic: Clinic) -> None:
    made = booked(clinic)
    request = DeleteAppointment(appointment_id=made.id)
    deleted = perform(clinic.actor("assistant"), delete_with_reminders, request)
    back = undo(clinic, deleted)
    assert len(back.reminders) == 1
    again = perform(clinic.actor("assistant"), delete_with_reminders, request)
    with frozen_at(MONDAY - timedelta(hours=1)), pytest.raises(Conflict, match="same day"):
        undo(clinic, again)


def test_a_move_that_is_undone_takes_its_reminders_along(clinic: Clinic) -> None:
    made = booked(clinic)
    moved = move(clinic, made.appointment, 48)
    back = undo(clinic, moved)
    assert [found.scheduled_at for found in back.reminders] == [made.reminders[0].scheduled_at]
    assert [found.status for found in messages(clinic, moved)].count(PLANNED) == 1


def test_a_message_about_the_step_that_did_not_go_out_is_withdrawn(clinic: Clinic) -> None:
    moved = move(clinic, booked(clinic).appointment, 3)
    told = perform(clinic.actor("assistant"), notify_moved, NotifyAppointment(appointment_id=moved.id))
    back = undo(clinic, moved)
    found = next(one for one in messages(clinic, back.appointment) if one.id == told.id)
    assert (found.status, found.withdrawn_reason) == (WITHDRAWN, WithdrawnReason.APPOINTMENT_STANDS)


def test_who_was_told_of_a_move_is_told_of_its_undo(clinic: Clinic) -> None:
    moved = move(clinic, booked(clinic).appointment, 3)
    told = perform(clinic.actor("assistant"), notify_moved, NotifyAppointment(appointment_id=moved.id))
    deliver(clinic, told)
    back = undo(clinic, moved)
    news = [one for one in messages(clinic, back.appointment) if one.type is told.type and one.id != told.id]
    assert [one.status for one in news] == [PLANNED]


def test_the_desk_learns_that_a_cancellation_was_told_already(clinic: Clinic) -> None:
    cancelled = cancel(clinic, booked(clinic).appointment)
    told = perform(clinic.actor("assistant"), notify_cancelled, NotifyAppointment(appointment_id=cancelled.id))
    deliver(clinic, told)
    assert undo(clinic, cancelled).was_told


def test_a_double_click_undoes_once(clinic: Clinic) -> None:
    cancelled, request_id = cancel(clinic, booked(clinic).appointment), new_id()
    assert undo(clinic, cancelled, request_id=request_id) == undo(clinic, cancelled, request_id=request_id)


def offered(clinic: Clinic, **fields: Any) -> OfferSlot:
    starts_at, ends_at = slot()
    entry = wait(clinic, **fields)
    return OfferSlot(
        entry_id=entry.id, practitioner_user_id=clinic.users["practitioner"], starts_at=starts_at, ends_at=ends_at
    )


def test_an_offer_goes_out_with_one_message(clinic: Clinic) -> None:
    request = offered(clinic, patient_id=reachable(clinic)).model_copy(update={"request_id": new_id()})
    made = perform(clinic.actor("assistant"), offer_with_message, request)
    assert made.message.status is PLANNED
    assert perform(clinic.actor("assistant"), offer_with_message, request) == made


def test_an_offer_to_who_cannot_be_written_to_says_why(clinic: Clinic) -> None:
    made = perform(clinic.actor("assistant"), offer_with_message, offered(clinic))
    assert made.message.withdrawn_reason is WithdrawnReason.NO_ADDRESS
