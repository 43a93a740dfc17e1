"""Which booked appointments can no longer take place as booked (S7): nobody is there, or the place or a room is not.

The same rules as the validator's, over all appointments ahead at once: the rows of a page get their sentences from
`conflicts`. What was lifted with a reason when the appointment was booked stays lifted, an absence only if it was
known by then.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.access import Actor, Permission
from clinic_core.access.scope import appointments_in_scope
from clinic_core.kit.calendar import Span, day_bounds, local_date, merge, overlaps, zone
from clinic_core.kit.clock import now
from clinic_core.models import (
    Absence,
    Appointment,
    AppointmentEvent,
    AppointmentResource,
    ClinicLocation,
    LocationClosure,
    LocationHours,
    PractitionerProfile,
    ResourceOutage,
)
from clinic_core.scheduling.availability import ClosedDays, closed_spans, opening_spans, working_spans
from clinic_core.scheduling.conflict_facts import LONGEST_REACH
from clinic_core.scheduling.schemas import AvailabilityRule, OpeningSpan, WeeklyAvailability
from clinic_core.scheduling.transitions import EXPECTED
from clinic_core.vocabulary import AppointmentStatus, ConflictKind

_K = ConflictKind
_DAY = timedelta(days=1)
_UTC = zone("UTC")

Rota = Mapping[UUID, tuple[AvailabilityRule, ...]]


@dataclass(frozen=True)
class Displaced:
    """An appointment that cannot take place as booked, and why."""

    appointment_id: UUID
    kinds: frozenset[ConflictKind]


def find_displaced(session: Session, *conditions: ColumnElement[bool], rota: Rota | None = None) -> list[Displaced]:
    """Those of the appointments ahead for which the conditions hold, by start; the caller brings the scope along.

    Ahead are booked and confirmed ones that are not over, and today's who have arrived. `rota` are weekly hours that
    are being considered, in place of the stored ones of those practitioners. A constant number of queries.
    """
    booked = _booked(session, conditions)
    if not booked:
        return []
    facts = _gather(session, booked, rota or {})
    found = [Displaced(one.id, facts.against(one)) for one in booked]
    return [one for one in found if one.kinds]


def count_displaced(
    session: Session, actor: Actor, *conditions: ColumnElement[bool], rota: Rota | None = None
) -> Counter[ConflictKind]:
    """How many of the appointments that the actor may see cannot take place as booked, by kind."""
    seen = appointments_in_scope(actor, Permission.APPOINTMENT_READ)
    found = find_displaced(session, seen, *conditions, rota=rota)
    return Counter(kind for one in found for kind in one.kinds)


class _Booked(NamedTuple):
    id: UUID
    practitioner_id: UUID
    location_id: UUID
    place: ZoneInfo
    during: Span
    lifted: tuple[str, ...]


class _Away(NamedTuple):
    starts_at: datetime
    ends_at: datetime
    recorded_at: datetime | None


@dataclass
class _Facts:
    during: Span
    rota: dict[UUID, tuple[AvailabilityRule, ...]]
    hours: dict[UUID, list[OpeningSpan]] = field(default_factory=lambda: defaultdict(list))
    closures: dict[UUID | None, list[ClosedDays]] = field(default_factory=lambda: defaultdict(list))
    absences: dict[UUID, list[_Away]] = field(default_factory=lambda: defaultdict(list))
    without_room: set[UUID] = field(default_factory=set)
    placed_at: dict[UUID, datetime] = field(default_factory=dict)
    _days: dict[tuple[UUID, UUID | None, date], list[Span]] = field(default_factory=dict)
    _closed: dict[UUID, list[tuple[datetime, datetime]]] = field(default_factory=dict)
    _away: dict[UUID, list[tuple[datetime, datetime]]] = field(default_factory=dict)

    def against(self, one: _Booked) -> frozenset[ConflictKind]:
        """Everything for which the appointment cannot take place as booked."""
        found = {
            _K.CLOSED: self._is_closed(one),
            _K.OUT_OF_SERVICE: one.id in self.without_room,
            _K.ABSENCE: self._is_away(one),
            _K.OUTSIDE_HOURS: _K.OUTSIDE_HOURS not in one.lifted and self._is_outside_hours(one),
        }
        return frozenset(kind for kind, holds in found.items() if holds)

    def _is_closed(self, one: _Booked) -> bool:
        if one.location_id not in self._closed:
            closures = (*self.closures[one.location_id], *self.closures[None])
            self._closed[one.location_id] = merge(closed_spans(closures, one.place, self.during))
        return _meets(one.during, self._closed[one.location_id])

    def _is_away(self, one: _Booked) -> bool:
        absences = self.absences[one.practitioner_id]
        if one.practitioner_id not in self._away:
            self._away[one.practitioner_id] = merge((away.starts_at, away.ends_at) for away in absences)
        if not _meets(one.during, self._away[one.practitioner_id]):
            return False
        known = self.placed_at.get(one.id) if _K.ABSENCE in one.lifted else None
        return any(
            overlaps(one.during, (away.starts_at, away.ends_at))
            and (known is None or away.recorded_at is None or away.recorded_at > known)
            for away in absences
        )

    def _is_outside_hours(self, one: _Booked) -> bool:
        if self.rota.get(one.practitioner_id) and not _lies_in(one.during, self._worked(one)):
            return True
        return bool(self.hours[one.location_id]) and not _lies_in(one.during, self._opened(one))

    def _worked(self, one: _Booked) -> list[Span]:
        key = (one.location_id, one.practitioner_id, one.during.start.date())
        if key not in self._days:
            rules = [rule for rule in self.rota[one.practitioner_id] if rule.clinic_location_id == one.location_id]
            self._days[key] = working_spans(rules, one.place, during=_around(one))
        return self._days[key]

    def _opened(self, one: _Booked) -> list[Span]:
        key = (one.location_id, None, one.during.start.date())
        if key not in self._days:
            self._days[key] = opening_spans(self.hours[one.location_id], one.place, during=_around(one))
        return self._days[key]


def _around(one: _Booked) -> Span:
    """Where all appointments that begin on its day (UTC) lie, so that one answer is good for them."""
    day = day_bounds(one.during.start.date(), _UTC)
    return Span(day.start, day.end + LONGEST_REACH)


def _lies_in(during: Span, spans: Sequence[Span]) -> bool:
    """Whether the appointment lies in one of the merged spans."""
    return any(span.start <= during.start and during.end <= span.end for span in spans)


def _meets(during: Span, spans: Sequence[tuple[datetime, datetime]]) -> bool:
    """Whether the appointment shares time with one of the sorted, disjoint spans."""
    before = bisect_left(spans, (during.end, during.end))
    return before > 0 and spans[before - 1][1] > during.start


def _booked(session: Session, conditions: Sequence[ColumnElement[bool]]) -> list[_Booked]:
    """In one row for each calendar: thousands of rows would cost more to carry over than to find."""
    instant = now()
    is_arrived = col(Appointment.status) == AppointmentStatus.ARRIVED
    fact = func.json_build_array(
        col(Appointment.id),
        col(Appointment.starts_at),
        col(Appointment.ends_at),
        is_arrived,
        col(Appointment.override_kinds_json),
    )
    calendar = (
        col(Appointment.practitioner_user_id),
        col(Appointment.clinic_location_id),
        col(ClinicLocation.timezone),
    )
    statement = (
        select(*calendar, func.json_agg(fact))
        .join(ClinicLocation, col(ClinicLocation.id) == col(Appointment.clinic_location_id))
        .where(
            col(Appointment.deleted_at).is_(None),
            col(Appointment.starts_at) > instant - LONGEST_REACH,
            or_(
                and_(col(Appointment.status).in_(EXPECTED), col(Appointment.ends_at) > instant),
                and_(is_arrived, col(Appointment.starts_at) > instant - _DAY),
            ),
            *conditions,
        )
        .group_by(*calendar)
    )
    found = []
    for practitioner_id, location_id, timezone, facts in session.execute(statement).all():
        place = zone(timezone)
        today = local_date(instant, place)
        for id_, starts_at, ends_at, has_arrived, lifted in facts:
            during = Span(datetime.fromisoformat(starts_at), datetime.fromisoformat(ends_at))
            if not has_arrived or local_date(during.start, place) == today:
                found.append(_Booked(UUID(id_), practitioner_id, location_id, place, during, tuple(lifted)))
    return sorted(found, key=lambda one: (one.during.start, one.id))


def _gather(session: Session, booked: Sequence[_Booked], considered: Rota) -> _Facts:
    people = {one.practitioner_id for one in booked}
    during = Span(booked[0].during.start, max(one.during.end for one in booked))
    facts = _Facts(during, {**_rota(session, people), **considered})
    hours = select(LocationHours).where(col(LocationHours.clinic_location_id).in_({one.location_id for one in booked}))
    for hour in session.scalars(hours):
        span = OpeningSpan(weekday=hour.weekday, opens=hour.opens, closes=hour.closes)
        facts.hours[hour.clinic_location_id].append(span)
    closures = select(
        col(LocationClosure.clinic_location_id), col(LocationClosure.starts_on), col(LocationClosure.ends_on)
    ).where(
        col(LocationClosure.ends_on) >= during.start.date() - _DAY,
        col(LocationClosure.starts_on) <= during.end.date() + _DAY,
    )
    for location_id, starts_on, ends_on in session.execute(closures):
        facts.closures[location_id].append(ClosedDays(starts_on, ends_on))
    absences = select(
        col(Absence.user_id), col(Absence.starts_at), col(Absence.ends_at), col(Absence.updated_at)
    ).where(col(Absence.user_id).in_(people), col(Absence.starts_at) < during.end, col(Absence.ends_at) > during.start)
    for user_id, starts_at, ends_at, recorded_at in session.execute(absences):
        facts.absences[user_id].append(_Away(starts_at, ends_at, recorded_at))
    facts.without_room = _without_room(session, during)
    lifted = [one.id for one in booked if _K.ABSENCE in one.lifted]
    if lifted:
        facts.placed_at = _placed_at(session, lifted)
    return facts


def _rota(session: Session, people: Collection[UUID]) -> dict[UUID, tuple[AvailabilityRule, ...]]:
    statement = select(col(PractitionerProfile.user_id), col(PractitionerProfile.availability_json)).where(
        col(PractitionerProfile.user_id).in_(people)
    )
    return {user_id: WeeklyAvailability.from_json(stored).rules for user_id, stored in session.execute(statement).all()}


def _without_room(session: Session, during: Span) -> set[UUID]:
    """The appointments that have a room or a piece of equipment while it is out of service, buffers included."""
    until = col(Appointment.ends_at) + func.make_interval(0, 0, 0, 0, 0, col(Appointment.buffer_minutes))
    statement = (
        select(col(Appointment.id))
        .join(AppointmentResource, col(AppointmentResource.appointment_id) == col(Appointment.id))
        .join(ResourceOutage, col(ResourceOutage.resource_id) == col(AppointmentResource.resource_id))
        .where(
            col(ResourceOutage.ends_at) > during.start,
            col(ResourceOutage.starts_at) < during.end + LONGEST_REACH,
            col(Appointment.starts_at) > during.start - LONGEST_REACH,
            col(Appointment.starts_at) < col(ResourceOutage.ends_at),
            until > col(ResourceOutage.starts_at),
        )
    )
    return set(session.scalars(statement))


def _placed_at(session: Session, appointment_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """When each was booked or last moved."""
    placed = or_(
        col(AppointmentEvent.from_starts_at).is_(None),
        col(AppointmentEvent.from_starts_at) != col(AppointmentEvent.to_starts_at),
        col(AppointmentEvent.from_ends_at) != col(AppointmentEvent.to_ends_at),
        col(AppointmentEvent.from_practitioner_user_id) != col(AppointmentEvent.to_practitioner_user_id),
    )
    statement = (
        select(col(AppointmentEvent.appointment_id), func.max(col(AppointmentEvent.created_at)))
        .where(col(AppointmentEvent.appointment_id).in_(appointment_ids), placed)
        .group_by(col(AppointmentEvent.appointment_id))
    )
    return {found: at for found, at in session.execute(statement).all() if at is not None}
