"""Patients, the ids other systems know them by, and break-glass grants."""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

from clinic_core.db.guards import protect

revision = "patients_register"
down_revision = "audit_log"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "external_reference",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("entity_type", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("external_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("content_hash", sqlmodel.sql.sqltypes.AutoString(), server_default=sa.text("''"), nullable=False),
        sa.Column("flags_json", postgresql.JSONB(none_as_null=True), server_default=sa.text("'[]'"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_external_reference_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_reference")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_external_reference_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id",
            "source",
            "entity_type",
            "external_id",
            name=op.f("uq_external_reference_organization_id_source_entity_type_external_id"),
        ),
    )
    op.create_index(
        op.f("ix_external_reference_organization_id_created_at"),
        "external_reference",
        ["organization_id", "created_at"],
    )
    op.create_index(
        op.f("ix_external_reference_organization_id_entity_id"),
        "external_reference",
        ["organization_id", "entity_id"],
    )
    op.create_table(
        "patient",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("first_name", sqlmodel.sql.sqltypes.AutoString(), server_default=sa.text("''"), nullable=False),
        sa.Column("last_name", sqlmodel.sql.sqltypes.AutoString(), server_default=sa.text("''"), nullable=False),
        sa.Column("preferred_name", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column(
            "name_folded",
            sqlmodel.sql.sqltypes.AutoString(),
            sa.Computed(
                "f_fold(last_name || ' ' || first_name || ' ' || coalesce(preferred_name, ''))", persisted=True
            ),
            nullable=True,
        ),
        sa.Column("dob", sa.Date(), nullable=True),
        sa.Column(
            "sex",
            sa.Enum(
                "female", "male", "other", "unknown", name="sex", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("gender", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("pronouns", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("contact_json", postgresql.JSONB(none_as_null=True), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "phone_digits",
            sqlmodel.sql.sqltypes.AutoString(),
            sa.Computed("regexp_replace(coalesce(contact_json ->> 'phone', ''), '[^0-9]', '', 'g')", persisted=True),
            nullable=True,
        ),
        sa.Column(
            "email_folded",
            sqlmodel.sql.sqltypes.AutoString(),
            sa.Computed("lower(coalesce(contact_json ->> 'email', ''))", persisted=True),
            nullable=True,
        ),
        sa.Column(
            "insurance_json", postgresql.JSONB(none_as_null=True), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("alerts_json", postgresql.JSONB(none_as_null=True), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("consents_json", postgresql.JSONB(none_as_null=True), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("referral_source", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("clinic_location_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("merged_into_id", sa.Uuid(), nullable=True),
        sa.Column("archived_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("deceased_on", sa.Date(), nullable=True),
        sa.Column("deleted_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.CheckConstraint("btrim(first_name || last_name) <> ''", name=op.f("ck_patient_name")),
        sa.CheckConstraint("dob is null or dob >= date '1850-01-01'", name=op.f("ck_patient_dob")),
        sa.CheckConstraint(
            "length(first_name) <= 200 and length(last_name) <= 200", name=op.f("ck_patient_name_length")
        ),
        sa.CheckConstraint("merged_into_id is null or merged_into_id <> id", name=op.f("ck_patient_merged_into")),
        sa.ForeignKeyConstraint(
            ["organization_id", "clinic_location_id"],
            ["clinic_location.organization_id", "clinic_location.id"],
            name=op.f("fk_patient_clinic_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "merged_into_id"],
            ["patient.organization_id", "patient.id"],
            name=op.f("fk_patient_merged_into_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"], ["app_user.organization_id", "app_user.id"], name=op.f("fk_patient_user_id")
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_patient_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient")),
        sa.UniqueConstraint("organization_id", "code", name=op.f("uq_patient_organization_id_code")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_patient_organization_id_id")),
    )
    op.create_index(
        "ix_patient_dob",
        "patient",
        ["organization_id", "dob"],
        postgresql_where=sa.text("deleted_at is null"),
    )
    op.create_index(
        "ix_patient_email",
        "patient",
        ["organization_id", "email_folded"],
        postgresql_ops={"email_folded": "text_pattern_ops"},
        postgresql_where=sa.text("deleted_at is null and email_folded <> ''"),
    )
    op.create_index(
        "ix_patient_name_prefix",
        "patient",
        ["organization_id", "name_folded"],
        postgresql_ops={"name_folded": "text_pattern_ops"},
        postgresql_where=sa.text("deleted_at is null"),
    )
    op.create_index(
        "ix_patient_name_trgm",
        "patient",
        ["name_folded"],
        postgresql_using="gin",
        postgresql_ops={"name_folded": "gin_trgm_ops"},
        postgresql_where=sa.text("deleted_at is null"),
    )
    op.create_index(
        op.f("ix_patient_organization_id_clinic_location_id"),
        "patient",
        ["organization_id", "clinic_location_id"],
    )
    op.create_index(
        op.f("ix_patient_organization_id_created_at"), "patient", ["organization_id", "created_at"], unique=False
    )
    op.create_index(
        op.f("ix_patient_organization_id_merged_into_id"),
        "patient",
        ["organization_id", "merged_into_id"],
    )
    op.create_index(op.f("ix_patient_organization_id_user_id"), "patient", ["organization_id", "user_id"], unique=False)
    op.create_index(
        "ix_patient_phone_end",
        "patient",
        ["organization_id", sa.literal_column("reverse(phone_digits)").label("phone_end")],
        postgresql_ops={"phone_end": "text_pattern_ops"},
        postgresql_where=sa.text("deleted_at is null and phone_digits <> ''"),
    )
    op.create_index(
        "ix_patient_phone",
        "patient",
        ["organization_id", "phone_digits"],
        postgresql_ops={"phone_digits": "text_pattern_ops"},
        postgresql_where=sa.text("deleted_at is null and phone_digits <> ''"),
    )
    op.create_index(
        "uq_patient_user",
        "patient",
        ["organization_id", "user_id"],
        unique=True,
        postgresql_where=sa.text("user_id is not null"),
    )
    op.create_table(
        "break_glass_grant",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("expires_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint("btrim(reason) <> ''", name=op.f("ck_break_glass_grant_reason")),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_break_glass_grant_expires_at")),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patient.organization_id", "patient.id"],
            name=op.f("fk_break_glass_grant_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["app_user.organization_id", "app_user.id"],
            name=op.f("fk_break_glass_grant_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_break_glass_grant_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_break_glass_grant")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_break_glass_grant_organization_id_id")),
    )
    op.create_index(
        "ix_break_glass_grant_lookup",
        "break_glass_grant",
        ["organization_id", "user_id", "patient_id", sa.literal_column("expires_at desc")],
    )
    op.create_index(
        op.f("ix_break_glass_grant_organization_id_created_at"),
        "break_glass_grant",
        ["organization_id", "created_at"],
    )
    op.create_index(
        op.f("ix_break_glass_grant_organization_id_patient_id"),
        "break_glass_grant",
        ["organization_id", "patient_id"],
    )
    protect("patient", safe=["code"], hidden=["dob", "deceased_on"])
    protect("external_reference", safe=["source", "entity_type"])
    protect("break_glass_grant", safe=["reason"], rights="select, insert")


def downgrade() -> None:
    op.drop_index(op.f("ix_break_glass_grant_organization_id_patient_id"), table_name="break_glass_grant")
    op.drop_index(op.f("ix_break_glass_grant_organization_id_created_at"), table_name="break_glass_grant")
    op.drop_index("ix_break_glass_grant_lookup", table_name="break_glass_grant")
    op.drop_table("break_glass_grant")
    op.drop_index("uq_patient_user", table_name="patient", postgresql_where=sa.text("user_id is not null"))
    op.drop_index(
        "ix_patient_phone",
        table_name="patient",
        postgresql_ops={"phone_digits": "text_pattern_ops"},
        postgresql_where=sa.text("deleted_at is null and phone_digits <> ''"),
    )
    op.drop_index(op.f("ix_patient_organization_id_user_id"), table_name="patient")
    op.drop_index(op.f("ix_patient_organization_id_merged_into_id"), table_name="patient")
    op.drop_index(op.f("ix_patient_organization_id_created_at"), table_name="patient")
    op.drop_index(op.f("ix_patient_organization_id_clinic_location_id"), table_name="patient")
    op.drop_index(
        "ix_patient_name_trgm",
        table_name="patient",
        postgresql_using="gin",
        postgresql_ops={"name_folded": "gin_trgm_ops"},
        postgresql_where=sa.text("deleted_at is null"),
    )
    op.drop_index(
        "ix_patient_name_prefix",
        table_name="patient",
        postgresql_ops={"name_folded": "text_pattern_ops"},
        postgresql_where=sa.text("deleted_at is null"),
    )
    op.drop_index(
        "ix_patient_email",
        table_name="patient",
        postgresql_ops={"email_folded": "text_pattern_ops"},
        postgresql_where=sa.text("deleted_at is null and email_folded <> ''"),
    )
    op.drop_index("ix_patient_dob", table_name="patient", postgresql_where=sa.text("deleted_at is null"))
    op.drop_table("patient")
    op.drop_index(op.f("ix_external_reference_organization_id_entity_id"), table_name="external_reference")
    op.drop_index(op.f("ix_external_reference_organization_id_created_at"), table_name="external_reference")
    op.drop_table("external_reference")
