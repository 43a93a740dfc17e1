"""Reminders whose appointment was moved without them, by a script for instance: they follow it (N2)."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.kit.clock import now
from clinic_core.models import Appointment, Notification
from clinic_core.notifications.planned import IS_PLANNED, IS_REMINDER, planned_like, withdraw_planned
from clinic_core.scheduling.transitions import EXPECTED
from clinic_core.vocabulary import NotificationChannel, NotificationStatus, WithdrawnReason

_Key = tuple[UUID | None, NotificationChannel, datetime]


def follow_moves(session: Session, *, limit: int) -> int:
    """Replaces reminders planned for another time than their appointment has now; returns how many were withdrawn.

    The new one is as long before the new time; where that has passed there is none. Read are all planned reminders,
    as one of a later time may be due too late for an appointment that was moved to an earlier one. Four statements
    however many are found, one where none is.
    """
    planned_for = col(Notification.payload_json)["starts_at"].astext
    statement = (
        select(Notification, col(Appointment.starts_at))
        .join(Appointment, col(Appointment.id) == col(Notification.appointment_id))
        .where(
            IS_PLANNED,
            IS_REMINDER,
            col(Appointment.deleted_at).is_(None),
            col(Appointment.status).in_(EXPECTED),
            col(Appointment.starts_at) > now(),
            planned_for.cast(DateTime(timezone=True)) != col(Appointment.starts_at),
        )
        .order_by(col(Notification.scheduled_at), col(Notification.id))
        .limit(limit)
        .with_for_update(of=Notification, skip_locked=True)
    )
    stale = session.execute(statement).all()
    if not stale:
        return 0
    ids = [reminder.id for reminder, _ in stale]
    withdraw_planned(session, WithdrawnReason.APPOINTMENT_MOVED, col(Notification.id).in_(ids))
    known = _live(session, {reminder.appointment_id for reminder, _ in stale})
    for reminder, starts_at in stale:
        lead = datetime.fromisoformat(reminder.payload_json["starts_at"]) - reminder.scheduled_at
        key = (reminder.appointment_id, reminder.channel, starts_at - lead)
        if starts_at - lead > now() and key not in known:
            session.add(planned_like(reminder, starts_at=starts_at, scheduled_at=starts_at - lead))
            known.add(key)
    session.flush()
    return len(stale)


def _live(session: Session, appointment_ids: Collection[UUID | None]) -> set[_Key]:
    statement = select(
        col(Notification.appointment_id), col(Notification.channel), col(Notification.scheduled_at)
    ).where(
        col(Notification.appointment_id).in_(appointment_ids),
        IS_REMINDER,
        col(Notification.status) != NotificationStatus.WITHDRAWN,
    )
    return {(appointment_id, channel, at) for appointment_id, channel, at in session.execute(statement)}
