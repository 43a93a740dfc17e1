"""Undo of the last step of an appointment, with what it did to reminders and messages."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlmodel import col

from clinic_core.access import Permission, Work, use_case
from clinic_core.kit.clock import now
from clinic_core.models import Appointment, AppointmentEvent, Notification
from clinic_core.notifications.planned import IS_REMINDER, find_planned, of_appointment, planned_like, withdraw_planned
from clinic_core.notifications.rows import find_notifications, notification_rows
from clinic_core.notifications.schemas import NotifyAppointment, UndoneWithReminders
from clinic_core.notifications.service.notices import notify_moved
from clinic_core.scheduling.schemas import UndoAppointment
from clinic_core.scheduling.service import undo_appointment
from clinic_core.vocabulary import NotificationStatus, NotificationType, WithdrawnReason

_BY_THE_STEP = col(Notification.withdrawn_reason).in_(
    [WithdrawnReason.APPOINTMENT_MOVED, WithdrawnReason.APPOINTMENT_CANCELLED, WithdrawnReason.APPOINTMENT_DELETED]
)


@use_case(Permission.APPOINTMENT_MANAGE, name="appointment.undo_with_reminders")
def undo_with_reminders(work: Work, request: UndoAppointment) -> UndoneWithReminders:
    """Takes back the last step; reminders that it withdrew and that are still ahead are planned again.

    Reminders planned since for a time that is given up are withdrawn, and so is a message about the step that did not
    go out yet. A patient who was told of a move is told where the appointment is now.

    Raises:
        ClinicError: as `undo_appointment`.
    """
    work.lock_calendar()
    taken_at, event_ids = _last_step(work, request.appointment_id)
    stood_at = _starts_at(work, request.appointment_id)
    lost = _lost(work, request.appointment_id, taken_at)
    undone = undo_appointment(work, request.model_copy(update={"request_id": None}))
    if undone.starts_at != stood_at:
        since = (of_appointment(undone.id), IS_REMINDER, col(Notification.created_at) >= taken_at)
        withdraw_planned(work.session, WithdrawnReason.APPOINTMENT_MOVED, *since)
    standing = (of_appointment(undone.id), IS_REMINDER, col(Notification.status) != NotificationStatus.WITHDRAWN)
    known = {(found.channel, found.scheduled_at) for found in find_notifications(work.session, *standing)}
    work.session.add_all(
        planned_like(one, starts_at=undone.starts_at, scheduled_at=one.scheduled_at)
        for one in lost
        if (one.channel, one.scheduled_at) not in known
    )
    work.session.flush()
    was_told = _correct_messages(work, undone.id, event_ids)
    reminders = notification_rows(find_planned(work.session, of_appointment(undone.id), IS_REMINDER))
    return UndoneWithReminders(id=undone.id, appointment=undone, reminders=reminders, was_told=was_told)


def _last_step(work: Work, appointment_id: UUID) -> tuple[datetime, list[UUID]]:
    """When the appointment was changed last, and the steps of that moment."""
    statement = (
        select(col(AppointmentEvent.created_at), col(AppointmentEvent.id))
        .where(col(AppointmentEvent.appointment_id) == appointment_id)
        .order_by(col(AppointmentEvent.created_at).desc())
        .limit(10)
    )
    steps = [(at, event_id) for at, event_id in work.session.execute(statement) if at is not None]
    last = steps[0][0] if steps else now()
    return last, [event_id for at, event_id in steps if at == last]


def _starts_at(work: Work, appointment_id: UUID) -> datetime | None:
    statement = select(col(Appointment.starts_at)).where(col(Appointment.id) == appointment_id)
    return work.session.execute(statement).scalar_one_or_none()


def _lost(work: Work, appointment_id: UUID, since: datetime) -> list[Notification]:
    """Reminders still ahead that the step took away; those of a move also where it planned others instead."""
    conditions: tuple[ColumnElement[bool], ...] = (
        of_appointment(appointment_id),
        IS_REMINDER,
        _BY_THE_STEP,
        col(Notification.updated_at) >= since,
        col(Notification.scheduled_at) > now(),
    )
    return find_notifications(work.session, *conditions)


def _correct_messages(work: Work, appointment_id: UUID, event_ids: Sequence[UUID]) -> bool:
    """Takes back what was to be said about the step; whether a cancellation was told that does not hold any more."""
    about = col(Notification.appointment_event_id).in_(event_ids)
    sent = find_notifications(work.session, about, col(Notification.status) == NotificationStatus.SENT)
    withdraw_planned(work.session, WithdrawnReason.APPOINTMENT_STANDS, about)
    if any(message.type is NotificationType.APPOINTMENT_MOVED for message in sent):
        notify_moved(work, NotifyAppointment(appointment_id=appointment_id))
    return any(message.type is NotificationType.APPOINTMENT_CANCELLED for message in sent)
