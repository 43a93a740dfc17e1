"""The calendar as a month: how many appointments each day has, and the first of them, as long as they can be read."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date

from clinic_core.access import Permission
from clinic_core.kit.calendar import local_date
from clinic_core.kit.clock import now
from clinic_core.scheduling.schemas import AppointmentRow, ClosureRow, DayTotal
from clinic_core.ui.calendar_blocks import Drawing, make_block
from clinic_core.ui.calendar_board import Shown
from clinic_core.ui.calendar_types import DayLine, Month
from clinic_core.ui.page import Page
from clinic_core.vocabulary import AppointmentStatus

# What a day has room for below its number and its total; the line that says how many more there are takes one.
LINES_A_DAY = 3
_GAP = "\N{EM SPACE}"


def make_month(page: Page, shown: Shown, totals: Sequence[DayTotal]) -> Month:
    """The month with its totals, which count everything, and the blocks of the rows that were read."""
    actor = page.actor
    drawing = Drawing(actor, shown.first_visits, is_by_type=shown.is_by_type, with_practitioner=True)
    by_day: dict[date, list[AppointmentRow]] = defaultdict(list)
    for row in shown.rows:
        by_day[local_date(row.starts_at, shown.place)].append(row)
    kept = {day: rows if len(rows) <= LINES_A_DAY else rows[: LINES_A_DAY - 1] for day, rows in by_day.items()}
    return Month(
        first=shown.first,
        first_weekday=actor.settings.first_weekday,
        place=shown.place,
        lines=[
            *_numbers(shown, totals),
            *(line for closure in shown.hours.closures for line in _closed(closure, shown)),
            *_more(kept, totals),
        ],
        blocks=[make_block(drawing, row, row.practitioner_user_id) for rows in kept.values() for row in rows],
        is_editable=actor.can(Permission.APPOINTMENT_MANAGE),
    )


def _numbers(shown: Shown, totals: Sequence[DayTotal]) -> Iterator[DayLine]:
    """The head of every day: its number, and how many appointments it has."""
    booked = {total.day: total_text(total) for total in totals if sum(total.by_status.values())}
    today = local_date(now(), shown.place)
    for ordinal in range(shown.first.toordinal(), shown.last.toordinal() + 1):
        day = date.fromordinal(ordinal)
        text = f"{day.day}{_GAP}{booked[day]}" if day in booked else str(day.day)
        yield DayLine(day, text, "today" if day == today else "number")


def total_text(total: DayTotal) -> str:
    """How many are to come or came, and what went wrong."""
    count = f"{total.total} booked"
    missed = total.by_status.get(AppointmentStatus.NO_SHOW, 0)
    cancelled = total.by_status.get(AppointmentStatus.CANCELLED, 0)
    parts = [count, f"{missed} no-show" if missed else "", f"{cancelled} cancelled" if cancelled else ""]
    return " · ".join(part for part in parts if part)


def _more(kept: dict[date, list[AppointmentRow]], totals: Sequence[DayTotal]) -> Iterator[DayLine]:
    """How many of a day have no block, where the others have one."""
    for total in totals:
        hidden = sum(total.by_status.values()) - len(kept.get(total.day, ()))
        if hidden > 0 and total.day in kept:
            yield DayLine(total.day, f"+ {hidden} more", "more")


def _closed(closure: ClosureRow, shown: Shown) -> list[DayLine]:
    first, last = max(closure.starts_on, shown.first), min(closure.ends_on, shown.last)
    days = [date.fromordinal(day) for day in range(first.toordinal(), last.toordinal() + 1)]
    return [DayLine(day, f"Closed: {closure.name}", "closed") for day in days]
