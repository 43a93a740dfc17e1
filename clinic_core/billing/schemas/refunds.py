"""Money given back: at once by one person, or asked for by one and agreed to by another (B4)."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from pydantic import Field, field_validator

from clinic_core.billing.schemas.base import NAME_LIMIT, PAGE_LIMIT, PAGE_SIZE, TEXT_LIMIT, Frozen
from clinic_core.billing.schemas.numbers import PositiveAmount
from clinic_core.kit.text import clean, clean_required
from clinic_core.vocabulary import PaymentMethod, RefundStatus


class _Refund(Frozen):
    receipt_id: UUID
    amount: PositiveAmount
    method: PaymentMethod
    reference: str = ""
    request_id: UUID | None = None

    @field_validator("reference")
    @classmethod
    def _reference(cls, value: str) -> str:
        return clean(value, limit=NAME_LIMIT, field="reference")


class RefundReceipt(_Refund):
    """Give back money of a receipt that is on no invoice."""


class RequestRefund(_Refund):
    """Ask that money of a receipt be given back; somebody else decides."""

    reason: str

    @field_validator("reason")
    @classmethod
    def _reason(cls, value: str) -> str:
        return clean_required(value, limit=TEXT_LIMIT, field="reason")


class DecideRefund(Frozen):
    """Agree to a refund that a colleague asked for, which gives the money back, or decline it."""

    refund_request_id: UUID
    approve: bool
    note: str = ""
    version: int | None = None
    request_id: UUID | None = None

    @field_validator("note")
    @classmethod
    def _note(cls, value: str) -> str:
        return clean(value, limit=TEXT_LIMIT, field="note")


class WithdrawRefund(Frozen):
    """Take back what one asked for oneself, while nobody has decided."""

    refund_request_id: UUID
    version: int | None = None
    request_id: UUID | None = None


class SetFourEyes(Frozen):
    """Whether every refund of the organisation needs the consent of a second person."""

    required: bool
    request_id: UUID | None = None


class FourEyes(Frozen):
    """The setting as it is now; `id` is the organisation's."""

    id: UUID
    required: bool


class RefundRequestHead(Frozen):
    """What was asked for and what became of it, without a name; what a write returns."""

    id: UUID
    receipt_id: UUID
    amount: Decimal
    method: PaymentMethod
    status: RefundStatus
    refund_receipt_id: UUID | None
    version: int


class RefundFilter(Frozen):
    """Which requests; every filter narrows. `to_decide` are the open ones that the actor may decide."""

    receipt_id: UUID | None = None
    open_only: bool = False
    to_decide: bool = False


class ListRefundRequests(RefundFilter):
    """A page of the requests: the open ones first, then the newest."""

    offset: int = Field(default=0, ge=0)
    limit: int = Field(default=PAGE_SIZE, ge=1, le=PAGE_LIMIT)


class RefundRequestRow(RefundRequestHead):
    """One request in a list; `left` is what the receipt still has to give back."""

    receipt_number: str
    refund_number: str | None
    patient_name: str
    patient_code: str
    location_name: str
    reference: str
    reason: str
    left: Decimal
    asked_at: datetime
    asked_by: str
    decided_at: datetime | None
    decided_by: str
    decision_note: str
    may_decide: bool
    may_withdraw: bool
