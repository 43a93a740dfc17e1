"""What the slot finder has to know whatever the day: who works there, when, and what the visit needs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import exists, or_, select, union_all
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.access import Actor
from clinic_core.errors import InvalidInput, NotFound
from clinic_core.kit.calendar import local_date, range_bounds, zone
from clinic_core.kit.clock import now
from clinic_core.kit.text import field_error
from clinic_core.models import (
    Absence,
    Appointment,
    AppUser,
    LocationClosure,
    LocationHours,
    LocationResource,
    Patient,
    PractitionerProfile,
    ResourceOutage,
    ServiceRequirement,
    UserLocation,
)
from clinic_core.scheduling.availability import ClosedDays
from clinic_core.scheduling.bookable import Bookable, find_bookable, find_resources
from clinic_core.scheduling.bookable import Thing as BookableThing
from clinic_core.scheduling.reach import MANAGE, is_own_patient, reaches
from clinic_core.scheduling.schemas import (
    AvailabilityRule,
    FindSlots,
    OpeningSpan,
    ResourceNeed,
    ResourceRef,
    WeeklyAvailability,
)
from clinic_core.scheduling.slots_times import MINUTE, Length
from clinic_core.vocabulary import ResourceType, UserStatus

# What counts as working time where neither rota nor opening hours are known: any day of the week, as which days a
# clinic rests on differs from country to country. The validator says nothing there, so these times can be booked.
USUAL_DAY = tuple(OpeningSpan(weekday=weekday, opens=time(8), closes=time(18)) for weekday in range(1, 8))
# After the last day of a window a visit may run on: at most two more days, and one for a day of 23 hours.
_DAYS_AFTER = timedelta(days=3)


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
    """Everything but the appointments, in a constant number of queries.

    Raises:
        NotFound: an unknown location, service, practitioner, room or piece of equipment.
        InvalidInput: one that cannot be booked any more, or a day outside the calendar.
    """
    bookable = find_bookable(session, request.clinic_location_id, service_id=request.product_service_id)
    place = zone(bookable.location.timezone)
    minutes = request.duration_minutes or (bookable.service.duration_minutes if bookable.service else None)
    if minutes is None:
        raise field_error("duration_minutes", "is needed where the service has none")
    buffer = _buffer_minutes(session, request, bookable)
    first = local_date(max(request.starts_from, now()), place)
    during = _horizon(first, request.days, place)
    named = things_of(find_resources(session, bookable.location, request.resource_ids))
    asked = needs_of(session, request.product_service_id) if request.needs is None else request.needs
    needs = tuple(choose(asked, named)[1])
    pool = _pool(session, bookable.location.id, needs, named)
    people = _people(session, actor, request)
    subjects = [*(person.id for person in people), *(thing.ref.id for thing in (*named, *pool))]
    return Known(
        location_id=bookable.location.id,
        place=place,
        first=first,
        length=Length(minutes * MINUTE, (minutes + buffer) * MINUTE),
        people=people,
        hours=_hours(session, bookable.location.id),
        closures=closures_of(session, bookable.location.id, first),
        away=away_of(session, subjects, during),
        named=named,
        needs=needs,
        pool=pool,
    )


def _buffer_minutes(session: Session, request: FindSlots, bookable: Bookable) -> int:
    """As asked for; an appointment that is moved takes its own along."""
    if request.buffer_minutes is not None:
        return request.buffer_minutes
    moved = session.get(Appointment, request.moved_appointment_id) if request.moved_appointment_id else None
    if moved is not None:
        return moved.buffer_minutes
    return bookable.service.buffer_minutes if bookable.service else 0


def _horizon(first: date, days: int, place: ZoneInfo) -> tuple[datetime, datetime]:
    try:
        return range_bounds(first, first + timedelta(days=days) + _DAYS_AFTER, place)
    except OverflowError as error:
        raise InvalidInput(f"The year {first.year} is outside the calendar.") from error


def _people(session: Session, actor: Actor, request: FindSlots) -> tuple[Person, ...]:
    """Whose calendar the actor may book, by name; patients may book everybody's for themselves, with notice."""
    works_here = exists().where(
        col(UserLocation.user_id) == col(AppUser.id),
        col(UserLocation.clinic_location_id) == request.clinic_location_id,
    )
    statement = (
        select(
            col(AppUser.id), col(AppUser.display_name), col(AppUser.status), col(PractitionerProfile.availability_json)
        )
        .join(PractitionerProfile, col(PractitionerProfile.user_id) == col(AppUser.id))
        .where(col(AppUser.id).in_(request.practitioner_ids) if request.practitioner_ids else works_here)
    )
    found = session.execute(statement).all()
    if len(found) < len(request.practitioner_ids):
        raise NotFound("This practitioner does not exist.")
    soonest = max(request.starts_from, now())
    online = max(request.starts_from, now() + timedelta(minutes=actor.settings.online_notice_minutes))
    is_own = _books_for_oneself(session, actor, request.patient_id)
    people = []
    for user_id, name, status, stored in found:
        is_reached = reaches(actor, MANAGE, practitioner_id=user_id, location_id=request.clinic_location_id)
        if status is UserStatus.INACTIVE or not (is_reached or is_own):
            continue
        rules = WeeklyAvailability.from_json(stored).rules
        here = tuple(rule for rule in rules if rule.clinic_location_id == request.clinic_location_id)
        earliest = -int(-(soonest if is_reached else online).timestamp() // 1)
        people.append(Person(user_id, name, here if rules else None, earliest))
    return tuple(sorted(people, key=lambda person: (person.name.casefold(), person.id)))


def _books_for_oneself(session: Session, actor: Actor, patient_id: UUID | None) -> bool:
    patient = session.get(Patient, patient_id) if patient_id else None
    return patient is not None and is_own_patient(actor, patient)


def needs_of(session: Session, service_id: UUID | None) -> tuple[ResourceNeed, ...]:
    """What a service requires; nothing where none is chosen."""
    if service_id is None:
        return ()
    statement = select(col(ServiceRequirement.resource_type), col(ServiceRequirement.category)).where(
        col(ServiceRequirement.product_service_id) == service_id
    )
    return tuple(ResourceNeed(type=kind, category=category) for kind, category in session.execute(statement))


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


def _pool(
    session: Session, location_id: UUID, needs: tuple[ResourceNeed, ...], named: Sequence[Thing]
) -> tuple[Thing, ...]:
    if not needs:
        return ()
    statement = select(LocationResource).where(
        col(LocationResource.clinic_location_id) == location_id,
        col(LocationResource.active).is_(True),
        col(LocationResource.type).in_({need.type for need in needs}),
        col(LocationResource.id).not_in([thing.ref.id for thing in named]),
    )
    found = things_of(session.scalars(statement))
    return tuple(thing for thing in found if any(_serves(thing, need) for need in needs))


def things_of(resources: Iterable[LocationResource | BookableThing]) -> tuple[Thing, ...]:
    """Rooms first, by name: the order in which they are chosen."""
    ordered = sorted(resources, key=lambda one: (one.type is ResourceType.EQUIPMENT, one.name.casefold(), one.id))
    return tuple(Thing(ResourceRef(id=one.id, type=one.type, name=one.name), one.category) for one in ordered)


def _hours(session: Session, location_id: UUID) -> tuple[OpeningSpan, ...]:
    statement = select(col(LocationHours.weekday), col(LocationHours.opens), col(LocationHours.closes)).where(
        col(LocationHours.clinic_location_id) == location_id
    )
    return tuple(
        OpeningSpan(weekday=weekday, opens=opens, closes=closes)
        for weekday, opens, closes in session.execute(statement)
    )


def closures_of(session: Session, location_id: UUID, first: date) -> tuple[ClosedDays, ...]:
    """The days on which a location is closed from a day on, those of the whole clinic too."""
    statement = select(col(LocationClosure.starts_on), col(LocationClosure.ends_on)).where(
        or_(col(LocationClosure.clinic_location_id) == location_id, col(LocationClosure.clinic_location_id).is_(None)),
        col(LocationClosure.ends_on) >= first,
    )
    return tuple(ClosedDays(*row) for row in session.execute(statement))


def away_of(
    session: Session, subjects: Collection[UUID], during: tuple[datetime, datetime]
) -> dict[UUID, list[tuple[datetime, datetime]]]:
    """Absences of people and outages of things."""
    absences = select(col(Absence.user_id), col(Absence.starts_at), col(Absence.ends_at)).where(
        col(Absence.user_id).in_(subjects), col(Absence.starts_at) < during[1], col(Absence.ends_at) > during[0]
    )
    outages = select(col(ResourceOutage.resource_id), col(ResourceOutage.starts_at), col(ResourceOutage.ends_at)).where(
        col(ResourceOutage.resource_id).in_(subjects),
        col(ResourceOutage.starts_at) < during[1],
        col(ResourceOutage.ends_at) > during[0],
    )
    found: dict[UUID, list[tuple[datetime, datetime]]] = {}
    for subject, starts_at, ends_at in session.execute(union_all(absences, outages)):
        found.setdefault(subject, []).append((starts_at, ends_at))
    return found
