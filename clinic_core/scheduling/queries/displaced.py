"""The work-list of appointments that cannot take place as booked, and the ways out of it (S7)."""

from datetime import timedelta

from sqlalchemy import ColumnElement
from sqlmodel import col

from clinic_core.access import Permission, Work, query
from clinic_core.access.scope import appointments_in_scope
from clinic_core.errors import NotFound
from clinic_core.kit.calendar import day_bounds, local_date, zone
from clinic_core.models import Appointment
from clinic_core.scheduling.conflicts import find_obstacles
from clinic_core.scheduling.displaced import find_displaced
from clinic_core.scheduling.displaced_ways import find_colleagues, plan_rows, propose_slots, wanted_as_booked
from clinic_core.scheduling.rows import appointment_rows
from clinic_core.scheduling.schemas import (
    AppointmentRow,
    Colleague,
    DisplacedList,
    DisplacedRow,
    FindWays,
    ListDisplaced,
    PlanDay,
    PlannedRow,
    SlotRow,
)
from clinic_core.scheduling.transitions import MOVABLE
from clinic_core.vocabulary import Scope

_MANAGE = Permission.APPOINTMENT_MANAGE
_DAY = timedelta(days=1)


@query(_MANAGE, name="displaced.list")
def displaced_appointments(work: Work, request: ListDisplaced) -> DisplacedList:
    """The appointments ahead, by start, whose practitioner is away or does not work then, whose location is closed or
    whose room is out of service; of the calendars that the actor may book.

    What was lifted with a reason at booking is not listed for it.
    """
    conditions = _managed(work)
    if request.practitioner_ids:
        conditions.append(col(Appointment.practitioner_user_id).in_(request.practitioner_ids))
    if request.clinic_location_id is not None:
        conditions.append(col(Appointment.clinic_location_id) == request.clinic_location_id)
    if request.starts_before is not None:
        conditions.append(col(Appointment.starts_at) < request.starts_before)
    found = find_displaced(work.session, *conditions)
    kinds = {one.appointment_id: one.kinds for one in found[request.offset : request.offset + request.limit]}
    rows = appointment_rows(work.session, work.actor, col(Appointment.id).in_(kinds)) if kinds else []
    said = find_obstacles(work.session, work.actor, [wanted_as_booked(row) for row in rows])
    return DisplacedList(
        rows=tuple(
            DisplacedRow(appointment=row, obstacles=tuple(one for one in obstacles if one.kind in kinds[row.id]))
            for row, obstacles in zip(rows, said, strict=True)
        ),
        total=len(found),
    )


@query(_MANAGE, name="displaced.slots")
def propose_times(work: Work, request: FindWays) -> list[SlotRow]:
    """Up to three times for an appointment, with the same practitioner: the next ones that are free.

    Raises:
        NotFound: an unknown appointment, or one out of reach.
    """
    row = _movable(work, request)
    return propose_slots(work.session, work.actor, row, row.starts_at)


@query(_MANAGE, name="displaced.colleagues")
def colleagues_free(work: Work, request: FindWays) -> list[Colleague]:
    """Who else could see the patient at the time of an appointment, in the same rooms, by name.

    Raises:
        NotFound: an unknown appointment, or one out of reach.
    """
    return list(find_colleagues(work.session, work.actor, [_movable(work, request)])[0])


@query(_MANAGE, name="displaced.plan_day")
def plan_day(work: Work, request: PlanDay) -> list[PlannedRow]:
    """What could become of all appointments of a practitioner on a day that are not over: nothing is changed yet."""
    near = day_bounds(request.day, zone("UTC"))
    conditions = [
        *_managed(work),
        col(Appointment.practitioner_user_id) == request.practitioner_user_id,
        col(Appointment.status).in_(MOVABLE),
        col(Appointment.starts_at) > near.start - _DAY,
        col(Appointment.starts_at) < near.end + _DAY,
    ]
    if request.clinic_location_id is not None:
        conditions.append(col(Appointment.clinic_location_id) == request.clinic_location_id)
    rows = [
        row
        for row in appointment_rows(work.session, work.actor, *conditions)
        if local_date(row.starts_at, zone(row.timezone)) == request.day
    ]
    if not rows:
        return []
    earliest = request.earliest or request.day + _DAY
    return plan_rows(work.session, work.actor, rows, day_bounds(earliest, zone(rows[0].timezone)).start)


def _managed(work: Work) -> list[ColumnElement[bool]]:
    """Appointments on calendars that the actor may book; one's own appointments as a patient are none of them."""
    conditions = [col(Appointment.deleted_at).is_(None), appointments_in_scope(work.actor, _MANAGE)]
    if work.actor.scope(_MANAGE) is Scope.OWN:
        conditions.append(col(Appointment.practitioner_user_id) == work.actor.user_id)
    return conditions


def _movable(work: Work, request: FindWays) -> AppointmentRow:
    wanted = col(Appointment.id) == request.appointment_id
    for row in appointment_rows(
        work.session, work.actor, wanted, col(Appointment.status).in_(MOVABLE), *_managed(work)
    ):
        return row
    raise NotFound("This appointment does not exist, or is not ahead any more.")
