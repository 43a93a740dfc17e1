"""Planning and withdrawing reminders, and the bookings that carry them along; sending is in `delivery`."""

from datetime import datetime, timedelta

from clinic_core.access import Permission, Work, use_case
from clinic_core.errors import Conflict, InvalidInput
from clinic_core.kit.clock import now
from clinic_core.kit.text import field_error
from clinic_core.models import Appointment, Notification, Patient
from clinic_core.notifications.addressee import obstacle
from clinic_core.notifications.planned import IS_REMINDER, find_planned, of_appointment, planned_like, withdraw_planned
from clinic_core.notifications.rows import notification_rows
from clinic_core.notifications.schemas import (
    AppointmentWithReminders,
    BookWithReminder,
    NotificationRow,
    PlanReminder,
    WithdrawReminders,
)
from clinic_core.scheduling.reach import find_managed_appointment
from clinic_core.scheduling.schemas import AppointmentRow, CancelAppointment, DeleteAppointment, MoveAppointment
from clinic_core.scheduling.service import (
    book_appointment,
    cancel_appointment,
    delete_appointment,
    move_appointment,
)
from clinic_core.scheduling.transitions import EXPECTED
from clinic_core.vocabulary import NotificationChannel, NotificationType, WithdrawnReason

_MISSING = {NotificationChannel.EMAIL: "e-mail address", NotificationChannel.SMS: "phone number"}
_SPOKEN = {NotificationChannel.EMAIL: "e-mail", NotificationChannel.SMS: "SMS"}
_PLANNED_TWICE = "uq_notification_appointment"


@use_case(Permission.APPOINTMENT_MANAGE, name="notification.plan")
def plan_reminder(work: Work, request: PlanReminder) -> NotificationRow:
    """Plans a reminder of an appointment; the message is written when it is sent, nothing clinical is kept for it.

    Raises:
        NotFound: an unknown appointment, or one out of reach.
        InvalidInput: the instant has passed or is not before the appointment, the patient has no address for that
            channel, or does not want messages by it.
        Conflict: the appointment is cancelled or over, the patient is archived or has died, or the same reminder is
            planned already.
    """
    work.lock_calendar()
    appointment, patient = find_managed_appointment(work.session, work.actor, request.appointment_id)
    if appointment.status not in EXPECTED:
        raise Conflict(f"An appointment that is {appointment.status.label.lower()} is not reminded of.")
    if request.scheduled_at <= now():
        raise field_error("scheduled_at", "has passed; choose a later time for the reminder")
    if request.scheduled_at >= appointment.starts_at:
        raise field_error("scheduled_at", "must be before the appointment")
    _check_addressee(patient, request.channel)
    reminder = _reminder(appointment, request.channel, request.scheduled_at)
    with work.constraints({_PLANNED_TWICE: lambda _: Conflict("This reminder is planned already.")}):
        work.session.add(reminder)
    work.session.refresh(reminder)
    return notification_rows([reminder])[0]


@use_case(Permission.APPOINTMENT_MANAGE, name="notification.withdraw")
def withdraw_reminders(work: Work, request: WithdrawReminders) -> list[NotificationRow]:
    """Withdraws what is planned for an appointment and was not sent; returns what was withdrawn.

    Raises:
        NotFound: an unknown appointment, or one out of reach.
    """
    work.lock_calendar()
    find_managed_appointment(work.session, work.actor, request.appointment_id)
    reminders = withdraw_planned(
        work.session, WithdrawnReason.BY_STAFF, of_appointment(request.appointment_id), IS_REMINDER
    )
    return list(notification_rows(reminders))


@use_case(Permission.APPOINTMENT_MANAGE, name="appointment.book_with_reminder")
def book_with_reminder(work: Work, request: BookWithReminder) -> AppointmentWithReminders:
    """Books an appointment and plans its reminders: all of it, or nothing.

    Raises:
        ClinicError: as `book_appointment` and `plan_reminder`.
    """
    appointment = book_appointment(work, request.booking)
    for wish in request.reminders:
        scheduled_at = appointment.starts_at - timedelta(minutes=wish.minutes_before)
        plan_reminder(
            work, PlanReminder(appointment_id=appointment.id, channel=wish.channel, scheduled_at=scheduled_at)
        )
    return _with_reminders(work, appointment)


