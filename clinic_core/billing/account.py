"""Patients' accounts as SQL: what ever changed them, and what was open and unused at the end of a day.

Both stay within the reader's reach, and they agree: the changes up to a day sum to what was open less what was unused
on it. Every row counts on the day that it carries, as in the roll-forward of a month.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    String,
    Subquery,
    Uuid,
    case,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.orm import Mapped, aliased
from sqlmodel import col

from clinic_core.access import Actor, Permission
from clinic_core.access.scope import invoices_in_scope, receipts_in_scope
from clinic_core.billing.schemas import MovementKind
from clinic_core.models import Adjustment, Invoice, Payment, Receipt
from clinic_core.vocabulary import InvoiceKind, InvoiceStatus, ReceiptKind

AnySelect = Select[*tuple[Any, ...]]

# An alias copies every column of its table, which costs more than the query: each is made once.
_CORRECTED, _CREDIT_NOTE = aliased(Invoice), aliased(Invoice)
_ORIGINAL, _REFUND = aliased(Receipt), aliased(Receipt)

_IS_CREDIT, _IS_REFUND = col(Invoice.kind) == InvoiceKind.CREDIT_NOTE, col(Receipt.kind) == ReceiptKind.REFUND
_ISSUED = col(Invoice.status) != InvoiceStatus.DRAFT
_BILL_TO = col(Invoice.bill_to_json)
_PAYER = case(
    (_BILL_TO["is_patient"].as_boolean().is_(True), ""), else_=func.coalesce(_BILL_TO["name"].as_string(), "")
)


def changes(actor: Actor, patient_ids: Sequence[UUID]) -> Subquery:
    """Everything that ever changed these accounts: `amount` is what it adds to what is owed, on `dated_on`."""
    each = _papers(actor, patient_ids), _write_offs(actor, patient_ids), _money(actor, patient_ids)
    return union_all(*each, _between_locations(actor, patient_ids)).subquery("change")


def open_items(actor: Actor, patient_ids: Sequence[UUID], day: date) -> AnySelect:
    """The invoices that were owed at the end of the day, the longest due first, with their `balance` then."""
    mine = (
        select(col(Invoice.id), col(Invoice.balance))
        .where(
            _ISSUED,
            ~_IS_CREDIT,
            col(Invoice.patient_id).in_(patient_ids),
            col(Invoice.issued_on) <= day,
            invoices_in_scope(actor, Permission.BILLING_VIEW),
        )
        .cte("mine")
    )
    credited = (
        select(mine.c.id, col(_CREDIT_NOTE.total).label("amount"))
        .join(_CREDIT_NOTE, col(_CREDIT_NOTE.corrects_invoice_id) == mine.c.id)
        .where(col(_CREDIT_NOTE.status) != InvoiceStatus.DRAFT, col(_CREDIT_NOTE.issued_on) > day)
    )
    written_off = (
        select(mine.c.id, col(Adjustment.amount))
        .join(Adjustment, col(Adjustment.invoice_id) == mine.c.id)
        .where(col(Adjustment.adjusted_on) > day)
    )
    paid = (
        select(mine.c.id, col(Payment.amount))
        .join(Payment, col(Payment.invoice_id) == mine.c.id)
        .where(col(Payment.applied_on) > day)
    )
    later = _summed(union_all(credited, written_off, paid), "later")
    balance = mine.c.balance + func.coalesce(later.c.amount, 0)
    due_on = func.coalesce(col(Invoice.due_on), col(Invoice.issued_on)).label("due_on")
    return (
        select(
            col(Invoice.patient_id),
            col(Invoice.id).label("invoice_id"),
            col(Invoice.number),
            col(Invoice.issued_on),
            due_on,
            _PAYER.label("payer_name"),
            col(Invoice.total),
            balance.label("balance"),
        )
        .join(mine, mine.c.id == col(Invoice.id))
        .outerjoin(later, later.c.id == mine.c.id)
        .where(balance != 0)
        .order_by(due_on, col(Invoice.number), col(Invoice.id))
    )


def unused_credit(actor: Actor, patient_ids: Sequence[UUID], day: date) -> AnySelect:
    """By patient, the money received until the end of the day that was neither applied nor paid back by then."""
    free = col(Receipt.amount) - col(Receipt.allocated) - col(Receipt.refunded)
    mine = (
        select(col(Receipt.id), col(Receipt.patient_id), free.label("free"))
        .where(
            ~_IS_REFUND,
            col(Receipt.patient_id).in_(patient_ids),
            col(Receipt.received_on) <= day,
            receipts_in_scope(actor, Permission.BILLING_VIEW),
        )
        .cte("mine")
    )
    applied = (
        select(mine.c.id, col(Payment.amount))
        .join(Payment, col(Payment.receipt_id) == mine.c.id)
        .where(col(Payment.applied_on) > day)
    )
    refunded = (
        select(mine.c.id, col(_REFUND.amount))
        .join(_REFUND, col(_REFUND.refunds_receipt_id) == mine.c.id)
        .where(col(_REFUND.received_on) > day)
    )
    later = _summed(union_all(applied, refunded), "later")
    return (
        select(mine.c.patient_id, func.sum(mine.c.free + func.coalesce(later.c.amount, 0)))
        .outerjoin(later, later.c.id == mine.c.id)
        .group_by(mine.c.patient_id)
    )


def _papers(actor: Actor, patient_ids: Sequence[UUID]) -> AnySelect:
    return (
        _change(
            col(Invoice.patient_id),
            col(Invoice.id),
            col(Invoice.issued_on),
            case((_IS_CREDIT, MovementKind.CREDIT_NOTE.value), else_=MovementKind.INVOICE.value),
            case((_IS_CREDIT, -col(Invoice.total)), else_=col(Invoice.total)),
            number=col(Invoice.number),
            of_number=func.coalesce(col(_CORRECTED.number), ""),
            invoice_id=col(Invoice.id),
            payer_name=_PAYER,
        )
        .outerjoin(_CORRECTED, col(_CORRECTED.id) == col(Invoice.corrects_invoice_id))
        .where(_ISSUED, *_invoices_of(actor, patient_ids))
    )


def _write_offs(actor: Actor, patient_ids: Sequence[UUID]) -> AnySelect:
    taken_back = MovementKind.WRITE_OFF_TAKEN_BACK.value
    return (
        _change(
            col(Invoice.patient_id),
            col(Adjustment.id),
            col(Adjustment.adjusted_on),
            case((col(Adjustment.amount) < 0, taken_back), else_=MovementKind.WRITE_OFF.value),
            -col(Adjustment.amount),
            of_number=col(Invoice.number),
            invoice_id=col(Invoice.id),
            payer_name=_PAYER,
        )
        .join(Invoice, col(Invoice.id) == col(Adjustment.invoice_id))
        .where(*_invoices_of(actor, patient_ids))
    )


def _money(actor: Actor, patient_ids: Sequence[UUID]) -> AnySelect:
    return (
        _change(
            col(Receipt.patient_id),
            col(Receipt.id),
            col(Receipt.received_on),
            case((_IS_REFUND, MovementKind.REFUND.value), else_=MovementKind.RECEIPT.value),
            case((_IS_REFUND, col(Receipt.amount)), else_=-col(Receipt.amount)),
            number=col(Receipt.number),
            of_number=func.coalesce(col(_ORIGINAL.number), ""),
            receipt_id=col(Receipt.id),
            method=col(Receipt.method),
        )
        .outerjoin(_ORIGINAL, col(_ORIGINAL.id) == col(Receipt.refunds_receipt_id))
        .where(col(Receipt.patient_id).in_(patient_ids), receipts_in_scope(actor, Permission.BILLING_VIEW))
    )


def _between_locations(actor: Actor, patient_ids: Sequence[UUID]) -> AnySelect:
    """Payments of which the reader reaches the invoice alone, or the money alone; nobody who reaches all has any."""
    permission = Permission.BILLING_VIEW
    of_invoice, of_money = invoices_in_scope(actor, permission), receipts_in_scope(actor, permission)
    return (
        _change(
            col(Invoice.patient_id),
            col(Payment.id),
            col(Payment.applied_on),
            case((of_invoice, MovementKind.PAID_ELSEWHERE.value), else_=MovementKind.USED_ELSEWHERE.value),
            case((of_invoice, -col(Payment.amount)), else_=col(Payment.amount)),
            of_number=case((of_invoice, col(Invoice.number)), else_=col(Receipt.number)),
            invoice_id=case((of_invoice, col(Invoice.id))),
            receipt_id=case((of_money, col(Receipt.id))),
            payer_name=case((of_invoice, _PAYER), else_=""),
        )
        .join(Invoice, col(Invoice.id) == col(Payment.invoice_id))
        .join(Receipt, col(Receipt.id) == col(Payment.receipt_id))
        .where(col(Invoice.patient_id).in_(patient_ids), of_invoice != of_money)
    )


def _change(
    patient_id: Mapped[UUID],
    row_id: Mapped[UUID],
    dated_on: Any,
    kind: ColumnElement[str],
    amount: ColumnElement[Decimal],
    **known: Any,
) -> AnySelect:
    """One sort of change in the shape of all; what it does not know is empty."""
    none: dict[str, ColumnElement[Any]] = {
        "number": literal("", String),
        "of_number": literal("", String),
        "invoice_id": cast(null(), Uuid),
        "receipt_id": cast(null(), Uuid),
        "method": cast(null(), String),
        "payer_name": literal("", String),
    }
    return select(
        patient_id.label("patient_id"),
        row_id.label("id"),
        dated_on.label("dated_on"),
        kind.label("kind"),
        amount.label("amount"),
        *(known.get(name, value).label(name) for name, value in none.items()),
    )


def _invoices_of(actor: Actor, patient_ids: Sequence[UUID]) -> tuple[ColumnElement[bool], ...]:
    return col(Invoice.patient_id).in_(patient_ids), invoices_in_scope(actor, Permission.BILLING_VIEW)


def _summed(each: CompoundSelect[Any], name: str) -> Subquery:
    rows = each.subquery(f"each_{name}")
    return select(rows.c.id, func.sum(rows.c.amount).label("amount")).group_by(rows.c.id).subquery(name)
