"""The papers of a batch one by one, reminders that PostgreSQL guards, invoices not reminded of, papers by e-mail."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from clinic_core.db.guards import drop_functions, protect, run_sql_file, unprotect

revision = "billing_batch_items"
down_revision = "billing_lists"
branch_labels = None
depends_on = None

TYPES = ("appointment_reminder", "appointment_moved", "appointment_cancelled", "waiting_list_offer")
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
PAPERS = "(type in ('statement', 'payment_reminder')) = (document_batch_item_id is not null)"


def upgrade() -> None:
    op.create_table(
        "document_batch_item",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("document_batch_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=True),
        sa.Column("by_email", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("made_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("problem", sqlmodel.sql.sqltypes.AutoString(), server_default=sa.text("''"), nullable=False),
        sa.CheckConstraint("problem = '' or made_at is not null", name=op.f("ck_document_batch_item_problem")),
        sa.CheckConstraint("position >= 1", name=op.f("ck_document_batch_item_position")),
        sa.ForeignKeyConstraint(
            ["organization_id", "document_batch_id"],
            ["document_batch.organization_id", "document_batch.id"],
            name=op.f("fk_document_batch_item_document_batch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "invoice_id"],
            ["invoice.organization_id", "invoice.id"],
            name=op.f("fk_document_batch_item_invoice_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patient.organization_id", "patient.id"],
            name=op.f("fk_document_batch_item_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_document_batch_item_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_batch_item")),
        sa.UniqueConstraint(
            "organization_id",
            "document_batch_id",
            "position",
            name=op.f("uq_document_batch_item_organization_id_document_batch_id_position"),
        ),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_document_batch_item_organization_id_id")),
    )
    op.create_index(
        op.f("ix_document_batch_item_organization_id_created_at"),
        "document_batch_item",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_document_batch_item_organization_id_invoice_id"),
        "document_batch_item",
        ["organization_id", "invoice_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_document_batch_item_organization_id_patient_id"),
        "document_batch_item",
        ["organization_id", "patient_id"],
        unique=False,
    )
    op.create_index(
        "ix_document_batch_item_waiting",
        "document_batch_item",
        ["organization_id", "document_batch_id", "position"],
        unique=False,
        postgresql_where=sa.text("made_at is null"),
    )
    op.create_table(
        "reminder_hold",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("btrim(reason) <> ''", name=op.f("ck_reminder_hold_reason")),
        sa.ForeignKeyConstraint(
            ["organization_id", "invoice_id"],
            ["invoice.organization_id", "invoice.id"],
            name=op.f("fk_reminder_hold_invoice_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_reminder_hold_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_hold")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_reminder_hold_organization_id_id")),
        sa.UniqueConstraint("organization_id", "invoice_id", name=op.f("uq_reminder_hold_organization_id_invoice_id")),
    )
    op.create_index(
        op.f("ix_reminder_hold_organization_id_created_at"),
        "reminder_hold",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.add_column("notification", sa.Column("document_batch_item_id", sa.Uuid(), nullable=True))
    op.create_unique_constraint(
        op.f("uq_notification_organization_id_document_batch_item_id"),
        "notification",
        ["organization_id", "document_batch_item_id"],
    )
    op.create_foreign_key(
        op.f("fk_notification_document_batch_item_id"),
        "notification",
        "document_batch_item",
        ["organization_id", "document_batch_item_id"],
        ["organization_id", "id"],
    )
    _allow("type", "notificationtype", *TYPES, "statement", "payment_reminder")
    _allow("withdrawn_reason", "withdrawnreason", *REASONS, "nothing_owed", "batch_cancelled")
    _allow("last_error", "deliveryerror", "outbox_unwritable", "paper_missing")
    op.create_check_constraint(op.f("ck_notification_paper"), "notification", PAPERS)
    op.drop_column("payment_reminder", "document_batch_id")
    op.add_column("payment_reminder", sa.Column("document_batch_item_id", sa.Uuid(), nullable=False))
    op.add_column("payment_reminder", sa.Column("balance", sa.Numeric(precision=14, scale=2), nullable=False))
    op.create_foreign_key(
        op.f("fk_payment_reminder_document_batch_item_id"),
        "payment_reminder",
        "document_batch_item",
        ["organization_id", "document_batch_item_id"],
        ["organization_id", "id"],
    )
    op.create_index(
        op.f("ix_payment_reminder_organization_id_document_batch_item_id"),
        "payment_reminder",
        ["organization_id", "document_batch_item_id"],
        unique=False,
    )
    op.create_check_constraint(
        op.f("ck_document_batch_reminders_go_out"), "document_batch", "kind <> 'reminders' or status <> 'cancelled'"
    )
    op.create_check_constraint(op.f("ck_payment_reminder_balance"), "payment_reminder", "balance > 0")
    protect("document_batch_item")
    protect("reminder_hold", rights="select, insert, update, delete")
    run_sql_file("billing_batch_items")


def downgrade() -> None:
    for trigger in ("append_only", "b_before"):
        op.execute(f"drop trigger {trigger} on payment_reminder")
    drop_functions("payment_reminder_before()", "reminder_refuse(text, text)")
    unprotect("reminder_hold", "document_batch_item")
    op.drop_constraint(op.f("ck_document_batch_reminders_go_out"), "document_batch", type_="check")
    op.execute("alter table payment_reminder disable trigger user")
    op.execute("delete from payment_reminder")
    op.execute("alter table payment_reminder enable trigger user")
    op.drop_column("payment_reminder", "balance")
    op.drop_column("payment_reminder", "document_batch_item_id")
    op.add_column("payment_reminder", sa.Column("document_batch_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_payment_reminder_document_batch_id"),
        "payment_reminder",
        "document_batch",
        ["organization_id", "document_batch_id"],
        ["organization_id", "id"],
    )
    op.create_index(
        op.f("ix_payment_reminder_organization_id_document_batch_id"),
        "payment_reminder",
        ["organization_id", "document_batch_id"],
        unique=False,
    )
    op.execute("delete from notification where document_batch_item_id is not null")
    op.execute(
        "update notification set withdrawn_reason = 'by_staff'"
        " where withdrawn_reason in ('nothing_owed', 'batch_cancelled')"
    )
    op.execute("update notification set last_error = 'outbox_unwritable' where last_error = 'paper_missing'")
    op.drop_constraint(op.f("ck_notification_paper"), "notification")
    _allow("last_error", "deliveryerror", "outbox_unwritable")
    _allow("withdrawn_reason", "withdrawnreason", *REASONS)
    _allow("type", "notificationtype", *TYPES)
    op.drop_column("notification", "document_batch_item_id")
    op.drop_table("reminder_hold")
    op.drop_table("document_batch_item")


def _allow(column: str, name: str, *values: str) -> None:
    listed = ", ".join(f"'{value}'" for value in values)
    op.execute(f"alter table notification drop constraint ck_notification_{name}")
    op.execute(f"alter table notification add constraint ck_notification_{name} check ({column} in ({listed}))")
