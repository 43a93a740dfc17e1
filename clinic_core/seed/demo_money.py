"""Charges, collects and reminds of what `demo_bills` planned, day by day, through the use cases of billing.

The manager issues and reminds, the desk takes the money, each on the day it happened: the clock is set to it, so that
numbers, issue dates and due dates are those of that day.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from clinic_core.access import Actor, Work, unit_of_work
from clinic_core.billing.queries import get_invoice
from clinic_core.billing.schemas import (
    CreditInvoice,
    CreditLine,
    DraftInvoice,
    DraftLine,
    GetInvoice,
    HoldReminders,
    IssueInvoice,
    RecordReceipt,
    RefundReceipt,
    StartReminders,
    WriteOff,
)
from clinic_core.billing.service import (
    credit_invoice,
    draft_invoice,
    hold_reminders,
    issue_invoice,
    record_receipt,
    refund_receipt,
    start_reminders,
    write_off,
)
from clinic_core.kit.clock import frozen_at
from clinic_core.kit.money import round_money
from clinic_core.seed.demo_base import DemoClinic, tell_planner
from clinic_core.seed.demo_bills import PlannedBill, PlannedCorrections, PlannedCredit, PlannedPayment, plan_corrections
from clinic_core.seed.demo_calendar import DESKS, DemoRecords
from clinic_core.seed.demo_clinic import CATALOGUE
from clinic_core.seed.demo_closings import ask_for_refund, close_books
from clinic_core.seed.demo_plan import DemoPlan
from clinic_core.vocabulary import ItemType, PaymentMethod, ProductType

FIRST_COUNT = 30
REMINDED_DAYS_AGO = (40, 20)
_TYPES = {item.code: item.type for item in CATALOGUE}


@dataclass
class _OpenBill:
    """What a bill became: its invoice, how much of it is still owed, and the last receipt for it."""

    invoice_id: UUID
    total: Decimal
    owed: Decimal
    receipt_id: UUID | None = None


@dataclass(frozen=True)
class _Books:
    """What was planned, and what became of it so far."""

    clinic: DemoClinic
    plan: DemoPlan
    records: DemoRecords
    bills: Sequence[PlannedBill]
    opened: dict[int, _OpenBill] = field(default_factory=dict)
    ahead: list[tuple[PlannedCredit, UUID]] = field(default_factory=list)


@dataclass(frozen=True)
class _Day:
    """What happens to money on one day."""

    bills: list[tuple[datetime, int]] = field(default_factory=list)
    payments: list[tuple[datetime, int, PlannedPayment]] = field(default_factory=list)
    credits: list[PlannedCredit] = field(default_factory=list)
    reminders: list[datetime] = field(default_factory=list)


Days = Callable[[Sequence[date]], Iterable[date]]


def charge_and_collect(
    clinic: DemoClinic,
    plan: DemoPlan,
    records: DemoRecords,
    bills: Sequence[PlannedBill],
    ahead: Sequence[PlannedCredit],
    *,
    days: Days,
) -> None:
    """Writes all bills, receipts and corrections in the order in which they happened; `days` may show how far it is."""
    books = _Books(clinic, plan, records, bills)
    manager = clinic.actor("manager")
    desks = {location: clinic.actor(sign_in) for location, sign_in in DESKS.items()}
    diary = _diary(plan, bills, ahead)
    counted_at = FIRST_COUNT
    for day in days(sorted(diary)):
        with frozen_at(plan.as_of) as clock, unit_of_work(manager) as work:
            for at, index in sorted(diary[day].bills):
                clock.move_to(at)
                books.opened[index] = _charge(work, books, bills[index])
        for location, desk in desks.items():
            _collect(books, desk, location, diary[day])
        for at in diary[day].reminders:
            with frozen_at(at), unit_of_work(manager) as work:
                start_reminders(work, StartReminders())
        if len(books.opened) >= counted_at:
            tell_planner(clinic)
            counted_at *= 4
    _correct(books, manager, plan_corrections(bills))
    kept, receipt_id = books.ahead[-1]
    ask_for_refund(clinic, plan.as_of, receipt_id, kept.location, kept.amount)
    close_books(clinic, plan.as_of, bills, ahead)


def _diary(plan: DemoPlan, bills: Sequence[PlannedBill], ahead: Sequence[PlannedCredit]) -> dict[date, _Day]:
    diary: dict[date, _Day] = {}

    def page(at: datetime) -> _Day:
        return diary.setdefault(at.date(), _Day())

    for index, bill in enumerate(bills):
        at = bill.issue_at or plan.as_of
        page(at).bills.append((at, index))
        for payment in bill.payments:
            page(payment.at).payments.append((payment.at, index, payment))
    for credit in ahead:
        page(credit.at).credits.append(credit)
    for days_ago in REMINDED_DAYS_AGO:
        at = plan.as_of - timedelta(days=days_ago)
        page(at).reminders.append(at)
    return diary


def _charge(work: Work, books: _Books, bill: PlannedBill) -> _OpenBill:
    lines = tuple(
        DraftLine(
            item_type=ItemType.SERVICE if _TYPES[code] is ProductType.SERVICE else ItemType.PRODUCT,
            product_service_id=books.clinic.items[code],
            discount_rate=bill.discount,
        )
        for code in bill.items
    )
    draft = draft_invoice(
        work,
        DraftInvoice(
            patient_id=books.records.patients[bill.patient],
            lines=lines,
            visit_ids=tuple(books.records.visits[index] for index in bill.appointments),
            clinic_location_id=books.clinic.locations[bill.location],
        ),
    )
    if bill.issue_at is not None:
        issue_invoice(work, IssueInvoice(invoice_id=draft.id))
    return _OpenBill(draft.id, draft.total, draft.total)


def _collect(books: _Books, desk: Actor, location: str, day: _Day) -> None:
    """What one desk takes on one day: payments of bills, then money paid ahead."""
    payments = [one for one in day.payments if books.bills[one[1]].location == location]
    ahead = [credit for credit in day.credits if credit.location == location]
    if not payments and not ahead:
        return
    with frozen_at(books.plan.as_of) as clock, unit_of_work(desk) as work:
        for at, index, payment in sorted(payments, key=lambda one: one[:2]):
            clock.move_to(at)
            _take(work, books, index, payment)
        for credit in ahead:
            clock.move_to(credit.at)
            request = RecordReceipt(
                patient_id=books.records.patients[credit.patient],
                amount=credit.amount,
                method=PaymentMethod.CARD,
                received_at=credit.at,
                reference="Paid ahead",
                clinic_location_id=books.clinic.locations[location],
            )
            books.ahead.append((credit, record_receipt(work, request).id))


def _take(work: Work, books: _Books, index: int, payment: PlannedPayment) -> None:
    bill = books.opened[index]
    amount = min(round_money(bill.total * payment.share), bill.owed)
    bill.owed -= amount
    request = RecordReceipt(
        patient_id=books.records.patients[books.bills[index].patient],
        amount=amount,
        method=payment.method,
        received_at=payment.at,
        reference=payment.reference,
        invoice_ids=(bill.invoice_id,),
    )
    bill.receipt_id = record_receipt(work, request).id


def _correct(books: _Books, manager: Actor, planned: PlannedCorrections) -> None:
    """What the manager puts right on the last day."""
    opened = books.opened
    refunded = opened[planned.taken_back_and_refunded]
    with frozen_at(books.plan.as_of), unit_of_work(manager) as work:
        for index in (*planned.taken_back, planned.taken_back_and_refunded):
            credit_invoice(work, CreditInvoice(invoice_id=opened[index].invoice_id, reason="Billed by mistake"))
        in_part = get_invoice(work, GetInvoice(invoice_id=opened[planned.credited_in_part].invoice_id))
        line = CreditLine(line_id=in_part.lines[-1].id, quantity=in_part.lines[-1].quantity)
        credit_invoice(work, CreditInvoice(invoice_id=in_part.id, lines=(line,), reason="This session was cut short"))
        if refunded.receipt_id is not None:
            refund_receipt(
                work,
                RefundReceipt(
                    receipt_id=refunded.receipt_id, amount=refunded.total, method=PaymentMethod.CARD, reference="Refund"
                ),
            )
        write_off(work, WriteOff(invoice_id=opened[planned.written_off].invoice_id, reason="Not to be collected"))
        held = HoldReminders(invoice_id=opened[planned.held_back].invoice_id, reason="Pays in monthly parts")
        hold_reminders(work, held)
