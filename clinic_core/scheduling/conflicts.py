"""What is in the way of a booking: said in words after PostgreSQL refused it, never decided here (S4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, union_all
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.access import Actor
from clinic_core.errors import BookingConflict, Obstacle
from clinic_core.kit.calendar import local_date, zone
from clinic_core.kit.formats import Locale, date_text, time_text
from clinic_core.models import Appointment, AppUser, ClinicLocation, LocationResource, Reservation
from clinic_core.vocabulary import AppointmentStatus

RESERVED = "reservation_no_overlap"
"""The constraint that refuses; its handler gets the ids as JSON."""

# An appointment is at most a day long and its buffer four hours; older starts cannot reach into a time.
LONGEST_REACH = timedelta(hours=28)


@dataclass(frozen=True)
class WantedTime:
    """What a booking asks for, in plain values that outlive the transaction; `ends_at` includes the buffer."""

    appointment_id: UUID
    practitioner_user_id: UUID
    clinic_location_id: UUID
    starts_at: datetime
    ends_at: datetime
    resource_ids: tuple[UUID, ...]
    is_double_booking: bool
    timezone: str
    locale: Locale

    @property
    def blocked_subjects(self) -> tuple[UUID, ...]:
        """Whose time must be free: a permitted double booking asks only for rooms and equipment."""
        return self.resource_ids if self.is_double_booking else (self.practitioner_user_id, *self.resource_ids)


def wanted_time(
    actor: Actor, appointment: Appointment, location: ClinicLocation, resource_ids: tuple[UUID, ...]
) -> WantedTime:
    """What an appointment, as it now stands in memory, asks for."""
    return WantedTime(
        appointment_id=appointment.id,
        practitioner_user_id=appointment.practitioner_user_id,
        clinic_location_id=location.id,
        starts_at=appointment.starts_at,
        ends_at=appointment.ends_at + timedelta(minutes=appointment.buffer_minutes),
        resource_ids=resource_ids,
        is_double_booking=False,
        timezone=location.timezone,
        locale=actor.settings.locale,
    )


def is_practitioner_taken(session: Session, wanted: WantedTime) -> bool:
    """Whether the practitioner has another appointment (buffers included) in that time."""
    taken = exists().where(
        col(Appointment.practitioner_user_id) == wanted.practitioner_user_id,
        col(Appointment.starts_at) > wanted.starts_at - LONGEST_REACH,
        *_overlapping(wanted),
    )
    return bool(session.execute(select(taken)).scalar_one())


def booking_conflict(session: Session, wanted: WantedTime, detail: Mapping[str, object]) -> BookingConflict:
    """The refusal with everything that is in the way: who or what, and when; never another patient's name."""
    names = _names(session, wanted)
    obstacles = [_obstacle(row, names, wanted) for row in _in_the_way(session, wanted, detail)]
    if not obstacles:
        return BookingConflict("The time was taken a moment ago; please choose another or try again.")
    return BookingConflict(
        "The time is not free. " + " ".join(obstacle.sentence for obstacle in obstacles), obstacles=obstacles
    )


@dataclass(frozen=True)
class _Taken:
    subject_id: UUID
    kind: str
    appointment_id: UUID
    starts_at: datetime
    ends_at: datetime


def _overlapping(wanted: WantedTime) -> tuple[ColumnElement[bool], ...]:
    until = col(Appointment.ends_at) + func.make_interval(0, 0, 0, 0, 0, col(Appointment.buffer_minutes))
    return (
        col(Appointment.id) != wanted.appointment_id,
        col(Appointment.deleted_at).is_(None),
        col(Appointment.status) != AppointmentStatus.CANCELLED,
        col(Appointment.starts_at) < wanted.ends_at,
        until > wanted.starts_at,
    )


def _in_the_way(session: Session, wanted: WantedTime, detail: Mapping[str, object]) -> list[_Taken]:
    named = detail.get("other_appointment_id")
    near = and_(
        col(Appointment.starts_at) > wanted.starts_at - LONGEST_REACH,
        or_(
            col(Appointment.practitioner_user_id) == wanted.practitioner_user_id,
            col(Appointment.clinic_location_id) == wanted.clinic_location_id,
        ),
    )
    statement = (
        select(
            col(Reservation.subject_id),
            col(Reservation.kind),
            col(Appointment.id),
            col(Appointment.starts_at),
            col(Appointment.ends_at) + func.make_interval(0, 0, 0, 0, 0, col(Appointment.buffer_minutes)),
        )
        .join(Reservation, col(Reservation.appointment_id) == col(Appointment.id))
        .where(
            or_(near, col(Appointment.id) == UUID(named)) if isinstance(named, str) else near,
            col(Reservation.subject_id).in_(wanted.blocked_subjects),
            *_overlapping(wanted),
        )
        .order_by(col(Appointment.starts_at), col(Appointment.id))
    )
    order = {subject: place for place, subject in enumerate(wanted.blocked_subjects)}
    taken = [_Taken(*row) for row in session.execute(statement).all()]
    return sorted(taken, key=lambda one: order[one.subject_id])


def _names(session: Session, wanted: WantedTime) -> dict[UUID, str]:
    people = select(col(AppUser.id), col(AppUser.display_name)).where(col(AppUser.id) == wanted.practitioner_user_id)
    things = select(col(LocationResource.id), col(LocationResource.name)).where(
        col(LocationResource.id).in_(wanted.resource_ids)
    )
    return dict(session.execute(union_all(people, things)).all())


def _obstacle(taken: _Taken, names: Mapping[UUID, str], wanted: WantedTime) -> Obstacle:
    place = zone(wanted.timezone)
    name = names.get(taken.subject_id, taken.kind.capitalize())
    day = date_text(local_date(taken.starts_at, place), wanted.locale)
    times = f"from {time_text(taken.starts_at, place)} to {time_text(taken.ends_at, place)}"
    return Obstacle(
        subject_id=taken.subject_id,
        subject=name,
        kind=taken.kind,
        appointment_id=taken.appointment_id,
        sentence=f"{name} is taken {times} on {day}.",
    )
