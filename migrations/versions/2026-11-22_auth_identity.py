"""Organisations, locations, users and their profiles; who is asking, who made a row."""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

from clinic_core.db.guards import allow_app, drop_functions, run_sql_file

revision = "auth_identity"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter default privileges revoke execute on functions from public")
    op.execute("revoke create on schema public from public")
    run_sql_file("auth_app_role")
    op.execute("grant usage on schema public to clinic_app")
    op.create_table(
        "organization",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("settings_json", postgresql.JSONB(none_as_null=True), server_default=sa.text("'{}'"), nullable=False),
        sa.CheckConstraint("btrim(name) <> ''", name=op.f("ck_organization_name")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization")),
    )
    op.create_index("uq_organization_name", "organization", [sa.literal_column("lower(name)")], unique=True)
    op.create_table(
        "app_user",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("email", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("password_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("display_name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "invited", "active", "inactive", name="userstatus", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("last_login_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("password_changed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("failed_sign_ins", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("locked_until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.CheckConstraint("btrim(display_name) <> ''", name=op.f("ck_app_user_display_name")),
        sa.CheckConstraint(
            "status <> 'active' or email is not null or password_hash is null", name=op.f("ck_app_user_sign_in")
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_app_user_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_app_user")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_app_user_organization_id_id")),
    )
    op.create_index(
        op.f("ix_app_user_organization_id_created_at"), "app_user", ["organization_id", "created_at"], unique=False
    )
    op.create_index("uq_app_user_email", "app_user", [sa.literal_column("lower(email)")], unique=True)
    op.create_table(
        "clinic_location",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("address", sqlmodel.sql.sqltypes.AutoString(), server_default=sa.text("''"), nullable=False),
        sa.Column("timezone", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("phone", sqlmodel.sql.sqltypes.AutoString(), server_default=sa.text("''"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint("btrim(name) <> ''", name=op.f("ck_clinic_location_name")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_clinic_location_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clinic_location")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_clinic_location_organization_id_id")),
    )
    op.create_index(
        op.f("ix_clinic_location_organization_id_created_at"),
        "clinic_location",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_index(
        "uq_clinic_location_name", "clinic_location", ["organization_id", sa.literal_column("lower(name)")], unique=True
    )
    op.create_table(
        "assistant_profile",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("department", sqlmodel.sql.sqltypes.AutoString(), server_default=sa.text("''"), nullable=False),
        sa.Column("duties_json", postgresql.JSONB(none_as_null=True), server_default=sa.text("'[]'"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["app_user.organization_id", "app_user.id"],
            name=op.f("fk_assistant_profile_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_assistant_profile_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assistant_profile")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_assistant_profile_organization_id_id")),
        sa.UniqueConstraint("organization_id", "user_id", name=op.f("uq_assistant_profile_organization_id_user_id")),
    )
    op.create_index(
        op.f("ix_assistant_profile_organization_id_created_at"),
        "assistant_profile",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "practitioner_profile",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "specialties_json", postgresql.JSONB(none_as_null=True), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("license_number", sqlmodel.sql.sqltypes.AutoString(), server_default=sa.text("''"), nullable=False),
        sa.Column(
            "availability_json", postgresql.JSONB(none_as_null=True), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["app_user.organization_id", "app_user.id"],
            name=op.f("fk_practitioner_profile_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_practitioner_profile_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practitioner_profile")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_practitioner_profile_organization_id_id")),
        sa.UniqueConstraint("organization_id", "user_id", name=op.f("uq_practitioner_profile_organization_id_user_id")),
    )
    op.create_index(
        op.f("ix_practitioner_profile_organization_id_created_at"),
        "practitioner_profile",
        ["organization_id", "created_at"],
        unique=False,
    )
    run_sql_file("auth_identity")
    allow_app("clinic_organization()", "clinic_actor()", "clinic_is_app()", "f_unaccent(text)", "f_fold(text)")


def downgrade() -> None:
    op.drop_index(op.f("ix_practitioner_profile_organization_id_created_at"), table_name="practitioner_profile")
    op.drop_table("practitioner_profile")
    op.drop_index(op.f("ix_assistant_profile_organization_id_created_at"), table_name="assistant_profile")
    op.drop_table("assistant_profile")
    op.drop_index("uq_clinic_location_name", table_name="clinic_location")
    op.drop_index(op.f("ix_clinic_location_organization_id_created_at"), table_name="clinic_location")
    op.drop_table("clinic_location")
    op.drop_index("uq_app_user_email", table_name="app_user")
    op.drop_index(op.f("ix_app_user_organization_id_created_at"), table_name="app_user")
    op.drop_table("app_user")
    op.drop_index("uq_organization_name", table_name="organization")
    op.drop_table("organization")
    drop_functions(
        "f_fold(text)",
        "f_unaccent(text)",
        "stamp_version()",
        "stamp()",
        "clinic_is_app()",
        "clinic_actor()",
        "clinic_organization()",
    )
    op.execute("revoke usage on schema public from clinic_app")
    op.execute("alter default privileges grant execute on functions to public")
