"""Users, roles, permissions, and the profiles of practitioners and assistants."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from clinic_core.db.base import JSON, TenantRow, blank, check, choice, owned, tenant
from clinic_core.kit.ids import new_id
from clinic_core.vocabulary import Scope, UserStatus


class AppUser(TenantRow, table=True):
    """A person of the clinic, or a patient with portal access; `email` is NULL for people who never sign in."""

    __tablename__ = "app_user"
    __table_args__ = tenant(
        Index("uq_app_user_email", text("lower(email)"), unique=True),
        check("status <> 'active' or email is not null or password_hash is null", "sign_in"),
        check("btrim(display_name) <> ''", "display_name"),
    )
    email: str | None = None
    password_hash: str | None = None
    display_name: str
    status: UserStatus = Field(default=UserStatus.INVITED, sa_type=choice(UserStatus), nullable=False)
    last_login_at: datetime | None = None
    password_changed_at: datetime | None = None
    failed_sign_ins: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    locked_until: datetime | None = None


class Role(TenantRow, table=True):
    """A named set of permissions within one organisation."""

    __tablename__ = "role"
    __table_args__ = tenant(UniqueConstraint("organization_id", "key"), check("btrim(key) <> ''", "key"))
    key: str
    name: str
    baseline: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})


class PermissionRow(SQLModel, table=True):
    """One permission of the code's enum; global, synced by `clinic migrate`."""

    __tablename__ = "permission"
    id: UUID = Field(default_factory=new_id, primary_key=True)
    key: str = Field(unique=True)
    description: str


class RolePermission(TenantRow, table=True):
    """A role holds a permission up to a scope."""

    __tablename__ = "role_permission"
    __table_args__ = tenant(
        owned("role_id", "role", ondelete="CASCADE"),
        UniqueConstraint("organization_id", "role_id", "permission_id"),
    )
    role_id: UUID
    permission_id: UUID = Field(foreign_key="permission.id", index=True)
    scope: Scope = Field(sa_type=choice(Scope), nullable=False)


class UserRole(TenantRow, table=True):
    """A user holds a role."""

    __tablename__ = "user_role"
    __table_args__ = tenant(
        owned("user_id", "app_user"),
        owned("role_id", "role"),
        UniqueConstraint("organization_id", "user_id", "role_id"),
    )
    user_id: UUID
    role_id: UUID


class UserLocation(TenantRow, table=True):
    """A user works at a location: the reach of the scope *location*."""

    __tablename__ = "user_location"
    __table_args__ = tenant(
        owned("user_id", "app_user"),
        owned("clinic_location_id", "clinic_location"),
        UniqueConstraint("organization_id", "user_id", "clinic_location_id"),
    )
    user_id: UUID
    clinic_location_id: UUID


class PractitionerProfile(TenantRow, table=True):
    """What makes a user a practitioner; `availability_json` holds the validated weekly rules."""

    __tablename__ = "practitioner_profile"
    __table_args__ = tenant(owned("user_id", "app_user"), UniqueConstraint("organization_id", "user_id"))
    user_id: UUID
    specialties_json: list[str] = Field(
        default_factory=list, sa_type=JSON, nullable=False, sa_column_kwargs={"server_default": text("'[]'")}
    )
    license_number: str = blank()
    availability_json: list[dict[str, Any]] = Field(
        default_factory=list, sa_type=JSON, nullable=False, sa_column_kwargs={"server_default": text("'[]'")}
    )


class AssistantProfile(TenantRow, table=True):
    """What makes a user an assistant: department and duties."""

    __tablename__ = "assistant_profile"
    __table_args__ = tenant(owned("user_id", "app_user"), UniqueConstraint("organization_id", "user_id"))
    user_id: UUID
    department: str = blank()
    duties_json: list[str] = Field(
        default_factory=list, sa_type=JSON, nullable=False, sa_column_kwargs={"server_default": text("'[]'")}
    )
