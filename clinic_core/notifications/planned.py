"""Messages that wait to be sent: finding, withdrawing and repeating them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.models import Notification
from clinic_core.notifications.rows import find_notifications, lock_notifications
from clinic_core.vocabulary import NotificationStatus, NotificationType, WithdrawnReason

IS_PLANNED: ColumnElement[bool] = col(Notification.status) == NotificationStatus.PLANNED
IS_REMINDER: ColumnElement[bool] = col(Notification.type) == NotificationType.APPOINTMENT_REMINDER


def of_appointment(appointment_id: UUID) -> ColumnElement[bool]:
    """Messages about that appointment."""
    return col(Notification.appointment_id) == appointment_id


def find_planned(session: Session, *conditions: ColumnElement[bool]) -> list[Notification]:
    """Messages that wait to be sent and for which the conditions hold, by time of sending."""
    return find_notifications(session, IS_PLANNED, *conditions)


def withdraw_planned(session: Session, reason: WithdrawnReason, *conditions: ColumnElement[bool]) -> list[Notification]:
    """Withdraws the messages that wait and for which the conditions hold; what is being sent is waited for, and kept.

    Flushed at once, so that a reminder by the same way and for the same time can be planned again.
    """
    planned = lock_notifications(session, IS_PLANNED, *conditions)
    for message in planned:
        message.status = NotificationStatus.WITHDRAWN
        message.withdrawn_reason = reason
    session.flush()
    return find_notifications(session, col(Notification.id).in_([message.id for message in planned]))


def planned_like(reminder: Notification, *, starts_at: datetime, scheduled_at: datetime) -> Notification:
    """The reminder once more, for an appointment that begins then; not stored yet."""
    return Notification(
        organization_id=reminder.organization_id,
        patient_id=reminder.patient_id,
        appointment_id=reminder.appointment_id,
        type=reminder.type,
        channel=reminder.channel,
        payload_json={"starts_at": starts_at.isoformat()},
        scheduled_at=scheduled_at,
    )
