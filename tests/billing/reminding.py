"""Overdue invoices and the runs that remind of them, for tests: issued on 1 September, due on 15 September 2026."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import text

from clinic_core.access import perform, unit_of_work
from clinic_core.access.organization import OrganizationSettings, ReminderStep
from clinic_core.billing.queries import list_due_reminders, list_unreminded
from clinic_core.billing.schemas import (
    BillTo,
    CreditInvoice,
    HoldReminders,
    InvoiceHead,
    IssueInvoice,
    ListDueReminders,
    ListUnreminded,
    StartedReminders,
    StartReminders,
)
from clinic_core.billing.schemas.reminder_rules import HoldHead
from clinic_core.billing.schemas.reminders import DueReminders, ReminderObstacle
from clinic_core.billing.service import credit_invoice, hold_reminders, issue_invoice, record_receipt, start_reminders
from clinic_core.kit.clock import frozen_at, now
from tests.billing.arrange import draft, line, priced, receipt
from tests.factories import Clinic, make_patient

ISSUED_ON = date(2026, 9, 1)
DUE_ON = date(2026, 9, 15)
FIRST_ON = date(2026, 9, 22)
PAY_BY = date(2026, 10, 2)
SECOND_ON = date(2026, 10, 9)


def noon(day: date) -> datetime:
    """Twelve o'clock in UTC, when it is the same day at both locations."""
    return datetime.combine(day, time(12), UTC)


def overdue(
    clinic: Clinic,
    patient_id: UUID | None = None,
    price: str = "80.00",
    *,
    clinic_location_id: UUID | None = None,
    days_later: int = 0,
) -> InvoiceHead:
    """An invoice of 1 September, or so many days later, that nobody has paid."""
    with frozen_at(noon(ISSUED_ON + timedelta(days=days_later))):
        return priced(clinic, patient_id or make_patient(clinic), price, clinic_location_id=clinic_location_id)


def late(clinic: Clinic, patient_id: UUID | None = None, price: str = "80.00", *, days_later: int = -1) -> InvoiceHead:
    """An invoice whose first reminder is due since yesterday, or since so many days later."""
    return overdue(clinic, patient_id, price, days_later=(now().date() - FIRST_ON).days + days_later)


def overdue_of(clinic: Clinic, patient_id: UUID, payer: BillTo, price: str = "80.00") -> InvoiceHead:
    """The same, billed to somebody else."""
    with frozen_at(noon(ISSUED_ON)):
        made = draft(clinic, patient_id, line(clinic, unit_price=Decimal(price)), bill_to=payer)
        return perform(clinic.actor("manager"), issue_invoice, IssueInvoice(invoice_id=made.id))


def due(clinic: Clinic, day: date, *, role: str = "manager", **filters: object) -> DueReminders:
    """What is due on a day."""
    with frozen_at(noon(day)):
        return perform(clinic.actor(role), list_due_reminders, ListDueReminders.model_validate(filters))


def due_numbers(clinic: Clinic, day: date, *, step: int | None = None) -> list[tuple[str, int]]:
    """The invoices that are due on a day, with their steps."""
    found = due(clinic, day, step=step)
    return [(invoice.number, invoice.step) for letter in found.letters for invoice in letter.invoices]


def unreminded(clinic: Clinic, day: date) -> dict[str, ReminderObstacle]:
    """The invoices that are not reminded of on a day, and why."""
    with frozen_at(noon(day)):
        found = perform(clinic.actor("manager"), list_unreminded, ListUnreminded())
    return {row.number: row.obstacle for row in found.rows}


def remind(
    clinic: Clinic, day: date, *invoices: InvoiceHead, role: str = "manager", **fields: object
) -> StartedReminders:
    """A run of that day over those invoices, or over all that are due."""
    request = StartReminders.model_validate({"invoice_ids": tuple(one.id for one in invoices), **fields})
    with frozen_at(noon(day)):
        return perform(clinic.actor(role), start_reminders, request)


def hold(clinic: Clinic, invoice: InvoiceHead, day: date, *, until: date | None = None) -> HoldHead:
    """Held back on a day."""
    request = HoldReminders(invoice_id=invoice.id, until=until, reason="Disputed at the desk")
    with frozen_at(noon(day)):
        return perform(clinic.actor("manager"), hold_reminders, request)


def reminders_of(clinic: Clinic, invoice: InvoiceHead) -> list[tuple[int, date, date, Decimal]]:
    """Step, day, day to pay by and amount of each reminder of an invoice."""
    with unit_of_work(clinic.actor("manager")) as work:
        rows = work.session.execute(
            text(
                "select step, reminded_on, pay_by, balance from payment_reminder where invoice_id = :id order by step"
            ),
            {"id": invoice.id},
        )
        return [(row.step, row.reminded_on, row.pay_by, row.balance) for row in rows]


def items_of(clinic: Clinic, run: StartedReminders) -> list[UUID]:
    """The letters of a run, in their order."""
    with unit_of_work(clinic.actor("manager")) as work:
        rows = work.session.execute(
            text("select id from document_batch_item where document_batch_id = :id order by position"), {"id": run.id}
        )
        return [row.id for row in rows]


def two_steps(*, minimum: str = "0") -> OrganizationSettings:
    """Two reminders: after five days with four to pay, then after three with two."""
    first = ReminderStep(days_after=5, days_to_pay=4, title="Reminder", text="Please pay.")
    second = ReminderStep(days_after=3, days_to_pay=2, title="Last reminder", text="Please pay now.")
    return OrganizationSettings(reminder_steps=(first, second), reminder_minimum=Decimal(minimum))


def pay(clinic: Clinic, invoice: InvoiceHead, amount: str) -> None:
    """Money for an invoice, today."""
    request = receipt(invoice.patient_id, amount, invoice_ids=(invoice.id,))
    perform(clinic.actor("manager"), record_receipt, request)


def credit(clinic: Clinic, invoice: InvoiceHead) -> None:
    """The whole invoice taken back, today."""
    perform(clinic.actor("manager"), credit_invoice, CreditInvoice(invoice_id=invoice.id, reason="Wrong patient"))
