"""What the slot finder has to know whatever the day: who works there, when, and what the visit needs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.access import Actor
from clinic_core.errors import NotFound
from clinic_core.kit.calendar import local_date, zone
from clinic_core.kit.clock import now
from clinic_core.kit.text import field_error
from clinic_core.models import (
    Appointment,
    LocationResource,
    Patient,
    ServiceRequirement,
)
from clinic_core.scheduling.availability import ClosedDays
from clinic_core.scheduling.bookable import Bookable, check_resources
from clinic_core.scheduling.bookable import Thing as BookableThing
from clinic_core.scheduling.reach import MANAGE, is_own_patient, reaches
from clinic_core.scheduling.schemas import (
    AvailabilityRule,
    FindSlots,
    OpeningSpan,
    ResourceNeed,
    ResourceRef,
)
from clinic_core.scheduling.slots_facts import SlotFacts, gather_slot_facts
from clinic_core.scheduling.slots_times import MINUTE, Length
from clinic_core.vocabulary import ResourceType, UserStatus

# What counts as working time where neither rota nor opening hours are known: any day of the week, as which days a
# clinic rests on differs from country to country. The validator says nothing there, so these times can be booked.
USUAL_DAY = tuple(OpeningSpan(weekday=weekday, opens=time(8), closes=time(18)) for weekday in range(1, 8))


@dataclass(frozen=True)
class Person:
    """A practitioner who may be offered; `rules` are of this location, None where no rota is known at all."""

    id: UUID
    name: str
    rules: tuple[AvailabilityRule, ...] | None
    earliest: int


@dataclass(frozen=True)
class Thing:
    """A room or a piece of equipment and what it is good for."""

    ref: ResourceRef
    category: str


@dataclass(frozen=True)
class Known:
    """What stays the same for all windows of a search."""

    location_id: UUID
    place: ZoneInfo
    first: date
    length: Length
    people: tuple[Person, ...]
    hours: tuple[OpeningSpan, ...]
    closures: tuple[ClosedDays, ...]
    away: Mapping[UUID, list[tuple[datetime, datetime]]]
    named: tuple[Thing, ...]
    needs: tuple[ResourceNeed, ...]
    pool: tuple[Thing, ...]


def get_known(session: Session, actor: Actor, request: FindSlots) -> Known:
    """Everything but the appointments, in one query.

    Raises:
        NotFound: an unknown location, service, practitioner, room or piece of equipment.
        InvalidInput: one that cannot be booked any more, or a day outside the calendar.
    """
    facts = gather_slot_facts(session, request)
    bookable = facts.bookable
    place = zone(bookable.location.timezone)
    minutes = request.duration_minutes or (bookable.service.duration_minutes if bookable.service else None)
    if minutes is None:
        raise field_error("duration_minutes", "is needed where the service has none")
    buffer = _buffer_minutes(session, request, bookable)
    named = things_of(check_resources(facts.things, bookable.location, request.resource_ids))
    needs = tuple(choose(facts.needs if request.needs is None else request.needs, named)[1])
    return Known(
        location_id=bookable.location.id,
        place=place,
        first=local_date(max(request.starts_from, now()), place),
        length=Length(minutes * MINUTE, (minutes + buffer) * MINUTE),
        people=_people(session, actor, request, facts),
        hours=tuple(facts.hours),
        closures=tuple(facts.closures),
        away=facts.away,
        named=named,
        needs=needs,
        pool=_pool(facts, needs, named),
    )


def _buffer_minutes(session: Session, request: FindSlots, bookable: Bookable) -> int:
    """As asked for; an appointment that is moved takes its own along."""
    if request.buffer_minutes is not None:
        return request.buffer_minutes
    moved = session.get(Appointment, request.moved_appointment_id) if request.moved_appointment_id else None
    if moved is not None:
        return moved.buffer_minutes
    return bookable.service.buffer_minutes if bookable.service else 0


def _people(session: Session, actor: Actor, request: FindSlots, facts: SlotFacts) -> tuple[Person, ...]:
    """Whose calendar the actor may book, by name; patients may book everybody's for themselves, with notice."""
    if len(facts.people) < len(request.practitioner_ids):
        raise NotFound("This practitioner does not exist.")
    soonest = max(request.starts_from, now())
    online = max(request.starts_from, now() + timedelta(minutes=actor.settings.online_notice_minutes))
    is_own = _books_for_oneself(session, actor, request.patient_id)
    people = []
    for one in facts.people:
        is_reached = reaches(actor, MANAGE, practitioner_id=one.id, location_id=request.clinic_location_id)
        if one.status is UserStatus.INACTIVE or not (is_reached or is_own):
            continue
        here = tuple(rule for rule in one.rules if rule.clinic_location_id == request.clinic_location_id)
        earliest = -int(-(soonest if is_reached else online).timestamp() // 1)
        people.append(Person(one.id, one.name, here if one.rules else None, earliest))
    return tuple(sorted(people, key=lambda person: (person.name.casefold(), person.id)))


def _books_for_oneself(session: Session, actor: Actor, patient_id: UUID | None) -> bool:
    patient = session.get(Patient, patient_id) if patient_id else None
    return patient is not None and is_own_patient(actor, patient)


def needs_of(session: Session, service_id: UUID | None) -> tuple[ResourceNeed, ...]:
    """What a service requires; nothing where none is chosen."""
    return needs_of_each(session, {service_id}).get(service_id, ()) if service_id else ()


def needs_of_each(session: Session, service_ids: Collection[UUID]) -> dict[UUID, tuple[ResourceNeed, ...]]:
    """What those of the services require that require something."""
    statement = select(
        col(ServiceRequirement.product_service_id),
        col(ServiceRequirement.resource_type),
        col(ServiceRequirement.category),
    ).where(col(ServiceRequirement.product_service_id).in_(service_ids))
    needs: dict[UUID, tuple[ResourceNeed, ...]] = {}
    for service_id, kind, category in session.execute(statement) if service_ids else ():
        needs[service_id] = (*needs.get(service_id, ()), ResourceNeed(type=kind, category=category))
    return needs


def choose(needs: Iterable[ResourceNeed], things: Iterable[Thing]) -> tuple[list[Thing], list[ResourceNeed]]:
    """For each need the first thing that serves it, and the needs that nothing is left for.

    Needs of a category choose first: what those of any take could be the only one of its category.
    """
    left, chosen, missing = list(things), [], []
    for need in sorted(needs, key=lambda one: (not one.category, one.type, one.category)):
        thing = next((one for one in left if _serves(one, need)), None)
        if thing is None:
            missing.append(need)
        else:
            left.remove(thing)
            chosen.append(thing)
    return chosen, missing


def _serves(thing: Thing, need: ResourceNeed) -> bool:
    """Whether the room or piece of equipment is what is needed; categories are compared without regard to case."""
    is_good = not need.category or thing.category.casefold() == need.category.casefold()
    return thing.ref.type is need.type and is_good


def _pool(facts: SlotFacts, needs: tuple[ResourceNeed, ...], named: Sequence[Thing]) -> tuple[Thing, ...]:
    """What is in service at the location and may serve a need that nothing named serves."""
    taken = {thing.ref.id for thing in named}
    others = [one for one in facts.things.values() if one.id not in taken]
    return tuple(thing for thing in things_of(others) if any(_serves(thing, need) for need in needs))


def things_of(resources: Iterable[LocationResource | BookableThing]) -> tuple[Thing, ...]:
    """Rooms first, by name: the order in which they are chosen."""
    ordered = sorted(resources, key=lambda one: (one.type is ResourceType.EQUIPMENT, one.name.casefold(), one.id))
    return tuple(Thing(ResourceRef(id=one.id, type=one.type, name=one.name), one.category) for one in ordered)
