"""Checking out in one transaction: the invoice, its number, the use of credit and the receipts, or nothing (B2-B5).

Locks come in the order of all of billing: issued invoices in id order, what was attended, numbers, and last the
payments, whose triggers lock the receipts.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from clinic_core.access import Permission, Work, use_case
from clinic_core.billing.allocation import check_payable, guards, insert_payments, oldest_first, payment_values
from clinic_core.billing.checkout import settle
from clinic_core.billing.credit import credit_payments
from clinic_core.billing.drafting import write_draft
from clinic_core.billing.issuing import issue, locked_document
from clinic_core.billing.numbering import next_number
from clinic_core.billing.reach import Place, location_in_reach, locked_invoices, patient_in_reach, today_at
from clinic_core.billing.rows import invoice_head, refreshed_receipt
from clinic_core.billing.schemas import CheckOut, CheckOutResult, DraftInvoice, HandedOver, InvoiceHead
from clinic_core.errors import Conflict
from clinic_core.kit.calendar import local_date, zone
from clinic_core.kit.clock import now
from clinic_core.kit.money import ZERO
from clinic_core.models import Invoice, Receipt

_NAME = "invoice.check_out"


@use_case(Permission.BILLING_MANAGE, Permission.BILLING_COLLECT, name=_NAME)
def check_out(work: Work, request: CheckOut) -> CheckOutResult:
    """Write and issue an invoice and take what is paid for it, along with other open invoices of the patient.

    Credit goes first, then the payments, oldest due invoice first; of cash, what is too much is change. Who may only
    take payments pays issued invoices.

    Raises:
        PermissionDenied: lines without the permission to write invoices, or payments without that to take them.
        Conflict: something is on an invoice already, an invoice owes nothing, there is no credit, another method
            than cash is above what is left to pay, or the books of the day are closed.
        InvalidInput, NotFound: as `draft_invoice` and `record_receipt`.
    """
    _admit(work, request)
    session, actor = work.session, work.actor
    invoices: list[Invoice] = []
    if request.invoice_ids:
        patient_in_reach(session, actor, Permission.BILLING_COLLECT, request.patient_id)
        invoices += locked_invoices(session, actor, Permission.BILLING_COLLECT, request.invoice_ids).values()
        for invoice in invoices:
            check_payable(actor, invoice, request.patient_id)
    instant = now()
    written = _write(work, request, instant) if request.charges else None
    receipts: list[UUID] = []
    used, change = ZERO, ZERO
    if request.pays:
        if written is not None:
            invoices.append(session.get_one(Invoice, written.id))
        receipts, used, change = _pay(work, request, invoices, instant)
        written = invoice_head(session, actor, written.id) if written is not None else None
    return CheckOutResult(
        invoice=written,
        receipts=tuple(refreshed_receipt(session, actor, receipt_id) for receipt_id in receipts),
        credit_used=used,
        change=change,
    )


def _admit(work: Work, request: CheckOut) -> None:
    if request.charges and not work.actor.can(Permission.BILLING_MANAGE):
        raise work.refused(_NAME, Permission.BILLING_MANAGE, "You may take payments, but not write invoices.")
    if (request.pays or request.invoice_ids) and not work.actor.can(Permission.BILLING_COLLECT):
        raise work.refused(_NAME, Permission.BILLING_COLLECT, "You may write invoices, but not take payments.")


def _write(work: Work, request: CheckOut, instant: datetime) -> InvoiceHead:
    wanted = DraftInvoice(
        patient_id=request.patient_id,
        lines=request.lines,
        appointment_ids=request.appointment_ids,
        visit_ids=request.visit_ids,
        clinic_location_id=request.clinic_location_id,
        bill_to=request.bill_to,
    )
    written = write_draft(work.session, work.actor, wanted)
    if not request.issue:
        return written
    with work.constraints(guards()):
        return issue(work.session, work.actor, locked_document(work.session, written.id), at=instant)


def _pay(
    work: Work, request: CheckOut, invoices: Sequence[Invoice], instant: datetime
) -> tuple[list[UUID], Decimal, Decimal]:
    """The receipts, the credit that was used and the change."""
    session, actor = work.session, work.actor
    owed = {invoice.id: invoice.balance or ZERO for invoice in invoices}
    values: list[dict[str, object]] = []
    if request.apply_credit:
        days = {invoice.id: today_at(session, invoice.clinic_location_id) for invoice in invoices}
        values += credit_payments(session, actor, request.patient_id, invoices, applied_on=days)
        if not values:
            raise Conflict("This patient has no credit to put on an invoice.")
    for invoice_id, amount in _amounts(values):
        owed[invoice_id] -= amount
    used = sum((amount for _, amount in _amounts(values)), ZERO)
    settled = settle(sum(owed.values(), ZERO), request.payments)
    location = location_in_reach(
        session,
        actor,
        Permission.BILLING_COLLECT,
        chosen=request.clinic_location_id,
        derived=invoices[-1].clinic_location_id,
    )
    order = list(oldest_first(invoices, sum((invoice.balance or ZERO for invoice in invoices), ZERO)))
    receipts: list[UUID] = []
    with work.constraints(guards()):
        for payment, kept in settled.kept:
            receipt = _receipt(work, request.patient_id, location, payment.model_copy(update={"amount": kept}), instant)
            values += payment_values(receipt, _take(owed, order, kept))
            receipts.append(receipt.id)
        insert_payments(session, values)
    return receipts, used, settled.change


def _receipt(work: Work, patient_id: UUID, location: Place, money: HandedOver, instant: datetime) -> Receipt:
    session, actor = work.session, work.actor
    received_on = local_date(instant, zone(location.timezone))
    receipt = Receipt(
        organization_id=actor.organization_id,
        patient_id=patient_id,
        clinic_location_id=location.id,
        number=next_number(session, actor.settings.receipt_prefix, received_on.year).text,
        amount=money.amount,
        method=money.method,
        received_at=instant,
        received_on=received_on,
        reference=money.reference,
    )
    session.add(receipt)
    session.flush()
    return receipt


def _take(owed: dict[UUID, Decimal], order: Sequence[UUID], amount: Decimal) -> dict[UUID, Decimal]:
    """What each invoice gets of the amount, which is taken off what it owes."""
    parts: dict[UUID, Decimal] = {}
    for invoice_id in order:
        part = min(amount, owed[invoice_id])
        if part > 0:
            parts[invoice_id] = part
            owed[invoice_id] -= part
            amount -= part
    return parts


def _amounts(values: Sequence[dict[str, object]]) -> list[tuple[UUID, Decimal]]:
    return [
        (invoice_id, amount)
        for value in values
        if isinstance(invoice_id := value["invoice_id"], UUID) and isinstance(amount := value["amount"], Decimal)
    ]
