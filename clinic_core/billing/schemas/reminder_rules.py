"""The rules of payment reminders: the steps of the organisation, and the invoices that are held back (B6)."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from pydantic import Field, field_validator

from clinic_core.access.organization import ReminderStep
from clinic_core.billing.schemas.base import TEXT_LIMIT, Frozen
from clinic_core.billing.schemas.numbers import NotNegativeAmount
from clinic_core.kit.text import clean_multiline, clean_required

MOST_STEPS = 9


class _Hold(Frozen):
    invoice_id: UUID
    reason: str
    request_id: UUID | None = None

    @field_validator("reason")
    @classmethod
    def _reason(cls, value: str) -> str:
        return clean_required(value, limit=TEXT_LIMIT, field="reason")


class HoldReminders(_Hold):
    """Send no reminders of an invoice up to and with a day, or none at all."""

    until: date | None = None


class ReleaseHold(_Hold):
    """Let the reminders of an invoice go out again."""


class HoldHead(Frozen):
    """A hold without its reason; what a write returns, because results of requests are kept."""

    id: UUID
    invoice_id: UUID
    until: date | None
    version: int


class OfInvoice(Frozen):
    """Ask for the reminders of one invoice."""

    invoice_id: UUID


class ReminderRow(Frozen):
    """A reminder that went out: `balance` is what was owed on that day."""

    id: UUID
    step: int
    reminded_on: date
    pay_by: date
    balance: Decimal
    by_email: bool
    reminded_by: str


class HoldRow(Frozen):
    """The last hold of an invoice; it is active up to and with `until`, or without end."""

    until: date | None
    reason: str
    held_by: str
    is_active: bool


class InvoiceReminders(Frozen):
    """The reminders of an invoice, oldest first, its hold, and from when on the next one is due, if any is."""

    reminders: tuple[ReminderRow, ...]
    hold: HoldRow | None
    next_step: int | None
    next_on: date | None


class WantedStep(ReminderStep):
    """A step as it is typed."""

    @field_validator("title")
    @classmethod
    def _title(cls, value: str) -> str:
        return clean_required(value, limit=60, field="title")

    @field_validator("text")
    @classmethod
    def _text(cls, value: str) -> str:
        return clean_multiline(value, limit=2000, field="text")


class SetReminderSteps(Frozen):
    """The reminders of the organisation, in the order in which they go out, and the least that is reminded of."""

    steps: tuple[WantedStep, ...] = Field(max_length=MOST_STEPS)
    minimum: NotNegativeAmount = Field(default=Decimal(0), le=100_000)
    request_id: UUID | None = None


class ReminderSteps(Frozen):
    """The setting as it is now; `id` is the organisation's."""

    id: UUID
    steps: int
    minimum: Decimal
