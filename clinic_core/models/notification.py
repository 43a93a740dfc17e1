"""Messages to people: planned, sent, withdrawn."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from clinic_core.db.base import JSON, TenantRow, check, choice, owned, tenant
from clinic_core.vocabulary import (
    DeliveryError,
    NotificationChannel,
    NotificationStatus,
    NotificationType,
    WithdrawnReason,
)


class Notification(TenantRow, table=True):
    """One message to one person by one channel.

    Never two live reminders of one appointment by one channel for one time, and never two messages about the same
    step of an appointment, the same offer or the same paper.
    """

    __tablename__ = "notification"
    __table_args__ = tenant(
        owned("user_id", "app_user"),
        owned("patient_id", "patient"),
        owned("appointment_id", "appointment"),
        owned("appointment_event_id", "appointment_event"),
        owned("offer_id", "waiting_list_offer"),
        owned("document_batch_item_id", "document_batch_item"),
        UniqueConstraint("organization_id", "appointment_event_id"),
        UniqueConstraint("organization_id", "offer_id"),
        UniqueConstraint("organization_id", "document_batch_item_id"),
        Index(
            "uq_notification_appointment",
            "organization_id",
            "appointment_id",
            "type",
            "channel",
            "scheduled_at",
            unique=True,
            postgresql_where=text("type = 'appointment_reminder' and status <> 'withdrawn'"),
        ),
        Index("ix_notification_due", "organization_id", "scheduled_at", postgresql_where=text("status = 'planned'")),
        check("user_id is not null or patient_id is not null", "addressee"),
        check("(status = 'sent') = (sent_at is not null)", "sent_at"),
        check("(status = 'withdrawn') = (withdrawn_reason is not null)", "withdrawn_reason"),
        check("attempts >= 0 and (attempts = 0) = (last_error is null)", "attempts"),
        check("(type = 'waiting_list_offer') = (offer_id is not null)", "offer"),
        check("(type in ('appointment_moved', 'appointment_cancelled')) = (appointment_event_id is not null)", "event"),
        check("(type in ('statement', 'payment_reminder')) = (document_batch_item_id is not null)", "paper"),
    )
    user_id: UUID | None = None
    patient_id: UUID | None = None
    appointment_id: UUID | None = None
    appointment_event_id: UUID | None = None
    offer_id: UUID | None = None
    document_batch_item_id: UUID | None = None
    type: NotificationType = Field(sa_type=choice(NotificationType), nullable=False)
    channel: NotificationChannel = Field(sa_type=choice(NotificationChannel), nullable=False)
    payload_json: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSON, nullable=False, sa_column_kwargs={"server_default": text("'{}'")}
    )
    status: NotificationStatus = Field(
        default=NotificationStatus.PLANNED,
        sa_type=choice(NotificationStatus),
        nullable=False,
        sa_column_kwargs={"server_default": "planned"},
    )
    scheduled_at: datetime
    sent_at: datetime | None = None
    attempts: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    next_attempt_at: datetime | None = None
    last_error: DeliveryError | None = Field(default=None, sa_type=choice(DeliveryError))
    withdrawn_reason: WithdrawnReason | None = Field(default=None, sa_type=choice(WithdrawnReason))
