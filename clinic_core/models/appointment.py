"""Appointments, their resources, fees, history and the reservations that make double booking impossible."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import FetchedValue, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint
from sqlmodel import Field, SQLModel

from clinic_core.db.base import AMOUNT, JSON, TenantRow, blank, check, choice, owned, tenant
from clinic_core.vocabulary import AppointmentStatus, CancelledBy, FeeKind, FeeStatus

LIVE = text("deleted_at is null")
GIVES_BACK = text(
    "from_status is not null and (deleted or (to_status = 'cancelled' and from_status <> 'cancelled')"
    " or from_starts_at <> to_starts_at or from_ends_at <> to_ends_at"
    " or from_practitioner_user_id <> to_practitioner_user_id or from_clinic_location_id <> to_clinic_location_id)"
)
"""Whether a step (a row of `appointment_event`) left a time that somebody else could have."""


class Appointment(TenantRow, table=True):
    """A patient, a practitioner, a place and a time; a day long at most, so that what reaches into a time is near it.

    `recurrence_json` is filled from the series, `note_by` is who wrote the note; both by trigger.
    """

    __tablename__ = "appointment"
    __table_args__ = tenant(
        owned("patient_id", "patient"),
        owned("practitioner_user_id", "app_user"),
        owned("clinic_location_id", "clinic_location"),
        owned("product_service_id", "product_service"),
        owned("case_id", "clinical_case"),
        owned("series_id", "appointment_series"),
        Index(None, "organization_id", "clinic_location_id", "starts_at", postgresql_where=LIVE),
        Index(None, "organization_id", "practitioner_user_id", "starts_at"),
        Index(None, "organization_id", "patient_id", "starts_at"),
        UniqueConstraint("organization_id", "series_id", "original_starts_at"),
        check("ends_at > starts_at", "order"),
        check("imported or ends_at - starts_at <= interval '24 hours'", "length"),
        check("buffer_minutes between 0 and 240", "buffer"),
        check("(status = 'cancelled') = (cancelled_by is not null)", "cancelled_by"),
        check("(series_id is null) = (original_starts_at is null)", "series"),
        check("not imported or ends_at <= created_at", "imported_past"),
        check("double_book_reason is null or btrim(double_book_reason) <> ''", "double_book_reason"),
        check("(override_kinds_json = '[]') = (override_reason is null)", "override_kinds"),
        check("override_reason is null or btrim(override_reason) <> ''", "override_reason"),
    )
    patient_id: UUID
    practitioner_user_id: UUID
    clinic_location_id: UUID
    product_service_id: UUID | None = None
    case_id: UUID | None = None
    series_id: UUID | None = None
    original_starts_at: datetime | None = None
    recurrence_json: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    starts_at: datetime
    ends_at: datetime
    buffer_minutes: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    status: AppointmentStatus = Field(
        default=AppointmentStatus.BOOKED,
        sa_type=choice(AppointmentStatus),
        nullable=False,
        sa_column_kwargs={"server_default": "booked"},
    )
    status_at: datetime | None = Field(default=None, sa_column_kwargs={"server_default": FetchedValue()})
    cancelled_by: CancelledBy | None = Field(default=None, sa_type=choice(CancelledBy))
    cancelled_late: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    cancel_reason: str | None = None
    note: str = blank()
    note_by: UUID | None = None
    override_reason: str | None = None
    override_kinds_json: list[str] = Field(
        default_factory=list, sa_type=JSON, nullable=False, sa_column_kwargs={"server_default": text("'[]'")}
    )
    double_book_reason: str | None = None
    imported: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    deleted_at: datetime | None = None


class AppointmentResource(TenantRow, table=True):
    """The appointment takes a room or a piece of equipment."""

    __tablename__ = "appointment_resource"
    __table_args__ = tenant(
        owned("appointment_id", "appointment"),
        owned("resource_id", "location_resource"),
        UniqueConstraint("organization_id", "appointment_id", "resource_id"),
    )
    appointment_id: UUID
    resource_id: UUID


class AppointmentEvent(TenantRow, table=True):
    """One step in the life of an appointment, written by trigger: status, time, practitioner and place, from and to."""

    __tablename__ = "appointment_event"
    __table_args__ = tenant(
        owned("appointment_id", "appointment"),
        Index(None, "organization_id", "appointment_id", "created_at"),
        Index(
            "ix_appointment_event_gives_back",
            "organization_id",
            "from_clinic_location_id",
            "from_starts_at",
            postgresql_where=GIVES_BACK,
        ),
    )
    appointment_id: UUID
    from_status: AppointmentStatus | None = Field(default=None, sa_type=choice(AppointmentStatus, "from_status"))
    to_status: AppointmentStatus = Field(sa_type=choice(AppointmentStatus, "to_status"), nullable=False)
    from_starts_at: datetime | None = None
    to_starts_at: datetime
    from_ends_at: datetime | None = None
    to_ends_at: datetime
    from_practitioner_user_id: UUID | None = None
    to_practitioner_user_id: UUID
    from_clinic_location_id: UUID | None = None
    to_clinic_location_id: UUID
    deleted: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})


class AppointmentFee(TenantRow, table=True):
    """The fee that the clinic's rule proposes for a no-show or a late cancellation, and whether it was waived (B9).

    Billing turns a proposed one into a line.
    """

    __tablename__ = "appointment_fee"
    __table_args__ = tenant(
        owned("appointment_id", "appointment"),
        owned("patient_id", "patient"),
        UniqueConstraint("organization_id", "appointment_id"),
        Index(
            "ix_appointment_fee_proposed",
            "organization_id",
            "patient_id",
            "created_at",
            postgresql_where=text("status = 'proposed'"),
        ),
        check("amount > 0", "amount"),
        check("(status = 'waived') = (waived_reason is not null)", "waived"),
        check("waived_reason is null or btrim(waived_reason) <> ''", "waived_reason"),
    )
    appointment_id: UUID
    patient_id: UUID
    kind: FeeKind = Field(sa_type=choice(FeeKind), nullable=False)
    amount: Decimal = Field(sa_type=AMOUNT)
    status: FeeStatus = Field(
        default=FeeStatus.PROPOSED,
        sa_type=choice(FeeStatus),
        nullable=False,
        sa_column_kwargs={"server_default": "proposed"},
    )
    waived_reason: str | None = None


class Reservation(SQLModel, table=True):
    """A practitioner, room or piece of equipment is taken; kept by triggers, the app may only read it.

    `basis` says why a row does not exclude others: an imported appointment of the past, a permitted double
    booking, or a permitted overlap of buffers. Only a practitioner's row may be of the last two kinds.
    """

    __tablename__ = "reservation"
    __table_args__ = (
        owned("appointment_id", "appointment", ondelete="CASCADE"),
        ExcludeConstraint(
            ("subject_id", "="), ("during", "&&"), where=text("exclusive"), using="gist", name="reservation_no_overlap"
        ),
        check("not isempty(during)", "during"),
        check("kind in ('practitioner', 'room', 'equipment')", "kind"),
        check("basis in ('imported', 'double_booking', 'buffer_override')", "basis"),
        check("exclusive = (basis is null)", "exclusive"),
        check("exclusive or basis = 'imported' or kind = 'practitioner'", "only_practitioner"),
        Index(None, "organization_id", "appointment_id"),
        Index("ix_reservation_shared", "subject_id", text("lower(during)"), postgresql_where=text("not exclusive")),
    )
    appointment_id: UUID = Field(primary_key=True)
    subject_id: UUID = Field(primary_key=True)
    organization_id: UUID = Field(foreign_key="organization.id")
    kind: str
    during: str = Field(sa_type=TSTZRANGE)
    exclusive: bool = Field(default=True, sa_column_kwargs={"server_default": text("true")})
    basis: str | None = None


class IcsFeed(TenantRow, table=True):
    """A secret calendar address of one practitioner; without patient names unless switched on (S12)."""

    __tablename__ = "ics_feed"
    __table_args__ = tenant(owned("user_id", "app_user"))
    user_id: UUID
    token_hash: bytes = Field(unique=True)
    with_names: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    revoked_at: datetime | None = None
