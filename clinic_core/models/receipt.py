"""Money: the receipt is what was handed over, a payment the part of it that one invoice gets; refunds are agreed to."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from clinic_core.db.base import AMOUNT, TenantRow, blank, check, choice, owned, tenant
from clinic_core.vocabulary import PaymentMethod, ReceiptKind, RefundStatus


class Receipt(TenantRow, table=True):
    """Money taken from, or given back to, a patient or payer; what is not allocated is patient credit.

    `allocated` (sum of its payments) and `refunded` (sum of the refunds of it) are kept by triggers.
    """

    __tablename__ = "receipt"
    __table_args__ = tenant(
        owned("patient_id", "patient"),
        owned("clinic_location_id", "clinic_location"),
        owned("refunds_receipt_id", "receipt"),
        UniqueConstraint("organization_id", "number"),
        Index(None, "organization_id", "received_on"),
        Index(
            "ix_receipt_credit",
            "organization_id",
            "patient_id",
            postgresql_where=text("kind = 'receipt' and allocated + refunded < amount"),
        ),
        check("amount between 0.01 and 999999999999.99", "amount"),
        check("(kind = 'refund') = (refunds_receipt_id is not null)", "refunds"),
        check(
            "case kind when 'receipt' then allocated >= 0 and refunded >= 0 and allocated + refunded <= amount"
            " else refunded = 0 and allocated between -amount and 0 end",
            "not_over_allocated",
        ),
    )
    patient_id: UUID
    clinic_location_id: UUID
    number: str
    kind: ReceiptKind = Field(
        default=ReceiptKind.RECEIPT,
        sa_type=choice(ReceiptKind),
        nullable=False,
        sa_column_kwargs={"server_default": "receipt"},
    )
    refunds_receipt_id: UUID | None = None
    amount: Decimal = Field(sa_type=AMOUNT)
    allocated: Decimal = Field(default=Decimal("0.00"), sa_type=AMOUNT, sa_column_kwargs={"server_default": text("0")})
    refunded: Decimal = Field(default=Decimal("0.00"), sa_type=AMOUNT, sa_column_kwargs={"server_default": text("0")})
    method: PaymentMethod = Field(sa_type=choice(PaymentMethod), nullable=False)
    received_at: datetime
    received_on: date
    reference: str = blank()


class Payment(TenantRow, table=True):
    """The part of a receipt that pays one invoice; negative where it gives money back (B4).

    `applied_on` is the day from which it counts: not before the money was received or the invoice was issued, and
    never in a closed month (B10).
    """

    __tablename__ = "payment"
    __table_args__ = tenant(
        owned("invoice_id", "invoice"),
        owned("receipt_id", "receipt"),
        Index(None, "organization_id", "applied_on"),
        check("amount <> 0 and amount <= 999999999999.99", "amount"),
    )
    invoice_id: UUID
    receipt_id: UUID
    amount: Decimal = Field(sa_type=AMOUNT)
    applied_on: date
    method: PaymentMethod = Field(sa_type=choice(PaymentMethod), nullable=False)
    received_at: datetime
    reference: str = blank()


class RefundRequest(TenantRow, table=True):
    """The wish to give money of a receipt back, for a second person to agree to; asked by who made the row (B4).

    Who asked does not decide. The refund itself is a receipt, which a trigger puts down here when it is written.
    """

    __tablename__ = "refund_request"
    __table_args__ = tenant(
        owned("receipt_id", "receipt"),
        owned("refund_receipt_id", "receipt"),
        owned("decided_by_user_id", "app_user"),
        UniqueConstraint("organization_id", "refund_receipt_id"),
        Index(None, "organization_id", "status", "created_at"),
        Index(
            "uq_refund_request_open",
            "organization_id",
            "receipt_id",
            unique=True,
            postgresql_where=text("status = 'requested'"),
        ),
        check("amount between 0.01 and 999999999999.99", "amount"),
        check("btrim(reason) <> ''", "reason"),
        check("(status = 'requested') = (decided_at is null)", "decided"),
        check("status not in ('approved', 'declined') or decided_by_user_id is not null", "decided_by"),
        check("status not in ('approved', 'declined') or decided_by_user_id <> created_by", "four_eyes"),
        check("refund_receipt_id is null or status = 'approved'", "refund"),
    )
    receipt_id: UUID
    amount: Decimal = Field(sa_type=AMOUNT)
    method: PaymentMethod = Field(sa_type=choice(PaymentMethod), nullable=False)
    reference: str = blank()
    reason: str
    status: RefundStatus = Field(
        default=RefundStatus.REQUESTED,
        sa_type=choice(RefundStatus),
        nullable=False,
        sa_column_kwargs={"server_default": "requested"},
    )
    decided_by_user_id: UUID | None = None
    decided_at: datetime | None = None
    decision_note: str = blank()
    refund_receipt_id: UUID | None = None
