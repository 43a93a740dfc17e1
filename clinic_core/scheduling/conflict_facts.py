"""What is known about wanted times: who and what is taken, who works when, what is closed. One query for all of them.

Ranges are read by the b-tree indexes on the start of appointments: under row-level security `&&` cannot use its own.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from clinic_core.kit.calendar import zone
from clinic_core.scheduling.availability import ClosedDays
from clinic_core.scheduling.bookable import Person, Place, Thing, Treatment
from clinic_core.scheduling.schemas import AvailabilityRule, OpeningSpan, WeeklyAvailability
from clinic_core.vocabulary import ProductType, ResourceType, UserStatus

# An appointment is at most a day long and its buffer four hours; older starts cannot reach into a time.
LONGEST_BUFFER = timedelta(hours=4)
LONGEST_REACH = timedelta(hours=24) + LONGEST_BUFFER


@dataclass(frozen=True)
class WantedTime:
    """What a booking asks for, in plain values that outlive the transaction; `ends_at` is without the buffer."""

    appointment_id: UUID
    patient_id: UUID
    practitioner_user_id: UUID
    clinic_location_id: UUID
    starts_at: datetime
    ends_at: datetime
    buffer_minutes: int
    resource_ids: tuple[UUID, ...]

    @property
    def until(self) -> datetime:
        """The end of what is reserved: that of the buffer."""
        return self.ends_at + timedelta(minutes=self.buffer_minutes)


@dataclass(frozen=True)
class Taken:
    """An appointment that shares a practitioner, a patient or a room with a wanted time, near it."""

    subject_id: UUID
    appointment_id: UUID
    starts_at: datetime
    ends_at: datetime
    until: datetime


@dataclass(frozen=True)
class Hours:
    """When a location is open, and the days on which it is closed."""

    place: Place
    zone: ZoneInfo
    opening: tuple[OpeningSpan, ...]
    closures: tuple[tuple[ClosedDays, str], ...]


@dataclass(frozen=True)
class Away:
    """Somebody or something is not there."""

    subject_id: UUID
    starts_at: datetime
    ends_at: datetime


@dataclass
class Facts:
    """Everything that the validator looks at; `taken` by the place of the wanted time in the list.

    `zones` are those of all locations, as a day off may be one of another place than the wanted time.
    """

    taken: dict[int, list[Taken]] = field(default_factory=lambda: defaultdict(list))
    same_day: dict[int, list[Taken]] = field(default_factory=lambda: defaultdict(list))
    people: dict[UUID, tuple[Person, tuple[AvailabilityRule, ...]]] = field(default_factory=dict)
    places: dict[UUID, Hours] = field(default_factory=dict)
    things: dict[UUID, Thing] = field(default_factory=dict)
    services: dict[UUID, Treatment] = field(default_factory=dict)
    away: list[Away] = field(default_factory=list)
    zones: list[ZoneInfo] = field(default_factory=list)


_FACTS = text(
    """
    with w as materialized (
      select * from jsonb_to_recordset(cast(:wanted as jsonb)) as w(
        n int, appointment_id uuid, patient_id uuid, practitioner_id uuid, location_id uuid, resource_ids uuid[],
        starts_at timestamptz, ends_at timestamptz, until timestamptz)),
    span as (select min(starts_at) as first, max(until) as last from w),
    found as (
      select w.n, w.practitioner_id as subject, a.id, a.starts_at, a.ends_at, a.buffer_minutes, w.starts_at as since
      from w join appointment a on a.practitioner_user_id = w.practitioner_id
        and a.starts_at > w.starts_at - :reach and a.starts_at < w.until
      where a.id <> w.appointment_id and a.deleted_at is null and a.status <> 'cancelled'
      union all
      select w.n, r.resource_id, a.id, a.starts_at, a.ends_at, a.buffer_minutes, w.starts_at
      from w join appointment a on a.clinic_location_id = w.location_id
        and a.starts_at > w.starts_at - :reach and a.starts_at < w.until and a.deleted_at is null
      join appointment_resource r on r.organization_id = a.organization_id and r.appointment_id = a.id
        and r.resource_id = any(w.resource_ids)
      where w.resource_ids <> '{}' and a.id <> w.appointment_id and a.status <> 'cancelled')
    select 'taken' as part, jsonb_build_array(f.n, f.subject, f.id, f.starts_at, f.ends_at,
      f.ends_at + f.buffer_minutes * interval '1 minute') as fact
    from found f where f.ends_at + f.buffer_minutes * interval '1 minute' > f.since
    union all
    select 'patient', jsonb_build_array(w.n, w.patient_id, a.id, a.starts_at, a.ends_at, a.ends_at)
    from w join appointment a on a.patient_id = w.patient_id
      and a.starts_at > w.starts_at - :reach and a.starts_at < w.ends_at + :reach
    where a.id <> w.appointment_id and a.deleted_at is null and a.status <> 'cancelled'
    union all
    select 'person', jsonb_build_array(u.id, u.display_name, u.status, p.availability_json::text)
    from app_user u join practitioner_profile p on p.organization_id = u.organization_id and p.user_id = u.id
    where u.id in (select practitioner_id from w)
    union all
    select 'place', jsonb_build_array(l.id, l.name, l.timezone, l.active,
      (select jsonb_agg(jsonb_build_array(h.weekday, h.opens, h.closes) order by h.weekday, h.opens)
       from location_hours h where h.organization_id = l.organization_id and h.clinic_location_id = l.id),
      (select jsonb_agg(jsonb_build_array(c.starts_on, c.ends_on, c.name) order by c.starts_on, c.id)
       from location_closure c, span where c.organization_id = l.organization_id
         and (c.clinic_location_id = l.id or c.clinic_location_id is null)
         and c.ends_on >= span.first::date - 1 and c.starts_on <= span.last::date + 1))
    from clinic_location l where l.id in (select location_id from w)
    union all
    select 'away', jsonb_build_array(b.user_id, b.starts_at, b.ends_at)
    from absence b, span where b.user_id in (select practitioner_id from w)
      and b.starts_at < span.last and b.ends_at > span.first
    union all
    select 'zone', jsonb_build_array(l.timezone) from (select distinct timezone from clinic_location) l
    union all
    select 'thing', jsonb_build_array(r.id, r.name, r.type, r.category, r.clinic_location_id, r.active)
    from location_resource r where r.id in (select unnest(resource_ids) from w)
    union all
    select 'service', jsonb_build_array(s.id, s.name, s.code, s.color, s.type, s.active, s.duration_minutes,
      s.buffer_minutes)
    from product_service s where s.id = cast(:service as uuid)
    union all
    select 'away', jsonb_build_array(o.resource_id, o.starts_at, o.ends_at)
    from resource_outage o, span where o.resource_id in (select unnest(resource_ids) from w)
      and o.starts_at < span.last and o.ends_at > span.first
    """
)


def gather_facts(session: Session, wanted: Sequence[WantedTime], *, service_id: UUID | None = None) -> Facts:
    """What the database knows about the wanted times, in one query however many they are.

    The longest buffer is looked at, so that the buffer of a service may be known only from this answer.
    """
    facts = Facts()
    asked = json.dumps([_asked(n, one) for n, one in enumerate(wanted)])
    for part, fact in session.execute(_FACTS, {"wanted": asked, "reach": LONGEST_REACH, "service": service_id}):
        _take(facts, part, fact)
    return facts


def _asked(n: int, wanted: WantedTime) -> dict[str, object]:
    return {
        "n": n,
        "appointment_id": str(wanted.appointment_id),
        "patient_id": str(wanted.patient_id),
        "practitioner_id": str(wanted.practitioner_user_id),
        "location_id": str(wanted.clinic_location_id),
        "resource_ids": [str(one) for one in wanted.resource_ids],
        "starts_at": wanted.starts_at.isoformat(),
        "ends_at": wanted.ends_at.isoformat(),
        "until": (wanted.ends_at + LONGEST_BUFFER).isoformat(),
    }


def _take(facts: Facts, part: str, fact: list[Any]) -> None:
    match part:
        case "taken" | "patient":
            found = Taken(UUID(fact[1]), UUID(fact[2]), *map(datetime.fromisoformat, fact[3:6]))
            (facts.taken if part == "taken" else facts.same_day)[fact[0]].append(found)
        case "person":
            person = Person(UUID(fact[0]), fact[1], UserStatus(fact[2]))
            facts.people[person.id] = (person, stored_rules(fact[3]))
        case "place":
            hours = _hours(fact)
            facts.places[hours.place.id] = hours
        case "thing":
            thing = Thing(UUID(fact[0]), fact[1], ResourceType(fact[2]), fact[3], UUID(fact[4]), fact[5])
            facts.things[thing.id] = thing
        case "zone":
            facts.zones.append(zone(fact[0]))
        case "service":
            facts.services[UUID(fact[0])] = Treatment(
                UUID(fact[0]), fact[1], fact[2], fact[3], ProductType(fact[4]), fact[5], fact[6], fact[7]
            )
        case _:
            facts.away.append(Away(UUID(fact[0]), *map(datetime.fromisoformat, fact[1:3])))


def _hours(fact: list[Any]) -> Hours:
    place = Place(UUID(fact[0]), *fact[1:4])
    opening = tuple(opening_span(*span) for span in fact[4] or ())
    closures = tuple(
        (ClosedDays(date.fromisoformat(first), date.fromisoformat(last)), name) for first, last, name in fact[5] or ()
    )
    return Hours(place, zone(place.timezone), opening, closures)


@lru_cache(maxsize=1024)
def opening_span(weekday: int, opens: str, closes: str) -> OpeningSpan:
    """One span of opening hours, as JSON has it."""
    return OpeningSpan.model_validate({"weekday": weekday, "opens": opens, "closes": closes})


@lru_cache(maxsize=256)
def stored_rules(stored: str) -> tuple[AvailabilityRule, ...]:
    """The weekly rules as stored; reading them again costs more than the query that found them."""
    return WeeklyAvailability.from_json(json.loads(stored)).rules
