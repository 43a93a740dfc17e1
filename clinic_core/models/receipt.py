"""Money: the receipt is what was handed over, a payment is the part of it that one invoice gets."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from clinic_core.db.base import AMOUNT, TenantRow, blank, check, choice, owned, tenant
from clinic_core.vocabulary import PaymentMethod, ReceiptKind


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
    """The part of a receipt that pays one invoice; negative where it gives money back (B4)."""

    __tablename__ = "payment"
    __table_args__ = tenant(
        owned("invoice_id", "invoice"),
        owned("receipt_id", "receipt"),
        check("amount <> 0 and amount <= 999999999999.99", "amount"),
    )
    invoice_id: UUID
    receipt_id: UUID
    amount: Decimal = Field(sa_type=AMOUNT)
    method: PaymentMethod = Field(sa_type=choice(PaymentMethod), nullable=False)
    received_at: datetime
    reference: str = blank()
