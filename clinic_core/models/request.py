"""What makes repeated clicks and lost browsers harmless: finished requests, and drafts of forms."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from clinic_core.db.base import JSON, NOW, owned, tenant
from clinic_core.kit.ids import new_id


class Request(SQLModel, table=True):
    """A write request that was carried out once; a repeat with the same id gets the first result."""

    __tablename__ = "request"
    organization_id: UUID = Field(primary_key=True, foreign_key="organization.id")
    request_id: UUID = Field(primary_key=True)
    use_case: str
    actor_user_id: UUID | None = None
    content_digest: bytes
    result_json: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    created_at: datetime | None = Field(default=None, nullable=False, sa_column_kwargs={"server_default": NOW})


class Draft(SQLModel, table=True):
    """Unsaved text of one person in one form for one object, kept until saved or thrown away."""

    __tablename__ = "draft"
    __table_args__ = tenant(
        owned("user_id", "app_user"),
        UniqueConstraint("organization_id", "user_id", "form", "object_id"),
        created_index=False,
    )
    id: UUID = Field(default_factory=new_id, primary_key=True)
    organization_id: UUID = Field(foreign_key="organization.id")
    user_id: UUID
    form: str
    object_id: UUID
    body_json: dict[str, Any] = Field(default_factory=dict, sa_type=JSON, nullable=False)
    saved_at: datetime | None = Field(default=None, nullable=False, sa_column_kwargs={"server_default": NOW})
