"""The organisation, its locations, and its series of document numbers."""

from typing import Any
from uuid import UUID

from sqlalchemy import Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from clinic_core.db.base import JSON, TenantRow, VersionedRow, blank, check, tenant
from clinic_core.kit.ids import new_id


class Organization(VersionedRow, table=True):
    """A clinic with all that belongs to it; the tenant of every other row."""

    __tablename__ = "organization"
    __table_args__ = (
        Index("uq_organization_name", text("lower(name)"), unique=True),
        check("btrim(name) <> ''", "name"),
    )
    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str
    settings_json: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSON, nullable=False, sa_column_kwargs={"server_default": text("'{}'")}
    )


class ClinicLocation(TenantRow, table=True):
    """A place where patients are seen; its time zone rules every wall time shown for it."""

    __tablename__ = "clinic_location"
    __table_args__ = tenant(
        Index("uq_clinic_location_name", "organization_id", text("lower(name)"), unique=True),
        check("btrim(name) <> ''", "name"),
    )
    name: str
    address: str = blank()
    timezone: str
    phone: str = blank()
    active: bool = Field(default=True, sa_column_kwargs={"server_default": text("true")})


class OrganizationLogo(TenantRow, table=True):
    """The picture at the head of every paper; a PNG or JPEG of at most one megabyte."""

    __tablename__ = "organization_logo"
    __table_args__ = tenant(
        UniqueConstraint("organization_id"),
        check("media_type in ('image/png', 'image/jpeg')", "media_type"),
        check("octet_length(content) between 1 and 1048576", "content"),
        check("width_px between 1 and 4000 and height_px between 1 and 4000", "size"),
    )
    media_type: str
    width_px: int
    height_px: int
    content: bytes = Field(sa_type=LargeBinary, nullable=False)


class NumberSeries(SQLModel, table=True):
    """The last number given out in one series and year; written only by `next_number()`."""

    __tablename__ = "number_series"
    __table_args__ = (check("last >= 0", "last"),)
    organization_id: UUID = Field(primary_key=True, foreign_key="organization.id")
    series: str = Field(primary_key=True)
    year: int = Field(primary_key=True)
    last: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
