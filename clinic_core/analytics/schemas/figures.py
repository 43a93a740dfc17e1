"""The figures, each with its explanation. Amounts are in the organisation's currency."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from clinic_core.analytics.schemas.requests import AgeBasis, Frozen
from clinic_core.billing.schemas import AgeBucket


class Explanation(Frozen):
    """How to read a figure: what it counts, by which date, in which zones, with which filters, computed when."""

    definition: str
    date_basis: str
    zones: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    computed_at: datetime


class Outstanding(Frozen):
    """What patients owe: `gross` open invoices, `credit` money not yet applied, `net` the difference."""

    as_of: date
    currency: str
    gross: Decimal
    credit: Decimal
    net: Decimal
    invoices: int
    explanation: Explanation


class AgedAmount(Frozen):
    """The open amount of one age."""

    bucket: AgeBucket
    amount: Decimal
    invoices: int


class Aging(Outstanding):
    """The outstanding amount by age; the buckets sum to `gross`."""

    basis: AgeBasis
    buckets: tuple[AgedAmount, ...]


class WorkedMinutes(Frozen):
    """Minutes of one practitioner, room or location; `rate` is None where there is no working time."""

    id: UUID
    name: str
    booked_minutes: int
    available_minutes: int
    outside_minutes: int
    rate: Decimal | None


class HourMinutes(Frozen):
    """One cell of the heat map: ISO weekday (1 Monday … 7 Sunday) and hour on the location's wall."""

    weekday: int
    hour: int
    booked_minutes: int
    available_minutes: int
    rate: Decimal | None


class Utilization(Frozen):
    """Booked minutes inside working time over working time; the rows by practitioner and by location sum to it."""

    first_day: date
    last_day: date
    booked_minutes: int
    available_minutes: int
    outside_minutes: int
    rate: Decimal | None
    by_practitioner: tuple[WorkedMinutes, ...]
    by_location: tuple[WorkedMinutes, ...]
    by_room: tuple[WorkedMinutes, ...]
    by_hour: tuple[HourMinutes, ...]
    explanation: Explanation


class NoShow(Frozen):
    """How often patients did not come, and what was called off; `unclosed` past visits count in neither."""

    first_day: date
    last_day: date
    no_show: int
    attended: int
    rate: Decimal | None
    cancelled_late: int
    cancelled_early: int
    cancelled_by_clinic: int
    appointments: int
    cancellation_rate: Decimal | None
    unclosed: int
    explanation: Explanation


class MonthRevenue(Frozen):
    """Invoiced and collected in one month, or the part of it that the period covers."""

    month: date
    invoiced: Decimal
    collected: Decimal | None


class Revenue(Frozen):
    """Invoiced (invoices less credit notes, by issue date) and collected (receipts less refunds, by receipt date).

    The two are never mixed. `collected` is None when a practitioner is chosen: receipts belong to patients.
    """

    first_day: date
    last_day: date
    currency: str
    invoiced: Decimal
    documents: int
    collected: Decimal | None
    receipts: int | None
    months: tuple[MonthRevenue, ...]
    explanation: Explanation


class Overview(Frozen):
    """The dashboard in one reading; `*_before` are the same figures of the period compared with.

    Financial figures are None for readers without `report.financial`.
    """

    before_first_day: date
    before_last_day: date
    outstanding: Outstanding | None
    outstanding_before: Outstanding | None
    aging: Aging | None
    revenue: Revenue | None
    revenue_before: Revenue | None
    utilization: Utilization
    utilization_before: Utilization
    no_show: NoShow
    no_show_before: NoShow


def relative_change(now: Decimal | None, before: Decimal | None) -> Decimal | None:
    """The change as a fraction of the earlier value; None where there is none or it was zero."""
    if now is None or not before:
        return None
    return ((now - before) / abs(before)).quantize(Decimal("0.0001"))
