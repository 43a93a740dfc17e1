"""What a location has: rooms and equipment, opening hours, closures; the absences of its people, what services need."""

from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from clinic_core.db.base import TenantRow, blank, check, choice, owned, tenant
from clinic_core.vocabulary import AbsenceKind, ResourceType


class LocationResource(TenantRow, table=True):
    """A room or a piece of equipment; an appointment that takes it has it alone.

    `category` is the clinic's own word for what it is good for (treatment room, ultrasound).
    """

    __tablename__ = "location_resource"
    __table_args__ = tenant(
        owned("clinic_location_id", "clinic_location"),
        Index("uq_location_resource_name", "organization_id", "clinic_location_id", text("lower(name)"), unique=True),
        check("btrim(name) <> ''", "name"),
    )
    clinic_location_id: UUID
    type: ResourceType = Field(sa_type=choice(ResourceType), nullable=False)
    name: str
    category: str = blank()
    active: bool = Field(default=True, sa_column_kwargs={"server_default": text("true")})


class LocationHours(TenantRow, table=True):
    """One span of opening hours on one ISO weekday (1 Monday … 7 Sunday), in the location's wall time."""

    __tablename__ = "location_hours"
    __table_args__ = tenant(
        owned("clinic_location_id", "clinic_location"),
        check("weekday between 1 and 7", "weekday"),
        check("closes > opens", "order"),
    )
    clinic_location_id: UUID
    weekday: int
    opens: time
    closes: time


class LocationClosure(TenantRow, table=True):
    """Days on which a location, or with no location the whole clinic, is closed; both days included."""

    __tablename__ = "location_closure"
    __table_args__ = tenant(
        owned("clinic_location_id", "clinic_location"),
        check("ends_on >= starts_on", "order"),
        check("btrim(name) <> ''", "name"),
    )
    clinic_location_id: UUID | None = None
    starts_on: date
    ends_on: date
    name: str


class Absence(TenantRow, table=True):
    """A time in which a practitioner is not there."""

    __tablename__ = "absence"
    __table_args__ = tenant(
        owned("user_id", "app_user"),
        Index(None, "organization_id", "user_id", "starts_at"),
        check("ends_at > starts_at", "order"),
    )
    user_id: UUID
    starts_at: datetime
    ends_at: datetime
    kind: AbsenceKind = Field(
        default=AbsenceKind.OTHER,
        sa_type=choice(AbsenceKind),
        nullable=False,
        sa_column_kwargs={"server_default": "other"},
    )
    reason: str = blank()


class ResourceOutage(TenantRow, table=True):
    """A time in which a room or a piece of equipment cannot be used."""

    __tablename__ = "resource_outage"
    __table_args__ = tenant(
        owned("resource_id", "location_resource"),
        Index(None, "organization_id", "resource_id", "starts_at"),
        check("ends_at > starts_at", "order"),
    )
    resource_id: UUID
    starts_at: datetime
    ends_at: datetime
    reason: str = blank()


class ServiceRequirement(TenantRow, table=True):
    """A service needs a room or a piece of equipment, of one category or (empty) of any."""

    __tablename__ = "service_requirement"
    __table_args__ = tenant(
        owned("product_service_id", "product_service"),
        UniqueConstraint("organization_id", "product_service_id", "resource_type", "category"),
    )
    product_service_id: UUID
    resource_type: ResourceType = Field(sa_type=choice(ResourceType), nullable=False)
    category: str = blank()
