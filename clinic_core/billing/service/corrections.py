"""Write-offs, and the use of patient credit (B4); credit notes are in `credit_notes`, refunds in `refunds`.

Invoices are locked first, in id order, numbers last. A receipt is locked by the triggers alone, which count what was
used of it: whoever comes second is refused there.
"""

from collections.abc import Mapping
from decimal import Decimal

from sqlalchemy import select
from sqlmodel import col

from clinic_core.access import Actor, Permission, Work, use_case
from clinic_core.access.scope import invoices_in_scope
from clinic_core.billing.allocation import check_payable, guards, insert_payments
from clinic_core.billing.credit import credit_payments
from clinic_core.billing.reach import locked_invoices, patient_in_reach, today_at
from clinic_core.billing.schemas import (
    AppliedCredit,
    ApplyCredit,
    ReverseWriteOff,
    WriteOff,
    WriteOffRow,
)
from clinic_core.errors import Conflict, InvalidInput, NotFound
from clinic_core.kit import formats
from clinic_core.kit.money import ZERO
from clinic_core.models import Adjustment, Invoice
from clinic_core.vocabulary import AdjustmentKind, InvoiceStatus

_TAKEN_BACK_ONCE = "uq_adjustment_organization_id_reverses_adjustment_id"


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


@use_case(Permission.BILLING_WRITE_OFF, name="invoice.reverse_write_off")
def reverse_write_off(work: Work, request: ReverseWriteOff) -> WriteOffRow:
    """Take a write-off back, as a whole and dated today: the invoice owes the amount again.

    Raises:
        Conflict: it is taken back already or is no write-off, the invoice is void, or the month is closed.
        NotFound: no such write-off, or out of scope.
    """
    session, actor = work.session, work.actor
    found = session.scalars(
        select(Adjustment)
        .join(Invoice, col(Invoice.id) == col(Adjustment.invoice_id))
        .where(col(Adjustment.id) == request.adjustment_id, invoices_in_scope(actor, Permission.BILLING_WRITE_OFF))
    ).one_or_none()
    if found is None:
        raise NotFound("This write-off does not exist.")
    if found.reverses_adjustment_id is not None:
        raise Conflict("This takes a write-off back and cannot be taken back itself; write the amount off again.")
    invoice = locked_invoices(session, actor, Permission.BILLING_WRITE_OFF, [found.invoice_id])[found.invoice_id]
    if invoice.status is InvoiceStatus.VOID:
        raise Conflict(f"Invoice {invoice.number} is void; nothing of it can be owed again.")
    row = Adjustment(
        organization_id=actor.organization_id,
        invoice_id=invoice.id,
        kind=found.kind,
        amount=-found.amount,
        reason=request.reason,
        adjusted_on=today_at(session, invoice.clinic_location_id),
        reverses_adjustment_id=found.id,
    )
    with work.constraints({**guards(), _TAKEN_BACK_ONCE: lambda _: Conflict("This write-off is taken back already.")}):
        session.add(row)
    return WriteOffRow(id=row.id, invoice_id=invoice.id, amount=row.amount, adjusted_on=row.adjusted_on)


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
    for invoice in invoices.values():
        check_payable(actor, invoice, request.patient_id)
    values = credit_payments(
        session,
        actor,
        request.patient_id,
        list(invoices.values()),
        applied_on={one.id: today_at(session, one.clinic_location_id) for one in invoices.values()},
    )
    if not values:
        raise Conflict("This patient has no credit to put on an invoice.")
    with work.constraints(guards()):
        insert_payments(session, values)
    return AppliedCredit(id=request.patient_id, amount=sum((_amount(value) for value in values), ZERO))


def _amount(value: Mapping[str, object]) -> Decimal:
    amount = value["amount"]
    return amount if isinstance(amount, Decimal) else ZERO


def _money(actor: Actor, value: Decimal) -> str:
    return formats.money(value, actor.settings.currency, actor.settings.locale)
