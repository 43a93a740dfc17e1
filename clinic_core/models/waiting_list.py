"""People who wait for a time, what they prefer, and what was offered to them (S9)."""

from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from clinic_core.db.base import JSON, TenantRow, blank, check, choice, owned, tenant
from clinic_core.vocabulary import OfferStatus, Urgency, WaitingStatus


class WaitingListEntry(TenantRow, table=True):
    """A patient waits for a service; what is empty does not matter. Times are wall time of the location."""

    __tablename__ = "waiting_list_entry"
    __table_args__ = tenant(
        owned("patient_id", "patient"),
        owned("product_service_id", "product_service"),
        owned("practitioner_user_id", "app_user"),
        owned("clinic_location_id", "clinic_location"),
        owned("appointment_id", "appointment"),
        Index(
            "ix_waiting_list_entry_waiting",
            "organization_id",
            "clinic_location_id",
            "created_at",
            postgresql_where=text("status = 'waiting'"),
        ),
        Index(
            "uq_waiting_list_entry_once",
            "organization_id",
            "patient_id",
            "product_service_id",
            unique=True,
            postgresql_where=text("status = 'waiting'"),
            postgresql_nulls_not_distinct=True,
        ),
        check("duration_minutes between 1 and 1440", "duration"),
        check("earliest_on is null or latest_on is null or latest_on >= earliest_on", "dates"),
        check("time_from is null or time_to is null or time_to > time_from", "times"),
        check("(status = 'booked') = (appointment_id is not null)", "booked"),
    )
    patient_id: UUID
    product_service_id: UUID | None = None
    duration_minutes: int
    practitioner_user_id: UUID | None = None
    clinic_location_id: UUID
    weekdays_json: list[int] = Field(
        default_factory=list, sa_type=JSON, nullable=False, sa_column_kwargs={"server_default": text("'[]'")}
    )
    time_from: time | None = None
    time_to: time | None = None
    earliest_on: date | None = None
    latest_on: date | None = None
    urgency: Urgency = Field(
        default=Urgency.ROUTINE, sa_type=choice(Urgency), nullable=False, sa_column_kwargs={"server_default": "routine"}
    )
    note: str = blank()
    status: WaitingStatus = Field(
        default=WaitingStatus.WAITING,
        sa_type=choice(WaitingStatus),
        nullable=False,
        sa_column_kwargs={"server_default": "waiting"},
    )
    appointment_id: UUID | None = None


class WaitingListOffer(TenantRow, table=True):
    """A free time that was offered to somebody who waits; it reserves nothing and ends by itself at `expires_at`."""

    __tablename__ = "waiting_list_offer"
    __table_args__ = tenant(
        owned("entry_id", "waiting_list_entry"),
        owned("practitioner_user_id", "app_user"),
        owned("clinic_location_id", "clinic_location"),
        owned("appointment_id", "appointment"),
        Index(
            "uq_waiting_list_offer_open",
            "organization_id",
            "entry_id",
            unique=True,
            postgresql_where=text("status = 'open'"),
        ),
        Index("ix_waiting_list_offer_expiry", "expires_at", postgresql_where=text("status = 'open'")),
        check("ends_at > starts_at", "order"),
        check("expires_at <= starts_at", "expiry"),
        check("(status = 'accepted') = (appointment_id is not null)", "accepted"),
    )
    entry_id: UUID
    practitioner_user_id: UUID
    clinic_location_id: UUID
    starts_at: datetime
    ends_at: datetime
    expires_at: datetime
    status: OfferStatus = Field(
        default=OfferStatus.OPEN,
        sa_type=choice(OfferStatus),
        nullable=False,
        sa_column_kwargs={"server_default": "open"},
    )
    appointment_id: UUID | None = None
