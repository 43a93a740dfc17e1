"""The payment reminders of one invoice: what went out, whether it is held back, and what comes next."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import Select, func, select
from sqlmodel import col

from clinic_core.access import Actor, Permission, Work, query
from clinic_core.billing.reach import invoice_in_reach, today_at
from clinic_core.billing.schemas import (
    InvoiceReminders,
    OfInvoice,
)
from clinic_core.billing.schemas.reminder_rules import HoldRow, ReminderRow
from clinic_core.models import AppUser, DocumentBatchItem, Invoice, PaymentReminder, ReminderHold


@query(Permission.BILLING_VIEW, name="reminder.of_invoice")
def list_invoice_reminders(work: Work, request: OfInvoice) -> InvoiceReminders:
    """The reminders of one invoice in scope, whether it is held back, and from when on the next one is due.

    Raises:
        NotFound: no such invoice, or out of scope.
    """
    invoice = invoice_in_reach(work.session, work.actor, Permission.BILLING_VIEW, request.invoice_id)
    sent: Select[PaymentReminder, bool, str] = (
        select(
            PaymentReminder,
            col(DocumentBatchItem.by_email),
            func.coalesce(col(AppUser.display_name), "").label("reminded_by"),
        )
        .join(DocumentBatchItem, col(DocumentBatchItem.id) == col(PaymentReminder.document_batch_item_id))
        .join(AppUser, col(AppUser.id) == col(PaymentReminder.created_by), isouter=True)
        .where(col(PaymentReminder.invoice_id) == invoice.id)
        .order_by(col(PaymentReminder.step))
    )
    reminders = tuple(
        ReminderRow(
            **row.PaymentReminder.model_dump(include={"id", "step", "reminded_on", "pay_by", "balance"}),
            by_email=row.by_email,
            reminded_by=row.reminded_by,
        )
        for row in work.session.execute(sent)
    )
    next_step, next_on = _next(work.actor, invoice, reminders)
    return InvoiceReminders(reminders=reminders, hold=_hold(work, invoice), next_step=next_step, next_on=next_on)


def _next(actor: Actor, invoice: Invoice, sent: Sequence[ReminderRow]) -> tuple[int | None, date | None]:
    """The step and the day of the next reminder; none for what owes nothing, or once all went out."""
    steps = actor.settings.reminder_steps
    since = sent[-1].pay_by if sent else invoice.due_on or invoice.issued_on
    done = sent[-1].step if sent else 0
    if not invoice.balance or since is None or done >= len(steps):
        return None, None
    return done + 1, since + timedelta(days=steps[done].days_after)


def _hold(work: Work, invoice: Invoice) -> HoldRow | None:
    """The last hold of an invoice, still active or not."""
    statement: Select[ReminderHold, str] = (
        select(ReminderHold, func.coalesce(col(AppUser.display_name), "").label("held_by"))
        .join(AppUser, col(AppUser.id) == col(ReminderHold.updated_by), isouter=True)
        .where(col(ReminderHold.invoice_id) == invoice.id)
        .execution_options(populate_existing=True)
    )
    row = work.session.execute(statement).one_or_none()
    if row is None:
        return None
    hold, held_by = row
    today = today_at(work.session, invoice.clinic_location_id)
    return HoldRow(
        until=hold.until,
        reason=hold.reason,
        held_by=held_by,
        is_active=hold.until is None or hold.until >= today,
    )
