"""Taking an issued invoice back, whole or by line, by credit notes; the invoice itself never changes (B4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.access import Permission, Work, use_case
from clinic_core.billing.allocation import guards, payment_values
from clinic_core.billing.numbering import next_number
from clinic_core.billing.pricing import CreditPart, Line, Totals, price_credit
from clinic_core.billing.reach import locked_invoices, today_at
from clinic_core.billing.rows import invoice_head
from clinic_core.billing.schemas import CreditInvoice, CreditLine, InvoiceHead
from clinic_core.billing.status import check_transition
from clinic_core.errors import Conflict, InvalidInput, NotFound
from clinic_core.kit import formats
from clinic_core.kit.clock import now
from clinic_core.kit.money import ZERO
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


@dataclass(frozen=True)
class _Credit:
    """What of each line is taken back, and what that comes to."""

    lines: Sequence[InvoiceLine]
    parts: Sequence[CreditPart]
    totals: Totals


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
    check_transition(invoice, InvoiceStatus.VOID)
    if invoice.kind is InvoiceKind.CREDIT_NOTE:
        raise Conflict(f"Credit note {invoice.number} cannot be credited; write the invoice again.")
    credit = _credit(work, invoice, request.lines)
    _check_left(work, invoice, credit.totals)
    issued_on = today_at(session, invoice.clinic_location_id)
    with work.constraints(guards()):
        _release(session, invoice, credit.totals.total - (invoice.balance or ZERO), issued_on)
        note = _credit_note(work, invoice, credit, request.reason, issued_on)
    session.refresh(invoice)
    if not request.lines:
        invoice.status = InvoiceStatus.VOID
    return invoice_head(session, actor, note.id)


def _credit(work: Work, invoice: Invoice, wanted: Sequence[CreditLine]) -> _Credit:
    """Which part of which line is taken back, priced.

    Raises:
        Conflict, InvalidInput, NotFound: as `credit_invoice`.
    """
    lines = work.session.scalars(
        select(InvoiceLine)
        .where(col(InvoiceLine.invoice_id) == invoice.id)
        .order_by(col(InvoiceLine.position))
        .execution_options(populate_existing=True)
    ).all()
    if not wanted:
        asked = {line.id: line.qty - line.credited_qty for line in lines}
    else:
        asked = {one.line_id: one.quantity for one in wanted}
        if len(asked) < len(wanted):
            raise InvalidInput("A line can be chosen once only.")
    if asked.keys() - {line.id for line in lines}:
        raise NotFound("This line does not exist.")
    for line in lines:
        _check_quantity(work, line, asked.get(line.id, ZERO))
    parts = [
        CreditPart(
            Line(line.qty, line.unit_price, line.discount_rate, line.tax_rate),
            before=line.credited_qty,
            quantity=asked.get(line.id, Decimal(0)),
        )
        for line in lines
    ]
    if not any(part.quantity for part in parts):
        raise Conflict(f"Nothing of invoice {invoice.number} is left to credit.")
    return _Credit(lines, parts, price_credit(parts))


def _check_quantity(work: Work, line: InvoiceLine, quantity: Decimal) -> None:
    left = line.qty - line.credited_qty
    if quantity and (quantity * line.qty < 0 or abs(quantity) > abs(left)):
        locale = work.actor.settings.locale
        raise InvalidInput(
            f"Of line {line.position} {formats.quantity(left, locale)} is left;"
            f" {formats.quantity(quantity, locale)} cannot be credited."
        )


def _check_left(work: Work, invoice: Invoice, totals: Totals) -> None:
    """A credit is not below zero, and never takes back what was written off."""
    settings = work.actor.settings
    if totals.total < 0:
        raise InvalidInput("These lines come to less than nothing; credit them together with others.")
    left = invoice.total - invoice.credited - invoice.written_off
    if totals.total > left:
        money, written_off = (
            formats.money(value, invoice.currency or settings.currency, settings.locale)
            for value in (left, invoice.written_off)
        )
        raise Conflict(
            f"{written_off} of invoice {invoice.number} is written off, so at most {money} can be credited; take the"
            " write-off back first."
        )


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
    if values:
        session.execute(insert(Payment).values(values))


def _credit_note(work: Work, invoice: Invoice, credit: _Credit, reason: str, issued_on: date) -> Invoice:
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
