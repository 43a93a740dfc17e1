"""The catalogue of services and products."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from clinic_core.db.guards import protect

revision = "billing_catalogue"
down_revision = "patients_register"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "product_service",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "type",
            sa.Enum("service", "product", name="producttype", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("unit_price", sa.Numeric(precision=16, scale=6), nullable=False),
        sa.Column("tax_rate", sa.Numeric(precision=7, scale=6), server_default=sa.text("0"), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=True),
        sa.Column("buffer_minutes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("color", sqlmodel.sql.sqltypes.AutoString(), server_default=sa.text("''"), nullable=False),
        sa.Column("bookable_online", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint(
            "(type = 'service') = (duration_minutes is not null)", name=op.f("ck_product_service_duration")
        ),
        sa.CheckConstraint("btrim(code) <> '' and btrim(name) <> ''", name=op.f("ck_product_service_named")),
        sa.CheckConstraint("buffer_minutes between 0 and 240", name=op.f("ck_product_service_buffer")),
        sa.CheckConstraint(
            "duration_minutes is null or duration_minutes between 1 and 1440",
            name=op.f("ck_product_service_duration_range"),
        ),
        sa.CheckConstraint("tax_rate between 0 and 1", name=op.f("ck_product_service_tax_rate")),
        sa.CheckConstraint("unit_price between 0 and 9999999999", name=op.f("ck_product_service_unit_price")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_product_service_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_service")),
        sa.UniqueConstraint("organization_id", "code", name=op.f("uq_product_service_organization_id_code")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_product_service_organization_id_id")),
    )
    op.create_index(
        op.f("ix_product_service_organization_id_created_at"),
        "product_service",
        ["organization_id", "created_at"],
        unique=False,
    )
    protect("product_service", safe=["code", "name", "type", "color"])


def downgrade() -> None:
    op.drop_index(op.f("ix_product_service_organization_id_created_at"), table_name="product_service")
    op.drop_table("product_service")
