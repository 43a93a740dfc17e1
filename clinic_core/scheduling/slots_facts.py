"""What the database knows about a search for free times but the appointments: one query, whatever is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from clinic_core.errors import InvalidInput, NotFound
from clinic_core.kit.clock import now
from clinic_core.scheduling.availability import ClosedDays
from clinic_core.scheduling.bookable import Bookable, Place, Thing, Treatment, check_bookable
from clinic_core.scheduling.conflict_facts import opening_span, stored_rules
from clinic_core.scheduling.schemas import AvailabilityRule, FindSlots, OpeningSpan, ResourceNeed
from clinic_core.vocabulary import ProductType, ResourceType, UserStatus

# Before the first day for the zone of the location; after the last one a visit may run on for two days more.
_DAYS_BEFORE, _DAYS_AFTER = timedelta(days=2), timedelta(days=6)

_FACTS = text(
    """
    with people as materialized (
      select u.id, u.display_name, u.status, p.availability_json::text as rota
      from app_user u join practitioner_profile p on p.organization_id = u.organization_id and p.user_id = u.id
      where case when cardinality(cast(:people as uuid[])) > 0 then u.id = any(cast(:people as uuid[]))
        else exists (select from user_location l where l.user_id = u.id and l.clinic_location_id = :location) end),
    needs as materialized (
      select s.resource_type, s.category from service_requirement s
      where s.product_service_id = cast(:needing as uuid)),
    things as materialized (
      select r.* from location_resource r
      where r.id = any(cast(:things as uuid[])) or (r.clinic_location_id = :location and r.active
        and (r.type = any(cast(:types as text[])) or r.type in (select resource_type from needs))))
    select 'place' as part, jsonb_build_array(l.id, l.name, l.timezone, l.active) as fact
    from clinic_location l where l.id = :location
    union all
    select 'service', jsonb_build_array(s.id, s.name, s.code, s.color, s.type, s.active, s.duration_minutes,
      s.buffer_minutes)
    from product_service s where s.id = cast(:service as uuid)
    union all
    select 'person', jsonb_build_array(id, display_name, status, rota) from people
    union all
    select 'need', jsonb_build_array(resource_type, category) from needs
    union all
    select 'thing', jsonb_build_array(id, name, type, category, clinic_location_id, active) from things
    union all
    select 'hours', jsonb_build_array(h.weekday, h.opens, h.closes)
    from location_hours h where h.clinic_location_id = :location
    union all
    select 'closure', jsonb_build_array(c.starts_on, c.ends_on)
    from location_closure c where (c.clinic_location_id = :location or c.clinic_location_id is null)
      and c.ends_on >= cast(:since as date)
    union all
    select 'away', jsonb_build_array(b.user_id, b.starts_at, b.ends_at)
    from absence b where b.user_id in (select id from people) and b.starts_at < :until and b.ends_at > :since
    union all
    select 'away', jsonb_build_array(o.resource_id, o.starts_at, o.ends_at)
    from resource_outage o where o.resource_id in (select id from things)
      and o.starts_at < :until and o.ends_at > :since
    """
)


@dataclass(frozen=True)
class Practitioner:
    """Somebody who may work there, with the weekly rules of all locations."""

    id: UUID
    name: str
    status: UserStatus
    rules: tuple[AvailabilityRule, ...]


@dataclass
class SlotFacts:
    """Everything but the appointments; `things` are those named and those that may serve a need."""

    bookable: Bookable
    people: list[Practitioner] = field(default_factory=list)
    needs: list[ResourceNeed] = field(default_factory=list)
    things: dict[UUID, Thing] = field(default_factory=dict)
    hours: list[OpeningSpan] = field(default_factory=list)
    closures: list[ClosedDays] = field(default_factory=list)
    away: dict[UUID, list[tuple[datetime, datetime]]] = field(default_factory=dict)


def gather_slot_facts(session: Session, request: FindSlots) -> SlotFacts:
    """What is known about the search.

    Raises:
        NotFound: an unknown location or service.
        InvalidInput: one that cannot be booked any more, or a day outside the calendar.
    """
    parts: dict[str, list[list[Any]]] = {}
    for part, fact in session.execute(_FACTS, _asked(request)):
        parts.setdefault(part, []).append(fact)
    facts = SlotFacts(_bookable(parts, with_service=request.product_service_id is not None))
    facts.people = [
        Practitioner(UUID(id_), name, UserStatus(status), stored_rules(rota))
        for id_, name, status, rota in parts.get("person", ())
    ]
    facts.needs = [ResourceNeed(type=kind, category=category) for kind, category in parts.get("need", ())]
    for id_, name, kind, category, location_id, active in parts.get("thing", ()):
        thing = Thing(UUID(id_), name, ResourceType(kind), category, UUID(location_id), active)
        facts.things[thing.id] = thing
    facts.hours = [opening_span(*span) for span in parts.get("hours", ())]
    facts.closures = [ClosedDays(*map(date.fromisoformat, days)) for days in parts.get("closure", ())]
    for subject, starts_at, ends_at in parts.get("away", ()):
        span = (datetime.fromisoformat(starts_at), datetime.fromisoformat(ends_at))
        facts.away.setdefault(UUID(subject), []).append(span)
    return facts


def _asked(request: FindSlots) -> dict[str, object]:
    soonest = max(request.starts_from, now())
    try:
        until = soonest + timedelta(days=request.days) + _DAYS_AFTER
    except OverflowError as error:
        raise InvalidInput(f"The year {soonest.year} is outside the calendar.") from error
    return {
        "location": request.clinic_location_id,
        "service": request.product_service_id,
        "needing": request.product_service_id if request.needs is None else None,
        "people": list(request.practitioner_ids),
        "things": list(request.resource_ids),
        "types": sorted({need.type.value for need in request.needs or ()}),
        "since": soonest - _DAYS_BEFORE,
        "until": until,
    }


def _bookable(parts: Mapping[str, Sequence[Sequence[Any]]], *, with_service: bool) -> Bookable:
    if "place" not in parts:
        raise NotFound("This location does not exist.")
    (place,) = parts["place"]
    service = None
    for id_, name, code, color, kind, *rest in parts.get("service", ()):
        service = Treatment(UUID(id_), name, code, color, ProductType(kind), *rest)
    bookable = Bookable(Place(UUID(place[0]), *place[1:]), None, service)
    check_bookable(bookable, with_practitioner=False, with_service=with_service)
    return bookable
