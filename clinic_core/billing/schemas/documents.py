"""Invoices and credit notes as lists and pages show them, and the filters of the list."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from pydantic import Field, field_validator

from clinic_core.billing.schemas.base import PAGE_LIMIT, PAGE_SIZE, Frozen
from clinic_core.errors import InvalidInput
from clinic_core.kit.text import clean, field_error
from clinic_core.vocabulary import Choice, InvoiceKind, InvoiceStatus, ItemType, PaymentMethod


class DisplayStatus(Choice):
    """The status people read; derived from amounts and dates, never stored (B4)."""

    DRAFT = "draft"
    ISSUED = "issued"
    PART_PAID = "part_paid"
    PAID = "paid"
    OVERDUE = "overdue"
    CREDITED = "credited"
    WRITTEN_OFF = "written_off"
    VOID = "void"


class InvoiceFilter(Frozen):
    """Which invoices; every filter narrows. `open_only` leaves out what is settled, drafts included."""

    status: DisplayStatus | None = None
    patient_id: UUID | None = None
    clinic_location_id: UUID | None = None
    issued_from: date | None = None
    issued_to: date | None = None
    open_only: bool = False

    def model_post_init(self, _context: object, /) -> None:
        """Refuses what the fields say against each other."""
        if self.issued_from and self.issued_to and self.issued_to < self.issued_from:
            raise InvalidInput(f"The period ends ({self.issued_to}) before it begins ({self.issued_from}).")


class ListInvoices(InvoiceFilter):
    """A page of the invoices, drafts first, then the newest issue."""

    offset: int = Field(default=0, ge=0)
    limit: int = Field(default=PAGE_SIZE, ge=1, le=PAGE_LIMIT)


class InvoiceHead(Frozen):
    """One document without a name of the patient; what a write returns, because results of requests are kept.

    `display_status` is what people read, `status` what is stored.
    """

    id: UUID
    number: str | None
    kind: InvoiceKind
    status: InvoiceStatus
    display_status: DisplayStatus
    patient_id: UUID
    clinic_location_id: UUID
    issued_on: date | None
    due_on: date | None
    currency: str
    net: Decimal
    tax: Decimal
    total: Decimal
    paid: Decimal
    credited: Decimal
    written_off: Decimal
    balance: Decimal
    version: int


class InvoiceRow(InvoiceHead):
    """One document in a list."""

    patient_name: str
    patient_code: str
    location_name: str


class InvoiceLineRow(Frozen):
    """One line as it stands on the document; `net` is rounded to the cent."""

    id: UUID
    position: int
    item_type: ItemType
    product_service_id: UUID | None
    visit_id: UUID | None
    appointment_id: UUID | None
    practitioner_user_id: UUID | None
    practitioner_name: str
    description: str
    quantity: Decimal
    unit_price: Decimal
    discount_rate: Decimal
    tax_rate: Decimal
    net: Decimal
    credited_quantity: Decimal


class TaxRow(Frozen):
    """The tax of one rate: taken once on the summed net."""

    rate: Decimal
    net: Decimal
    tax: Decimal


class PaymentRow(Frozen):
    """Money of one receipt that one invoice got; negative where it was released again."""

    id: UUID
    receipt_id: UUID
    receipt_number: str
    invoice_id: UUID
    invoice_number: str
    amount: Decimal
    method: PaymentMethod
    received_on: date
    reference: str


class Party(Frozen):
    """Seller or payer as printed; the snapshot once the document is issued.

    `reference` is what the payer says about the paper, such as an order number.
    """

    name: str
    address: str = ""
    reference: str = ""
    letterhead: str = ""
    tax_number: str = ""
    phone: str = ""
    location: str = ""


class CorrectionRow(Frozen):
    """A credit note or a write-off that lowered the balance, or a write-off taken back, which raised it again."""

    id: UUID
    label: str
    amount: Decimal
    corrected_on: date
    reason: str
    can_be_taken_back: bool


class InvoiceDetail(InvoiceRow):
    """One document with everything that is printed on it and what was paid on it."""

    bill_to: Party
    billed_to_patient: bool
    seller: Party
    timezone: str
    corrects_number: str | None
    reason: str
    lines: tuple[InvoiceLineRow, ...]
    taxes: tuple[TaxRow, ...]
    payments: tuple[PaymentRow, ...]
    corrections: tuple[CorrectionRow, ...]


class GetInvoice(Frozen):
    """Ask for one document."""

    invoice_id: UUID


class OfPatient(Frozen):
    """Ask for a patient's open invoices, or for what they owe."""

    patient_id: UUID


class UninvoicedRow(Frozen):
    """Something that no invoice charges for, as the line that would; `id` is the appointment's or visit's.

    Attended, or a proposed fee, which is charged once and at its price (`is_fixed`).
    """

    id: UUID
    item_type: ItemType
    appointment_id: UUID | None
    visit_id: UUID | None
    product_service_id: UUID | None
    practitioner_user_id: UUID
    practitioner_name: str
    clinic_location_id: UUID
    attended_on: date
    description: str
    unit_price: Decimal
    tax_rate: Decimal
    is_fixed: bool = False


class PatientBalance(Frozen):
    """What a patient owes: open invoices (gross), less the credit of receipts not allocated; `id` is the patient's."""

    id: UUID
    gross: Decimal
    credit: Decimal
    net: Decimal
    currency: str


class ProveNumbers(Frozen):
    """Ask for the proof of one series (its prefix) and year."""

    series: str
    year: int

    @field_validator("series")
    @classmethod
    def _series(cls, value: str) -> str:
        series = clean(value, limit=10, field="series").upper()
        if not (series.isascii() and series.isalnum()):
            raise field_error("series", "must be capital letters and digits")
        return series


class NumberSeriesRow(Frozen):
    """A series (its prefix) and year in which numbers were given, and what they were given to."""

    series: str
    year: int
    label: str


class NumberProof(Frozen):
    """Proof that the numbers of a series and year have no gap (B3)."""

    series: str
    year: int
    first: int | None
    last: int | None
    count: int
    voids: int
    missing: tuple[int, ...]
    duplicates: tuple[int, ...]
