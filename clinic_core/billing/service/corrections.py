"""Write-offs, and the use of patient credit (B4); credit notes are in `credit_notes`, refunds in `refunds`.

Invoices are locked first, in id order, numbers last. A receipt is locked by the triggers alone, which count what was
used of it: whoever comes second is refused there.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import insert, select
from sqlmodel import col

from clinic_core.access import Actor, Permission, Work, use_case
from clinic_core.access.scope import receipts_in_scope
from clinic_core.billing.allocation import check_payable, guards, oldest_first, payment_values
from clinic_core.billing.reach import locked_invoices, patient_in_reach, today_at
from clinic_core.billing.schemas import (
    AppliedCredit,
    ApplyCredit,
    WriteOff,
    WriteOffRow,
)
from clinic_core.errors import Conflict, InvalidInput
from clinic_core.kit import formats
from clinic_core.kit.money import ZERO
from clinic_core.models import Adjustment, Invoice, Payment, Receipt
from clinic_core.vocabulary import AdjustmentKind, ReceiptKind


@use_case(Permission.BILLING_WRITE_OFF, name="invoice.write_off")
def write_off(work: Work, request: WriteOff) -> WriteOffRow:
    """Give up a part, or the rest, of what an invoice owes.

    Raises:
        Conflict: it owes nothing, or less than the amount.
    """
    session, actor = work.session, work.actor
    invoice = locked_invoices(session, actor, Permission.BILLING_WRITE_OFF, [request.invoice_id])[request.invoice_id]
    check_payable(actor, invoice, invoice.patient_id)
    owed = invoice.balance or ZERO
    amount = request.amount if request.amount is not None else owed
    if amount > owed:
        raise Conflict(
            f"Invoice {invoice.number} owes {_money(actor, owed)}; {_money(actor, amount)} is more than that."
        )
    row = Adjustment(
        organization_id=actor.organization_id,
        invoice_id=invoice.id,
        kind=AdjustmentKind.WRITE_OFF,
        amount=amount,
        reason=request.reason,
        adjusted_on=today_at(work.session, invoice.clinic_location_id),
    )
    with work.constraints(guards()):
        session.add(row)
    return WriteOffRow(id=row.id, invoice_id=invoice.id, amount=amount, adjusted_on=row.adjusted_on)


@use_case(Permission.BILLING_COLLECT, name="receipt.apply_credit")
def apply_credit(work: Work, request: ApplyCredit) -> AppliedCredit:
    """Put a patient's credit on the chosen invoices: oldest due first, from the oldest receipt on.

    Raises:
        Conflict: there is no credit, or a chosen invoice cannot be paid.
        InvalidInput: no invoice is chosen, or one is another patient's.
    """
    session, actor = work.session, work.actor
    if not request.invoice_ids:
        raise InvalidInput("Choose the invoices that the credit shall be put on.")
    patient_in_reach(session, actor, Permission.BILLING_COLLECT, request.patient_id)
    invoices = locked_invoices(session, actor, Permission.BILLING_COLLECT, request.invoice_ids)
    receipts = session.scalars(
        select(Receipt)
        .where(
            col(Receipt.patient_id) == request.patient_id,
            col(Receipt.kind) == ReceiptKind.RECEIPT,
            receipts_in_scope(actor, Permission.BILLING_COLLECT),
        )
        .order_by(col(Receipt.id))
        .execution_options(populate_existing=True)
    ).all()
    for invoice in invoices.values():
        check_payable(actor, invoice, request.patient_id)
    values = _spread(
        sorted(receipts, key=lambda one: (one.received_at, one.id)),
        list(invoices.values()),
        applied_on={one.id: today_at(session, one.clinic_location_id) for one in invoices.values()},
    )
    if not values:
        raise Conflict("This patient has no credit to put on an invoice.")
    with work.constraints(guards()):
        session.execute(insert(Payment).values(values))
    return AppliedCredit(id=request.patient_id, amount=sum((_amount(value) for value in values), ZERO))


def _spread(
    receipts: Sequence[Receipt], invoices: Sequence[Invoice], *, applied_on: Mapping[UUID, date]
) -> list[dict[str, object]]:
    """Payments that use up receipts in order on invoices in the order of their due dates, dated today at each."""
    owed = {invoice.id: invoice.balance or ZERO for invoice in invoices}
    order = list(oldest_first(invoices, sum(owed.values(), ZERO)))
    values: list[dict[str, object]] = []
    for receipt in receipts:
        left = receipt.amount - receipt.allocated - receipt.refunded
        for invoice_id in order:
            part = min(left, owed[invoice_id])
            if part > 0:
                values += payment_values(receipt, {invoice_id: part}, applied_on=applied_on[invoice_id])
                owed[invoice_id] -= part
                left -= part
    return values


def _amount(value: Mapping[str, object]) -> Decimal:
    amount = value["amount"]
    return amount if isinstance(amount, Decimal) else ZERO


def _money(actor: Actor, value: Decimal) -> str:
    return formats.money(value, actor.settings.currency, actor.settings.locale)
