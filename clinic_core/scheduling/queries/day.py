"""The day at the front desk (S10): what is free still and for whom, what was left open, whether anything changed."""

from datetime import timedelta

from sqlalchemy import ColumnElement, func, select
from sqlmodel import col

from clinic_core.access import Permission, Work, query
from clinic_core.access.scope import appointments_in_scope
from clinic_core.kit.calendar import day_bounds, range_bounds, zone
from clinic_core.kit.clock import now
from clinic_core.models import Appointment, ClinicLocation
from clinic_core.scheduling.openings import free_of_day, taken_spans, visible_calendars
from clinic_core.scheduling.queries.hours import working_hours
from clinic_core.scheduling.queries.places import list_practitioners
from clinic_core.scheduling.rows import appointment_rows
from clinic_core.scheduling.schemas import (
    AppointmentRow,
    DayOpenings,
    DayPulse,
    FreeGap,
    GetWorkingHours,
    ListDay,
    ListPractitioners,
    ListUnclosed,
    UnclosedCount,
)
from clinic_core.scheduling.transitions import FINAL
from clinic_core.scheduling.waiting_match import FreeTime, bookable, matches_of, waiting_for

_READ = Permission.APPOINTMENT_READ


@query(_READ, name="appointment.openings")
def day_openings(work: Work, request: ListDay) -> DayOpenings:
    """What practitioners have free at a location for the rest of a day, and how many who wait could have a part of it.

    A constant number of queries. Readers of one calendar only get that one.

    Raises:
        NotFound: an unknown location.
    """
    location = work.get(ClinicLocation, request.clinic_location_id, called="location")
    place = zone(location.timezone)
    day = day_bounds(request.day, place)
    people = list_practitioners(work, ListPractitioners(clinic_location_id=location.id))
    shown = visible_calendars(work.actor, location.id, [person.id for person in people])
    rota = {
        person.id: bool(person.availability)
        for person in people
        if person.id in shown and (not request.practitioner_ids or person.id in request.practitioner_ids)
    }
    during = (max(day.start, now()), day.end)
    if not rota or during[0] >= during[1]:
        return DayOpenings(gaps=(), matching=0)
    hours = working_hours(work, GetWorkingHours(clinic_location_id=location.id, first=request.day, last=request.day))
    taken = taken_spans(work.session, [FreeTime(practitioner_id, *during) for practitioner_id in rota])
    gaps = free_of_day(hours, rota, taken, during)
    names = {person.id: person.name for person in people}
    return DayOpenings(
        gaps=tuple(
            FreeGap(
                practitioner_user_id=gap.practitioner_user_id,
                practitioner=names[gap.practitioner_user_id],
                starts_at=gap.starts_at,
                ends_at=gap.ends_at,
            )
            for gap in gaps
        ),
        matching=_matching(work, location, gaps),
    )


@query(_READ, name="appointment.unclosed")
def unclosed_appointments(work: Work, request: ListUnclosed) -> list[AppointmentRow]:
    """Appointments of earlier days that nobody completed, cancelled or recorded as a no-show, the oldest first.

    Raises:
        NotFound: an unknown location.
    """
    return appointment_rows(work.session, work.actor, *_unclosed(work, request), limit=request.limit)


@query(_READ, name="appointment.count_unclosed")
def count_unclosed(work: Work, request: ListUnclosed) -> UnclosedCount:
    """How many `unclosed_appointments` there are, and how many of them on the day before.

    Raises:
        NotFound: an unknown location.
    """
    location = work.get(ClinicLocation, request.clinic_location_id, called="location")
    yesterday = day_bounds(request.before - timedelta(days=1), zone(location.timezone))
    statement = select(func.count(), func.count().filter(col(Appointment.starts_at) >= yesterday.start)).where(
        *_unclosed(work, request)
    )
    total, day_before = work.session.execute(statement).one()
    return UnclosedCount(total=total, day_before=day_before)


@query(_READ, name="appointment.pulse")
def day_pulse(work: Work, request: ListDay) -> DayPulse:
    """When the appointments of a day in reach were last written to, cheap enough to be asked every few seconds.

    Raises:
        NotFound: an unknown location.
    """
    location = work.get(ClinicLocation, request.clinic_location_id, called="location")
    day = day_bounds(request.day, zone(location.timezone))
    statement = select(func.count(), func.max(Appointment.updated_at)).where(
        appointments_in_scope(work.actor, _READ),
        col(Appointment.deleted_at).is_(None),
        col(Appointment.clinic_location_id) == location.id,
        col(Appointment.starts_at) >= day.start,
        col(Appointment.starts_at) < day.end,
    )
    count, changed_at = work.session.execute(statement).one()
    return DayPulse(appointments=count, changed_at=changed_at)


def _matching(work: Work, location: ClinicLocation, gaps: list[FreeTime]) -> int:
    """How many people could be booked into a gap: everybody's first is tried, then the others while they last."""
    if not gaps:
        return 0
    place = zone(location.timezone)
    rows = waiting_for(work.session, work.actor, location.id, {gap.practitioner_user_id for gap in gaps})
    matches = [match for gap in gaps for match in matches_of(rows, gap, place)]
    first = {match.entry.id: match for match in reversed(matches)}
    tried = [*first.values(), *(match for match in matches if match is not first[match.entry.id])]
    return len({match.entry.id for match in bookable(work.session, work.actor, tried)})


def _unclosed(work: Work, request: ListUnclosed) -> list[ColumnElement[bool]]:
    location = work.get(ClinicLocation, request.clinic_location_id, called="location")
    last = request.before - timedelta(days=1)
    days = range_bounds(last - timedelta(days=request.days_back - 1), last, zone(location.timezone))
    conditions = [
        appointments_in_scope(work.actor, _READ),
        col(Appointment.deleted_at).is_(None),
        col(Appointment.clinic_location_id) == location.id,
        col(Appointment.starts_at) >= days.start,
        col(Appointment.starts_at) < days.end,
        col(Appointment.status).not_in(FINAL),
    ]
    if request.practitioner_ids:
        conditions.append(col(Appointment.practitioner_user_id).in_(request.practitioner_ids))
    return conditions
