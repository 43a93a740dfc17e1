"""Which messages were planned, sent, withdrawn."""

from sqlalchemy import select
from sqlmodel import col

from clinic_core.access import Permission, Work, query
from clinic_core.access.scope import appointments_in_scope, patients_in_scope
from clinic_core.models import Appointment, Notification, Patient
from clinic_core.notifications.rows import notification_rows
from clinic_core.notifications.schemas import ListNotifications, NotificationRow


@query(Permission.APPOINTMENT_READ, name="notification.list")
def list_notifications(work: Work, request: ListNotifications) -> list[NotificationRow]:
    """The messages of an appointment or of a patient in reach, newest first."""
    if request.appointment_id is not None:
        reachable = select(col(Appointment.id)).where(
            col(Appointment.id) == request.appointment_id,
            appointments_in_scope(work.actor, Permission.APPOINTMENT_READ),
        )
        condition = col(Notification.appointment_id).in_(reachable)
    else:
        reachable = select(col(Patient.id)).where(
            col(Patient.id) == request.patient_id, patients_in_scope(work.actor, Permission.PATIENT_READ)
        )
        condition = col(Notification.patient_id).in_(reachable)
    statement = (
        select(Notification)
        .where(condition)
        .order_by(col(Notification.scheduled_at).desc(), col(Notification.id).desc())
        .offset(request.offset)
        .limit(request.limit)
    )
    return list(notification_rows(work.session.scalars(statement)))