@use_case(Permission.APPOINTMENT_MANAGE, name="appointment.move_with_reminders")
def move_with_reminders(work: Work, request: MoveAppointment) -> AppointmentWithReminders:
    """Moves an appointment; planned reminders are replaced by ones as long before the new time.

    One whose new time has passed is withdrawn without another.

    Raises:
        ClinicError: as `move_appointment`.
    """
    before, _ = find_managed_appointment(work.session, work.actor, request.appointment_id)
    started_at = before.starts_at
    moved = move_appointment(work, request.model_copy(update={"request_id": None}))
    if moved.starts_at != started_at:
        for reminder in withdraw_planned(work.session, WithdrawnReason.APPOINTMENT_MOVED, of_appointment(moved.id)):
            if reminder.type is not NotificationType.APPOINTMENT_REMINDER:
                continue
            scheduled_at = moved.starts_at - (started_at - reminder.scheduled_at)
            if scheduled_at > now():
                work.session.add(planned_like(reminder, starts_at=moved.starts_at, scheduled_at=scheduled_at))
        work.session.flush()
    return _with_reminders(work, moved)


@use_case(Permission.APPOINTMENT_MANAGE, name="appointment.cancel_with_reminders")
def cancel_with_reminders(work: Work, request: CancelAppointment) -> AppointmentRow:
    """Cancels an appointment and withdraws its planned reminders.

    Raises:
        ClinicError: as `cancel_appointment`.
    """
    cancelled = cancel_appointment(work, request.model_copy(update={"request_id": None}))
    withdraw_planned(work.session, WithdrawnReason.APPOINTMENT_CANCELLED, of_appointment(cancelled.id))
    return cancelled


@use_case(Permission.APPOINTMENT_MANAGE, name="appointment.delete_with_reminders")
def delete_with_reminders(work: Work, request: DeleteAppointment) -> AppointmentRow:
    """Deletes an appointment entered by mistake and withdraws its planned reminders.

    Raises:
        ClinicError: as `delete_appointment`.
    """
    deleted = delete_appointment(work, request.model_copy(update={"request_id": None}))
    withdraw_planned(work.session, WithdrawnReason.APPOINTMENT_DELETED, of_appointment(deleted.id))
    return deleted


def _check_addressee(patient: Patient, channel: NotificationChannel) -> None:
    reason = obstacle(patient, channel)
    if reason is WithdrawnReason.PATIENT_INACTIVE:
        raise Conflict("This patient is archived or has died; no reminders are sent.")
    if reason is WithdrawnReason.NO_ADDRESS:
        sentence = f"This patient has no {_MISSING[channel]}; add one or choose another way."
        raise InvalidInput(sentence, fields={"channel": sentence})
    if reason is WithdrawnReason.CONSENT_REFUSED:
        sentence = f"This patient does not want messages by {_SPOKEN[channel]}."
        raise InvalidInput(sentence, fields={"channel": sentence})


def _reminder(appointment: Appointment, channel: NotificationChannel, scheduled_at: datetime) -> Notification:
    return Notification(
        organization_id=appointment.organization_id,
        patient_id=appointment.patient_id,
        appointment_id=appointment.id,
        type=NotificationType.APPOINTMENT_REMINDER,
        channel=channel,
        payload_json={"starts_at": appointment.starts_at.isoformat()},
        scheduled_at=scheduled_at,
    )


def _with_reminders(work: Work, appointment: AppointmentRow) -> AppointmentWithReminders:
    reminders = notification_rows(find_planned(work.session, of_appointment(appointment.id), IS_REMINDER))
    return AppointmentWithReminders(id=appointment.id, appointment=appointment, reminders=reminders)
