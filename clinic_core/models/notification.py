"""Messages to people: planned, sent, withdrawn."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from clinic_core.db.base import JSON, TenantRow, check, choice, owned, tenant
from clinic_core.vocabulary import NotificationChannel, NotificationStatus, NotificationType


class Notification(TenantRow, table=True):
    """One message to one person by one channel; never two live ones of one appointment, type, channel and time."""

    __tablename__ = "notification"
    __table_args__ = tenant(
        owned("user_id", "app_user"),
        owned("patient_id", "patient"),
        owned("appointment_id", "appointment"),
        Index(
            "uq_notification_appointment",
            "organization_id",
            "appointment_id",
            "type",
            "channel",
            "scheduled_at",
            unique=True,
            postgresql_where=text("appointment_id is not null and status <> 'withdrawn'"),
        ),
        Index("ix_notification_due", "scheduled_at", postgresql_where=text("status = 'planned'")),
        check("user_id is not null or patient_id is not null", "addressee"),
        check("(status = 'sent') = (sent_at is not null)", "sent_at"),
    )
    user_id: UUID | None = None
    patient_id: UUID | None = None
    appointment_id: UUID | None = None
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
