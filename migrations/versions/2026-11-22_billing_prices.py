"""The price history of the catalogue."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from clinic_core.db.guards import drop_functions, protect, run_sql_file, unprotect

revision = "billing_prices"
down_revision = "billing_closing"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "product_price",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("product_service_id", sa.Uuid(), nullable=False),
        sa.Column("unit_price", sa.Numeric(precision=16, scale=6), nullable=False),
        sa.Column("tax_rate", sa.Numeric(precision=7, scale=6), nullable=False),
        sa.Column("valid_from", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "product_service_id"],
            ["product_service.organization_id", "product_service.id"],
            name=op.f("fk_product_price_product_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_product_price_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_price")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_product_price_organization_id_id")),
    )
    op.create_index(
        op.f("ix_product_price_organization_id_created_at"),
        "product_price",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_product_price_organization_id_product_service_id_valid_from"),
        "product_price",
        ["organization_id", "product_service_id", "valid_from"],
        unique=False,
    )
    op.execute(
        "insert into product_price (id, organization_id, product_service_id, unit_price, tax_rate, valid_from, created_at,"
        " created_by) select gen_random_uuid(), organization_id, id, unit_price, tax_rate, created_at, created_at,"
        " created_by from product_service order by id"
    )
    protect("product_price", rights="select")
    run_sql_file("billing_prices")


def downgrade() -> None:
    op.execute("drop trigger c_price_insert on product_service")
    op.execute("drop trigger c_price_update on product_service")
    drop_functions("product_price_keep()")
    unprotect("product_price")
    op.drop_table("product_price")
