"""Which step of an appointment can be taken back: its last one, on the day it was taken, once (S3)."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.errors import Conflict
from clinic_core.kit.calendar import local_date
from clinic_core.kit.clock import now
from clinic_core.models import Appointment, AppointmentEvent
from clinic_core.scheduling.restore import EarlierTime
from clinic_core.vocabulary import AppointmentStatus

# Steps of one transaction carry one time stamp; more than a few of one appointment are never looked at.
_RECENT = 10


class Standing(NamedTuple):
    """How an appointment stands, as far as its history tells."""

    status: AppointmentStatus | None
    time: EarlierTime | None
    clinic_location_id: UUID | None
    is_deleted: bool


class LastStep(NamedTuple):
    """The last step, and how the appointment stood before it."""

    event: AppointmentEvent
    status: AppointmentStatus
    time: EarlierTime
    clinic_location_id: UUID
    is_deleted: bool

    @property
    def is_move(self) -> bool:
        """Whether time, practitioner or place changed."""
        return (self.time, self.clinic_location_id) != (_time_after(self.event), self.event.to_clinic_location_id)

    @property
    def frees(self) -> bool:
        """Whether the step gave the earlier time free, so that it may be taken by now."""
        return self.is_move or self.event.deleted or self.event.to_status is AppointmentStatus.CANCELLED

    @property
    def what(self) -> str:
        """The step in words, after "take back": the move, arrived."""
        if self.event.deleted:
            return "the deletion"
        if self.event.to_status is AppointmentStatus.CANCELLED:
            return "the cancellation"
        return "the move" if self.is_move else self.event.to_status.label.lower()


def find_last_step(session: Session, appointment: Appointment, place: ZoneInfo) -> LastStep:
    """The step that can be taken back now; `place` is the zone of its location.

    A step that took another one back is the end. A status reached by undo is known by its older stamp; a move back by
    hand is as good as an undo.

    Raises:
        Conflict: there is none: it was booked only, the last step was a step back or of another day, or it took the
            appointment out of the cancelled ones.
    """
    statement = (
        select(AppointmentEvent)
        .where(col(AppointmentEvent.appointment_id) == appointment.id)
        .order_by(col(AppointmentEvent.created_at).desc(), col(AppointmentEvent.id).desc())
        .limit(_RECENT)
    )
    events = list(session.scalars(statement))
    stands = Standing(
        appointment.status,
        EarlierTime(appointment.practitioner_user_id, appointment.starts_at, appointment.ends_at),
        appointment.clinic_location_id,
        appointment.deleted_at is not None,
    )
    newest = [event for event in events if event.created_at == events[0].created_at and _after(event) == stands]
    if not newest:
        raise Conflict("The last step of this appointment is not known any more; change it by hand.")
    event, before = newest[0], _before(newest[0])
    if before.status is None or before.time is None or before.clinic_location_id is None:
        raise Conflict("A booking is not undone; cancel the appointment, or delete it if it was a mistake.")
    if _takes_back(event, events, appointment):
        raise Conflict("The last step was taken back already; there is nothing more to undo.")
    if local_date(taken_at(event), place) != local_date(now(), place):
        raise Conflict("Only a step of the same day is undone; change the appointment by hand.")
    if before.status is AppointmentStatus.CANCELLED and event.to_status is not before.status:
        raise Conflict("Cancel the appointment again instead, so that it is known who called it off.")
    return LastStep(event, before.status, before.time, before.clinic_location_id, before.is_deleted)


def taken_at(event: AppointmentEvent) -> datetime:
    """When the step was taken; the database stamps it, so only a row that is not stored yet has none."""
    return event.created_at or now()


def _takes_back(event: AppointmentEvent, events: list[AppointmentEvent], appointment: Appointment) -> bool:
    """Whether the newest step was an undo: of a status by its older stamp, else by where it leads."""
    if event.from_status is not event.to_status:
        return appointment.status_at is not None and appointment.status_at < taken_at(event)
    return _returns(event, [one for one in events if one.id != event.id])


def _returns(event: AppointmentEvent, earlier: list[AppointmentEvent]) -> bool:
    """Whether the step leads exactly to where the step before it came from, unless that one did so itself."""
    before = _before(event)
    place = next((place for place, one in enumerate(earlier) if _after(one) == before), None)
    if place is None or _before(earlier[place]) != _after(event):
        return False
    return not _returns(earlier[place], earlier[place + 1 :])


def _after(event: AppointmentEvent) -> Standing:
    return Standing(event.to_status, _time_after(event), event.to_clinic_location_id, event.deleted)


def _before(event: AppointmentEvent) -> Standing:
    """Where the step came from; one that changed nothing else turned the deletion on or off."""
    if event.from_starts_at is None or event.from_ends_at is None or event.from_practitioner_user_id is None:
        return Standing(None, None, None, is_deleted=False)
    time = EarlierTime(event.from_practitioner_user_id, event.from_starts_at, event.from_ends_at)
    stood = Standing(event.from_status, time, event.from_clinic_location_id, event.deleted)
    return stood._replace(is_deleted=not event.deleted) if stood == _after(event) else stood


def _time_after(event: AppointmentEvent) -> EarlierTime:
    return EarlierTime(event.to_practitioner_user_id, event.to_starts_at, event.to_ends_at)
