"""Free times (S8): when somebody can be seen who works then, with rooms and equipment that are free then.

A few days are looked at, then more and more, and only as long as answers are missing. What is found can be
booked as it is: it meets everything that the validator asks for, and PostgreSQL has the last word all the same.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from functools import cached_property
from heapq import merge as merge_sorted
from itertools import chain, islice
from uuid import UUID

from sqlalchemy.orm import Session

from clinic_core.access import Actor
from clinic_core.errors import Alternative
from clinic_core.kit.calendar import day_bounds, local_date, overlaps, range_bounds, subtract, zone
from clinic_core.kit.formats import Locale, day_text, time_text
from clinic_core.models import Appointment
from clinic_core.scheduling.availability import opening_spans, working_spans
from clinic_core.scheduling.schemas import FindSlots, OpeningSpan, SlotRow
from clinic_core.scheduling.slots_known import USUAL_DAY, Known, Person, Thing, choose, get_known
from clinic_core.scheduling.slots_taken import Taken, get_taken
from clinic_core.scheduling.slots_times import (
    Seconds,
    Wish,
    clock_of,
    common,
    instant_of,
    is_within,
    seconds_around,
    seconds_inside,
    starts_on,
)
from clinic_core.vocabulary import ResourceType

FIRST_DAYS = 4
"""The first days that are looked at: a weekend and the days around it. Then twice as many each time."""

_HALF_A_DAY = 12 * 3600


def free_slots(session: Session, actor: Actor, request: FindSlots) -> list[SlotRow]:
    """The next free times by start, then by the practitioner's name; on calendars that the actor may book.

    Raises:
        NotFound: an unknown location, service, practitioner, room or piece of equipment.
        InvalidInput: one that cannot be booked any more, or a day outside the calendar.
    """
    return list(islice(_slots(session, actor, request), request.limit))


def other_slots(session: Session, actor: Actor, request: FindSlots) -> list[SlotRow]:
    """As `free_slots`, without the time that an appointment which is to be moved has already, whatever its rooms.

    Raises: as `free_slots`.
    """
    return list(islice(_elsewhere(session, request, _slots(session, actor, request)), request.limit))


def alternatives_for(
    session: Session, actor: Actor, request: FindSlots, preferred_practitioner_id: UUID
) -> tuple[Alternative, ...]:
    """Times instead of one that is not free: those of the same practitioner first, then of everybody else there.

    They do not overlap one another, so that they are a choice and whoever comes second has one too; none is the time
    that an appointment which is to be moved has already.

    Raises: as `free_slots`.
    """
    same = request.model_copy(update={"practitioner_ids": (preferred_practitioner_id,)})
    anybody = request.model_copy(update={"practitioner_ids": ()})
    found: list[SlotRow] = []
    for slot in _elsewhere(session, request, chain(_slots(session, actor, same), _slots(session, actor, anybody))):
        if not any(_share(slot, other, request.buffer_minutes or 0) for other in found):
            found.append(slot)
        if len(found) == request.limit:
            break
    return tuple(_alternative(slot, actor.settings.locale) for slot in found)


def _slots(session: Session, actor: Actor, request: FindSlots) -> Iterator[SlotRow]:
    """All free times in order; what is taken on later days is read when those before them are used up."""
    known = get_known(session, actor, request)
    if not known.people:
        return
    passed, days = 0, FIRST_DAYS
    while passed < request.days:
        window = _Window(known, request, passed, min(days, request.days - passed))
        yield from window.slots(get_taken(session, known, request, window.bounds))
        passed, days = passed + days, 2 * days


def _elsewhere(session: Session, request: FindSlots, slots: Iterable[SlotRow]) -> Iterator[SlotRow]:
    """The slots at which the appointment that is moved is not already: with the same person, from and to that time."""
    moved = session.get(Appointment, request.moved_appointment_id) if request.moved_appointment_id else None
    if moved is None:
        return iter(slots)
    stands = (moved.practitioner_user_id, moved.clinic_location_id, moved.starts_at, moved.ends_at)
    return (
        slot
        for slot in slots
        if (slot.practitioner_user_id, slot.clinic_location_id, slot.starts_at, slot.ends_at) != stands
    )


def _share(one: SlotRow, other: SlotRow, buffer_minutes: int) -> bool:
    """Whether booking the one would take the other away."""
    buffer = timedelta(minutes=buffer_minutes)
    if not overlaps((one.starts_at, one.ends_at + buffer), (other.starts_at, other.ends_at + buffer)):
        return False
    same_person = one.practitioner_user_id == other.practitioner_user_id
    return same_person or not set(one.resource_ids).isdisjoint(other.resource_ids)


class _Window:
    """Some days of a search. Visits may run on into the days after them."""

    def __init__(self, known: Known, request: FindSlots, passed: int, days: int) -> None:
        self._known = known
        first = known.first + timedelta(days=passed)
        last = first + timedelta(days=days - 1)
        days_after = 1 + known.length.visit // _HALF_A_DAY
        wish = Wish(request.weekdays, request.time_from, request.time_to, request.step_minutes)
        self._clock = clock_of(wish, first, days + days_after, known.place)
        self._during = range_bounds(first, last + timedelta(days=days_after), known.place)
        self.bounds: Seconds = (
            seconds_around([self._during])[0][0],
            int(day_bounds(last, known.place).end.timestamp()),
        )

    def slots(self, taken: Taken) -> Iterator[SlotRow]:
        """The free times of the window in order, each found when it is asked for."""
        known = self._known
        closed = {thing.ref.id: self._closed_to(thing, taken) for thing in (*known.named, *known.pool)}
        in_the_way = [span for thing in known.named for span in closed[thing.ref.id]]
        in_the_way.extend(known.length.starts_meeting(taken.patient))
        allowed = subtract(known.length.starts_within(self._clock.allowed), in_the_way)
        opening = self._open(known.hours) if known.hours else None
        rooms = _Rooms(known, closed)
        starts = [
            self._starts(place, self._free(person, opening, taken), allowed)
            for place, person in enumerate(known.people)
        ]
        for start, place in merge_sorted(*starts):
            chosen = rooms.choose(start)
            if chosen is not None:
                yield _row(known, start, known.people[place], chosen)

    def _starts(self, place: int, free: list[Seconds], allowed: list[Seconds]) -> Iterator[tuple[int, int]]:
        soonest, end = max(self.bounds[0], self._known.people[place].earliest), self.bounds[1]
        for start in starts_on(self._clock, free, allowed):
            if soonest <= start < end:
                yield start, place

    def _open(self, hours: Iterable[OpeningSpan]) -> list[Seconds]:
        """When a location of those hours is open, closures left out."""
        known = self._known
        return seconds_inside(opening_spans(hours, known.place, closures=known.closures, during=self._during))

    @cached_property
    def _usual(self) -> list[Seconds]:
        """When it would be open, where nobody said."""
        return self._open(USUAL_DAY)

    def _free(self, person: Person, opening: list[Seconds] | None, taken: Taken) -> list[Seconds]:
        """The starts at which a practitioner works at an open location and is free; `opening` is None where unknown."""
        known = self._known
        away = known.away.get(person.id, [])
        if person.rules is None:
            works = subtract(self._usual if opening is None else opening, seconds_around(away))
        else:
            works = seconds_inside(
                working_spans(person.rules, known.place, closures=known.closures, absences=away, during=self._during)
            )
            works = works if opening is None else common(works, opening)
        blocked = known.length.starts_blocked_by(taken.subjects.get(person.id, ()))
        return subtract(known.length.starts_within(works), blocked)

    def _closed_to(self, thing: Thing, taken: Taken) -> list[Seconds]:
        """The starts at which a room or piece of equipment is taken or out of service."""
        out = seconds_around(self._known.away.get(thing.ref.id, ()))
        return self._known.length.starts_blocked_by([*taken.subjects.get(thing.ref.id, ()), *out])


class _Rooms:
    """Which rooms and equipment a visit gets: of those that serve a need the first free one by name."""

    def __init__(self, known: Known, closed: Mapping[UUID, list[Seconds]]) -> None:
        self._needs = known.needs
        self._pool = known.pool
        self._closed = closed
        self._chosen: dict[int, tuple[Thing, ...] | None] = {}

    def choose(self, start: int) -> tuple[Thing, ...] | None:
        """What is taken at that start, or None when something that is needed is not free."""
        if not self._needs:
            return ()
        if start not in self._chosen:
            self._chosen[start] = self._choice(start)
        return self._chosen[start]

    def _choice(self, start: int) -> tuple[Thing, ...] | None:
        free = [thing for thing in self._pool if not is_within(self._closed[thing.ref.id], start)]
        chosen, missing = choose(self._needs, free)
        return None if missing else tuple(chosen)


def _row(known: Known, start: int, person: Person, chosen: tuple[Thing, ...]) -> SlotRow:
    starts_at = instant_of(start)
    refs = [thing.ref for thing in (*known.named, *chosen)]
    return SlotRow(
        practitioner_user_id=person.id,
        practitioner=person.name,
        clinic_location_id=known.location_id,
        timezone=known.place.key,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(seconds=known.length.visit),
        resources=tuple(sorted(refs, key=lambda ref: (ref.type is ResourceType.EQUIPMENT, ref.name, ref.id))),
    )


def _alternative(slot: SlotRow, locale: Locale) -> Alternative:
    place = zone(slot.timezone)
    when = f"{day_text(local_date(slot.starts_at, place), locale)}, {time_text(slot.starts_at, place)}"
    rooms = "".join(f", {resource.name}" for resource in slot.resources)
    return Alternative(
        practitioner_user_id=slot.practitioner_user_id,
        practitioner=slot.practitioner,
        clinic_location_id=slot.clinic_location_id,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        resource_ids=slot.resource_ids,
        sentence=f"{when} with {slot.practitioner}{rooms}",
    )
