"""The audit log and its seals. Append-only for the app; written by triggers and by `audit_event()`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from clinic_core.db.base import JSON, TenantRow, check, owned, tenant


class AuditLog(SQLModel, table=True):
    """Who did what to which row, in which use case and request; partitioned by month of `created_at` (UTC)."""

    __tablename__ = "audit_log"
    __table_args__ = (
        owned("actor_user_id", "app_user"),
        Index(None, "organization_id", "created_at"),
        Index(None, "organization_id", "entity_type", "entity_id", "created_at"),
        Index(None, "organization_id", "actor_user_id", "created_at"),
        {"postgresql_partition_by": "RANGE (created_at)"},
    )
    id: UUID = Field(primary_key=True, sa_column_kwargs={"server_default": text("gen_random_uuid()")})
    created_at: datetime = Field(primary_key=True, sa_column_kwargs={"server_default": text("clock_timestamp()")})
    organization_id: UUID = Field(foreign_key="organization.id")
    actor_user_id: UUID | None = None
    use_case: str
    request_id: UUID | None = None
    entity_type: str
    entity_id: UUID | None = None
    action: str
    diff_json: dict[str, Any] = Field(default_factory=dict, sa_type=JSON, nullable=False)


class AuditSeal(TenantRow, table=True):
    """One link of the hash chain over the audit rows of an organisation (U3)."""

    __tablename__ = "audit_seal"
    __table_args__ = tenant(
        UniqueConstraint("organization_id", "sequence"),
        check("row_count >= 0", "row_count"),
        check("last_at >= first_at", "order"),
    )
    sequence: int
    first_at: datetime
    last_at: datetime
    row_count: int
    previous_digest: bytes
    digest: bytes
