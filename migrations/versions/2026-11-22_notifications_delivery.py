"""Delivery of messages: attempts, reasons, and messages about a step of an appointment or about an offer."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from clinic_core.db.guards import protect, unprotect

revision = "notifications_delivery"
down_revision = "notifications_queue"
branch_labels = None
depends_on = None

SAFE = ["type", "channel", "status"]
REASONS = (
    "by_staff",
    "appointment_moved",
    "appointment_cancelled",
    "appointment_deleted",
    "appointment_over",
    "appointment_stands",
    "offer_closed",
    "patient_inactive",
    "no_address",
    "consent_refused",
)
CHECKS = {
    "withdrawn_reason": "(status = 'withdrawn') = (withdrawn_reason is not null)",
    "attempts": "attempts >= 0 and (attempts = 0) = (last_error is null)",
    "offer": "(type = 'waiting_list_offer') = (offer_id is not null)",
    "event": "(type in ('appointment_moved', 'appointment_cancelled')) = (appointment_event_id is not null)",
}


def upgrade() -> None:
    unprotect("notification")
    op.add_column("notification", sa.Column("appointment_event_id", sa.Uuid(), nullable=True))
    op.add_column("notification", sa.Column("offer_id", sa.Uuid(), nullable=True))
    op.add_column("notification", sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("notification", sa.Column("next_attempt_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    op.add_column("notification", sa.Column("last_error", _choice("deliveryerror", "outbox_unwritable"), nullable=True))
    op.add_column("notification", sa.Column("withdrawn_reason", _choice("withdrawnreason", *REASONS), nullable=True))
    op.execute("update notification set withdrawn_reason = 'by_staff' where status = 'withdrawn'")
    _allow_types("appointment_reminder", "appointment_moved", "appointment_cancelled", "waiting_list_offer")
    for name, condition in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_notification_{name}"), "notification", condition)
    for column, parent in (("appointment_event_id", "appointment_event"), ("offer_id", "waiting_list_offer")):
        op.create_unique_constraint(
            op.f(f"uq_notification_organization_id_{column}"), "notification", ["organization_id", column]
        )
        op.create_foreign_key(
            op.f(f"fk_notification_{column}"),
            "notification",
            parent,
            ["organization_id", column],
            ["organization_id", "id"],
        )
    _index_due("organization_id", "scheduled_at")
    _index_unique("type = 'appointment_reminder' and status <> 'withdrawn'")
    protect("notification", safe=[*SAFE, "last_error", "withdrawn_reason"])


def downgrade() -> None:
    unprotect("notification")
    op.execute("delete from notification where type <> 'appointment_reminder'")
    _index_unique("appointment_id is not null and status <> 'withdrawn'")
    _index_due("scheduled_at")
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_notification_{name}"), "notification")
    _allow_types("appointment_reminder")
    for column in (
        "withdrawn_reason",
        "last_error",
        "next_attempt_at",
        "attempts",
        "offer_id",
        "appointment_event_id",
    ):
        op.drop_column("notification", column)
    protect("notification", safe=SAFE)


def _choice(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _allow_types(*values: str) -> None:
    listed = ", ".join(f"'{value}'" for value in values)
    op.execute("alter table notification drop constraint ck_notification_notificationtype")
    op.execute(f"alter table notification add constraint ck_notification_notificationtype check (type in ({listed}))")


def _index_due(*columns: str) -> None:
    op.drop_index("ix_notification_due", table_name="notification")
    op.create_index("ix_notification_due", "notification", columns, postgresql_where=sa.text("status = 'planned'"))


def _index_unique(condition: str) -> None:
    op.drop_index("uq_notification_appointment", table_name="notification")
    op.create_index(
        "uq_notification_appointment",
        "notification",
        ["organization_id", "appointment_id", "type", "channel", "scheduled_at"],
        unique=True,
        postgresql_where=sa.text(condition),
    )
