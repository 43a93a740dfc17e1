"""Free time of practitioners: what is left of a day, and what was given back in the last days and is still free."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select, text
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.access import Actor, Permission
from clinic_core.kit.calendar import clip, local_date, subtract, zone
from clinic_core.kit.clock import now
from clinic_core.models import Absence, AppointmentEvent, ClinicLocation, LocationClosure
from clinic_core.models.appointment import GIVES_BACK
from clinic_core.scheduling.availability import ClosedDays, closed_spans
from clinic_core.scheduling.conflict_facts import LONGEST_REACH
from clinic_core.scheduling.schemas import WorkingHours, WorkingSpan
from clinic_core.scheduling.waiting_match import FreeTime
from clinic_core.vocabulary import Scope

# Shorter pieces are nobody's appointment.
SHORTEST_GAP = timedelta(minutes=5)

_TAKEN = text(
    """
    with w as materialized (
      select * from jsonb_to_recordset(cast(:times as jsonb)) as w(
        practitioner_id uuid, starts_at timestamptz, ends_at timestamptz))
    select distinct a.practitioner_user_id, a.starts_at, a.ends_at + a.buffer_minutes * interval '1 minute'
    from w join appointment a on a.practitioner_user_id = w.practitioner_id
      and a.starts_at > w.starts_at - :reach and a.starts_at < w.ends_at
    where a.deleted_at is null and a.status <> 'cancelled'
      and a.ends_at + a.buffer_minutes * interval '1 minute' > w.starts_at
    """
)

_Spans = Sequence[tuple[datetime, datetime]]


def visible_calendars(actor: Actor, location_id: UUID, practitioner_ids: Collection[UUID]) -> set[UUID]:
    """Those of the practitioners whose free time at the location the actor sees: all there, or only the own."""
    scope = actor.scope(Permission.APPOINTMENT_READ)
    if scope is Scope.ORGANISATION or (scope is Scope.LOCATION and location_id in actor.location_ids):
        return set(practitioner_ids)
    return {practitioner_id for practitioner_id in practitioner_ids if practitioner_id == actor.user_id}


def taken_spans(session: Session, times: Sequence[FreeTime]) -> dict[UUID, list[tuple[datetime, datetime]]]:
    """What the practitioners have, buffers included and wherever it is, that reaches into one of the times; one query.

    The cost follows the times, not what lies between them.
    """
    asked = [
        {"practitioner_id": str(one.practitioner_user_id), "starts_at": str(one.starts_at), "ends_at": str(one.ends_at)}
        for one in times
    ]
    taken: dict[UUID, list[tuple[datetime, datetime]]] = {}
    found = session.execute(_TAKEN, {"times": json.dumps(asked), "reach": LONGEST_REACH})
    for practitioner_id, starts_at, ends_at in found:
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
    """All times ahead at the location that were given back since an instant and are free still, by start.

    Not where the practitioner is away or the location is closed: a day that was called off gives nothing back. Four
    queries; the cost follows what was given back and lies ahead, by an index of such steps.
    """
    statement = (
        select(
            col(AppointmentEvent.from_practitioner_user_id),
            col(AppointmentEvent.from_starts_at),
            col(AppointmentEvent.from_ends_at),
        )
        .where(
            GIVES_BACK,
            col(AppointmentEvent.from_clinic_location_id) == location.id,
            col(AppointmentEvent.from_starts_at) > now(),
            col(AppointmentEvent.created_at) >= since,
            col(AppointmentEvent.from_practitioner_user_id).in_(practitioner_ids),
        )
        .distinct()
    )
    times = [
        FreeTime(practitioner_id, starts_at, ends_at)
        for practitioner_id, starts_at, ends_at in session.execute(statement).all()
        if practitioner_id and starts_at and ends_at  # only the first step of an appointment comes from nowhere
    ]
    if not times:
        return []
    freed: dict[UUID, list[tuple[datetime, datetime]]] = {}
    for one in times:
        freed.setdefault(one.practitioner_user_id, []).append((one.starts_at, one.ends_at))
    during = (min(one.starts_at for one in times), max(one.ends_at for one in times))
    closed = _closed(session, location, during)
    taken, away = taken_spans(session, times), _away(session, list(freed), during)
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
