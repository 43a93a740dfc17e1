"""Free time of practitioners: what is left of a day, and what was given back in the last days and is still free."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.access import Actor, Permission
from clinic_core.kit.calendar import clip, local_date, subtract, zone
from clinic_core.kit.clock import now
from clinic_core.models import Absence, Appointment, AppointmentEvent, ClinicLocation, LocationClosure
from clinic_core.scheduling.availability import ClosedDays, closed_spans
from clinic_core.scheduling.conflict_facts import LONGEST_REACH
from clinic_core.scheduling.schemas import WorkingHours, WorkingSpan
from clinic_core.scheduling.waiting_match import FreeTime
from clinic_core.vocabulary import AppointmentStatus, Scope

# Shorter pieces are nobody's appointment.
SHORTEST_GAP = timedelta(minutes=5)
# The latest freed times that are looked at.
MOST_FREED = 200

_Spans = Sequence[tuple[datetime, datetime]]


def visible_calendars(actor: Actor, location_id: UUID, practitioner_ids: Collection[UUID]) -> set[UUID]:
    """Those of the practitioners whose free time at the location the actor sees: all there, or only the own."""
    scope = actor.scope(Permission.APPOINTMENT_READ)
    if scope is Scope.ORGANISATION or (scope is Scope.LOCATION and location_id in actor.location_ids):
        return set(practitioner_ids)
    return {practitioner_id for practitioner_id in practitioner_ids if practitioner_id == actor.user_id}


def taken_spans(
    session: Session, practitioner_ids: Collection[UUID], during: tuple[datetime, datetime]
) -> dict[UUID, list[tuple[datetime, datetime]]]:
    """When the practitioners have something, buffers included, wherever it is; one query."""
    until = col(Appointment.ends_at) + func.make_interval(0, 0, 0, 0, 0, col(Appointment.buffer_minutes))
    statement = select(col(Appointment.practitioner_user_id), col(Appointment.starts_at), until).where(
        col(Appointment.practitioner_user_id).in_(practitioner_ids),
        col(Appointment.starts_at) > during[0] - LONGEST_REACH,
        col(Appointment.starts_at) < during[1],
        col(Appointment.deleted_at).is_(None),
        col(Appointment.status) != AppointmentStatus.CANCELLED,
    )
    taken: dict[UUID, list[tuple[datetime, datetime]]] = {}
    for practitioner_id, starts_at, ends_at in session.execute(statement):
        taken.setdefault(practitioner_id, []).append((starts_at, ends_at))
    return taken


def free_of_day(
    hours: WorkingHours,
    rota: Mapping[UUID, bool],
    taken: Mapping[UUID, _Spans],
    during: tuple[datetime, datetime],
) -> list[FreeTime]:
    """Working time less what is taken, by start; `rota` says of each practitioner whether any hours are known.

    Where none are known the opening hours of the location count, less the absences of the person.
    """
    found: list[FreeTime] = []
    for practitioner_id, has_rota in rota.items():
        if has_rota:
            working = _spans(hours.working.get(practitioner_id, ()))
        else:
            away = [(one.starts_at, one.ends_at) for one in hours.absences if one.user_id == practitioner_id]
            working = subtract(_spans(hours.opening), away)
        found += _gaps(practitioner_id, subtract(clip(working, during), taken.get(practitioner_id, ())))
    return sorted(found, key=lambda one: (one.starts_at, one.practitioner_user_id))


def freed_times(
    session: Session, location: ClinicLocation, practitioner_ids: Collection[UUID], *, since: datetime
) -> list[FreeTime]:
    """Times ahead at the location that were given back since an instant and are free still, by start; four queries.

    Not where the practitioner is away or the location is closed: a day that was called off gives nothing back.
    """
    moved_away = or_(
        col(AppointmentEvent.from_starts_at) != col(AppointmentEvent.to_starts_at),
        col(AppointmentEvent.from_ends_at) != col(AppointmentEvent.to_ends_at),
        col(AppointmentEvent.from_practitioner_user_id) != col(AppointmentEvent.to_practitioner_user_id),
        col(AppointmentEvent.from_clinic_location_id) != col(AppointmentEvent.to_clinic_location_id),
    )
    called_off = and_(
        col(AppointmentEvent.to_status) == AppointmentStatus.CANCELLED,
        col(AppointmentEvent.from_status) != AppointmentStatus.CANCELLED,
    )
    statement = (
        select(
            col(AppointmentEvent.from_practitioner_user_id),
            col(AppointmentEvent.from_starts_at),
            col(AppointmentEvent.from_ends_at),
        )
        .where(
            col(AppointmentEvent.created_at) >= since,
            col(AppointmentEvent.from_starts_at) > now(),
            col(AppointmentEvent.from_clinic_location_id) == location.id,
            col(AppointmentEvent.from_practitioner_user_id).in_(practitioner_ids),
            or_(moved_away, called_off, col(AppointmentEvent.deleted)),
        )
        .order_by(col(AppointmentEvent.created_at).desc(), col(AppointmentEvent.id))
        .limit(MOST_FREED)
    )
    freed: dict[UUID, list[tuple[datetime, datetime]]] = {}
    for practitioner_id, starts_at, ends_at in session.execute(statement):
        if practitioner_id is None or starts_at is None or ends_at is None:
            continue  # the first step of an appointment comes from nowhere; the conditions leave it out
        freed.setdefault(practitioner_id, []).append((starts_at, ends_at))
    if not freed:
        return []
    spans = [span for found in freed.values() for span in found]
    during = (min(start for start, _ in spans), max(end for _, end in spans))
    closed = _closed(session, location, during)
    taken, away = taken_spans(session, list(freed), during), _away(session, list(freed), during)
    found = [
        gap
        for practitioner_id, given_back in freed.items()
        for gap in _gaps(
            practitioner_id,
            subtract(given_back, [*taken.get(practitioner_id, ()), *away.get(practitioner_id, ()), *closed]),
        )
    ]
    return sorted(found, key=lambda one: (one.starts_at, one.practitioner_user_id))


def _away(
    session: Session, practitioner_ids: Collection[UUID], during: tuple[datetime, datetime]
) -> dict[UUID, list[tuple[datetime, datetime]]]:
    statement = select(col(Absence.user_id), col(Absence.starts_at), col(Absence.ends_at)).where(
        col(Absence.user_id).in_(practitioner_ids),
        col(Absence.starts_at) < during[1],
        col(Absence.ends_at) > during[0],
    )
    found: dict[UUID, list[tuple[datetime, datetime]]] = {}
    for practitioner_id, starts_at, ends_at in session.execute(statement):
        found.setdefault(practitioner_id, []).append((starts_at, ends_at))
    return found


def _closed(session: Session, location: ClinicLocation, during: tuple[datetime, datetime]) -> _Spans:
    place = zone(location.timezone)
    at = col(LocationClosure.clinic_location_id)
    statement = select(col(LocationClosure.starts_on), col(LocationClosure.ends_on)).where(
        or_(at == location.id, at.is_(None)),
        col(LocationClosure.ends_on) >= local_date(during[0], place),
        col(LocationClosure.starts_on) <= local_date(during[1], place),
    )
    return closed_spans([ClosedDays(*row) for row in session.execute(statement)], place, during)


def _spans(spans: Sequence[WorkingSpan]) -> list[tuple[datetime, datetime]]:
    return [(span.starts_at, span.ends_at) for span in spans]


def _gaps(practitioner_id: UUID, spans: _Spans) -> list[FreeTime]:
    return [FreeTime(practitioner_id, start, end) for start, end in spans if end - start >= SHORTEST_GAP]
