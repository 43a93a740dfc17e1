"""Invoices and credit notes, their lines, and what lowers a balance without money."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Computed, Index, UniqueConstraint, text
from sqlmodel import Field

from clinic_core.db.base import AMOUNT, JSON, QUANTITY, RATE, UNIT_PRICE, TenantRow, blank, check, choice, owned, tenant
from clinic_core.vocabulary import AdjustmentKind, InvoiceKind, InvoiceStatus, ItemType

ZERO = Decimal("0.00")


class Invoice(TenantRow, table=True):
    """A demand for money or its correction; frozen by trigger once issued. Amounts NUMERIC(14,2) in `currency`.

    `paid`, `credited` and `written_off` are kept by triggers; `balance` is generated and NULL-free: zero for
    drafts, void papers and credit notes.
    """

    __tablename__ = "invoice"
    __table_args__ = tenant(
        owned("patient_id", "patient"),
        owned("case_id", "clinical_case"),
        owned("clinic_location_id", "clinic_location"),
        owned("corrects_invoice_id", "invoice"),
        UniqueConstraint("organization_id", "number"),
        Index(
            "uq_invoice_sequence",
            "organization_id",
            "series",
            "series_year",
            "sequence",
            unique=True,
            postgresql_where=text("sequence is not null"),
        ),
        Index(
            "ix_invoice_open",
            "organization_id",
            "patient_id",
            "due_on",
            postgresql_include=["balance", "issued_on"],
            postgresql_where=text("balance > 0"),
        ),
        Index("ix_invoice_list", "organization_id", text("issued_on desc nulls first"), text("id desc")),
        check("(status = 'draft') = (number is null)", "number_at_issue"),
        check("(status = 'draft') = (issued_at is null)", "issued_at"),
        check(
            "(number is null) = (sequence is null) and (number is null) = (series_year is null)"
            " and (number is null) = (issued_on is null) and (number is null) = (currency is null)",
            "issue_stamp",
        ),
        check("total = net + tax", "total"),
        check("total between 0 and 999999999999.99", "not_negative"),
        check("paid >= 0 and credited >= 0 and written_off >= 0", "allocated"),
        check("paid + credited + written_off <= total", "not_over_allocated"),
        check("(kind = 'credit_note') = (corrects_invoice_id is not null)", "corrects"),
        check("kind = 'invoice' or (paid = 0 and credited = 0 and written_off = 0)", "credit_note_has_no_balance"),
        check("due_on is null or due_on >= issued_on", "due_on"),
        check("currency ~ '^[A-Z]{3}$'", "currency"),
        check("kind = 'credit_note' or reason = ''", "reason"),
    )
    patient_id: UUID
    case_id: UUID | None = None
    clinic_location_id: UUID
    kind: InvoiceKind = Field(
        default=InvoiceKind.INVOICE,
        sa_type=choice(InvoiceKind),
        nullable=False,
        sa_column_kwargs={"server_default": "invoice"},
    )
    corrects_invoice_id: UUID | None = None
    status: InvoiceStatus = Field(
        default=InvoiceStatus.DRAFT,
        sa_type=choice(InvoiceStatus),
        nullable=False,
        sa_column_kwargs={"server_default": "draft"},
    )
    number: str | None = None
    series: str | None = None
    series_year: int | None = None
    sequence: int | None = None
    issued_at: datetime | None = None
    issued_on: date | None = None
    due_at: datetime | None = None
    due_on: date | None = None
    reason: str = blank()
    currency: str | None = None
    bill_to_json: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSON, nullable=False, sa_column_kwargs={"server_default": text("'{}'")}
    )
    seller_json: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSON, nullable=False, sa_column_kwargs={"server_default": text("'{}'")}
    )
    totals_json: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSON, nullable=False, sa_column_kwargs={"server_default": text("'{}'")}
    )
    net: Decimal = Field(default=ZERO, sa_type=AMOUNT, sa_column_kwargs={"server_default": text("0")})
    tax: Decimal = Field(default=ZERO, sa_type=AMOUNT, sa_column_kwargs={"server_default": text("0")})
    total: Decimal = Field(default=ZERO, sa_type=AMOUNT, sa_column_kwargs={"server_default": text("0")})
    paid: Decimal = Field(default=ZERO, sa_type=AMOUNT, sa_column_kwargs={"server_default": text("0")})
    credited: Decimal = Field(default=ZERO, sa_type=AMOUNT, sa_column_kwargs={"server_default": text("0")})
    written_off: Decimal = Field(default=ZERO, sa_type=AMOUNT, sa_column_kwargs={"server_default": text("0")})
    balance: Decimal | None = Field(
        default=None,
        sa_type=AMOUNT,
        sa_column_args=(
            Computed(
                "case when status = 'issued' and kind = 'invoice'"
                " then total - paid - credited - written_off else 0 end",
                persisted=True,
            ),
        ),
    )


class InvoiceLine(TenantRow, table=True):
    """One line: what, how much, at which price, discount and tax; `net` is rounded half up to cents.

    A line of a credit note takes back `qty` of the line it names, whose `credited_qty` counts it by trigger.
    The net of the last of several credits takes the cents that rounding left.
    """

    __tablename__ = "invoice_line"
    __table_args__ = tenant(
        owned("invoice_id", "invoice", ondelete="CASCADE"),
        owned("product_service_id", "product_service"),
        owned("visit_id", "visit"),
        owned("appointment_id", "appointment"),
        owned("practitioner_user_id", "app_user"),
        owned("credits_line_id", "invoice_line"),
        UniqueConstraint("organization_id", "invoice_id", "position"),
        check("position >= 1", "position"),
        check("btrim(description) <> ''", "description"),
        check("tax_rate between 0 and 1", "tax_rate"),
        check("discount_rate between 0 and 1", "discount_rate"),
        check("unit_price between 0 and 9999999999", "unit_price"),
        check("qty between -99999999 and 99999999", "qty"),
        check("credits_line_id is not null or net = round(qty * unit_price * (1 - discount_rate), 2)", "net"),
        check(
            "credited_qty = 0 or (sign(credited_qty) = sign(qty) and abs(credited_qty) <= abs(qty))",
            "not_over_credited",
        ),
        check(
            "case item_type when 'service' then product_service_id is not null when 'product' then product_service_id"
            " is not null when 'visit' then visit_id is not null when 'package' then product_service_id is not null"
            " else true end",
            "item",
        ),
    )
    invoice_id: UUID
    position: int
    item_type: ItemType = Field(sa_type=choice(ItemType), nullable=False)
    product_service_id: UUID | None = None
    visit_id: UUID | None = None
    appointment_id: UUID | None = None
    item_id: UUID | None = Field(
        default=None,
        sa_column_args=(
            Computed(
                "case item_type when 'visit' then visit_id when 'fee' then appointment_id else product_service_id end",
                persisted=True,
            ),
        ),
    )
    practitioner_user_id: UUID | None = None
    description: str
    qty: Decimal = Field(sa_type=QUANTITY)
    unit_price: Decimal = Field(sa_type=UNIT_PRICE)
    tax_rate: Decimal = Field(default=Decimal(0), sa_type=RATE, sa_column_kwargs={"server_default": text("0")})
    discount_rate: Decimal = Field(default=Decimal(0), sa_type=RATE, sa_column_kwargs={"server_default": text("0")})
    net: Decimal = Field(sa_type=AMOUNT)
    credits_line_id: UUID | None = None
    credited_qty: Decimal = Field(default=Decimal(0), sa_type=QUANTITY, sa_column_kwargs={"server_default": text("0")})


class Adjustment(TenantRow, table=True):
    """A write-off, or one taken back (negative), with its reason; counted in `invoice.written_off` by trigger."""

    __tablename__ = "adjustment"
    __table_args__ = tenant(
        owned("invoice_id", "invoice"),
        Index(None, "organization_id", "adjusted_on"),
        owned("reverses_adjustment_id", "adjustment"),
        UniqueConstraint("organization_id", "reverses_adjustment_id"),
        check("amount between -999999999999.99 and 999999999999.99 and amount <> 0", "amount"),
        check("(amount < 0) = (reverses_adjustment_id is not null)", "reverses"),
        check("btrim(reason) <> ''", "reason"),
    )
    invoice_id: UUID
    kind: AdjustmentKind = Field(sa_type=choice(AdjustmentKind), nullable=False)
    amount: Decimal = Field(sa_type=AMOUNT)
    reason: str
    adjusted_on: date
    reverses_adjustment_id: UUID | None = None


class DocumentEvent(TenantRow, table=True):
    """One step in the life of an invoice or credit note, written by trigger."""

    __tablename__ = "document_event"
    __table_args__ = tenant(owned("invoice_id", "invoice", ondelete="CASCADE"))
    invoice_id: UUID
    from_status: InvoiceStatus | None = Field(default=None, sa_type=choice(InvoiceStatus, "from_status"))
    to_status: InvoiceStatus = Field(sa_type=choice(InvoiceStatus, "to_status"), nullable=False)
