"""Days and months are closed, and a payment has the day from which it counts."""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

from clinic_core.db.guards import (
    allow_app,
    audit_columns,
    drop_functions,
    protect,
    restore_function,
    run_sql_file,
    unprotect,
)

revision = "billing_closing"
down_revision = "billing_corrections"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "closing",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("day", "month", name="closingkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("clinic_location_id", sa.Uuid(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(), server_default=sa.text("''"), nullable=False),
        sa.Column(
            "figures_json",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("reopened_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("reopened_by_user_id", sa.Uuid(), nullable=True),
        sa.Column("reopen_reason", sqlmodel.sql.sqltypes.AutoString(), server_default=sa.text("''"), nullable=False),
        sa.CheckConstraint("(kind = 'day') = (clinic_location_id is not null)", name=op.f("ck_closing_location")),
        sa.CheckConstraint(
            "(reopened_at is null) = (reopened_by_user_id is null) and (reopened_at is null) = (reopen_reason = '')",
            name=op.f("ck_closing_reopened"),
        ),
        sa.CheckConstraint(
            "case kind when 'day' then ends_on = starts_on else starts_on = date_trunc('month', starts_on)::date and ends_on = (starts_on + interval '1 month' - interval '1 day')::date end",
            name=op.f("ck_closing_span"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "clinic_location_id"],
            ["clinic_location.organization_id", "clinic_location.id"],
            name=op.f("fk_closing_clinic_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "reopened_by_user_id"],
            ["app_user.organization_id", "app_user.id"],
            name=op.f("fk_closing_reopened_by_user_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_closing_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closing")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_closing_organization_id_id")),
    )
    op.create_index(
        op.f("ix_closing_organization_id_clinic_location_id"),
        "closing",
        ["organization_id", "clinic_location_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_closing_organization_id_created_at"), "closing", ["organization_id", "created_at"], unique=False
    )
    op.create_index(
        op.f("ix_closing_organization_id_kind_starts_on"),
        "closing",
        ["organization_id", "kind", "starts_on"],
        unique=False,
    )
    op.create_index(
        op.f("ix_closing_organization_id_reopened_by_user_id"),
        "closing",
        ["organization_id", "reopened_by_user_id"],
        unique=False,
    )
    op.create_index(
        "uq_closing_once",
        "closing",
        ["organization_id", "kind", "clinic_location_id", "starts_on"],
        unique=True,
        postgresql_where=sa.text("reopened_at is null"),
        postgresql_nulls_not_distinct=True,
    )
    op.add_column("payment", sa.Column("applied_on", sa.Date(), nullable=True))
    op.execute("alter table payment disable trigger user")
    op.execute(
        "update payment p set applied_on = case when p.amount > 0 then greatest(r.received_on, i.issued_on)"
        " else greatest((p.created_at at time zone l.timezone)::date, r.received_on, i.issued_on) end"
        " from receipt r, invoice i, clinic_location l where r.organization_id = p.organization_id"
        " and r.id = p.receipt_id and i.organization_id = p.organization_id and i.id = p.invoice_id"
        " and l.organization_id = i.organization_id and l.id = i.clinic_location_id"
    )
    op.execute("alter table payment enable trigger user")
    op.alter_column("payment", "applied_on", nullable=False)
    op.create_index(
        op.f("ix_payment_organization_id_applied_on"), "payment", ["organization_id", "applied_on"], unique=False
    )
    run_sql_file("billing_closing")
    protect("closing", safe=["kind", "figures_json"])
    audit_columns("payment", ["method"])
    op.execute(
        "create trigger append_only before delete on closing for each row execute function refuse_change('closing')"
    )
    allow_app("closing_lock()")


def downgrade() -> None:
    for table in ("invoice", "receipt", "payment", "adjustment"):
        op.execute(f"drop trigger d_period on {table}")
    unprotect("closing")
    op.drop_table("closing")
    restore_function("payment_before", "billing_receipts")
    drop_functions(
        "closing_before()",
        "invoice_period()",
        "receipt_period()",
        "payment_period()",
        "adjustment_period()",
        "refuse_closed(uuid, date, uuid)",
        "closing_lock()",
    )
    op.drop_index(op.f("ix_payment_organization_id_applied_on"), table_name="payment")
    op.drop_column("payment", "applied_on")
    audit_columns("payment", ["method"])
