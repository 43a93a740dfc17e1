"""Messages that wait to be sent: finding, withdrawing and repeating them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.models import Notification
from clinic_core.notifications.rows import find_notifications
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
    """Withdraws the messages that wait and for which the conditions hold, in one statement, by time of sending.

    What is being sent is waited for, and kept. A reminder by the same way and for the same time can be planned again.
    """
    session.flush()
    withdrawn = (
        update(Notification)
        .where(IS_PLANNED, *conditions)
        .values(status=NotificationStatus.WITHDRAWN, withdrawn_reason=reason, next_attempt_at=None)
        .returning(Notification)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return sorted(session.scalars(withdrawn), key=lambda one: (one.scheduled_at, one.id))


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
