"""Taking an issued invoice back, whole or by line, by credit notes; the invoice itself never changes (B4)."""

from datetime import date
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.access import Permission, Work, use_case
from clinic_core.billing.allocation import guards, insert_payments, payment_values
from clinic_core.billing.crediting import Credit, credit_of
from clinic_core.billing.numbering import next_number
from clinic_core.billing.reach import locked_invoices, today_at
from clinic_core.billing.rows import invoice_head
from clinic_core.billing.schemas import CreditInvoice, InvoiceHead
from clinic_core.kit.clock import now
from clinic_core.models import Invoice, InvoiceLine, Payment, Receipt
from clinic_core.vocabulary import InvoiceKind, InvoiceStatus

_SAME_ON_THE_NOTE = {
    "organization_id",
    "item_type",
    "product_service_id",
    "visit_id",
    "appointment_id",
    "practitioner_user_id",
    "description",
    "unit_price",
    "tax_rate",
    "discount_rate",
}


@use_case(Permission.BILLING_MANAGE, name="invoice.credit")
def credit_invoice(work: Work, request: CreditInvoice) -> InvoiceHead:
    """Take an issued invoice back by a credit note with a number of the own series. Returns the credit note.

    Without lines everything that is left is taken back and the invoice is void; with lines the stated parts of them,
    and the invoice stays. What was paid on it and is owed no more is released to patient credit first, the latest
    money first, in the same transaction.

    Raises:
        IllegalTransition: it is a draft or void already.
        Conflict: it is a credit note, nothing of it is left, or a part that would be credited is written off.
        InvalidInput: more of a line than is left of it, or lines that come to less than nothing.
        NotFound: a line is not one of the invoice's.
        StaleEdit: somebody changed it after the page was drawn.
    """
    session, actor = work.session, work.actor
    locked_invoices(session, actor, Permission.BILLING_MANAGE, [request.invoice_id])
    invoice = work.lock(Invoice, request.invoice_id, called="invoice", version=request.version)
    credit = credit_of(session, actor, invoice, request.lines)
    issued_on = today_at(session, invoice.clinic_location_id)
    with work.constraints(guards()):
        _release(session, invoice, credit.released, issued_on)
        note = _credit_note(work, invoice, credit, request.reason, issued_on)
    session.refresh(invoice)
    if not request.lines:
        invoice.status = InvoiceStatus.VOID
    return invoice_head(session, actor, note.id)


def _release(session: Session, invoice: Invoice, excess: Decimal, released_on: date) -> None:
    """Takes money off the invoice that it owes no more, the latest first: its receipts have it as credit."""
    paid = session.execute(
        select(Receipt, func.sum(col(Payment.amount)))
        .join(Payment, col(Payment.receipt_id) == col(Receipt.id))
        .where(col(Payment.invoice_id) == invoice.id)
        .group_by(col(Receipt.id))
        .having(func.sum(col(Payment.amount)) > 0)
        .order_by(col(Receipt.received_at).desc(), col(Receipt.id).desc())
    ).all()
    values: list[dict[str, object]] = []
    for receipt, amount in paid:
        part = min(amount, excess)
        if part > 0:
            values += payment_values(receipt, {invoice.id: -part}, applied_on=released_on)
            excess -= part
    insert_payments(session, values)


def _credit_note(work: Work, invoice: Invoice, credit: Credit, reason: str, issued_on: date) -> Invoice:
    """The credit note, issued today: the parts of the lines that are taken back, amounts positive."""
    session, actor = work.session, work.actor
    note = Invoice(
        organization_id=actor.organization_id,
        patient_id=invoice.patient_id,
        case_id=invoice.case_id,
        clinic_location_id=invoice.clinic_location_id,
        kind=InvoiceKind.CREDIT_NOTE,
        corrects_invoice_id=invoice.id,
        bill_to_json=invoice.bill_to_json,
        reason=reason,
        net=credit.totals.net,
        tax=credit.totals.tax,
        total=credit.totals.total,
    )
    session.add(note)
    session.flush()
    taken = [(line, part) for line, part in zip(credit.lines, credit.parts, strict=True) if part.quantity]
    session.add_all(
        InvoiceLine(
            **line.model_dump(include=_SAME_ON_THE_NOTE),
            invoice_id=note.id,
            position=position,
            credits_line_id=line.id,
            qty=part.quantity,
            net=part.net,
        )
        for position, (line, part) in enumerate(taken, start=1)
    )
    session.flush()
    number = next_number(session, actor.settings.credit_note_prefix, issued_on.year)
    note.seller_json = invoice.seller_json
    note.totals_json = dict(credit.totals.to_json())
    note.currency = invoice.currency
    note.issued_at, note.issued_on = now(), issued_on
    note.number, note.series, note.series_year, note.sequence = number
    note.status = InvoiceStatus.ISSUED
    session.flush()
    return note
