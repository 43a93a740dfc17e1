"""Lines, adjustments and history of documents; issued papers do not change."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from clinic_core.db.guards import allow_app, drop_functions, protect, run_sql_file, unprotect

revision = "billing_lines"
down_revision = "billing_documents"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "adjustment",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("write_off", name="adjustmentkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("adjusted_on", sa.Date(), nullable=False),
        sa.CheckConstraint("btrim(reason) <> ''", name=op.f("ck_adjustment_reason")),
        sa.CheckConstraint("amount <> 0 and amount <= 999999999999.99", name=op.f("ck_adjustment_amount")),
        sa.ForeignKeyConstraint(
            ["organization_id", "invoice_id"],
            ["invoice.organization_id", "invoice.id"],
            name=op.f("fk_adjustment_invoice_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_adjustment_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adjustment")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_adjustment_organization_id_id")),
    )
    op.create_index(
        op.f("ix_adjustment_organization_id_created_at"), "adjustment", ["organization_id", "created_at"], unique=False
    )
    op.create_index(
        op.f("ix_adjustment_organization_id_invoice_id"), "adjustment", ["organization_id", "invoice_id"], unique=False
    )
    op.create_table(
        "document_event",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column(
            "from_status",
            sa.Enum(
                "draft", "issued", "void", name="from_status", native_enum=False, create_constraint=True, length=32
            ),
            nullable=True,
        ),
        sa.Column(
            "to_status",
            sa.Enum("draft", "issued", "void", name="to_status", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "invoice_id"],
            ["invoice.organization_id", "invoice.id"],
            name=op.f("fk_document_event_invoice_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_document_event_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_event")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_document_event_organization_id_id")),
    )
    op.create_index(
        op.f("ix_document_event_organization_id_created_at"),
        "document_event",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_document_event_organization_id_invoice_id"),
        "document_event",
        ["organization_id", "invoice_id"],
        unique=False,
    )
    op.create_table(
        "invoice_line",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "item_type",
            sa.Enum(
                "service",
                "product",
                "visit",
                "fee",
                "package",
                name="itemtype",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("product_service_id", sa.Uuid(), nullable=True),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column(
            "item_id",
            sa.Uuid(),
            sa.Computed(
                "case item_type when 'visit' then visit_id when 'fee' then appointment_id else product_service_id end",
                persisted=True,
            ),
            nullable=True,
        ),
        sa.Column("practitioner_user_id", sa.Uuid(), nullable=True),
        sa.Column("description", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("qty", sa.Numeric(precision=12, scale=4), nullable=False),
        sa.Column("unit_price", sa.Numeric(precision=16, scale=6), nullable=False),
        sa.Column("tax_rate", sa.Numeric(precision=7, scale=6), server_default=sa.text("0"), nullable=False),
        sa.Column("discount_rate", sa.Numeric(precision=7, scale=6), server_default=sa.text("0"), nullable=False),
        sa.Column("net", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.CheckConstraint("btrim(description) <> ''", name=op.f("ck_invoice_line_description")),
        sa.CheckConstraint(
            "case item_type when 'service' then product_service_id is not null when 'product' then product_service_id is not null when 'visit' then visit_id is not null when 'package' then product_service_id is not null else true end",
            name=op.f("ck_invoice_line_item"),
        ),
        sa.CheckConstraint("discount_rate between 0 and 1", name=op.f("ck_invoice_line_discount_rate")),
        sa.CheckConstraint("net = round(qty * unit_price * (1 - discount_rate), 2)", name=op.f("ck_invoice_line_net")),
        sa.CheckConstraint("position >= 1", name=op.f("ck_invoice_line_position")),
        sa.CheckConstraint("qty between -99999999 and 99999999", name=op.f("ck_invoice_line_qty")),
        sa.CheckConstraint("tax_rate between 0 and 1", name=op.f("ck_invoice_line_tax_rate")),
        sa.CheckConstraint("unit_price between 0 and 9999999999", name=op.f("ck_invoice_line_unit_price")),
        sa.ForeignKeyConstraint(
            ["organization_id", "appointment_id"],
            ["appointment.organization_id", "appointment.id"],
            name=op.f("fk_invoice_line_appointment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "invoice_id"],
            ["invoice.organization_id", "invoice.id"],
            name=op.f("fk_invoice_line_invoice_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "practitioner_user_id"],
            ["app_user.organization_id", "app_user.id"],
            name=op.f("fk_invoice_line_practitioner_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "product_service_id"],
            ["product_service.organization_id", "product_service.id"],
            name=op.f("fk_invoice_line_product_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "visit_id"],
            ["visit.organization_id", "visit.id"],
            name=op.f("fk_invoice_line_visit_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_invoice_line_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_line")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_invoice_line_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id",
            "invoice_id",
            "position",
            name=op.f("uq_invoice_line_organization_id_invoice_id_position"),
        ),
    )
    op.create_index(
        op.f("ix_invoice_line_organization_id_appointment_id"),
        "invoice_line",
        ["organization_id", "appointment_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_invoice_line_organization_id_created_at"),
        "invoice_line",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_invoice_line_organization_id_practitioner_user_id"),
        "invoice_line",
        ["organization_id", "practitioner_user_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_invoice_line_organization_id_product_service_id"),
        "invoice_line",
        ["organization_id", "product_service_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_invoice_line_organization_id_visit_id"), "invoice_line", ["organization_id", "visit_id"], unique=False
    )
    run_sql_file("billing_documents")
    protect("number_series", rights="select", audited=False)
    protect("invoice", safe=["kind", "status", "number", "series", "currency"], rights="select, insert, update, delete")
    protect("invoice_line", safe=["item_type"], rights="select, insert, update, delete")
    protect("adjustment", safe=["kind"], rights="select, insert")
    protect("document_event", safe=["from_status", "to_status"], rights="select")
    allow_app("next_number(text, int)", "next_numbers(text, int, int)", "invoice_refuse(text, text)")


def downgrade() -> None:
    unprotect("invoice", "number_series")
    op.drop_index(op.f("ix_invoice_line_organization_id_visit_id"), table_name="invoice_line")
    op.drop_index(op.f("ix_invoice_line_organization_id_product_service_id"), table_name="invoice_line")
    op.drop_index(op.f("ix_invoice_line_organization_id_practitioner_user_id"), table_name="invoice_line")
    op.drop_index(op.f("ix_invoice_line_organization_id_created_at"), table_name="invoice_line")
    op.drop_index(op.f("ix_invoice_line_organization_id_appointment_id"), table_name="invoice_line")
    op.drop_table("invoice_line")
    op.drop_index(op.f("ix_document_event_organization_id_invoice_id"), table_name="document_event")
    op.drop_index(op.f("ix_document_event_organization_id_created_at"), table_name="document_event")
    op.drop_table("document_event")
    op.drop_index(op.f("ix_adjustment_organization_id_invoice_id"), table_name="adjustment")
    op.drop_index(op.f("ix_adjustment_organization_id_created_at"), table_name="adjustment")
    op.drop_table("adjustment")
    drop_functions(
        "adjustment_apply()",
        "invoice_line_before()",
        "invoice_after_update()",
        "invoice_after_insert()",
        "invoice_before()",
        "invoice_refuse(text, text)",
        "next_numbers(text, int, int)",
        "next_number(text, int)",
    )
