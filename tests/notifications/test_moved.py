"""Appointments that were moved without their reminders: the worker lets these follow."""

from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from clinic_core.access import perform
from clinic_core.kit.clock import frozen_at
from clinic_core.notifications.schemas import (
    BookWithReminder,
    Delivered,
    PlanReminder,
    ReminderWish,
)
from clinic_core.notifications.service import book_with_reminder, plan_reminder
from clinic_core.scheduling.schemas import AppointmentRow
from clinic_core.vocabulary import AppointmentStatus, NotificationChannel, WithdrawnReason
from tests.factories import MONDAY, Clinic
from tests.notifications.arrange import deliver, dropped, messages_of, reachable
from tests.scheduling.arrange import booking
from tests.scheduling.undo_arrange import change, move

EMAIL, DAY = NotificationChannel.EMAIL, timedelta(days=1)
EARLIER = MONDAY - 5 * DAY


def booked(clinic: Clinic, lead: timedelta = DAY) -> AppointmentRow:
    wish = ReminderWish(channel=EMAIL, minutes_before=int(lead.total_seconds()) // 60)
    request = BookWithReminder(booking=booking(clinic, 48, patient_id=reachable(clinic)), reminders=(wish,))
    return perform(clinic.actor("assistant"), book_with_reminder, request).appointment


def planned(clinic: Clinic, patient_id: UUID) -> list[datetime]:
    return [one.scheduled_at for one in messages_of(clinic, patient_id) if one.status == "planned"]


def test_a_reminder_follows_an_appointment_that_was_moved_without_it(clinic: Clinic, outbox: Path) -> None:
    row = booked(clinic)
    moved = move(clinic, row, 72)
    with frozen_at(EARLIER) as clock:
        assert deliver(clinic) == Delivered(followed=1)
        assert deliver(clinic) == Delivered()
        assert planned(clinic, row.patient_id) == [moved.starts_at - DAY]
        clock.move_to(row.starts_at - DAY)
        assert deliver(clinic) == Delivered()
        clock.move_to(moved.starts_at - DAY)
        assert deliver(clinic) == Delivered(sent=1)
    reasons = [one.withdrawn_reason for one in messages_of(clinic, row.patient_id)]
    assert reasons == [WithdrawnReason.APPOINTMENT_MOVED, None]
    assert len(dropped(outbox, clinic)) == 1


def test_what_was_moved_to_an_earlier_time_is_reminded_of_before_that_time(clinic: Clinic, outbox: Path) -> None:
    row = booked(clinic)
    moved = move(clinic, row, 0)
    with frozen_at(moved.starts_at - DAY - timedelta(minutes=1)) as clock:
        assert deliver(clinic).followed == 1
        clock.move_to(moved.starts_at - DAY)
        assert deliver(clinic).sent == 1


def test_a_reminder_whose_new_time_has_passed_goes_without_another(clinic: Clinic, outbox: Path) -> None:
    row = booked(clinic)
    moved = move(clinic, row, 0)
    with frozen_at(moved.starts_at - timedelta(hours=1)):
        assert deliver(clinic) == Delivered(followed=1)
    assert planned(clinic, row.patient_id) == []
    assert dropped(outbox, clinic) == {}


def test_nobody_is_reminded_twice_where_the_new_time_has_its_reminder(clinic: Clinic, outbox: Path) -> None:
    row = booked(clinic)
    moved = move(clinic, row, 72)
    by_hand = PlanReminder(appointment_id=row.id, channel=EMAIL, scheduled_at=moved.starts_at - DAY)
    perform(clinic.actor("assistant"), plan_reminder, by_hand)
    with frozen_at(EARLIER):
        assert deliver(clinic) == Delivered(followed=1)
    assert planned(clinic, row.patient_id) == [by_hand.scheduled_at]


def test_a_delivery_ends_at_its_limit_also_with_reminders_that_follow(clinic: Clinic, outbox: Path) -> None:
    for lead in (DAY, 2 * DAY, timedelta(hours=2)):
        move(clinic, booked(clinic, lead), 72 + lead.days)
    with frozen_at(EARLIER):
        found = [deliver(clinic, limit=2) for _ in range(3)]
    assert [(one.followed, one.has_more) for one in found] == [(2, True), (1, False), (0, False)]


def test_reminders_of_what_is_called_off_or_over_do_not_follow(clinic: Clinic, outbox: Path) -> None:
    row = booked(clinic)
    change(clinic, move(clinic, row, 72), AppointmentStatus.ARRIVED)
    with frozen_at(row.starts_at - DAY):
        assert deliver(clinic) == Delivered(withdrawn=1)
