"""Taking an issued invoice back by its credit note; the invoice itself never changes (B4)."""

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.access import Permission, Work, use_case
from clinic_core.billing.allocation import guards, payment_values
from clinic_core.billing.lines import price_lines
from clinic_core.billing.numbering import next_number
from clinic_core.billing.reach import locked_invoices, today_at
from clinic_core.billing.rows import invoice_head
from clinic_core.billing.schemas import CreditInvoice, InvoiceHead
from clinic_core.billing.status import check_transition
from clinic_core.errors import Conflict
from clinic_core.kit.clock import now
from clinic_core.models import Invoice, InvoiceLine, Payment, Receipt
from clinic_core.vocabulary import InvoiceKind, InvoiceStatus

_SAME_ON_THE_NOTE = {
    "organization_id",
    "position",
    "item_type",
    "product_service_id",
    "visit_id",
    "appointment_id",
    "practitioner_user_id",
    "description",
    "qty",
    "unit_price",
    "tax_rate",
    "discount_rate",
    "net",
}


@use_case(Permission.BILLING_MANAGE, name="invoice.credit")
def credit_invoice(work: Work, request: CreditInvoice) -> InvoiceHead:
    """Take an issued invoice back: its full credit note with a number of the own series, the invoice void.

    What was paid on it is released to patient credit first, in the same transaction. Returns the credit note.

    Raises:
        IllegalTransition: it is a draft or void already.
        Conflict: it is a credit note, or a part of it is credited or written off.
        StaleEdit: somebody changed it after the page was drawn.
    """
    session, actor = work.session, work.actor
    locked_invoices(session, actor, Permission.BILLING_MANAGE, [request.invoice_id])
    invoice = work.lock(Invoice, request.invoice_id, called="invoice", version=request.version)
    check_transition(invoice, InvoiceStatus.VOID)
    if invoice.kind is InvoiceKind.CREDIT_NOTE:
        raise Conflict(f"Credit note {invoice.number} cannot be credited; write the invoice again.")
    if invoice.credited or invoice.written_off:
        raise Conflict(
            f"Invoice {invoice.number} is credited or written off in part, so it cannot be taken back whole."
        )
    with work.constraints(guards()):
        _release(session, invoice)
    note = _credit_note(work, invoice, request.reason)
    session.refresh(invoice)
    invoice.status = InvoiceStatus.VOID
    return invoice_head(session, actor, note.id)


def _release(session: Session, invoice: Invoice) -> None:
    """Takes what was paid off the invoice again: its receipts have it as credit."""
    paid = session.execute(
        select(col(Payment.receipt_id), func.sum(col(Payment.amount)))
        .where(col(Payment.invoice_id) == invoice.id)
        .group_by(col(Payment.receipt_id))
        .having(func.sum(col(Payment.amount)) != 0)
    ).all()
    paying = session.scalars(select(Receipt).where(col(Receipt.id).in_([receipt_id for receipt_id, _ in paid])))
    receipts = {receipt.id: receipt for receipt in paying}
    values: list[dict[str, object]] = []
    for receipt_id, amount in paid:
        values += payment_values(receipts[receipt_id], {invoice.id: -amount})
    if values:
        session.execute(insert(Payment).values(values))


def _credit_note(work: Work, invoice: Invoice, reason: str) -> Invoice:
    """The credit note over the whole invoice, issued today: the same lines, amounts positive."""
    session, actor = work.session, work.actor
    issued_on = today_at(work.session, invoice.clinic_location_id)
    note = Invoice(
        organization_id=actor.organization_id,
        patient_id=invoice.patient_id,
        case_id=invoice.case_id,
        clinic_location_id=invoice.clinic_location_id,
        kind=InvoiceKind.CREDIT_NOTE,
        corrects_invoice_id=invoice.id,
        bill_to_json=invoice.bill_to_json,
        net=invoice.net,
        tax=invoice.tax,
        total=invoice.total,
    )
    session.add(note)
    session.flush()
    lines = session.scalars(
        select(InvoiceLine).where(col(InvoiceLine.invoice_id) == invoice.id).order_by(col(InvoiceLine.position))
    ).all()
    copied = [InvoiceLine(**line.model_dump(include=_SAME_ON_THE_NOTE), invoice_id=note.id) for line in lines]
    session.add_all(copied)
    session.flush()
    number = next_number(session, actor.settings.credit_note_prefix, issued_on.year)
    note.seller_json = {**invoice.seller_json, "reference": reason}
    note.totals_json = dict(price_lines(copied).to_json())
    note.currency = invoice.currency
    note.issued_at, note.issued_on = now(), issued_on
    note.number, note.series, note.series_year, note.sequence = number
    note.status = InvoiceStatus.ISSUED
    session.flush()
    return note
