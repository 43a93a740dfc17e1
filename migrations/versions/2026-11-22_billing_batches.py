"""Papers for many at once, payment reminders, and the logo at the head of every paper."""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

from clinic_core.db.guards import protect, unprotect

revision = "billing_batches"
down_revision = "billing_prices"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "organization_logo",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("media_type", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("width_px", sa.Integer(), nullable=False),
        sa.Column("height_px", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("media_type in ('image/png', 'image/jpeg')", name=op.f("ck_organization_logo_media_type")),
        sa.CheckConstraint("octet_length(content) between 1 and 1048576", name=op.f("ck_organization_logo_content")),
        sa.CheckConstraint(
            "width_px between 1 and 4000 and height_px between 1 and 4000", name=op.f("ck_organization_logo_size")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_organization_logo_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization_logo")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_organization_logo_organization_id_id")),
        sa.UniqueConstraint("organization_id", name=op.f("uq_organization_logo_organization_id")),
    )
    op.create_index(
        op.f("ix_organization_logo_organization_id_created_at"),
        "organization_logo",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "document_batch",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("actor_user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "statements",
                "reminders",
                "documents",
                name="batchkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "parameters_json",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "queued",
                "running",
                "done",
                "failed",
                "cancelled",
                name="batchstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="queued",
            nullable=False,
        ),
        sa.Column("total", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("problem", sqlmodel.sql.sqltypes.AutoString(), server_default=sa.text("''"), nullable=False),
        sa.Column("file_name", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("file_bytes", sa.Integer(), nullable=True),
        sa.Column("started_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("finished_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("expires_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.CheckConstraint("(status = 'done') = (file_name is not null)", name=op.f("ck_document_batch_file")),
        sa.CheckConstraint(
            "(status in ('done', 'failed', 'cancelled')) = (finished_at is not null)",
            name=op.f("ck_document_batch_finished"),
        ),
        sa.CheckConstraint("total >= 0 and done between 0 and total", name=op.f("ck_document_batch_progress")),
        sa.ForeignKeyConstraint(
            ["organization_id", "actor_user_id"],
            ["app_user.organization_id", "app_user.id"],
            name=op.f("fk_document_batch_actor_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_document_batch_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_batch")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_document_batch_organization_id_id")),
    )
    op.create_index(
        op.f("ix_document_batch_organization_id_actor_user_id"),
        "document_batch",
        ["organization_id", "actor_user_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_document_batch_organization_id_created_at"),
        "document_batch",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "payment_reminder",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("document_batch_id", sa.Uuid(), nullable=True),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("reminded_on", sa.Date(), nullable=False),
        sa.Column("pay_by", sa.Date(), nullable=False),
        sa.CheckConstraint("pay_by > reminded_on", name=op.f("ck_payment_reminder_pay_by")),
        sa.CheckConstraint("step between 1 and 9", name=op.f("ck_payment_reminder_step")),
        sa.ForeignKeyConstraint(
            ["organization_id", "document_batch_id"],
            ["document_batch.organization_id", "document_batch.id"],
            name=op.f("fk_payment_reminder_document_batch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "invoice_id"],
            ["invoice.organization_id", "invoice.id"],
            name=op.f("fk_payment_reminder_invoice_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_payment_reminder_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_reminder")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_payment_reminder_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id", "invoice_id", "step", name=op.f("uq_payment_reminder_organization_id_invoice_id_step")
        ),
    )
    op.create_index(
        op.f("ix_payment_reminder_organization_id_created_at"),
        "payment_reminder",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_payment_reminder_organization_id_document_batch_id"),
        "payment_reminder",
        ["organization_id", "document_batch_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_payment_reminder_organization_id_reminded_on"),
        "payment_reminder",
        ["organization_id", "reminded_on"],
        unique=False,
    )
    protect("organization_logo", safe=["media_type"], rights="select, insert, update, delete")
    protect("document_batch", safe=["kind", "status", "parameters_json"])
    protect("payment_reminder", rights="select, insert")


def downgrade() -> None:
    unprotect("payment_reminder", "document_batch", "organization_logo")
    op.drop_table("payment_reminder")
    op.drop_table("document_batch")
    op.drop_table("organization_logo")
