"""What a credit note takes back of an invoice and what that comes to: one answer for issuing it and for its preview."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.access import Actor
from clinic_core.billing.pricing import CreditPart, Line, Totals, price_credit
from clinic_core.billing.schemas import CreditLine
from clinic_core.billing.status import check_transition
from clinic_core.errors import Conflict, InvalidInput, NotFound
from clinic_core.kit import formats
from clinic_core.kit.money import ZERO
from clinic_core.models import Invoice, InvoiceLine
from clinic_core.vocabulary import InvoiceKind, InvoiceStatus


@dataclass(frozen=True)
class Credit:
    """What of each line is taken back, what that comes to, and how much of what was paid it sets free."""

    lines: Sequence[InvoiceLine]
    parts: Sequence[CreditPart]
    totals: Totals
    released: Decimal


def credit_of(session: Session, actor: Actor, invoice: Invoice, wanted: Sequence[CreditLine]) -> Credit:
    """The credit over the wanted parts of lines; over everything that is left when none is named.

    Raises:
        IllegalTransition: it is a draft or void already.
        Conflict: it is a credit note, nothing of it is left, or a part that would be credited is written off.
        InvalidInput: more of a line than is left of it, or lines that come to less than nothing.
        NotFound: a line is not one of the invoice's.
    """
    check_transition(invoice, InvoiceStatus.VOID)
    if invoice.kind is InvoiceKind.CREDIT_NOTE:
        raise Conflict(f"Credit note {invoice.number} cannot be credited; write the invoice again.")
    lines = session.scalars(
        select(InvoiceLine)
        .where(col(InvoiceLine.invoice_id) == invoice.id)
        .order_by(col(InvoiceLine.position))
        .execution_options(populate_existing=True)
    ).all()
    asked = _asked(lines, wanted)
    for line in lines:
        _check_quantity(actor, line, asked.get(line.id, ZERO))
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
    totals = price_credit(parts)
    _check_left(actor, invoice, totals)
    return Credit(lines, parts, totals, released=max(ZERO, totals.total - (invoice.balance or ZERO)))


def _asked(lines: Sequence[InvoiceLine], wanted: Sequence[CreditLine]) -> dict[UUID, Decimal]:
    if not wanted:
        return {line.id: line.qty - line.credited_qty for line in lines}
    asked = {one.line_id: one.quantity for one in wanted}
    if len(asked) < len(wanted):
        raise InvalidInput("A line can be chosen once only.")
    if asked.keys() - {line.id for line in lines}:
        raise NotFound("This line does not exist.")
    return asked


def _check_quantity(actor: Actor, line: InvoiceLine, quantity: Decimal) -> None:
    left = line.qty - line.credited_qty
    if quantity and (quantity * line.qty < 0 or abs(quantity) > abs(left)):
        locale = actor.settings.locale
        raise InvalidInput(
            f"Of line {line.position} {formats.quantity(left, locale)} is left;"
            f" {formats.quantity(quantity, locale)} cannot be credited."
        )


def _check_left(actor: Actor, invoice: Invoice, totals: Totals) -> None:
    """A credit is not below zero, and never takes back what was written off."""
    settings = actor.settings
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
