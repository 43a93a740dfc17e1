"""Series of appointments: the rule, the rooms it takes, and the dates on which it could not be booked."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Index, UniqueConstraint, text
from sqlmodel import Field

from clinic_core.db.base import JSON, TenantRow, blank, check, owned, tenant


class AppointmentSeries(TenantRow, table=True):
    """The one home of a recurrence rule (RFC 5545) and of the wall time at which it starts."""

    __tablename__ = "appointment_series"
    __table_args__ = tenant(
        owned("patient_id", "patient"),
        owned("practitioner_user_id", "app_user"),
        owned("clinic_location_id", "clinic_location"),
        owned("product_service_id", "product_service"),
        owned("case_id", "clinical_case"),
        owned("split_from_id", "appointment_series"),
        check("split_from_id <> id", "split_from"),
        check("duration_minutes between 1 and 1440", "duration"),
        check("btrim(rrule) <> ''", "rrule"),
    )
    patient_id: UUID
    practitioner_user_id: UUID
    clinic_location_id: UUID
    product_service_id: UUID | None = None
    case_id: UUID | None = None
    note: str = blank()
    rrule: str
    starts_at_wall: datetime = Field(sa_type=DateTime(timezone=False))
    timezone: str
    duration_minutes: int
    exdates_json: list[str] = Field(
        default_factory=list, sa_type=JSON, nullable=False, sa_column_kwargs={"server_default": text("'[]'")}
    )
    split_from_id: UUID | None = None
    materialised_until: datetime | None = None


class AppointmentSeriesResource(TenantRow, table=True):
    """Every occurrence of the series takes a room or a piece of equipment."""

    __tablename__ = "appointment_series_resource"
    __table_args__ = tenant(
        owned("series_id", "appointment_series"),
        owned("resource_id", "location_resource"),
        UniqueConstraint("organization_id", "series_id", "resource_id"),
    )
    series_id: UUID
    resource_id: UUID


class AppointmentSeriesGap(TenantRow, table=True):
    """A date of a series that could not be booked when its turn came; `kinds_json` says what was in the way.

    The desk books another time, or lets the date be: either resolves it.
    """

    __tablename__ = "appointment_series_gap"
    __table_args__ = tenant(
        owned("series_id", "appointment_series"),
        owned("appointment_id", "appointment"),
        UniqueConstraint("organization_id", "series_id", "original_starts_at"),
        Index(
            "ix_appointment_series_gap_open",
            "organization_id",
            "original_starts_at",
            postgresql_where=text("resolved_at is null"),
        ),
        check("appointment_id is null or resolved_at is not null", "resolved"),
    )
    series_id: UUID
    original_starts_at: datetime
    kinds_json: list[str] = Field(
        default_factory=list, sa_type=JSON, nullable=False, sa_column_kwargs={"server_default": text("'[]'")}
    )
    resolved_at: datetime | None = None
    appointment_id: UUID | None = None
