"""Money taken: inputs, filters and rows of receipts."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from pydantic import Field, field_validator

from clinic_core.billing.schemas.base import NAME_LIMIT, PAGE_LIMIT, PAGE_SIZE, Frozen
from clinic_core.billing.schemas.documents import Party, PaymentRow
from clinic_core.billing.schemas.numbers import PositiveAmount
from clinic_core.errors import InvalidInput
from clinic_core.kit.calendar import as_utc
from clinic_core.kit.text import clean
from clinic_core.vocabulary import PaymentMethod, ReceiptKind


class RecordReceipt(Frozen):
    """Money taken: over the chosen invoices oldest due first, as allocated, or as patient credit.

    `invoice_ids` are filled oldest due first and what is more than they owe stays as credit; `allocations` are
    (invoice_id, amount) pairs and never above what is owed; both is refused. `received_at` is an aware instant.
    """

    patient_id: UUID
    amount: PositiveAmount
    method: PaymentMethod
    received_at: datetime
    reference: str = ""
    invoice_ids: tuple[UUID, ...] = ()
    allocations: tuple[tuple[UUID, PositiveAmount], ...] = ()
    clinic_location_id: UUID | None = None
    request_id: UUID | None = None

    @field_validator("received_at")
    @classmethod
    def _received_at(cls, value: datetime) -> datetime:
        return as_utc(value)

    @field_validator("reference")
    @classmethod
    def _reference(cls, value: str) -> str:
        return clean(value, limit=NAME_LIMIT, field="reference")

    def model_post_init(self, _context: object, /) -> None:
        """Refuses what the fields say against each other."""
        if self.invoice_ids and self.allocations:
            raise InvalidInput("Choose invoices to fill oldest first, or say how much each gets, not both.")
        chosen = self.invoice_ids or tuple(invoice_id for invoice_id, _ in self.allocations)
        if len(set(chosen)) < len(chosen):
            raise InvalidInput("An invoice is chosen twice for one receipt.")
        if sum((amount for _, amount in self.allocations), Decimal(0)) > self.amount:
            raise InvalidInput("More is allocated to invoices than was received.")


class ReceiptFilter(Frozen):
    """Which receipts; every filter narrows."""

    patient_id: UUID | None = None
    clinic_location_id: UUID | None = None
    method: PaymentMethod | None = None
    received_from: date | None = None
    received_to: date | None = None
    with_credit_only: bool = False

    def model_post_init(self, _context: object, /) -> None:
        """Refuses what the fields say against each other."""
        if self.received_from and self.received_to and self.received_to < self.received_from:
            raise InvalidInput(f"The period ends ({self.received_to}) before it begins ({self.received_from}).")


class ListReceipts(ReceiptFilter):
    """A page of the receipts, newest first."""

    offset: int = Field(default=0, ge=0)
    limit: int = Field(default=PAGE_SIZE, ge=1, le=PAGE_LIMIT)


class GetReceipt(Frozen):
    """Ask for one receipt."""

    receipt_id: UUID


class ReceiptHead(Frozen):
    """Money taken or given back; `credit` is what no invoice got and was not refunded.

    Without a name of the patient: what a write returns, because results of requests are kept.
    """

    id: UUID
    number: str
    kind: ReceiptKind
    patient_id: UUID
    clinic_location_id: UUID
    amount: Decimal
    allocated: Decimal
    refunded: Decimal
    credit: Decimal
    currency: str
    method: PaymentMethod
    received_at: datetime
    received_on: date
    reference: str
    version: int


class ReceiptRow(ReceiptHead):
    """One receipt in a list."""

    patient_name: str
    patient_code: str
    location_name: str


class ReceiptDetail(ReceiptRow):
    """One receipt with the invoices it paid, and the receipt it refunds."""

    seller: Party
    timezone: str
    refunds_number: str | None
    payments: tuple[PaymentRow, ...]
