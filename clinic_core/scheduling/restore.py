"""Giving an appointment a time that it had before: what is in the way of that, and what is kept with it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from clinic_core.access import Actor
from clinic_core.models import Appointment
from clinic_core.scheduling.bookable import find_bookable, find_resources
from clinic_core.scheduling.conflicts import Reasons, WantedTime, find_obstacles, refusal, settle
from clinic_core.scheduling.resources import taken_resources
from clinic_core.vocabulary import AppointmentStatus, ConflictKind, Severity

# Somebody else's time: lifted anew each time, by who may do so.
_TAKEN = frozenset({ConflictKind.PRACTITIONER, ConflictKind.BUFFER})


@dataclass(frozen=True)
class EarlierTime:
    """With whom and when an appointment was; the place and the rooms are those it has."""

    practitioner_user_id: UUID
    starts_at: datetime
    ends_at: datetime


def time_of(appointment: Appointment) -> EarlierTime:
    """The time that the appointment itself names, whether it holds it or not."""
    return EarlierTime(appointment.practitioner_user_id, appointment.starts_at, appointment.ends_at)


def wanted_again(session: Session, appointment: Appointment, earlier: EarlierTime) -> WantedTime:
    """What the appointment asks for when it goes back to that time."""
    return WantedTime(
        appointment_id=appointment.id,
        patient_id=appointment.patient_id,
        practitioner_user_id=earlier.practitioner_user_id,
        clinic_location_id=appointment.clinic_location_id,
        starts_at=earlier.starts_at,
        ends_at=earlier.ends_at,
        buffer_minutes=appointment.buffer_minutes,
        resource_ids=taken_resources(session, appointment.id),
    )


def hold_again(session: Session, actor: Actor, appointment: Appointment, wanted: WantedTime) -> None:
    """Checks that somebody is there and the time free, and sets what is kept with the appointment; nothing is flushed.

    That it has begun by now is no obstacle. What was lifted for that same time with a reason stays lifted; a second
    booking or a buffer only for an actor who may lift it now. After a move the reasons for the earlier time are gone.

    Raises:
        InvalidInput: the place, the practitioner or a room cannot be booked any more; rooms that it holds still may.
        BookingConflict: something else is in the way.
    """
    is_held = appointment.deleted_at is None and appointment.status is not AppointmentStatus.CANCELLED
    bookable = find_bookable(session, wanted.clinic_location_id, practitioner_id=wanted.practitioner_user_id)
    find_resources(session, bookable.location, wanted.resource_ids, kept=wanted.resource_ids if is_held else ())
    same_time = time_of(appointment) == EarlierTime(wanted.practitioner_user_id, wanted.starts_at, wanted.ends_at)
    lifted = {ConflictKind(kind) for kind in appointment.override_kinds_json} if same_time else set()
    reasons = Reasons(appointment.double_book_reason, appointment.override_reason) if same_time else Reasons()
    if reasons.double_book:
        lifted.add(ConflictKind.PRACTITIONER)
    obstacles = [
        one
        for one in find_obstacles(session, actor, [wanted])[0]
        if one.severity is not Severity.INFO and one.kind is not ConflictKind.PAST
    ]
    if any(one.kind not in lifted for one in obstacles):
        raise refusal(actor, wanted, obstacles)
    settled = settle(actor, wanted, [one for one in obstacles if one.kind in _TAKEN], reasons)
    still = {one.kind for one in obstacles} | {ConflictKind.PAST}
    kinds = sorted((lifted & still) - {ConflictKind.PRACTITIONER})
    appointment.double_book_reason = settled.double_book_reason
    appointment.override_reason = reasons.override if kinds else None
    appointment.override_kinds_json = [kind.value for kind in kinds]
