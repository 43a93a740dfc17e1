"""Who waits, whom a free time is right for, and what was given back lately (S9)."""

from datetime import timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlmodel import col

from clinic_core.access import Permission, Work, query
from clinic_core.errors import InvalidInput, NotFound
from clinic_core.kit.calendar import zone
from clinic_core.kit.clock import now
from clinic_core.models import ClinicLocation, Patient, WaitingListEntry
from clinic_core.scheduling.bookable import find_bookable
from clinic_core.scheduling.openings import freed_times, visible_calendars
from clinic_core.scheduling.queries.places import list_practitioners
from clinic_core.scheduling.schemas import (
    FreedSlot,
    GetWaiting,
    ListFreed,
    ListPractitioners,
    ListWaiting,
    MatchesForSlot,
    WaitingMatch,
    WaitingRow,
)
from clinic_core.scheduling.waiting_list import in_reach, waiting_rows
from clinic_core.scheduling.waiting_match import FreeTime, best_bookable, matches_of, waiting_for

_READ = Permission.APPOINTMENT_READ
# Freed times that are shown, and people named for each.
_MOST_FREED, _MOST_MATCHES = 12, 5


@query(_READ, name="waiting.list")
def list_waiting(work: Work, request: ListWaiting) -> list[WaitingRow]:
    """Who waits, the most urgent first, then who waits longest; one page."""
    return waiting_rows(
        work.session, work.actor, *_conditions(work, request), offset=request.offset, limit=request.limit
    )


@query(_READ, name="waiting.count")
def count_waiting(work: Work, request: ListWaiting) -> int:
    """How many `list_waiting` would find without its limit."""
    statement = (
        select(func.count())
        .select_from(WaitingListEntry)
        .join(Patient, col(Patient.id) == col(WaitingListEntry.patient_id))
        .where(*_conditions(work, request))
    )
    return work.session.execute(statement).scalar_one()


@query(_READ, name="waiting.get")
def get_waiting(work: Work, request: GetWaiting) -> WaitingRow:
    """One entry of the waiting list.

    Raises:
        NotFound: unknown, out of reach, or of a patient who is archived, deleted, merged or has died.
    """
    conditions = (col(WaitingListEntry.id) == request.entry_id, *in_reach(work.actor, _READ))
    for row in waiting_rows(work.session, work.actor, *conditions):
        return row
    raise NotFound("This entry of the waiting list does not exist.")


@query(_READ, name="waiting.matches")
def matches_for_slot(work: Work, request: MatchesForSlot) -> list[WaitingMatch]:
    """Those who wait and could be booked into a time of a practitioner, best first: urgency, wait, fit.

    Nobody whom something is in the way of: the patient's own appointments, hours, absences, buffers. Nobody either
    where the place or the practitioner takes no bookings any more.

    Raises:
        NotFound: an unknown location or practitioner.
    """
    try:
        location = find_bookable(
            work.session, request.clinic_location_id, practitioner_id=request.practitioner_user_id
        ).location
    except InvalidInput:
        return []
    if not visible_calendars(work.actor, location.id, [request.practitioner_user_id]):
        return []
    free = FreeTime(request.practitioner_user_id, request.starts_at, request.ends_at)
    rows = waiting_for(work.session, work.actor, location.id, [free.practitioner_user_id])
    found = matches_of(rows, free, zone(location.timezone))
    return best_bookable(work.session, work.actor, [found], request.limit)[0]


@query(_READ, name="waiting.freed")
def freed_slots(work: Work, request: ListFreed) -> list[FreedSlot]:
    """Times ahead that were cancelled, moved away or deleted lately and are free still, each with whom it is right for.

    The soonest first; a bounded number of queries.

    Raises:
        NotFound: an unknown location.
    """
    location = work.get(ClinicLocation, request.clinic_location_id, called="location")
    people = list_practitioners(work, ListPractitioners(clinic_location_id=location.id))
    names = {person.id: person.name for person in people}
    wanted = set(names) & set(request.practitioner_ids or names)
    shown = visible_calendars(work.actor, location.id, wanted)
    since = now() - timedelta(days=request.days_back)
    times = freed_times(work.session, location, shown, since=since)[:_MOST_FREED]
    if not times:
        return []
    rows = waiting_for(work.session, work.actor, location.id, shown)
    place = zone(location.timezone)
    by_time = [matches_of(rows, free, place) for free in times]
    found = best_bookable(work.session, work.actor, by_time, _MOST_MATCHES)
    return [
        FreedSlot(
            practitioner_user_id=free.practitioner_user_id,
            practitioner=names[free.practitioner_user_id],
            starts_at=free.starts_at,
            ends_at=free.ends_at,
            matches=tuple(matches),
        )
        for free, matches in zip(times, found, strict=True)
    ]


def _conditions(work: Work, request: ListWaiting) -> list[ColumnElement[bool]]:
    conditions = [*in_reach(work.actor, _READ), col(WaitingListEntry.status).in_(request.statuses)]
    if request.clinic_location_id is not None:
        conditions.append(col(WaitingListEntry.clinic_location_id) == request.clinic_location_id)
    if request.practitioner_user_id is not None:
        practitioner = col(WaitingListEntry.practitioner_user_id)
        conditions.append(or_(practitioner.is_(None), practitioner == request.practitioner_user_id))
    if request.patient_id is not None:
        conditions.append(col(WaitingListEntry.patient_id) == request.patient_id)
    if request.urgencies:
        conditions.append(col(WaitingListEntry.urgency).in_(request.urgencies))
    return conditions
