"""Sign-in: sessions, one-time links and tickets, attempts, break-glass grants. Only hashes of secrets are stored."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from clinic_core.db.base import NOW, TenantRow, blank, check, choice, owned, tenant
from clinic_core.kit.ids import new_id
from clinic_core.vocabulary import LinkPurpose


class UserSession(SQLModel, table=True):
    """A signed-in browser. Alive while not ended, used within `idle_minutes`, and before `expires_at`."""

    __tablename__ = "user_session"
    __table_args__ = tenant(owned("user_id", "app_user"), check("idle_minutes between 1 and 1440", "idle_minutes"))
    id: UUID = Field(default_factory=new_id, primary_key=True)
    organization_id: UUID = Field(foreign_key="organization.id")
    user_id: UUID
    token_hash: bytes = Field(unique=True)
    created_at: datetime | None = Field(default=None, nullable=False, sa_column_kwargs={"server_default": NOW})
    last_seen_at: datetime | None = Field(default=None, nullable=False, sa_column_kwargs={"server_default": NOW})
    idle_minutes: int
    expires_at: datetime
    ended_at: datetime | None = None
    end_reason: str | None = None
    user_agent: str = blank()


class OneTimeLink(TenantRow, table=True):
    """An invitation, a password reset, or the ticket between the sign-in widget and the cookie; used at most once."""

    __tablename__ = "one_time_link"
    __table_args__ = tenant(owned("user_id", "app_user"))
    user_id: UUID
    purpose: LinkPurpose = Field(sa_type=choice(LinkPurpose), nullable=False)
    token_hash: bytes = Field(unique=True)
    nonce_hash: bytes | None = None
    expires_at: datetime
    used_at: datetime | None = None


class SignInAttempt(SQLModel, table=True):
    """A failed sign-in, for the delay per account and per address; e-mail and address only as keyed hashes."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (
        Index(None, "email_hash", "created_at"),
        Index(None, "address_hash", "created_at"),
        Index(None, "created_at"),
    )
    id: UUID = Field(default_factory=new_id, primary_key=True)
    email_hash: bytes
    address_hash: bytes
    created_at: datetime | None = Field(default=None, nullable=False, sa_column_kwargs={"server_default": NOW})


class BreakGlassGrant(TenantRow, table=True):
    """A practitioner outside the care team reads a chart for a stated reason, for thirty minutes (I4)."""

    __tablename__ = "break_glass_grant"
    __table_args__ = tenant(
        owned("user_id", "app_user"),
        owned("patient_id", "patient"),
        check("btrim(reason) <> ''", "reason"),
        check("expires_at > created_at", "expires_at"),
        Index("ix_break_glass_grant_lookup", "organization_id", "user_id", "patient_id", text("expires_at desc")),
    )
    user_id: UUID
    patient_id: UUID
    reason: str
    expires_at: datetime
