"""What corrects issued papers: credit notes, write-offs and those taken back, the use of credit."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from pydantic import field_validator

from clinic_core.billing.schemas.base import TEXT_LIMIT, Frozen
from clinic_core.billing.schemas.documents import TaxRow
from clinic_core.billing.schemas.numbers import PositiveAmount, Quantity
from clinic_core.kit.text import clean_required


class _WithReason(Frozen):
    reason: str

    @field_validator("reason")
    @classmethod
    def _reason(cls, value: str) -> str:
        return clean_required(value, limit=TEXT_LIMIT, field="reason")


class CreditLine(Frozen):
    """How much of a line is taken back; the sign is that of the line's own quantity."""

    line_id: UUID
    quantity: Quantity


class CreditInvoice(_WithReason):
    """Take an issued invoice back by a credit note.

    Without lines all that is left of it, and the invoice becomes void; with lines the stated parts of them.
    """

    invoice_id: UUID
    lines: tuple[CreditLine, ...] = ()
    version: int | None = None
    request_id: UUID | None = None


class PreviewCredit(Frozen):
    """Ask what a credit note would come to; without lines over all that is left."""

    invoice_id: UUID
    lines: tuple[CreditLine, ...] = ()


class CreditPreview(Frozen):
    """What a credit note would come to; `id` is the invoice's.

    `released` is what was paid and becomes the patient's credit, `balance` what the invoice owes afterwards.
    """

    id: UUID
    net: Decimal
    tax: Decimal
    total: Decimal
    taxes: tuple[TaxRow, ...]
    released: Decimal
    balance: Decimal
    currency: str


class WriteOff(_WithReason):
    """Give up a part, or the rest, of what an invoice owes; `amount` left out is all of it."""

    invoice_id: UUID
    amount: PositiveAmount | None = None
    request_id: UUID | None = None


class ReverseWriteOff(_WithReason):
    """Take a write-off back, as a whole: the invoice owes the amount again."""

    adjustment_id: UUID
    request_id: UUID | None = None


class WriteOffRow(Frozen):
    """A write-off, or one taken back (the amount is negative then)."""

    id: UUID
    invoice_id: UUID
    amount: Decimal
    adjusted_on: date


class ApplyCredit(Frozen):
    """Put a patient's credit on invoices, oldest due first, the oldest receipt first."""

    patient_id: UUID
    invoice_ids: tuple[UUID, ...]
    request_id: UUID | None = None


class AppliedCredit(Frozen):
    """What was put on the invoices; `id` is the patient's."""

    id: UUID
    amount: Decimal
