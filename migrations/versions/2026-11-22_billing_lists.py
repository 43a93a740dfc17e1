"""The list of invoices in its order, and write-offs by their day."""

import sqlalchemy as sa
from alembic import op

revision = "billing_lists"
down_revision = "billing_batches"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_invoice_organization_id_issued_on", table_name="invoice")
    op.create_index(
        "ix_invoice_list",
        "invoice",
        ["organization_id", sa.text("issued_on desc nulls first"), sa.text("id desc")],
        unique=False,
    )
    op.create_index(
        op.f("ix_adjustment_organization_id_adjusted_on"),
        "adjustment",
        ["organization_id", "adjusted_on"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_adjustment_organization_id_adjusted_on"), table_name="adjustment")
    op.drop_index("ix_invoice_list", table_name="invoice")
    op.create_index(
        op.f("ix_invoice_organization_id_issued_on"),
        "invoice",
        ["organization_id", "issued_on"],
        unique=False,
        postgresql_where=sa.text("status <> 'draft'"),
    )
