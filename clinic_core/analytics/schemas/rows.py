"""The rows behind the figures, in pages; the sum of all rows is the figure."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from clinic_core.analytics.schemas.figures import Explanation
from clinic_core.analytics.schemas.requests import Frozen, OverrideKind
from clinic_core.billing.schemas import AgeBucket
from clinic_core.vocabulary import AppointmentStatus, InvoiceKind, PaymentMethod, ReceiptKind


class OutstandingRow(Frozen):
    """One open invoice; `patient_name` is empty for readers who may not see patients."""

    id: UUID
    number: str
    patient_id: UUID
    patient_code: str
    patient_name: str
    clinic_location_id: UUID
    location: str
    issued_on: date
    due_on: date
    days: int
    bucket: AgeBucket
    total: Decimal
    balance: Decimal


class OutstandingPage(Frozen):
    """A page of open invoices with the count and the sum of all of them."""

    rows: tuple[OutstandingRow, ...]
    count: int
    total: Decimal


class DebtorRow(Frozen):
    """What one patient owes, by age; `id` is the patient."""

    id: UUID
    patient_code: str
    patient_name: str
    invoices: int
    oldest_on: date
    to_30: Decimal
    to_60: Decimal
    to_90: Decimal
    over_90: Decimal
    balance: Decimal


class DebtorPage(Frozen):
    """A page of debtors, those who owe most first, with the count and the sum of all of them."""

    rows: tuple[DebtorRow, ...]
    count: int
    total: Decimal


class CreditRow(Frozen):
    """A patient's money that is not applied to an invoice; `id` is the patient."""

    id: UUID
    patient_code: str
    patient_name: str
    receipts: int
    amount: Decimal


class CreditPage(Frozen):
    """A page of patients with credit, with the count and the sum of all of them."""

    rows: tuple[CreditRow, ...]
    count: int
    total: Decimal


class NoShowRow(Frozen):
    """One appointment behind the no-show rate; `counted` says whether it stands above or below the line only."""

    id: UUID
    starts_at: datetime
    timezone: str
    location: str
    practitioner: str
    patient_id: UUID
    patient_code: str
    patient_name: str
    status: AppointmentStatus


class NoShowPage(Frozen):
    """A page of attended and missed appointments, the missed first, with the count of all of them."""

    rows: tuple[NoShowRow, ...]
    count: int


class InvoicedRow(Frozen):
    """One document behind the invoiced amount; a credit note counts negative."""

    id: UUID
    number: str
    kind: InvoiceKind
    issued_on: date
    patient_id: UUID
    patient_code: str
    patient_name: str
    location: str
    amount: Decimal


class InvoicedPage(Frozen):
    """A page of issued documents with the count and the sum of all of them."""

    rows: tuple[InvoicedRow, ...]
    count: int
    total: Decimal


class CollectedRow(Frozen):
    """One receipt or refund behind the collected amount; a refund counts negative."""

    id: UUID
    number: str
    kind: ReceiptKind
    method: PaymentMethod
    received_on: date
    patient_id: UUID
    patient_code: str
    patient_name: str
    location: str
    amount: Decimal


class CollectedPage(Frozen):
    """A page of receipts and refunds with the count and the sum of all of them."""

    rows: tuple[CollectedRow, ...]
    count: int
    total: Decimal


class OverrideRow(Frozen):
    """One appointment for which something was lifted; `overridden_by` put it where it is."""

    id: UUID
    starts_at: datetime
    timezone: str
    location: str
    practitioner: str
    patient_id: UUID
    patient_code: str
    patient_name: str
    status: AppointmentStatus
    kinds: tuple[OverrideKind, ...]
    reason: str
    overridden_by: str
    overridden_at: datetime

    @property
    def kinds_text(self) -> str:
        """What was lifted, in words."""
        return ", ".join(kind.label for kind in self.kinds)


class OverridePerson(Frozen):
    """For how many appointments a person lifted something; without an id it was the clinic's own software."""

    id: UUID | None
    name: str
    appointments: int


class OverridesPage(Frozen):
    """A page of overrides, and how many there are in the period: in all, of each kind, by each person.

    An appointment may have several kinds, so `by_kind` may sum to more than `appointments`. `count` is that of all
    rows of the chosen kind and person; the other numbers do not depend on these two filters.
    """

    rows: tuple[OverrideRow, ...]
    count: int
    appointments: int
    by_kind: dict[OverrideKind, int]
    by_person: tuple[OverridePerson, ...]
    explanation: Explanation
