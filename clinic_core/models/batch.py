"""Papers for many at once, made in the background, and the reminders that went out for what is overdue (B6, B7)."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from clinic_core.db.base import JSON, TenantRow, blank, check, choice, owned, tenant
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


class PaymentReminder(TenantRow, table=True):
    """A reminder that went out for an invoice: its step, the day, and until when payment was asked for (B6)."""

    __tablename__ = "payment_reminder"
    __table_args__ = tenant(
        owned("invoice_id", "invoice"),
        owned("document_batch_id", "document_batch"),
        UniqueConstraint("organization_id", "invoice_id", "step"),
        Index(None, "organization_id", "reminded_on"),
        check("step between 1 and 9", "step"),
        check("pay_by > reminded_on", "pay_by"),
    )
    invoice_id: UUID
    document_batch_id: UUID | None = None
    step: int
    reminded_on: date
    pay_by: date
