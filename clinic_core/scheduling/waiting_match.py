"""For whom of those who wait a free time is right, and which part of it (S9); what is found can be booked as it is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import or_
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.access import Actor, Permission
from clinic_core.errors import Conflict
from clinic_core.kit.calendar import Span, from_wall, local_date
from clinic_core.kit.clock import now
from clinic_core.models import WaitingListEntry
from clinic_core.scheduling.conflicts import WantedTime, find_obstacles
from clinic_core.scheduling.schemas import FindFreeResources, WaitingMatch, WaitingRow
from clinic_core.scheduling.slots_resources import are_served, find_free_resources
from clinic_core.scheduling.waiting_list import GRAVITY, in_reach, waiting_rows
from clinic_core.vocabulary import Severity, WaitingStatus

# The longest list that is looked through for a free time; the most urgent come first in it.
MOST_WAITING = 300
# As many times as the validator looks at in one query, and how often it is asked: together the longest list.
MOST_CHECKED = 60
_MOST_ROUNDS = MOST_WAITING // MOST_CHECKED
_STEP = timedelta(minutes=5)


@dataclass(frozen=True)
class FreeTime:
    """A time in which a practitioner has nothing."""

    practitioner_user_id: UUID
    starts_at: datetime
    ends_at: datetime


def waiting_for(
    session: Session, actor: Actor, location_id: UUID, practitioner_ids: Iterable[UUID]
) -> list[WaitingRow]:
    """Who waits at the location for one of the practitioners or for anybody, as far as the actor sees them."""
    return waiting_rows(
        session,
        actor,
        *in_reach(actor, Permission.APPOINTMENT_READ),
        col(WaitingListEntry.status) == WaitingStatus.WAITING,
        col(WaitingListEntry.clinic_location_id) == location_id,
        or_(
            col(WaitingListEntry.practitioner_user_id).is_(None),
            col(WaitingListEntry.practitioner_user_id).in_(tuple(practitioner_ids)),
        ),
        limit=MOST_WAITING,
    )


def fitting_part(row: WaitingRow, free: FreeTime, place: ZoneInfo) -> Span | None:
    """The first part of a free time that is right for somebody: practitioner, day, time of day and length.

    It begins on a whole five minutes where the free time has begun already.
    """
    day = local_date(free.starts_at, place)
    if row.practitioner_user_id not in {None, free.practitioner_user_id}:
        return None
    if row.weekdays and day.isoweekday() not in row.weekdays:
        return None
    if (row.earliest_on and day < row.earliest_on) or (row.latest_on and day > row.latest_on):
        return None
    start, end = max(free.starts_at, _next_step(now())), free.ends_at
    if row.time_from:
        start = max(start, from_wall(datetime.combine(day, row.time_from), place).instant)
    if row.time_to:
        end = min(end, from_wall(datetime.combine(day, row.time_to), place).instant)
    until = start + timedelta(minutes=row.duration_minutes)
    return Span(start, until) if until <= end else None


def matches_of(rows: Sequence[WaitingRow], free: FreeTime, place: ZoneInfo) -> list[WaitingMatch]:
    """For whom the free time is right, best first: urgency, then whole days of waiting, then fit.

    Fit: who wants this very practitioner, then who leaves least of the time unused.
    """
    found = [
        WaitingMatch(entry=row, practitioner_user_id=free.practitioner_user_id, starts_at=part.start, ends_at=part.end)
        for row in rows
        if (part := fitting_part(row, free, place)) is not None
    ]
    return sorted(found, key=lambda match: _rank(match, free))


def bookable(session: Session, actor: Actor, matches: Sequence[WaitingMatch]) -> list[WaitingMatch]:
    """Those of the first matches, all at one location, that can be booked as they are; three queries for all.

    Nothing is in the way of them, their own appointments, hours and buffers neither, and what their service needs of
    rooms and equipment is free then.
    """
    tried = [_wanted(match) for match in matches[:MOST_CHECKED]]
    services = [match.entry.product_service_id for match in matches[:MOST_CHECKED]]
    if not tried:
        return []
    times = [(service_id, (one.starts_at, one.until)) for service_id, one in zip(services, tried, strict=True)]
    served = are_served(session, tried[0].clinic_location_id, times)
    possible = [n for n, is_served in enumerate(served) if is_served]
    obstacles = find_obstacles(session, actor, [tried[n] for n in possible])
    return [
        matches[n]
        for n, found in zip(possible, obstacles, strict=True)
        if all(one.severity is Severity.INFO for one in found)
    ]


def best_bookable(
    session: Session, actor: Actor, by_time: Sequence[Sequence[WaitingMatch]], most: int
) -> list[list[WaitingMatch]]:
    """For each free time the best matches that nothing is in the way of, so many at most.

    The validator looks at the best of each time first, and at those behind them only where too few can be booked; as
    a rule in one query, in a handful whatever the list.
    """
    found: list[list[WaitingMatch]] = [[] for _ in by_time]
    looked_at = [0] * len(by_time)
    for _ in range(_MOST_ROUNDS):
        short = [n for n, matches in enumerate(by_time) if len(found[n]) < most and looked_at[n] < len(matches)]
        if not short:
            break
        share = max(MOST_CHECKED // len(short), 1)
        tried = [(n, match) for n in short for match in by_time[n][looked_at[n] : looked_at[n] + share]]
        free = {id(match) for match in bookable(session, actor, [match for _, match in tried])}
        for n, match in tried:
            if id(match) in free:
                found[n].append(match)
        for n in short:
            looked_at[n] += share
    return [matches[:most] for matches in found]


def rooms_for(session: Session, entry: WaitingListEntry, during: tuple[datetime, datetime]) -> tuple[UUID, ...]:
    """The rooms and equipment that the service of an entry needs, chosen among those that are free then.

    Raises:
        Conflict: one that it needs is not free.
    """
    asked = FindFreeResources(
        clinic_location_id=entry.clinic_location_id,
        product_service_id=entry.product_service_id,
        starts_at=during[0],
        ends_at=during[1],
    )
    found = find_free_resources(session, asked)
    if found.missing:
        need = found.missing[0]
        raise Conflict(f"No {need.category or need.type.label.lower()} is free at that time; choose another time.")
    return tuple(one.id for one in found.chosen)


def _rank(match: WaitingMatch, free: FreeTime) -> tuple[object, ...]:
    row = match.entry
    days = (now() - row.waiting_since).days
    spare = (free.ends_at - free.starts_at) - (match.ends_at - match.starts_at)
    return (GRAVITY[row.urgency], -days, row.practitioner_user_id is None, spare, row.waiting_since, row.id)


def _wanted(match: WaitingMatch) -> WantedTime:
    row = match.entry
    return WantedTime(
        appointment_id=row.id,
        patient_id=row.patient_id,
        practitioner_user_id=match.practitioner_user_id,
        clinic_location_id=row.clinic_location_id,
        starts_at=match.starts_at,
        ends_at=match.ends_at,
        buffer_minutes=row.buffer_minutes,
        resource_ids=(),
    )


def _next_step(instant: datetime) -> datetime:
    return instant + (datetime.min.replace(tzinfo=instant.tzinfo) - instant) % _STEP
