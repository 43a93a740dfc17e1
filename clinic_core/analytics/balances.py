"""What was open on a day: today's maintained balances, rolled back by everything dated after that day.

So the cost follows the distance to that day and not the size of the history. The dates: an invoice and a credit
note count from their issue date, a write-off and a payment from their own. No date of a closed month is ever given
out (B10), so what was open at its end stays what it was.

On a past day an invoice may have less than nothing open: money that is entered with an earlier date may count before a
write-off was taken back. Such a balance is listed as it is, so that every day is what the ledger says of it.
"""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, exists, func, select, union, union_all
from sqlalchemy.orm import aliased
from sqlmodel import col

from clinic_core.access import Actor, Permission
from clinic_core.access.scope import invoices_in_scope, receipts_in_scope
from clinic_core.analytics.filters import AnySelect
from clinic_core.models import Adjustment, Invoice, InvoiceLine, Payment, Receipt
from clinic_core.vocabulary import InvoiceKind, InvoiceStatus, ReceiptKind

# An alias copies every column of its table, which costs more than the query: it is made once.
_REFUND = aliased(Receipt)

_SHOWN: tuple[ColumnElement[Any], ...] = (
    col(Invoice.id).label("id"),
    col(Invoice.number).label("number"),
    col(Invoice.patient_id).label("patient_id"),
    col(Invoice.clinic_location_id).label("clinic_location_id"),
    col(Invoice.issued_on).label("issued_on"),
    func.coalesce(col(Invoice.due_on), col(Invoice.issued_on)).label("due_on"),
    col(Invoice.total).label("total"),
)
_FREE = col(Receipt.amount) - col(Receipt.allocated) - col(Receipt.refunded)
_HAS_CREDIT = (
    col(Receipt.kind) == ReceiptKind.RECEIPT,
    col(Receipt.allocated) + col(Receipt.refunded) < col(Receipt.amount),
)


def open_invoices(
    actor: Actor, permission: Permission, *, as_of: date | None, practitioner_user_id: UUID | None
) -> CTE:
    """The open invoices in the reader's scope: `balance` on that day, and of the paper what reports group and show.

    `as_of` None means now. The paper's columns come along, so that nobody joins the invoices a second time.
    """
    if as_of is None:
        found: AnySelect = select(*_SHOWN, col(Invoice.balance).label("balance")).where(col(Invoice.balance) > 0)
    else:
        found = _invoices_on(actor, as_of)
    found = found.where(col(Invoice.organization_id) == actor.organization_id, invoices_in_scope(actor, permission))
    if practitioner_user_id is not None:
        found = found.where(has_line_of(actor, practitioner_user_id))
    return found.cte("open_invoice")


def free_receipts(actor: Actor, permission: Permission, *, as_of: date | None) -> CTE:
    """The receipts with money not applied, in the reader's scope, as columns `id` and `credit`."""
    if as_of is None:
        found: AnySelect = select(col(Receipt.id), _FREE.label("credit")).where(*_HAS_CREDIT)
    else:
        found = _receipts_on(actor, as_of)
    found = found.where(col(Receipt.organization_id) == actor.organization_id, receipts_in_scope(actor, permission))
    return found.cte("free_receipt")


def has_line_of(actor: Actor, practitioner_user_id: UUID) -> ColumnElement[bool]:
    """The invoice has a line of that practitioner's work."""
    return exists().where(
        col(InvoiceLine.organization_id) == actor.organization_id,
        col(InvoiceLine.invoice_id) == col(Invoice.id),
        col(InvoiceLine.practitioner_user_id) == practitioner_user_id,
    )


def _invoices_on(actor: Actor, day: date) -> AnySelect:
    here = actor.organization_id
    credited: AnySelect = select(
        col(Invoice.corrects_invoice_id).label("id"), col(Invoice.total).label("amount")
    ).where(
        col(Invoice.organization_id) == here,
        col(Invoice.kind) == InvoiceKind.CREDIT_NOTE,
        col(Invoice.status) == InvoiceStatus.ISSUED,
        col(Invoice.issued_on) > day,
    )
    written_off = select(col(Adjustment.invoice_id), col(Adjustment.amount)).where(
        col(Adjustment.organization_id) == here, col(Adjustment.adjusted_on) > day
    )
    paid = select(col(Payment.invoice_id), col(Payment.amount)).where(*_applied_after(actor, day))
    each = union_all(credited, written_off, paid).subquery("each")
    later = select(each.c.id, func.sum(each.c.amount).label("amount")).group_by(each.c.id).cte("later")
    candidates = union(
        select(col(Invoice.id)).where(col(Invoice.organization_id) == here, col(Invoice.balance) > 0),
        select(later.c.id),
    ).subquery("candidate")
    balance = col(Invoice.balance) + func.coalesce(later.c.amount, 0)
    return (
        select(*_SHOWN, balance.label("balance"))
        .join(candidates, candidates.c.id == col(Invoice.id))
        .outerjoin(later, later.c.id == col(Invoice.id))
        .where(
            col(Invoice.kind) == InvoiceKind.INVOICE,
            col(Invoice.status) != InvoiceStatus.DRAFT,
            col(Invoice.issued_on) <= day,
            balance != 0,
        )
    )


def _receipts_on(actor: Actor, day: date) -> AnySelect:
    here = actor.organization_id
    refunded: AnySelect = select(
        col(_REFUND.refunds_receipt_id).label("id"), col(_REFUND.amount).label("amount")
    ).where(
        col(_REFUND.organization_id) == here, col(_REFUND.kind) == ReceiptKind.REFUND, col(_REFUND.received_on) > day
    )
    applied = select(col(Payment.receipt_id), col(Payment.amount)).where(*_applied_after(actor, day))
    each = union_all(refunded, applied).subquery("each_receipt")
    later = select(each.c.id, func.sum(each.c.amount).label("amount")).group_by(each.c.id).cte("later_receipt")
    candidates = union(
        select(col(Receipt.id)).where(col(Receipt.organization_id) == here, *_HAS_CREDIT), select(later.c.id)
    ).subquery("candidate_receipt")
    credit = _FREE + func.coalesce(later.c.amount, 0)
    return (
        select(col(Receipt.id), credit.label("credit"))
        .join(candidates, candidates.c.id == col(Receipt.id))
        .outerjoin(later, later.c.id == col(Receipt.id))
        .where(col(Receipt.kind) == ReceiptKind.RECEIPT, col(Receipt.received_on) <= day, credit != 0)
    )


def _applied_after(actor: Actor, day: date) -> tuple[ColumnElement[bool], ...]:
    return col(Payment.organization_id) == actor.organization_id, col(Payment.applied_on) > day
