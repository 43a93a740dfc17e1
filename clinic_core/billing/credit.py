"""Patient credit: what no invoice has of the money of receipts, used from the oldest receipt on."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.access import Actor, Permission
from clinic_core.access.scope import receipts_in_scope
from clinic_core.billing.allocation import oldest_first, payment_values
from clinic_core.kit.money import ZERO
from clinic_core.models import Invoice, Receipt
from clinic_core.vocabulary import ReceiptKind


def credit_payments(
    session: Session, actor: Actor, patient_id: UUID, invoices: Sequence[Invoice], *, applied_on: Mapping[UUID, date]
) -> list[dict[str, object]]:
    """Payments that use up the patient's receipts, oldest first, on invoices in the order of their due dates.

    `applied_on` says for each invoice from which day they count. The caller holds the locks of the invoices; the
    receipts are locked by the triggers, which refuse what was used in the meantime.
    """
    receipts = session.scalars(
        select(Receipt)
        .where(
            col(Receipt.patient_id) == patient_id,
            col(Receipt.kind) == ReceiptKind.RECEIPT,
            receipts_in_scope(actor, Permission.BILLING_COLLECT),
        )
        .order_by(col(Receipt.received_at), col(Receipt.id))
        .execution_options(populate_existing=True)
    ).all()
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
