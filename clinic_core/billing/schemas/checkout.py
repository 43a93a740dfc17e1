"""Checking out: what was attended and bought becomes an invoice, and is paid, in one step."""

from decimal import Decimal
from uuid import UUID

from pydantic import field_validator

from clinic_core.billing.schemas.base import NAME_LIMIT, Frozen
from clinic_core.billing.schemas.documents import InvoiceHead
from clinic_core.billing.schemas.drafts import BillTo, DraftLine, not_too_many
from clinic_core.billing.schemas.numbers import PositiveAmount
from clinic_core.billing.schemas.receipts import ReceiptHead
from clinic_core.errors import InvalidInput
from clinic_core.kit.text import clean
from clinic_core.vocabulary import PaymentMethod

PAYMENT_LIMIT = 10


class HandedOver(Frozen):
    """Money as it was handed over; of cash, what is too much is given back as change."""

    method: PaymentMethod
    amount: PositiveAmount
    reference: str = ""

    @field_validator("reference")
    @classmethod
    def _reference(cls, value: str) -> str:
        return clean(value, limit=NAME_LIMIT, field="reference")


class CheckOut(Frozen):
    """One invoice of lines, appointments and visits as `DraftInvoice` takes them, and how it is paid.

    `invoice_ids` are issued invoices that are paid along, or alone; `apply_credit` uses the patient's credit before
    the payments. Without `issue` the invoice stays a draft, and nothing is paid.
    """

    patient_id: UUID
    lines: tuple[DraftLine, ...] = ()
    appointment_ids: tuple[UUID, ...] = ()
    visit_ids: tuple[UUID, ...] = ()
    invoice_ids: tuple[UUID, ...] = ()
    bill_to: BillTo | None = None
    clinic_location_id: UUID | None = None
    payments: tuple[HandedOver, ...] = ()
    apply_credit: bool = False
    issue: bool = True
    request_id: UUID | None = None

    @field_validator("lines", "appointment_ids", "visit_ids", "invoice_ids")
    @classmethod
    def _parts(cls, value: tuple[DraftLine | UUID, ...]) -> tuple[DraftLine | UUID, ...]:
        return not_too_many(value)

    @property
    def charges(self) -> bool:
        """Whether it writes an invoice."""
        return bool(self.lines or self.appointment_ids or self.visit_ids)

    @property
    def pays(self) -> bool:
        """Whether money or credit is put on invoices."""
        return bool(self.payments or self.apply_credit)

    def model_post_init(self, _context: object, /) -> None:
        """Refuses what the fields say against each other."""
        if not self.charges and not (self.invoice_ids and self.pays):
            raise InvalidInput("There is nothing to check out; add a line, or choose an invoice and how it is paid.")
        if not self.issue and (self.pays or self.invoice_ids):
            raise InvalidInput("A draft cannot be paid; issue it, or take no payment.")
        if len(set(self.invoice_ids)) < len(self.invoice_ids):
            raise InvalidInput("An invoice is chosen twice.")
        if len(self.payments) > PAYMENT_LIMIT:
            raise InvalidInput(f"At most {PAYMENT_LIMIT} payments are taken at once.")


class CheckOutResult(Frozen):
    """What came of it: the invoice, if one was written, a receipt for each payment, credit used and change in cash."""

    invoice: InvoiceHead | None
    receipts: tuple[ReceiptHead, ...]
    credit_used: Decimal
    change: Decimal
