"""From rows to what the calendar draws: blocks with their symbols, shades where nobody works, the hours shown."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from clinic_core.access import Actor, Permission
from clinic_core.kit.calendar import range_bounds, subtract, to_wall
from clinic_core.scheduling.schemas import AppointmentRow, WorkingHours
from clinic_core.scheduling.transitions import MOVABLE
from clinic_core.ui.calendar_view import Block, Board, Column, Shade
from clinic_core.vocabulary import VisitStatus

_OPENS, _CLOSES = time(8), time(18)


def make_board(
    actor: Actor,
    days: tuple[date, date],
    place: ZoneInfo,
    people: Mapping[UUID, str],
    rows: Sequence[AppointmentRow],
    hours: WorkingHours,
) -> Board:
    """The board of the people's columns from the first to the last day, in the order of `people`."""
    opens, closes = _hours_shown(place, rows, hours)
    return Board(
        first=days[0],
        days=(days[1] - days[0]).days + 1,
        place=place,
        columns=[Column(found, name) for found, name in people.items()],
        blocks=[_block(row) for row in rows],
        shades=_shades(days, place, people, hours),
        opens=opens,
        closes=closes,
        editable=actor.can(Permission.APPOINTMENT_MANAGE),
    )


def _block(row: AppointmentRow) -> Block:
    symbols = [
        "!" if row.patient_alerts else "",
        "×2" if row.double_booked else "",
        "¤ not paid" if row.patient_balance else "",
        {VisitStatus.DRAFT: "✎ note", VisitStatus.SIGNED: "✔ signed"}.get(row.visit_status) if row.visit_status else "",
    ]
    parts = [row.patient_name, row.service, *(symbol for symbol in symbols if symbol)]
    return Block(
        id=row.id,
        column_id=row.practitioner_user_id,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        title=" · ".join(part for part in parts if part),
        status=row.status,
        color=row.service_color,
        movable=row.status in MOVABLE,
    )


def _shades(days: tuple[date, date], place: ZoneInfo, people: Mapping[UUID, str], hours: WorkingHours) -> list[Shade]:
    """Where a column's person does not work; nothing where no working hours are known at all."""
    if not any(hours.working.values()):
        return []
    shown = range_bounds(days[0], days[1], place)
    return [
        Shade(found, start, end)
        for found in people
        for start, end in subtract([shown], [(span.starts_at, span.ends_at) for span in hours.working.get(found, ())])
    ]


def _hours_shown(place: ZoneInfo, rows: Sequence[AppointmentRow], hours: WorkingHours) -> tuple[time, time]:
    """Whole hours around everything that is open, worked or booked."""
    worked = [span for spans in hours.working.values() for span in spans]
    spans = [(span.starts_at, span.ends_at) for span in [*hours.opening, *worked]]
    walls = [
        (to_wall(start, place), to_wall(end, place))
        for start, end in [*spans, *((row.starts_at, row.ends_at) for row in rows)]
    ]
    opens = min([start.time() for start, _ in walls], default=_OPENS)
    ends = [_CLOSES if not walls else time.max if end.date() > start.date() else end.time() for start, end in walls]
    closes = max(ends, default=_CLOSES)
    return time(min(opens, _OPENS).hour), _next_hour(max(closes, _CLOSES))


def _next_hour(clock: time) -> time:
    """The next whole hour; midnight for what comes after 23:00."""
    later = datetime.combine(date.min, clock) + timedelta(minutes=59, seconds=59)
    return time(later.hour) if later.date() == date.min else time()
