"""The oracle of the slot finder: every start of every practitioner, every rule asked by itself."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import cache

from clinic_core.kit.calendar import from_wall, to_wall
from clinic_core.scheduling.schemas import FindSlots
from clinic_core.vocabulary import ResourceType
from tests.scheduling.slot_worlds import BERLIN, MINUTE, PEOPLE, THINGS, Built, Span, World, meet

Offer = tuple[datetime, int, tuple[int, ...]]


def oracle(built: Built) -> list[Offer]:
    """Everything that is free, by start and practitioner; the finder's answers are the first of these."""
    wish = built.request()
    starts_from = to_wall(wish.starts_from, BERLIN).date()
    days = [starts_from + timedelta(n) for n in range(wish.days)]
    grid = {
        start
        for day in days
        for minute in range(0, 1440, wish.step_minutes)
        if (start := _said_once(datetime.combine(day, time()) + minute * MINUTE)) is not None
    }
    offers = []
    for person in range(len(PEOPLE)):
        for start in sorted(grid | _tidy(built, person, days)):
            rooms = _rooms(built, start)
            if start >= wish.starts_from and _is_free(built, person, start) and rooms is not None:
                offers.append((start, person, rooms))
    return sorted(offers)


def _said_once(wall: datetime) -> datetime | None:
    found = from_wall(wall, BERLIN)
    return None if found.shifted else found.instant


def _tidy(built: Built, person: int, days: Sequence[date]) -> set[datetime]:
    """Where working time begins, and where an appointment and its buffer end."""
    world = built.world
    begin = {one.reserved[1] for one in built.booked if one.person == person and not one.is_cancelled}
    works = [m for m in _minutes(days) if _works(world, person, m) and not _works(world, person, m - MINUTE)]
    return {
        start
        for start in begin | set(works)
        if _day(start) in days and from_wall(to_wall(start, BERLIN), BERLIN).instant == start
    }


def _minutes(days: Sequence[date]) -> Iterator[datetime]:
    start = _at(days[0], time())
    end = _at(days[-1] + timedelta(1), time())
    while start < end:
        yield start
        start += MINUTE


def _is_free(built: Built, person: int, start: datetime) -> bool:
    world, wish = built.world, built.request()
    visit = (start, start + world.minutes * MINUTE)
    reserved = (start, start + (world.minutes + world.buffer) * MINUTE)
    live = [one for one in built.booked if not one.is_cancelled]
    if any(one.person == person and meet(reserved, one.reserved) for one in live):
        return False
    if any(one.of_patient and meet(visit, one.visit) for one in live):
        return False
    return all(
        _works(world, person, start + n * MINUTE) and _is_wished(wish, start + n * MINUTE) for n in range(world.minutes)
    )


def _is_wished(wish: FindSlots, instant: datetime) -> bool:
    day = _day(instant)
    if wish.weekdays and day.isoweekday() not in wish.weekdays:
        return False
    opens = _at(day, wish.time_from or time())
    after = datetime.combine(day, wish.time_to) if wish.time_to else datetime.combine(day + timedelta(1), time())
    return opens <= instant < from_wall(after, BERLIN).instant


def _works(world: World, person: int, instant: datetime) -> bool:
    day = _day(instant)
    if any(closed == day for closed, _ in world.closures):
        return False
    if any(who == person and away[0] <= instant < away[1] for who, away in world.absences):
        return False
    is_open = any(
        weekday == day.isoweekday() and _between(day, opens, closes, instant) for weekday, opens, closes in world.hours
    )
    rota = world.rotas[person]
    if not rota and not world.hours:
        return _between(day, time(8), time(18), instant)
    if not rota:
        return is_open
    works = any(
        weekday == day.isoweekday()
        and (since is None or day >= since)
        and ((day - date(2031, 3, 24)).days // 7) % weeks == 0
        and _between(day, starts, ends, instant)
        for weekday, starts, ends, weeks, since in rota
    )
    return works and (is_open or not world.hours)


def _between(day: date, starts: time, ends: time, instant: datetime) -> bool:
    return _at(day, starts) <= instant < _at(day, ends)


@cache
def _at(day: date, clock: time) -> datetime:
    """The instant of that time in Berlin; asked of every start again, and the same few thousand times."""
    return from_wall(datetime.combine(day, clock), BERLIN).instant


@cache
def _day(instant: datetime) -> date:
    """The date in Berlin."""
    return to_wall(instant, BERLIN).date()


def _rooms(built: Built, start: datetime) -> tuple[int, ...] | None:
    """The rooms and equipment named, and for each further need the first free one; those of a category first."""
    world = built.world
    reserved = (start, start + (world.minutes + world.buffer) * MINUTE)
    free = [n for n in range(len(THINGS)) if not _is_out(built, n, reserved)]
    named: tuple[int, ...] = world.wish["resource_ids"]  # type: ignore[assignment]
    if not set(named) <= set(free):
        return None
    left = list(named)
    chosen = list(named)
    for kind, category in sorted(world.needs, key=lambda need: (need[1] == "", need[0], need[1])):
        fit = [n for n in left if _fits(n, kind, category)]
        if fit:
            left.remove(fit[0])
            continue
        fit = [n for n in free if n not in chosen and _fits(n, kind, category)]
        if not fit:
            return None
        chosen.append(fit[0])
    return tuple(sorted(chosen))


def _fits(thing: int, kind: ResourceType, category: str) -> bool:
    return THINGS[thing][1] is kind and category.lower() in {"", THINGS[thing][2].lower()}


def _is_out(built: Built, thing: int, reserved: Span) -> bool:
    return any(
        thing in one.things and not one.is_cancelled and meet(reserved, one.reserved) for one in built.booked
    ) or any(which == thing and meet(reserved, out) for which, out in built.world.outages)
