"""Closes books and asks for a refund, so that the pages of closings and refunds are not empty: the last steps of money.

The desk counts and signs its last days with money, the manager the month before the last, all at the moment in which
the demo clinic lives.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from clinic_core.access import unit_of_work
from clinic_core.billing.queries import day_to_close
from clinic_core.billing.schemas import CloseDay, CloseMonth, DayToClose, RequestRefund
from clinic_core.billing.service import close_day, close_month, request_refund
from clinic_core.kit.calendar import local_date
from clinic_core.kit.clock import frozen_at
from clinic_core.seed.demo_appointment import place
from clinic_core.seed.demo_base import DemoClinic
from clinic_core.seed.demo_bills import PlannedBill, PlannedCredit
from clinic_core.seed.demo_calendar import DESKS
from clinic_core.vocabulary import PaymentMethod

CLOSED_DAYS = 3
MISSING = Decimal("-2.50")


def close_books(
    clinic: DemoClinic, as_of: datetime, bills: Sequence[PlannedBill], ahead: Sequence[PlannedCredit]
) -> None:
    """The desks close their last days with money, one of them with a difference; the manager closes a month."""
    for location, sign_in in DESKS.items():
        with frozen_at(as_of), unit_of_work(clinic.actor(sign_in)) as work:
            for position, day in enumerate(_days_with_money(location, as_of, bills, ahead)[-CLOSED_DAYS:]):
                wanted = DayToClose(clinic_location_id=clinic.locations[location], day=day)
                expected = {each.method: each.expected for each in day_to_close(work, wanted).figures.methods}
                is_short = position == 0
                expected[PaymentMethod.CASH] = expected.get(PaymentMethod.CASH, Decimal(0)) + MISSING * is_short
                note = "Change given wrongly, looked for in vain" if is_short else ""
                close_day(work, CloseDay(**dict(wanted), counted=tuple(expected.items()), note=note))
    last = _month_before(_month_before(as_of.date()))
    with frozen_at(as_of), unit_of_work(clinic.actor("manager")) as work:
        close_month(work, CloseMonth(year=last.year, month=last.month, note="Compared with the bank"))


def ask_for_refund(clinic: DemoClinic, as_of: datetime, receipt_id: UUID, location: str, amount: Decimal) -> None:
    """The desk asks for money that was paid ahead; it waits for somebody who may agree."""
    request = RequestRefund(
        receipt_id=receipt_id, amount=amount, method=PaymentMethod.CARD, reason="Moves away and wants the rest back"
    )
    with frozen_at(as_of), unit_of_work(clinic.actor(DESKS[location])) as work:
        request_refund(work, request)


def _days_with_money(
    location: str, as_of: datetime, bills: Sequence[PlannedBill], ahead: Sequence[PlannedCredit]
) -> list[date]:
    """The days before this one on which money came in at the location, in order."""
    taken = [payment.at for bill in bills if bill.location == location for payment in bill.payments]
    taken += [credit.at for credit in ahead if credit.location == location]
    days = {local_date(at, place(location)) for at in taken}
    return sorted(day for day in days if day < local_date(as_of, place(location)))


def _month_before(day: date) -> date:
    """The first day of the month before that of the day."""
    first = day.replace(day=1)
    return first.replace(year=first.year - 1, month=12) if first.month == 1 else first.replace(month=first.month - 1)
