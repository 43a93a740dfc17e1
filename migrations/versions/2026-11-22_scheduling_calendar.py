"""Outages of rooms, what services need, and kinds of absence."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from clinic_core.db.guards import protect

revision = "scheduling_calendar"
down_revision = "patients_search"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "service_requirement",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("product_service_id", sa.Uuid(), nullable=False),
        sa.Column(
            "resource_type",
            sa.Enum("room", "equipment", name="resourcetype", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("category", sqlmodel.sql.sqltypes.AutoString(), server_default=sa.text("''"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "product_service_id"],
            ["product_service.organization_id", "product_service.id"],
            name=op.f("fk_service_requirement_product_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_service_requirement_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_requirement")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_service_requirement_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id",
            "product_service_id",
            "resource_type",
            "category",
            name=op.f("uq_service_requirement_organization_id_product_service_id_resource_type_category"),
        ),
    )
    op.create_index(
        op.f("ix_service_requirement_organization_id_created_at"),
        "service_requirement",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "resource_outage",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("ends_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), server_default=sa.text("''"), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_resource_outage_order")),
        sa.ForeignKeyConstraint(
            ["organization_id", "resource_id"],
            ["location_resource.organization_id", "location_resource.id"],
            name=op.f("fk_resource_outage_resource_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_resource_outage_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_outage")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_resource_outage_organization_id_id")),
    )
    op.create_index(
        op.f("ix_resource_outage_organization_id_created_at"),
        "resource_outage",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_resource_outage_organization_id_resource_id_starts_at"),
        "resource_outage",
        ["organization_id", "resource_id", "starts_at"],
        unique=False,
    )
    op.add_column(
        "absence",
        sa.Column(
            "kind",
            sa.Enum(
                "holiday",
                "sick",
                "training",
                "blocked",
                "other",
                name="absencekind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="other",
            nullable=False,
        ),
    )
    op.add_column(
        "location_resource",
        sa.Column("category", sqlmodel.sql.sqltypes.AutoString(), server_default=sa.text("''"), nullable=False),
    )
    protect("service_requirement", safe=["resource_type", "category"], rights="select, insert, delete")
    protect("resource_outage", rights="select, insert, update, delete")


def downgrade() -> None:
    op.drop_column("location_resource", "category")
    op.drop_column("absence", "kind")
    op.drop_index(op.f("ix_resource_outage_organization_id_resource_id_starts_at"), table_name="resource_outage")
    op.drop_index(op.f("ix_resource_outage_organization_id_created_at"), table_name="resource_outage")
    op.drop_table("resource_outage")
    op.drop_index(op.f("ix_service_requirement_organization_id_created_at"), table_name="service_requirement")
    op.drop_table("service_requirement")
