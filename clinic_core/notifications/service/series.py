"""Series of appointments that carry their reminders along: booked, changed, called off, and kept up to the horizon."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from clinic_core.access import Permission, Work, use_case
from clinic_core.kit.clock import now
from clinic_core.models import Appointment, Notification
from clinic_core.notifications.planned import IS_REMINDER, find_planned, of_appointment, withdraw_planned
from clinic_core.notifications.schemas import BookSeriesWithReminders, PlanReminder
from clinic_core.notifications.service.reminders import plan_reminder
from clinic_core.scheduling.schemas import (
    CancelSeries,
    EditSeries,
    ExtendSeries,
    MovedOccurrence,
    SeriesExtension,
    SeriesOutcome,
)
from clinic_core.scheduling.service import book_series, cancel_series, edit_series, extend_series
from clinic_core.scheduling.transitions import EXPECTED
from clinic_core.vocabulary import NotificationChannel, NotificationType, WithdrawnReason

_Lead = tuple[NotificationChannel, timedelta]


@use_case(Permission.APPOINTMENT_MANAGE, name="series.book_with_reminders")
def book_series_with_reminders(work: Work, request: BookSeriesWithReminders) -> SeriesOutcome:
    """Books a series and plans the reminders of each appointment: all of it, or nothing.

    A reminder whose time has passed already is left out; those of later dates follow when the horizon job books them.

    Raises:
        ClinicError: as `book_series`; and as `plan_reminder` where the patient cannot be reminded that way.
    """
    outcome = book_series(work, request.series)
    _plan(work, outcome.booked, [(wish.channel, timedelta(minutes=wish.minutes_before)) for wish in request.reminders])
    return outcome


@use_case(Permission.APPOINTMENT_MANAGE, name="series.edit_with_reminders")
def edit_series_with_reminders(work: Work, request: EditSeries) -> SeriesOutcome:
    """Changes a series; planned reminders are replaced by ones as long before the new times.

    Those of appointments that are called off are withdrawn, new ones are reminded of like the last one before them.

    Raises:
        ClinicError: as `edit_series`.
    """
    outcome = edit_series(work, request.model_copy(update={"request_id": None}))
    _withdraw(work, WithdrawnReason.APPOINTMENT_CANCELLED, outcome.cancelled)
    _replan(work, outcome.moved)
    _plan_like_before(work, outcome.id, outcome.booked)
    return outcome


@use_case(Permission.APPOINTMENT_MANAGE, name="series.cancel_with_reminders")
def cancel_series_with_reminders(work: Work, request: CancelSeries) -> SeriesOutcome:
    """Calls appointments of a series off and withdraws their planned reminders.

    Raises:
        ClinicError: as `cancel_series`.
    """
    outcome = cancel_series(work, request.model_copy(update={"request_id": None}))
    _withdraw(work, WithdrawnReason.APPOINTMENT_CANCELLED, outcome.cancelled)
    return outcome


@use_case(Permission.APPOINTMENT_MANAGE, name="series.extend_with_reminders")
def extend_series_with_reminders(work: Work, request: ExtendSeries) -> SeriesExtension:
    """One step of the horizon job; what it books is reminded of like the last appointment before it."""
    step = extend_series(work, request)
    if step.series_id is not None:
        _plan_like_before(work, step.series_id, step.booked)
    return step


def _plan(work: Work, appointment_ids: Collection[UUID], leads: Iterable[_Lead]) -> None:
    """The first reminder of each kind is checked like any other; the same then holds for the rest of the patient's."""
    found = _starts(work, appointment_ids)
    for channel, lead in leads:
        ahead = [(appointment, at) for appointment in found if (at := appointment.starts_at - lead) > now()]
        if ahead:
            first, at = ahead[0]
            plan_reminder(work, PlanReminder(appointment_id=first.id, channel=channel, scheduled_at=at))
            work.session.add_all(_reminder(appointment, channel, at) for appointment, at in ahead[1:])
    work.session.flush()


def _plan_like_before(work: Work, series_id: UUID, booked: Collection[UUID]) -> None:
    if not booked:
        return
    statement = (
        select(Appointment)
        .where(
            col(Appointment.series_id) == series_id,
            col(Appointment.id).not_in(booked),
            col(Appointment.deleted_at).is_(None),
            col(Appointment.status).in_(EXPECTED),
        )
        .order_by(col(Appointment.starts_at).desc(), col(Appointment.id))
        .limit(1)
    )
    before = work.session.scalars(statement).one_or_none()
    if before is None:
        return
    planned = find_planned(work.session, of_appointment(before.id), IS_REMINDER)
    leads = {(reminder.channel, before.starts_at - reminder.scheduled_at) for reminder in planned}
    work.session.add_all(
        _reminder(appointment, channel, appointment.starts_at - lead)
        for appointment in _starts(work, booked)
        for channel, lead in sorted(leads)
        if appointment.starts_at - lead > now()
    )
    work.session.flush()


def _replan(work: Work, moved: Collection[MovedOccurrence]) -> None:
    shifts = {one.appointment_id: one.starts_at - one.old_starts_at for one in moved}
    withdrawn = _withdraw(work, WithdrawnReason.APPOINTMENT_MOVED, shifts)
    found = {appointment.id: appointment for appointment in _starts(work, shifts)}
    for reminder in withdrawn:
        if reminder.type is not NotificationType.APPOINTMENT_REMINDER or reminder.appointment_id is None:
            continue
        at = reminder.scheduled_at + shifts[reminder.appointment_id]
        if at > now():
            work.session.add(_reminder(found[reminder.appointment_id], reminder.channel, at))
    work.session.flush()


def _withdraw(work: Work, reason: WithdrawnReason, appointment_ids: Collection[UUID]) -> list[Notification]:
    if not appointment_ids:
        return []
    return withdraw_planned(work.session, reason, col(Notification.appointment_id).in_(appointment_ids))


def _starts(work: Work, appointment_ids: Collection[UUID]) -> list[Appointment]:
    statement = (
        select(Appointment)
        .where(col(Appointment.id).in_(appointment_ids))
        .order_by(col(Appointment.starts_at), col(Appointment.id))
        .execution_options(populate_existing=True)
    )
    return list(work.session.scalars(statement)) if appointment_ids else []


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
