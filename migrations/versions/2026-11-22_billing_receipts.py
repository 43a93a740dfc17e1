"""Receipts and the payments they are divided into."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from clinic_core.db.guards import drop_functions, protect, run_sql_file

revision = "billing_receipts"
down_revision = "billing_lines"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "receipt",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_location_id", sa.Uuid(), nullable=False),
        sa.Column("number", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("receipt", "refund", name="receiptkind", native_enum=False, create_constraint=True, length=32),
            server_default="receipt",
            nullable=False,
        ),
        sa.Column("refunds_receipt_id", sa.Uuid(), nullable=True),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("allocated", sa.Numeric(precision=14, scale=2), server_default=sa.text("0"), nullable=False),
        sa.Column("refunded", sa.Numeric(precision=14, scale=2), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "method",
            sa.Enum(
                "cash",
                "card",
                "transfer",
                "insurance",
                "other",
                name="paymentmethod",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("received_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(), server_default=sa.text("''"), nullable=False),
        sa.CheckConstraint("(kind = 'refund') = (refunds_receipt_id is not null)", name=op.f("ck_receipt_refunds")),
        sa.CheckConstraint(
            "case kind when 'receipt' then allocated >= 0 and refunded >= 0 and allocated + refunded <= amount else refunded = 0 and allocated between -amount and 0 end",
            name=op.f("ck_receipt_not_over_allocated"),
        ),
        sa.CheckConstraint("amount between 0.01 and 999999999999.99", name=op.f("ck_receipt_amount")),
        sa.ForeignKeyConstraint(
            ["organization_id", "clinic_location_id"],
            ["clinic_location.organization_id", "clinic_location.id"],
            name=op.f("fk_receipt_clinic_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patient.organization_id", "patient.id"],
            name=op.f("fk_receipt_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "refunds_receipt_id"],
            ["receipt.organization_id", "receipt.id"],
            name=op.f("fk_receipt_refunds_receipt_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_receipt_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_receipt_organization_id_id")),
        sa.UniqueConstraint("organization_id", "number", name=op.f("uq_receipt_organization_id_number")),
    )
    op.create_index(
        "ix_receipt_credit",
        "receipt",
        ["organization_id", "patient_id"],
        unique=False,
        postgresql_where=sa.text("kind = 'receipt' and allocated + refunded < amount"),
    )
    op.create_index(
        op.f("ix_receipt_organization_id_clinic_location_id"),
        "receipt",
        ["organization_id", "clinic_location_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_receipt_organization_id_created_at"), "receipt", ["organization_id", "created_at"], unique=False
    )
    op.create_index(
        op.f("ix_receipt_organization_id_patient_id"), "receipt", ["organization_id", "patient_id"], unique=False
    )
    op.create_index(
        op.f("ix_receipt_organization_id_received_on"), "receipt", ["organization_id", "received_on"], unique=False
    )
    op.create_index(
        op.f("ix_receipt_organization_id_refunds_receipt_id"),
        "receipt",
        ["organization_id", "refunds_receipt_id"],
        unique=False,
    )
    op.create_table(
        "payment",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("receipt_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column(
            "method",
            sa.Enum(
                "cash",
                "card",
                "transfer",
                "insurance",
                "other",
                name="paymentmethod",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("received_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(), server_default=sa.text("''"), nullable=False),
        sa.CheckConstraint("amount <> 0 and amount <= 999999999999.99", name=op.f("ck_payment_amount")),
        sa.ForeignKeyConstraint(
            ["organization_id", "invoice_id"],
            ["invoice.organization_id", "invoice.id"],
            name=op.f("fk_payment_invoice_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "receipt_id"],
            ["receipt.organization_id", "receipt.id"],
            name=op.f("fk_payment_receipt_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_payment_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_payment_organization_id_id")),
    )
    op.create_index(
        op.f("ix_payment_organization_id_created_at"), "payment", ["organization_id", "created_at"], unique=False
    )
    op.create_index(
        op.f("ix_payment_organization_id_invoice_id"), "payment", ["organization_id", "invoice_id"], unique=False
    )
    op.create_index(
        op.f("ix_payment_organization_id_receipt_id"), "payment", ["organization_id", "receipt_id"], unique=False
    )
    run_sql_file("billing_receipts")
    protect("receipt", safe=["number", "kind", "method"], rights="select, insert")
    protect("payment", safe=["method"], rights="select, insert")


def downgrade() -> None:
    op.drop_index(op.f("ix_payment_organization_id_receipt_id"), table_name="payment")
    op.drop_index(op.f("ix_payment_organization_id_invoice_id"), table_name="payment")
    op.drop_index(op.f("ix_payment_organization_id_created_at"), table_name="payment")
    op.drop_table("payment")
    op.drop_index(op.f("ix_receipt_organization_id_refunds_receipt_id"), table_name="receipt")
    op.drop_index(op.f("ix_receipt_organization_id_received_on"), table_name="receipt")
    op.drop_index(op.f("ix_receipt_organization_id_patient_id"), table_name="receipt")
    op.drop_index(op.f("ix_receipt_organization_id_created_at"), table_name="receipt")
    op.drop_index(op.f("ix_receipt_organization_id_clinic_location_id"), table_name="receipt")
    op.drop_index(
        "ix_receipt_credit",
        table_name="receipt",
        postgresql_where=sa.text("kind = 'receipt' and allocated + refunded < amount"),
    )
    op.drop_table("receipt")
    drop_functions("receipt_after()", "payment_apply()", "payment_before()")
