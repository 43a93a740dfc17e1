"""From rows to what the calendar draws: columns of practitioners or rooms, what lies on them, the hours shown."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from clinic_core.access import Actor, Permission
from clinic_core.kit.calendar import range_bounds, subtract, to_wall
from clinic_core.scheduling.schemas import AppointmentRow, PractitionerRow, ResourceRow, WorkingHours
from clinic_core.ui.calendar_banners import Days, Gone, banners_of, blocks_of, people_gone, rooms_gone, shades_of
from clinic_core.ui.calendar_blocks import Drawing, make_block
from clinic_core.ui.calendar_types import NO_ROOM, Block, Board, Column, Shade

_OPENS, _CLOSES = time(8), time(18)


@dataclass(frozen=True)
class Shown:
    """The days that are shown and what lies on them; `first_visits` are the appointments of new patients."""

    first: date
    last: date
    place: ZoneInfo
    rows: Sequence[AppointmentRow]
    first_visits: Collection[UUID]
    hours: WorkingHours
    has_opening_hours: bool
    is_by_type: bool
    is_narrow: bool


def board_of_people(actor: Actor, shown: Shown, people: Sequence[PractitionerRow]) -> Board:
    """A column for each practitioner; who has no rota is taken to work while the location is open."""
    spans = {
        person.id: shown.hours.working.get(person.id, ())
        if person.availability
        else shown.hours.opening
        if shown.has_opening_hours
        else None
        for person in people
    }
    free = {
        found: None if working is None else [(span.starts_at, span.ends_at) for span in working]
        for found, working in spans.items()
    }
    drawing = Drawing(actor, shown.first_visits, is_by_type=shown.is_by_type, with_practitioner=False)
    return _board(
        actor,
        shown,
        [Column(person.id, person.name) for person in people],
        [make_block(drawing, row, row.practitioner_user_id) for row in shown.rows if row.practitioner_user_id in free],
        people_gone(shown.hours.absences, free),
        list(_off(shown, free)),
    )


def board_of_rooms(actor: Actor, shown: Shown, rooms: Sequence[ResourceRow]) -> Board:
    """A column for each room and piece of equipment; what takes none stands in a column of its own."""
    hours = _room_hours(shown)
    columns = [Column(room.id, room.name) for room in rooms]
    if any(not row.resources for row in shown.rows) and not (shown.is_narrow and rooms):
        columns = [*columns, Column(NO_ROOM, "Without room")]
    ids = {column.id for column in columns}
    drawing = Drawing(actor, shown.first_visits, is_by_type=shown.is_by_type, with_practitioner=True)
    return _board(
        actor,
        shown,
        columns,
        [
            make_block(drawing, row, column)
            for row in shown.rows
            for column in (row.resource_ids or (NO_ROOM,))
            if column in ids
        ],
        rooms_gone(shown.hours.outages, ids),
        list(_off(shown, dict.fromkeys(ids, hours))),
    )


def _room_hours(shown: Shown) -> list[tuple[datetime, datetime]] | None:
    """When rooms are in use: the opening hours, else whenever somebody works; None where neither is known."""
    working = [span for spans in shown.hours.working.values() for span in spans]
    spans = shown.hours.opening if shown.has_opening_hours else working
    known = shown.has_opening_hours or bool(working)
    return [(span.starts_at, span.ends_at) for span in spans] if known else None


def _board(
    actor: Actor,
    shown: Shown,
    columns: Sequence[Column],
    blocks: Sequence[Block],
    gone: Sequence[Gone],
    off: Sequence[Shade],
) -> Board:
    opens, closes = _hours_shown(shown)
    ids = [column.id for column in columns]
    days = Days(shown.first, shown.last, opens, closes, shown.place, actor.settings.locale)
    return Board(
        first=shown.first,
        days=(shown.last - shown.first).days + 1,
        place=shown.place,
        columns=columns,
        blocks=blocks,
        aways=blocks_of(gone, days),
        shades=[*off, *shades_of(gone, days), *_closed(shown, ids)],
        banners=list(banners_of(gone, shown.hours, ids, days)),
        opens=opens,
        closes=closes,
        is_editable=actor.can(Permission.APPOINTMENT_MANAGE),
        is_narrow=shown.is_narrow,
    )


def _off(shown: Shown, free: Mapping[UUID, list[tuple[datetime, datetime]] | None]) -> Iterator[Shade]:
    """Where a column's hours are not; nothing where no hours are known. Absences have shades of their own."""
    bounds = range_bounds(shown.first, shown.last, shown.place)
    for found, spans in free.items():
        if spans is not None:
            away = [(one.starts_at, one.ends_at) for one in shown.hours.absences if one.user_id == found]
            for start, end in subtract([bounds], [*spans, *away]):
                yield Shade(found, start, end, "off")


def _closed(shown: Shown, columns: Sequence[UUID]) -> Iterator[Shade]:
    for closure in shown.hours.closures:
        days = range_bounds(max(closure.starts_on, shown.first), min(closure.ends_on, shown.last), shown.place)
        for column in columns:
            yield Shade(column, days.start, days.end, "closed", f"Closed: {closure.name}")


def _hours_shown(shown: Shown) -> tuple[time, time]:
    """Whole hours around everything that is open, worked or booked."""
    worked = [span for spans in shown.hours.working.values() for span in spans]
    spans = [(span.starts_at, span.ends_at) for span in [*shown.hours.opening, *worked]]
    walls = [
        (to_wall(start, shown.place), to_wall(end, shown.place))
        for start, end in [*spans, *((row.starts_at, row.ends_at) for row in shown.rows)]
    ]
    opens = min([start.time() for start, _ in walls], default=_OPENS)
    ends = [time.max if end.date() > start.date() else end.time() for start, end in walls]
    closes = max(ends, default=_CLOSES)
    return time(min(opens, _OPENS).hour), _next_hour(max(closes, _CLOSES))


def _next_hour(clock: time) -> time:
    """The next whole hour; midnight for what comes after 23:00."""
    later = datetime.combine(date.min, clock) + timedelta(minutes=59, seconds=59)
    return time(later.hour) if later.date() == date.min else time()
