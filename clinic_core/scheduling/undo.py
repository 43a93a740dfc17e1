"""Which step of an appointment can be taken back: its last one, on the day it was taken, once (S3)."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
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

# More than a few steps of one appointment are never looked at.
_RECENT = 10


class Standing(NamedTuple):
    """How an appointment stands, as far as its history tells."""

    status: AppointmentStatus | None
    time: EarlierTime | None
    clinic_location_id: UUID | None
    is_deleted: bool


class Step(NamedTuple):
    """What was done at once: from where, to where; its changes may be several, as of a move that ends an arrival."""

    at: datetime
    before: Standing
    after: Standing


class LastStep(NamedTuple):
    """The last step, and how the appointment stood before it."""

    step: Step
    status: AppointmentStatus
    time: EarlierTime
    clinic_location_id: UUID

    @property
    def is_deleted(self) -> bool:
        """Whether the appointment was deleted before."""
        return self.step.before.is_deleted

    @property
    def is_move(self) -> bool:
        """Whether time, practitioner or place changed."""
        return (self.time, self.clinic_location_id) != (self.step.after.time, self.step.after.clinic_location_id)

    @property
    def frees(self) -> bool:
        """Whether the step gave the earlier time free, so that it may be taken by now."""
        after = self.step.after
        return self.is_move or after.is_deleted or after.status is AppointmentStatus.CANCELLED

    @property
    def what(self) -> str:
        """The step in words, after "take back": the move, arrived."""
        after = self.step.after
        if after.is_deleted:
            return "the deletion"
        if after.status is AppointmentStatus.CANCELLED:
            return "the cancellation"
        if self.is_move or after.status is None:
            return "the move"
        return after.status.label.lower()


def find_last_step(session: Session, appointment: Appointment, place: ZoneInfo) -> LastStep:
    """The step that can be taken back now; `place` is the zone of its location.

    What one transaction changed is one step, and is taken back as a whole. A step that took another one back is the
    end. A status reached by undo is known by its older stamp; a move back by hand is as good as an undo.

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
    stands = Standing(
        appointment.status,
        EarlierTime(appointment.practitioner_user_id, appointment.starts_at, appointment.ends_at),
        appointment.clinic_location_id,
        appointment.deleted_at is not None,
    )
    steps = _steps(list(session.scalars(statement)), stands)
    if not steps:
        raise Conflict("The last step of this appointment is not known any more; change it by hand.")
    step, before = steps[0], steps[0].before
    if before.status is None or before.time is None or before.clinic_location_id is None:
        raise Conflict("A booking is not undone; cancel the appointment, or delete it if it was a mistake.")
    if _takes_back(steps, appointment):
        raise Conflict("The last step was taken back already; there is nothing more to undo.")
    if local_date(step.at, place) != local_date(now(), place):
        raise Conflict("Only a step of the same day is undone; change the appointment by hand.")
    if before.status is AppointmentStatus.CANCELLED and step.after.status is not before.status:
        raise Conflict("Cancel the appointment again instead, so that it is known who called it off.")
    return LastStep(step, before.status, before.time, before.clinic_location_id)


def _steps(events: Sequence[AppointmentEvent], stands: Standing) -> list[Step]:
    """The steps that lead to where the appointment stands, the newest first, as far back as they are known.

    Changes of one transaction carry one time stamp and no order but their own: each begins where another one ends.
    """
    steps: list[Step] = []
    after = stands
    for at, found in groupby(events, key=_stored_at):
        changes, before = list(found), after
        while last := next((one for one in changes if _after(one) == before), None):
            changes.remove(last)
            before = _before(last)
        if changes:
            break
        if before != after:
            steps.append(Step(at, before, after))
        after = before
    return steps


def _stored_at(event: AppointmentEvent) -> datetime:
    """When the step was taken; the database stamps it, so only a row that is not stored yet has none."""
    return event.created_at or now()


def _takes_back(steps: Sequence[Step], appointment: Appointment) -> bool:
    """Whether the newest step was an undo: of a status by its older stamp, else by where it leads."""
    newest = steps[0]
    if newest.before.status is not newest.after.status:
        return appointment.status_at is not None and appointment.status_at < newest.at
    return _returns(steps)


def _returns(steps: Sequence[Step]) -> bool:
    """Whether the newest step leads exactly to where the one before it came from, unless that one did so itself."""
    return len(steps) > 1 and steps[1].before == steps[0].after and not _returns(steps[1:])


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
