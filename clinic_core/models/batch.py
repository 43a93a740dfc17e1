"""Papers for many at once, made in the background, and the reminders that went out for what is overdue (B6, B7)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from clinic_core.db.base import AMOUNT, JSON, TenantRow, blank, check, choice, owned, tenant
from clinic_core.vocabulary import BatchKind, BatchStatus


class DocumentBatch(TenantRow, table=True):
    """A batch of papers: what was asked, how far it has come, and where the archive lies until `expires_at`.

    `actor_user_id` is whose reach decides what goes in; `file_name` is relative to the folder of batches.
    """

    __tablename__ = "document_batch"
    __table_args__ = tenant(
        owned("actor_user_id", "app_user"),
        check("total >= 0 and done between 0 and total", "progress"),
        check("(status = 'done') = (file_name is not null)", "file"),
        check("(status in ('done', 'failed', 'cancelled')) = (finished_at is not null)", "finished"),
        check("kind <> 'reminders' or status <> 'cancelled'", "reminders_go_out"),
    )
    actor_user_id: UUID
    kind: BatchKind = Field(sa_type=choice(BatchKind), nullable=False)
    parameters_json: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSON, nullable=False, sa_column_kwargs={"server_default": text("'{}'")}
    )
    status: BatchStatus = Field(
        default=BatchStatus.QUEUED,
        sa_type=choice(BatchStatus),
        nullable=False,
        sa_column_kwargs={"server_default": "queued"},
    )
    total: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    done: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    problem: str = blank()
    file_name: str | None = None
    file_bytes: int | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    expires_at: datetime | None = None


class DocumentBatchItem(TenantRow, table=True):
    """One paper of a batch, in the order of its archive: a patient's statement or letter, or one document.

    `made_at` is set when the paper lies in the folder of the batch or `problem` says why there is none. `by_email`
    items go out as an attachment, the others by post.
    """

    __tablename__ = "document_batch_item"
    __table_args__ = tenant(
        owned("document_batch_id", "document_batch"),
        owned("patient_id", "patient"),
        owned("invoice_id", "invoice"),
        UniqueConstraint("organization_id", "document_batch_id", "position"),
        Index(
            "ix_document_batch_item_waiting",
            "organization_id",
            "document_batch_id",
            "position",
            postgresql_where=text("made_at is null"),
        ),
        check("position >= 1", "position"),
        check("problem = '' or made_at is not null", "problem"),
    )
    document_batch_id: UUID
    position: int
    patient_id: UUID
    invoice_id: UUID | None = None
    by_email: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    made_at: datetime | None = None
    problem: str = blank()


class PaymentReminder(TenantRow, table=True):
    """A reminder of an invoice: its step, the day, and until when payment was asked for (B6).

    A trigger sees to it that only what is overdue and owed is reminded of, one step after the other.
    """

    __tablename__ = "payment_reminder"
    __table_args__ = tenant(
        owned("invoice_id", "invoice"),
        owned("document_batch_item_id", "document_batch_item"),
        UniqueConstraint("organization_id", "invoice_id", "step"),
        Index(None, "organization_id", "reminded_on"),
        check("step between 1 and 9", "step"),
        check("pay_by > reminded_on", "pay_by"),
        check("balance > 0", "balance"),
    )
    invoice_id: UUID
    document_batch_item_id: UUID
    step: int
    reminded_on: date
    pay_by: date
    balance: Decimal = Field(sa_type=AMOUNT, nullable=False)


class ReminderHold(TenantRow, table=True):
    """No reminders of an invoice until a day, or for good, and why: disputed, paid in parts, died (B6)."""

    __tablename__ = "reminder_hold"
    __table_args__ = tenant(
        owned("invoice_id", "invoice"),
        UniqueConstraint("organization_id", "invoice_id"),
        check("btrim(reason) <> ''", "reason"),
    )
    invoice_id: UUID
    until: date | None = None
    reason: str
