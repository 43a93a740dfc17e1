"""Rooms and equipment, opening hours, closures, absences."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from clinic_core.db.guards import protect

revision = "scheduling_locations"
down_revision = "docs_cases"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "absence",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("ends_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), server_default=sa.text("''"), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_absence_order")),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"], ["app_user.organization_id", "app_user.id"], name=op.f("fk_absence_user_id")
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_absence_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_absence_organization_id_id")),
    )
    op.create_index(
        op.f("ix_absence_organization_id_created_at"), "absence", ["organization_id", "created_at"], unique=False
    )
    op.create_index(
        op.f("ix_absence_organization_id_user_id_starts_at"),
        "absence",
        ["organization_id", "user_id", "starts_at"],
        unique=False,
    )
    op.create_table(
        "location_closure",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_location_id", sa.Uuid(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("btrim(name) <> ''", name=op.f("ck_location_closure_name")),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_location_closure_order")),
        sa.ForeignKeyConstraint(
            ["organization_id", "clinic_location_id"],
            ["clinic_location.organization_id", "clinic_location.id"],
            name=op.f("fk_location_closure_clinic_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_location_closure_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_location_closure")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_location_closure_organization_id_id")),
    )
    op.create_index(
        op.f("ix_location_closure_organization_id_clinic_location_id"),
        "location_closure",
        ["organization_id", "clinic_location_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_location_closure_organization_id_created_at"),
        "location_closure",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "location_hours",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_location_id", sa.Uuid(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("opens", sa.Time(), nullable=False),
        sa.Column("closes", sa.Time(), nullable=False),
        sa.CheckConstraint("closes > opens", name=op.f("ck_location_hours_order")),
        sa.CheckConstraint("weekday between 1 and 7", name=op.f("ck_location_hours_weekday")),
        sa.ForeignKeyConstraint(
            ["organization_id", "clinic_location_id"],
            ["clinic_location.organization_id", "clinic_location.id"],
            name=op.f("fk_location_hours_clinic_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_location_hours_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_location_hours")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_location_hours_organization_id_id")),
    )
    op.create_index(
        op.f("ix_location_hours_organization_id_clinic_location_id"),
        "location_hours",
        ["organization_id", "clinic_location_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_location_hours_organization_id_created_at"),
        "location_hours",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "location_resource",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_location_id", sa.Uuid(), nullable=False),
        sa.Column(
            "type",
            sa.Enum("room", "equipment", name="resourcetype", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint("btrim(name) <> ''", name=op.f("ck_location_resource_name")),
        sa.ForeignKeyConstraint(
            ["organization_id", "clinic_location_id"],
            ["clinic_location.organization_id", "clinic_location.id"],
            name=op.f("fk_location_resource_clinic_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_location_resource_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_location_resource")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_location_resource_organization_id_id")),
    )
    op.create_index(
        op.f("ix_location_resource_organization_id_created_at"),
        "location_resource",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_index(
        "uq_location_resource_name",
        "location_resource",
        ["organization_id", "clinic_location_id", sa.literal_column("lower(name)")],
        unique=True,
    )
    protect("location_resource", safe=["type", "name"])
    protect("location_hours", rights="select, insert, update, delete")
    protect("location_closure", safe=["name"], rights="select, insert, update, delete")
    protect("absence", rights="select, insert, update, delete")


def downgrade() -> None:
    op.drop_index("uq_location_resource_name", table_name="location_resource")
    op.drop_index(op.f("ix_location_resource_organization_id_created_at"), table_name="location_resource")
    op.drop_table("location_resource")
    op.drop_index(op.f("ix_location_hours_organization_id_created_at"), table_name="location_hours")
    op.drop_index(op.f("ix_location_hours_organization_id_clinic_location_id"), table_name="location_hours")
    op.drop_table("location_hours")
    op.drop_index(op.f("ix_location_closure_organization_id_created_at"), table_name="location_closure")
    op.drop_index(op.f("ix_location_closure_organization_id_clinic_location_id"), table_name="location_closure")
    op.drop_table("location_closure")
    op.drop_index(op.f("ix_absence_organization_id_user_id_starts_at"), table_name="absence")
    op.drop_index(op.f("ix_absence_organization_id_created_at"), table_name="absence")
    op.drop_table("absence")
