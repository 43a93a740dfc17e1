"""How money of a receipt is put on invoices; PostgreSQL has the last word by `not_over_allocated` and its triggers."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from clinic_core.access import Actor
from clinic_core.errors import ClinicError, Conflict, InvalidInput
from clinic_core.kit import formats
from clinic_core.kit.ids import new_id
from clinic_core.kit.money import ZERO
from clinic_core.models import Invoice, Receipt
from clinic_core.vocabulary import InvoiceKind, InvoiceStatus

_INSERT = text(
    """
    insert into payment (id, organization_id, invoice_id, receipt_id, amount, applied_on, method, received_at,
      reference)
    select id, organization_id, invoice_id, receipt_id, amount, applied_on, method, received_at, reference
    from jsonb_to_recordset(cast(:rows as jsonb)) as r(
      id uuid, organization_id uuid, invoice_id uuid, receipt_id uuid, amount numeric, applied_on date, method text,
      received_at timestamptz, reference text)
    order by id
    """
)


def check_payable(actor: Actor, invoice: Invoice, patient_id: UUID) -> None:
    """Refuses an invoice that money of the patient cannot be put on.

    Raises:
        InvalidInput: it is another patient's, or in another currency.
        Conflict: it is a draft, void, a credit note, or owes nothing.
    """
    if invoice.patient_id != patient_id:
        raise InvalidInput("An invoice of another patient cannot be paid with this receipt.")
    if invoice.status is InvoiceStatus.DRAFT:
        raise Conflict("A draft cannot be paid; issue it first.")
    if invoice.kind is not InvoiceKind.INVOICE or invoice.status is InvoiceStatus.VOID:
        raise Conflict(f"Document {invoice.number} cannot be paid: it asks for no money.")
    if invoice.currency != actor.settings.currency:
        raise InvalidInput(f"Invoice {invoice.number} is in {invoice.currency}, not in {actor.settings.currency}.")
    if not invoice.balance:
        total = formats.money(invoice.total, actor.settings.currency, actor.settings.locale)
        raise Conflict(f"Invoice {invoice.number} over {total} is already paid; reload to see what is open.")


def allocated_as_given(
    actor: Actor, invoices: Mapping[UUID, Invoice], wanted: Mapping[UUID, Decimal]
) -> dict[UUID, Decimal]:
    """The amounts as given.

    Raises:
        Conflict: one is more than its invoice owes.
    """
    for invoice_id, amount in wanted.items():
        invoice = invoices[invoice_id]
        if amount > (invoice.balance or ZERO):
            given, owed = (
                formats.money(value, actor.settings.currency, actor.settings.locale)
                for value in (amount, invoice.balance or ZERO)
            )
            raise Conflict(f"Invoice {invoice.number} owes {owed}; {given} cannot be put on it.")
    return dict(wanted)


def oldest_first(invoices: Sequence[Invoice], amount: Decimal) -> dict[UUID, Decimal]:
    """What each invoice gets of the amount: oldest due first, none more than it owes."""
    parts: dict[UUID, Decimal] = {}
    left = amount
    for invoice in sorted(invoices, key=lambda one: (one.due_on or date.max, one.number or "", one.id)):
        part = min(left, invoice.balance or ZERO)
        if part > 0:
            parts[invoice.id] = part
            left -= part
    return parts


def payment_values(
    receipt: Receipt, parts: Mapping[UUID, Decimal], *, applied_on: date | None = None
) -> list[dict[str, object]]:
    """The payments of one receipt as the rows of one INSERT, whose trigger locks receipt and invoices in order.

    They count from `applied_on`, or left out from the day on which there were both the money and the invoice.
    """
    return [
        {
            "id": new_id(),
            "organization_id": receipt.organization_id,
            "invoice_id": invoice_id,
            "receipt_id": receipt.id,
            "amount": amount,
            "applied_on": applied_on or receipt.received_on,
            "method": receipt.method,
            "received_at": receipt.received_at,
            "reference": receipt.reference,
        }
        for invoice_id, amount in sorted(parts.items())
    ]


def insert_payments(session: Session, payments: Sequence[Mapping[str, object]]) -> None:
    """Writes what `payment_values` made by one statement, so that the triggers lock receipts and invoices in order."""
    if payments:
        session.execute(_INSERT, {"rows": json.dumps(payments, default=str)})


def guards() -> Mapping[str, Callable[[Mapping[str, Any]], ClinicError]]:
    """What the database says when money does not add up, as errors for people."""
    sentences = {
        "ck_invoice_not_over_allocated": "An invoice was paid in the meantime; reload and look again.",
        "ck_receipt_not_over_allocated": "The receipt was used up in the meantime; reload and look again.",
        "payment_needs_issued": "Only an issued invoice can be paid.",
        "refund_four_eyes": "A refund needs the consent of a second person here; ask for it instead.",
    }
    return {name: _conflict(sentence) for name, sentence in sentences.items()} | {"period_closed": _closed}


def _closed(detail: Mapping[str, Any]) -> ClinicError:
    day = formats.date_text(date.fromisoformat(detail["day"]))
    return Conflict(
        f"The books of {day} are closed, so nothing can be dated then; choose a day that is open, or have the closing"
        " opened again under Close day."
    )


def _conflict(sentence: str) -> Callable[[Mapping[str, Any]], ClinicError]:
    return lambda _: Conflict(sentence)
