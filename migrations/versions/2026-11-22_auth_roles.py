"""Roles, permissions, and the locations of a user."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "auth_roles"
down_revision = "auth_identity"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "permission",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("description", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_permission")),
        sa.UniqueConstraint("key", name=op.f("uq_permission_key")),
    )
    op.create_table(
        "role",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("baseline", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("btrim(key) <> ''", name=op.f("ck_role_key")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_role_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_role_organization_id_id")),
        sa.UniqueConstraint("organization_id", "key", name=op.f("uq_role_organization_id_key")),
    )
    op.create_index(op.f("ix_role_organization_id_created_at"), "role", ["organization_id", "created_at"], unique=False)
    op.create_table(
        "role_permission",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("role_id", sa.Uuid(), nullable=False),
        sa.Column("permission_id", sa.Uuid(), nullable=False),
        sa.Column(
            "scope",
            sa.Enum(
                "own",
                "care_team",
                "location",
                "organisation",
                name="scope",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "role_id"],
            ["role.organization_id", "role.id"],
            name=op.f("fk_role_permission_role_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_role_permission_organization_id")
        ),
        sa.ForeignKeyConstraint(["permission_id"], ["permission.id"], name=op.f("fk_role_permission_permission_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_permission")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_role_permission_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id",
            "role_id",
            "permission_id",
            name=op.f("uq_role_permission_organization_id_role_id_permission_id"),
        ),
    )
    op.create_index(
        op.f("ix_role_permission_organization_id_created_at"),
        "role_permission",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_index(op.f("ix_role_permission_permission_id"), "role_permission", ["permission_id"], unique=False)
    op.create_table(
        "user_location",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_location_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "clinic_location_id"],
            ["clinic_location.organization_id", "clinic_location.id"],
            name=op.f("fk_user_location_clinic_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["app_user.organization_id", "app_user.id"],
            name=op.f("fk_user_location_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_user_location_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_location")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_user_location_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id",
            "user_id",
            "clinic_location_id",
            name=op.f("uq_user_location_organization_id_user_id_clinic_location_id"),
        ),
    )
    op.create_index(
        op.f("ix_user_location_organization_id_clinic_location_id"),
        "user_location",
        ["organization_id", "clinic_location_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_user_location_organization_id_created_at"),
        "user_location",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "user_role",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "role_id"], ["role.organization_id", "role.id"], name=op.f("fk_user_role_role_id")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["app_user.organization_id", "app_user.id"],
            name=op.f("fk_user_role_user_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_user_role_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_role")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_user_role_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id", "user_id", "role_id", name=op.f("uq_user_role_organization_id_user_id_role_id")
        ),
    )
    op.create_index(
        op.f("ix_user_role_organization_id_created_at"), "user_role", ["organization_id", "created_at"], unique=False
    )
    op.create_index(
        op.f("ix_user_role_organization_id_role_id"), "user_role", ["organization_id", "role_id"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_user_role_organization_id_role_id"), table_name="user_role")
    op.drop_index(op.f("ix_user_role_organization_id_created_at"), table_name="user_role")
    op.drop_table("user_role")
    op.drop_index(op.f("ix_user_location_organization_id_created_at"), table_name="user_location")
    op.drop_index(op.f("ix_user_location_organization_id_clinic_location_id"), table_name="user_location")
    op.drop_table("user_location")
    op.drop_index(op.f("ix_role_permission_permission_id"), table_name="role_permission")
    op.drop_index(op.f("ix_role_permission_organization_id_created_at"), table_name="role_permission")
    op.drop_table("role_permission")
    op.drop_index(op.f("ix_role_organization_id_created_at"), table_name="role")
    op.drop_table("role")
    op.drop_table("permission")
