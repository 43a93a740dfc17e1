"""Which messages were planned, sent, withdrawn, and whom one could reach."""

from sqlalchemy import ColumnElement, and_, or_, select
from sqlmodel import col

from clinic_core.access import Permission, Work, query
from clinic_core.access.scope import appointments_in_scope, patients_in_scope
from clinic_core.models import Appointment, Notification, Patient
from clinic_core.notifications.addressee import obstacle
from clinic_core.notifications.rows import notification_rows
from clinic_core.notifications.schemas import CountByEmail, ListMessages, NotificationRow
from clinic_core.vocabulary import NotificationChannel


@query(Permission.APPOINTMENT_READ, name="notification.list")
def list_messages(work: Work, request: ListMessages) -> list[NotificationRow]:
    """The messages of an appointment or of a patient in reach, newest first.

    Of a patient, only those of appointments in reach, and about papers only what the actor sees of the account.
    """
    appointments = select(col(Appointment.id)).where(appointments_in_scope(work.actor, Permission.APPOINTMENT_READ))
    if request.appointment_id is not None:
        condition: ColumnElement[bool] = col(Notification.appointment_id).in_(
            appointments.where(col(Appointment.id) == request.appointment_id)
        )
    else:
        reachable = select(col(Patient.id)).where(
            col(Patient.id) == request.patient_id, patients_in_scope(work.actor, Permission.PATIENT_READ)
        )
        condition = and_(
            col(Notification.patient_id).in_(reachable),
            or_(
                col(Notification.appointment_id).is_(None),
                col(Notification.appointment_id).in_(
                    appointments.where(col(Appointment.patient_id) == request.patient_id)
                ),
            ),
            or_(
                col(Notification.document_batch_item_id).is_(None),
                col(Notification.patient_id).in_(
                    select(col(Patient.id)).where(patients_in_scope(work.actor, Permission.BILLING_VIEW))
                ),
            ),
        )
    statement = (
        select(Notification)
        .where(condition)
        .order_by(col(Notification.scheduled_at).desc(), col(Notification.id).desc())
        .offset(request.offset)
        .limit(request.limit)
    )
    return list(notification_rows(work.session.scalars(statement)))


@query(Permission.BILLING_MANAGE, name="notification.count_by_email")
def count_by_email(work: Work, request: CountByEmail) -> int:
    """How many of the patients, as far as they are in reach, can be written to by e-mail and do not refuse it."""
    found = work.session.scalars(
        select(Patient).where(
            col(Patient.id).in_(request.patient_ids), patients_in_scope(work.actor, Permission.BILLING_MANAGE)
        )
    )
    return sum(obstacle(patient, NotificationChannel.EMAIL) is None for patient in found)
