"""The calendar as a month: how many appointments each day has, and which, as long as they can be read."""

from collections.abc import Sequence
from datetime import date

from clinic_core.access import Permission
from clinic_core.scheduling.schemas import ClosureRow, DayTotal
from clinic_core.ui.calendar_blocks import Drawing, make_block
from clinic_core.ui.calendar_board import Shown
from clinic_core.ui.calendar_types import DayLine, Month
from clinic_core.ui.page import Page
from clinic_core.vocabulary import AppointmentStatus


def make_month(page: Page, shown: Shown, totals: Sequence[DayTotal]) -> Month:
    """The month with its totals, which count everything, and the blocks of the rows that were read."""
    actor = page.actor
    drawing = Drawing(actor, shown.first_visits, is_by_type=shown.is_by_type, with_practitioner=True)
    return Month(
        first=shown.first,
        first_weekday=actor.settings.first_weekday,
        place=shown.place,
        lines=[
            *(line for closure in shown.hours.closures for line in _closed(closure, shown)),
            *(DayLine(total.day, _total_text(total)) for total in totals if sum(total.by_status.values())),
        ],
        blocks=[make_block(drawing, row, row.practitioner_user_id) for row in shown.rows],
        is_editable=actor.can(Permission.APPOINTMENT_MANAGE),
    )


def _total_text(total: DayTotal) -> str:
    """How many are to come or came, and what went wrong."""
    count = f"{total.total} booked"
    missed = total.by_status.get(AppointmentStatus.NO_SHOW, 0)
    cancelled = total.by_status.get(AppointmentStatus.CANCELLED, 0)
    parts = [count, f"{missed} no-show" if missed else "", f"{cancelled} cancelled" if cancelled else ""]
    return " · ".join(part for part in parts if part)


def _closed(closure: ClosureRow, shown: Shown) -> list[DayLine]:
    first, last = max(closure.starts_on, shown.first), min(closure.ends_on, shown.last)
    days = [date.fromordinal(day) for day in range(first.toordinal(), last.toordinal() + 1)]
    return [DayLine(day, f"Closed: {closure.name}", is_closed=True) for day in days]
