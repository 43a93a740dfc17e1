"""Messages about what happened to an appointment, and about offers; each goes out once, as soon as the worker can."""

from sqlalchemy import ColumnElement, or_, select
from sqlmodel import col

from clinic_core.access import Permission, Work, use_case
from clinic_core.errors import Conflict, NotFound
from clinic_core.kit.clock import now
from clinic_core.models import AppointmentEvent, Notification, Patient, WaitingListEntry, WaitingListOffer
from clinic_core.notifications.addressee import choose_channel
from clinic_core.notifications.jobs import DELIVER_DUE
from clinic_core.notifications.planned import of_appointment, withdraw_planned
from clinic_core.notifications.rows import find_notifications, notification_rows
from clinic_core.notifications.schemas import NotificationRow, NotifyAppointment, NotifyOffer
from clinic_core.queue import defer
from clinic_core.scheduling.reach import find_managed_appointment, reaches
from clinic_core.vocabulary import AppointmentStatus, NotificationStatus, NotificationType, WithdrawnReason

_TELLS_OF_STEP = col(Notification.type).in_(
    [NotificationType.APPOINTMENT_MOVED, NotificationType.APPOINTMENT_CANCELLED]
)
_MOVED: ColumnElement[bool] = or_(
    col(AppointmentEvent.from_starts_at) != col(AppointmentEvent.to_starts_at),
    col(AppointmentEvent.from_practitioner_user_id) != col(AppointmentEvent.to_practitioner_user_id),
    col(AppointmentEvent.from_clinic_location_id) != col(AppointmentEvent.to_clinic_location_id),
)
_CANCELLED: ColumnElement[bool] = (col(AppointmentEvent.to_status) == AppointmentStatus.CANCELLED) & (
    col(AppointmentEvent.from_status) != AppointmentStatus.CANCELLED
)


@use_case(Permission.APPOINTMENT_MANAGE, name="notification.moved")
def notify_moved(work: Work, request: NotifyAppointment) -> NotificationRow:
    """Tells the patient where an appointment was moved to, or to whom; a repeat returns the first message.

    The row says by which way it goes, or is withdrawn and says why nothing can be sent to this patient. What was
    planned about an earlier step is withdrawn.

    Raises:
        NotFound: an unknown appointment, or one out of reach.
        Conflict: it was never moved.
    """
    return _tell_of_step(work, request, NotificationType.APPOINTMENT_MOVED)


@use_case(Permission.APPOINTMENT_MANAGE, name="notification.cancelled")
def notify_cancelled(work: Work, request: NotifyAppointment) -> NotificationRow:
    """Tells the patient that an appointment was cancelled, as `notify_moved`.

    Raises:
        NotFound: an unknown appointment, or one out of reach.
        Conflict: it is not cancelled.
    """
    return _tell_of_step(work, request, NotificationType.APPOINTMENT_CANCELLED)


@use_case(Permission.APPOINTMENT_MANAGE, name="notification.offer")
def notify_offer(work: Work, request: NotifyOffer) -> NotificationRow:
    """Tells somebody on the waiting list about a time that is offered, as `notify_moved`.

    An offer that is closed before the message goes out is not told; nothing need be withdrawn for that.

    Raises:
        NotFound: an unknown offer, or one for a calendar out of reach.
    """
    work.lock_calendar()
    offer = work.get(WaitingListOffer, request.offer_id, called="offer")
    if not reaches(
        work.actor,
        Permission.APPOINTMENT_MANAGE,
        practitioner_id=offer.practitioner_user_id,
        location_id=offer.clinic_location_id,
    ):
        raise NotFound("This offer does not exist.")
    told = find_notifications(work.session, col(Notification.offer_id) == offer.id)
    if told:
        return notification_rows(told)[0]
    entry = work.get(WaitingListEntry, offer.entry_id, called="entry")
    patient = work.get(Patient, entry.patient_id, called="patient")
    message = _message(patient, NotificationType.WAITING_LIST_OFFER)
    message.offer_id = offer.id
    return _send(work, message)


def _tell_of_step(work: Work, request: NotifyAppointment, kind: NotificationType) -> NotificationRow:
    work.lock_calendar()
    appointment, patient = find_managed_appointment(work.session, work.actor, request.appointment_id)
    is_move = kind is NotificationType.APPOINTMENT_MOVED
    if not is_move and appointment.status is not AppointmentStatus.CANCELLED:
        raise Conflict("This appointment is not cancelled, so there is nothing to tell.")
    step = work.session.scalars(
        select(AppointmentEvent)
        .where(col(AppointmentEvent.appointment_id) == appointment.id, _MOVED if is_move else _CANCELLED)
        .order_by(col(AppointmentEvent.created_at).desc(), col(AppointmentEvent.id).desc())
        .limit(1)
    ).first()
    if step is None:
        raise Conflict("This appointment was not moved, so there is nothing to tell.")
    told = find_notifications(work.session, col(Notification.appointment_event_id) == step.id)
    if told:
        return notification_rows(told)[0]
    withdraw_planned(
        work.session,
        WithdrawnReason.APPOINTMENT_MOVED if is_move else WithdrawnReason.APPOINTMENT_CANCELLED,
        of_appointment(appointment.id),
        _TELLS_OF_STEP,
    )
    message = _message(patient, kind)
    message.appointment_id, message.appointment_event_id = appointment.id, step.id
    return _send(work, message)


def _message(patient: Patient, kind: NotificationType) -> Notification:
    channel, reason = choose_channel(patient)
    return Notification(
        organization_id=patient.organization_id,
        patient_id=patient.id,
        type=kind,
        channel=channel,
        status=NotificationStatus.PLANNED if reason is None else NotificationStatus.WITHDRAWN,
        withdrawn_reason=reason,
        scheduled_at=now(),
    )


def _send(work: Work, message: Notification) -> NotificationRow:
    work.session.add(message)
    work.session.flush()
    if message.status is NotificationStatus.PLANNED:
        defer(work, DELIVER_DUE, key=DELIVER_DUE)
    work.session.refresh(message)
    return notification_rows([message])[0]
