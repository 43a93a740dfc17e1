"""Messages to people."""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

from clinic_core.db.guards import protect

revision = "notifications_outbox"
down_revision = "billing_receipts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notification",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column(
            "type",
            sa.Enum(
                "appointment_reminder", name="notificationtype", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column(
            "channel",
            sa.Enum("email", "sms", name="notificationchannel", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("payload_json", postgresql.JSONB(none_as_null=True), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "planned",
                "sent",
                "withdrawn",
                "failed",
                name="notificationstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="planned",
            nullable=False,
        ),
        sa.Column("scheduled_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("sent_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.CheckConstraint("(status = 'sent') = (sent_at is not null)", name=op.f("ck_notification_sent_at")),
        sa.CheckConstraint("user_id is not null or patient_id is not null", name=op.f("ck_notification_addressee")),
        sa.ForeignKeyConstraint(
            ["organization_id", "appointment_id"],
            ["appointment.organization_id", "appointment.id"],
            name=op.f("fk_notification_appointment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patient.organization_id", "patient.id"],
            name=op.f("fk_notification_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["app_user.organization_id", "app_user.id"],
            name=op.f("fk_notification_user_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_notification_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_notification_organization_id_id")),
    )
    op.create_index(
        "ix_notification_due",
        "notification",
        ["scheduled_at"],
        unique=False,
        postgresql_where=sa.text("status = 'planned'"),
    )
    op.create_index(
        op.f("ix_notification_organization_id_appointment_id"),
        "notification",
        ["organization_id", "appointment_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_notification_organization_id_created_at"),
        "notification",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_notification_organization_id_patient_id"),
        "notification",
        ["organization_id", "patient_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_notification_organization_id_user_id"), "notification", ["organization_id", "user_id"], unique=False
    )
    op.create_index(
        "uq_notification_appointment",
        "notification",
        ["organization_id", "appointment_id", "type", "channel", "scheduled_at"],
        unique=True,
        postgresql_where=sa.text("appointment_id is not null and status <> 'withdrawn'"),
    )
    protect("notification", safe=["type", "channel", "status"])


def downgrade() -> None:
    op.drop_index(
        "uq_notification_appointment",
        table_name="notification",
        postgresql_where=sa.text("appointment_id is not null and status <> 'withdrawn'"),
    )
    op.drop_index(op.f("ix_notification_organization_id_user_id"), table_name="notification")
    op.drop_index(op.f("ix_notification_organization_id_patient_id"), table_name="notification")
    op.drop_index(op.f("ix_notification_organization_id_created_at"), table_name="notification")
    op.drop_index(op.f("ix_notification_organization_id_appointment_id"), table_name="notification")
    op.drop_index("ix_notification_due", table_name="notification", postgresql_where=sa.text("status = 'planned'"))
    op.drop_table("notification")
