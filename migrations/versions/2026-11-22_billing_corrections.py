"""Credit notes by line, write-offs taken back, refunds that a second person agrees to."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from clinic_core.db.guards import (
    allow_app,
    audit_columns,
    drop_functions,
    protect,
    restore_function,
    run_sql_file,
    unprotect,
)

revision = "billing_corrections"
down_revision = "scheduling_notes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "refund_request",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
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
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(), server_default=sa.text("''"), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "requested",
                "approved",
                "declined",
                "withdrawn",
                name="refundstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="requested",
            nullable=False,
        ),
        sa.Column("decided_by_user_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("decision_note", sqlmodel.sql.sqltypes.AutoString(), server_default=sa.text("''"), nullable=False),
        sa.Column("refund_receipt_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("(status = 'requested') = (decided_at is null)", name=op.f("ck_refund_request_decided")),
        sa.CheckConstraint("btrim(reason) <> ''", name=op.f("ck_refund_request_reason")),
        sa.CheckConstraint("refund_receipt_id is null or status = 'approved'", name=op.f("ck_refund_request_refund")),
        sa.CheckConstraint(
            "status not in ('approved', 'declined') or decided_by_user_id <> created_by",
            name=op.f("ck_refund_request_four_eyes"),
        ),
        sa.CheckConstraint(
            "status not in ('approved', 'declined') or decided_by_user_id is not null",
            name=op.f("ck_refund_request_decided_by"),
        ),
        sa.CheckConstraint("amount between 0.01 and 999999999999.99", name=op.f("ck_refund_request_amount")),
        sa.ForeignKeyConstraint(
            ["organization_id", "decided_by_user_id"],
            ["app_user.organization_id", "app_user.id"],
            name=op.f("fk_refund_request_decided_by_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "receipt_id"],
            ["receipt.organization_id", "receipt.id"],
            name=op.f("fk_refund_request_receipt_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "refund_receipt_id"],
            ["receipt.organization_id", "receipt.id"],
            name=op.f("fk_refund_request_refund_receipt_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_refund_request_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_request")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_refund_request_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id", "refund_receipt_id", name=op.f("uq_refund_request_organization_id_refund_receipt_id")
        ),
    )
    op.create_index(
        op.f("ix_refund_request_organization_id_created_at"),
        "refund_request",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_refund_request_organization_id_decided_by_user_id"),
        "refund_request",
        ["organization_id", "decided_by_user_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_refund_request_organization_id_receipt_id"),
        "refund_request",
        ["organization_id", "receipt_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_refund_request_organization_id_status_created_at"),
        "refund_request",
        ["organization_id", "status", "created_at"],
        unique=False,
    )
    op.create_index(
        "uq_refund_request_open",
        "refund_request",
        ["organization_id", "receipt_id"],
        unique=True,
        postgresql_where=sa.text("status = 'requested'"),
    )
    op.add_column("adjustment", sa.Column("reverses_adjustment_id", sa.Uuid(), nullable=True))
    op.create_unique_constraint(
        op.f("uq_adjustment_organization_id_reverses_adjustment_id"),
        "adjustment",
        ["organization_id", "reverses_adjustment_id"],
    )
    op.create_foreign_key(
        op.f("fk_adjustment_reverses_adjustment_id"),
        "adjustment",
        "adjustment",
        ["organization_id", "reverses_adjustment_id"],
        ["organization_id", "id"],
    )
    op.add_column(
        "invoice", sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), server_default=sa.text("''"), nullable=False)
    )
    op.add_column("invoice_line", sa.Column("credits_line_id", sa.Uuid(), nullable=True))
    op.add_column(
        "invoice_line",
        sa.Column("credited_qty", sa.Numeric(precision=12, scale=4), server_default=sa.text("0"), nullable=False),
    )
    op.create_index(
        op.f("ix_invoice_line_organization_id_credits_line_id"),
        "invoice_line",
        ["organization_id", "credits_line_id"],
        unique=False,
    )
    op.create_foreign_key(
        op.f("fk_invoice_line_credits_line_id"),
        "invoice_line",
        "invoice_line",
        ["organization_id", "credits_line_id"],
        ["organization_id", "id"],
    )
    op.drop_constraint("ck_invoice_line_net", "invoice_line")
    op.create_check_constraint(
        op.f("ck_invoice_line_net"),
        "invoice_line",
        "credits_line_id is not null or net = round(qty * unit_price * (1 - discount_rate), 2)",
    )
    op.create_check_constraint(
        op.f("ck_invoice_line_not_over_credited"),
        "invoice_line",
        "credited_qty = 0 or (sign(credited_qty) = sign(qty) and abs(credited_qty) <= abs(qty))",
    )
    op.create_check_constraint(op.f("ck_invoice_reason"), "invoice", "kind = 'credit_note' or reason = ''")
    op.drop_constraint("ck_adjustment_amount", "adjustment")
    op.create_check_constraint(
        op.f("ck_adjustment_amount"),
        "adjustment",
        "amount between -999999999999.99 and 999999999999.99 and amount <> 0",
    )
    op.create_check_constraint(
        op.f("ck_adjustment_reverses"), "adjustment", "(amount < 0) = (reverses_adjustment_id is not null)"
    )
    _bring_along()
    run_sql_file("billing_corrections")
    protect("refund_request", safe=["method", "status"])
    audit_columns("invoice", ["kind", "status", "number", "series", "currency"])
    audit_columns("invoice_line", ["item_type"])
    audit_columns("adjustment", ["kind"])
    allow_app("credit_note_refuse(invoice)")


def _bring_along() -> None:
    """Credit notes written so far took whole invoices back, line by line at the same position."""
    op.execute("alter table invoice disable trigger user")
    op.execute("alter table invoice_line disable trigger user")
    op.execute(
        "update invoice set reason = coalesce(seller_json ->> 'reference', ''), seller_json = seller_json - 'reference'"
        " where kind = 'credit_note'"
    )
    op.execute(
        "update invoice_line l set credits_line_id = o.id from invoice n, invoice_line o where n.kind = 'credit_note'"
        " and l.organization_id = n.organization_id and l.invoice_id = n.id and o.organization_id = n.organization_id"
        " and o.invoice_id = n.corrects_invoice_id and o.position = l.position"
    )
    op.execute(
        "update invoice_line o set credited_qty = o.qty from invoice_line l join invoice n"
        " on n.organization_id = l.organization_id and n.id = l.invoice_id where n.status <> 'draft'"
        " and l.organization_id = o.organization_id and l.credits_line_id = o.id"
    )
    op.execute("alter table invoice enable trigger user")
    op.execute("alter table invoice_line enable trigger user")


def downgrade() -> None:
    op.execute("drop trigger c_derived on invoice_line")
    unprotect("refund_request")
    op.drop_table("refund_request")
    for function, file in (
        ("invoice_before", "billing_documents"),
        ("invoice_after_update", "billing_documents"),
        ("invoice_line_before", "billing_documents"),
        ("adjustment_apply", "billing_documents"),
        ("receipt_after", "billing_receipts"),
    ):
        restore_function(function, file)
    drop_functions("credit_note_refuse(invoice)", "invoice_line_derived()", "refund_request_before()")
    op.drop_constraint("ck_adjustment_reverses", "adjustment")
    op.drop_constraint("ck_adjustment_amount", "adjustment")
    op.create_check_constraint(op.f("ck_adjustment_amount"), "adjustment", "amount <> 0 and amount <= 999999999999.99")
    op.drop_column("adjustment", "reverses_adjustment_id")
    op.drop_constraint("ck_invoice_line_net", "invoice_line")
    op.drop_column("invoice_line", "credited_qty")
    op.drop_column("invoice_line", "credits_line_id")
    op.create_check_constraint(
        op.f("ck_invoice_line_net"), "invoice_line", "net = round(qty * unit_price * (1 - discount_rate), 2)"
    )
    op.drop_column("invoice", "reason")
    audit_columns("invoice", ["kind", "status", "number", "series", "currency"])
    audit_columns("invoice_line", ["item_type"])
    audit_columns("adjustment", ["kind"])
    drop_functions("audit_columns(regclass, text[], text[])")
