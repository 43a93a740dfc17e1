"""Invoices and credit notes, and their series of numbers."""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "billing_documents"
down_revision = "docs_visits"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "number_series",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("series", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("last >= 0", name=op.f("ck_number_series_last")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_number_series_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "series", "year", name=op.f("pk_number_series")),
    )
    op.create_table(
        "invoice",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("clinic_location_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("invoice", "credit_note", name="invoicekind", native_enum=False, create_constraint=True, length=32),
            server_default="invoice",
            nullable=False,
        ),
        sa.Column("corrects_invoice_id", sa.Uuid(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "draft", "issued", "void", name="invoicestatus", native_enum=False, create_constraint=True, length=32
            ),
            server_default="draft",
            nullable=False,
        ),
        sa.Column("number", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("series", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("series_year", sa.Integer(), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("issued_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("due_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("bill_to_json", postgresql.JSONB(none_as_null=True), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("seller_json", postgresql.JSONB(none_as_null=True), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("totals_json", postgresql.JSONB(none_as_null=True), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("net", sa.Numeric(precision=14, scale=2), server_default=sa.text("0"), nullable=False),
        sa.Column("tax", sa.Numeric(precision=14, scale=2), server_default=sa.text("0"), nullable=False),
        sa.Column("total", sa.Numeric(precision=14, scale=2), server_default=sa.text("0"), nullable=False),
        sa.Column("paid", sa.Numeric(precision=14, scale=2), server_default=sa.text("0"), nullable=False),
        sa.Column("credited", sa.Numeric(precision=14, scale=2), server_default=sa.text("0"), nullable=False),
        sa.Column("written_off", sa.Numeric(precision=14, scale=2), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "balance",
            sa.Numeric(precision=14, scale=2),
            sa.Computed(
                "case when status = 'issued' and kind = 'invoice' then total - paid - credited - written_off else 0 end",
                persisted=True,
            ),
            nullable=True,
        ),
        sa.CheckConstraint(
            "(kind = 'credit_note') = (corrects_invoice_id is not null)", name=op.f("ck_invoice_corrects")
        ),
        sa.CheckConstraint("(status = 'draft') = (issued_at is null)", name=op.f("ck_invoice_issued_at")),
        sa.CheckConstraint("(status = 'draft') = (number is null)", name=op.f("ck_invoice_number_at_issue")),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_invoice_currency")),
        sa.CheckConstraint(
            "kind = 'invoice' or (paid = 0 and credited = 0 and written_off = 0)",
            name=op.f("ck_invoice_credit_note_has_no_balance"),
        ),
        sa.CheckConstraint(
            "(number is null) = (sequence is null) and (number is null) = (series_year is null) and (number is null) = (issued_on is null) and (number is null) = (currency is null)",
            name=op.f("ck_invoice_issue_stamp"),
        ),
        sa.CheckConstraint("due_on is null or due_on >= issued_on", name=op.f("ck_invoice_due_on")),
        sa.CheckConstraint("paid + credited + written_off <= total", name=op.f("ck_invoice_not_over_allocated")),
        sa.CheckConstraint("paid >= 0 and credited >= 0 and written_off >= 0", name=op.f("ck_invoice_allocated")),
        sa.CheckConstraint("total = net + tax", name=op.f("ck_invoice_total")),
        sa.CheckConstraint("total between 0 and 999999999999.99", name=op.f("ck_invoice_not_negative")),
        sa.ForeignKeyConstraint(
            ["organization_id", "case_id"],
            ["clinical_case.organization_id", "clinical_case.id"],
            name=op.f("fk_invoice_case_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "clinic_location_id"],
            ["clinic_location.organization_id", "clinic_location.id"],
            name=op.f("fk_invoice_clinic_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "corrects_invoice_id"],
            ["invoice.organization_id", "invoice.id"],
            name=op.f("fk_invoice_corrects_invoice_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patient.organization_id", "patient.id"],
            name=op.f("fk_invoice_patient_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_invoice_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_invoice_organization_id_id")),
        sa.UniqueConstraint("organization_id", "number", name=op.f("uq_invoice_organization_id_number")),
    )
    op.create_index(
        "ix_invoice_open",
        "invoice",
        ["organization_id", "patient_id", "due_on"],
        unique=False,
        postgresql_include=["balance", "issued_on"],
        postgresql_where=sa.text("balance > 0"),
    )
    op.create_index(op.f("ix_invoice_organization_id_case_id"), "invoice", ["organization_id", "case_id"], unique=False)
    op.create_index(
        op.f("ix_invoice_organization_id_clinic_location_id"),
        "invoice",
        ["organization_id", "clinic_location_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_invoice_organization_id_corrects_invoice_id"),
        "invoice",
        ["organization_id", "corrects_invoice_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_invoice_organization_id_created_at"), "invoice", ["organization_id", "created_at"], unique=False
    )
    op.create_index(
        op.f("ix_invoice_organization_id_issued_on"),
        "invoice",
        ["organization_id", "issued_on"],
        unique=False,
        postgresql_where=sa.text("status <> 'draft'"),
    )
    op.create_index(
        op.f("ix_invoice_organization_id_patient_id"), "invoice", ["organization_id", "patient_id"], unique=False
    )
    op.create_index(
        "uq_invoice_sequence",
        "invoice",
        ["organization_id", "series", "series_year", "sequence"],
        unique=True,
        postgresql_where=sa.text("sequence is not null"),
    )


def downgrade() -> None:
    op.drop_index("uq_invoice_sequence", table_name="invoice", postgresql_where=sa.text("sequence is not null"))
    op.drop_index(op.f("ix_invoice_organization_id_patient_id"), table_name="invoice")
    op.drop_index(
        op.f("ix_invoice_organization_id_issued_on"),
        table_name="invoice",
        postgresql_where=sa.text("status <> 'draft'"),
    )
    op.drop_index(op.f("ix_invoice_organization_id_created_at"), table_name="invoice")
    op.drop_index(op.f("ix_invoice_organization_id_corrects_invoice_id"), table_name="invoice")
    op.drop_index(op.f("ix_invoice_organization_id_clinic_location_id"), table_name="invoice")
    op.drop_index(op.f("ix_invoice_organization_id_case_id"), table_name="invoice")
    op.drop_index(
        "ix_invoice_open",
        table_name="invoice",
        postgresql_include=["balance", "issued_on"],
        postgresql_where=sa.text("balance > 0"),
    )
    op.drop_table("invoice")
    op.drop_table("number_series")
