"""Appointments and their series."""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "scheduling_appointments"
down_revision = "scheduling_locations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "appointment_series",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_user_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_location_id", sa.Uuid(), nullable=False),
        sa.Column("product_service_id", sa.Uuid(), nullable=True),
        sa.Column("rrule", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("starts_at_wall", sa.DateTime(), nullable=False),
        sa.Column("timezone", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("exdates_json", postgresql.JSONB(none_as_null=True), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("split_from_id", sa.Uuid(), nullable=True),
        sa.Column("materialised_until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.CheckConstraint("btrim(rrule) <> ''", name=op.f("ck_appointment_series_rrule")),
        sa.CheckConstraint("duration_minutes between 1 and 1440", name=op.f("ck_appointment_series_duration")),
        sa.ForeignKeyConstraint(
            ["organization_id", "clinic_location_id"],
            ["clinic_location.organization_id", "clinic_location.id"],
            name=op.f("fk_appointment_series_clinic_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patient.organization_id", "patient.id"],
            name=op.f("fk_appointment_series_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "practitioner_user_id"],
            ["app_user.organization_id", "app_user.id"],
            name=op.f("fk_appointment_series_practitioner_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "product_service_id"],
            ["product_service.organization_id", "product_service.id"],
            name=op.f("fk_appointment_series_product_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "split_from_id"],
            ["appointment_series.organization_id", "appointment_series.id"],
            name=op.f("fk_appointment_series_split_from_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_appointment_series_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment_series")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_appointment_series_organization_id_id")),
    )
    op.create_index(
        op.f("ix_appointment_series_organization_id_clinic_location_id"),
        "appointment_series",
        ["organization_id", "clinic_location_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_appointment_series_organization_id_created_at"),
        "appointment_series",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_appointment_series_organization_id_patient_id"),
        "appointment_series",
        ["organization_id", "patient_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_appointment_series_organization_id_practitioner_user_id"),
        "appointment_series",
        ["organization_id", "practitioner_user_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_appointment_series_organization_id_product_service_id"),
        "appointment_series",
        ["organization_id", "product_service_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_appointment_series_organization_id_split_from_id"),
        "appointment_series",
        ["organization_id", "split_from_id"],
        unique=False,
    )
    op.create_table(
        "appointment",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_user_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_location_id", sa.Uuid(), nullable=False),
        sa.Column("product_service_id", sa.Uuid(), nullable=True),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("series_id", sa.Uuid(), nullable=True),
        sa.Column("original_starts_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("recurrence_json", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("starts_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("ends_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("buffer_minutes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "booked",
                "confirmed",
                "arrived",
                "in_progress",
                "completed",
                "no_show",
                "cancelled",
                name="appointmentstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="booked",
            nullable=False,
        ),
        sa.Column("status_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column(
            "cancelled_by",
            sa.Enum("patient", "clinic", name="cancelledby", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column("cancelled_late", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("cancel_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(), server_default=sa.text("''"), nullable=False),
        sa.Column("override_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column(
            "override_kinds_json", postgresql.JSONB(none_as_null=True), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("double_book_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("imported", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("deleted_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "(override_kinds_json = '[]') = (override_reason is null)", name=op.f("ck_appointment_override_kinds")
        ),
        sa.CheckConstraint(
            "(status = 'cancelled') = (cancelled_by is not null)", name=op.f("ck_appointment_cancelled_by")
        ),
        sa.CheckConstraint(
            "double_book_reason is null or btrim(double_book_reason) <> ''",
            name=op.f("ck_appointment_double_book_reason"),
        ),
        sa.CheckConstraint(
            "override_reason is null or btrim(override_reason) <> ''", name=op.f("ck_appointment_override_reason")
        ),
        sa.CheckConstraint("(series_id is null) = (original_starts_at is null)", name=op.f("ck_appointment_series")),
        sa.CheckConstraint("buffer_minutes between 0 and 240", name=op.f("ck_appointment_buffer")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_appointment_order")),
        sa.CheckConstraint("not imported or ends_at <= created_at", name=op.f("ck_appointment_imported_past")),
        sa.ForeignKeyConstraint(
            ["organization_id", "case_id"],
            ["clinical_case.organization_id", "clinical_case.id"],
            name=op.f("fk_appointment_case_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "clinic_location_id"],
            ["clinic_location.organization_id", "clinic_location.id"],
            name=op.f("fk_appointment_clinic_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patient.organization_id", "patient.id"],
            name=op.f("fk_appointment_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "practitioner_user_id"],
            ["app_user.organization_id", "app_user.id"],
            name=op.f("fk_appointment_practitioner_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "product_service_id"],
            ["product_service.organization_id", "product_service.id"],
            name=op.f("fk_appointment_product_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "series_id"],
            ["appointment_series.organization_id", "appointment_series.id"],
            name=op.f("fk_appointment_series_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_appointment_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_appointment_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id",
            "series_id",
            "original_starts_at",
            name=op.f("uq_appointment_organization_id_series_id_original_starts_at"),
        ),
    )
    op.create_index(
        op.f("ix_appointment_organization_id_case_id"), "appointment", ["organization_id", "case_id"], unique=False
    )
    op.create_index(
        op.f("ix_appointment_organization_id_clinic_location_id"),
        "appointment",
        ["organization_id", "clinic_location_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_appointment_organization_id_clinic_location_id_starts_at"),
        "appointment",
        ["organization_id", "clinic_location_id", "starts_at"],
        unique=False,
        postgresql_where=sa.text("deleted_at is null"),
    )
    op.create_index(
        op.f("ix_appointment_organization_id_created_at"),
        "appointment",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_appointment_organization_id_patient_id_starts_at"),
        "appointment",
        ["organization_id", "patient_id", "starts_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_appointment_organization_id_practitioner_user_id_starts_at"),
        "appointment",
        ["organization_id", "practitioner_user_id", "starts_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_appointment_organization_id_product_service_id"),
        "appointment",
        ["organization_id", "product_service_id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_appointment_organization_id_product_service_id"), table_name="appointment")
    op.drop_index(op.f("ix_appointment_organization_id_practitioner_user_id_starts_at"), table_name="appointment")
    op.drop_index(op.f("ix_appointment_organization_id_patient_id_starts_at"), table_name="appointment")
    op.drop_index(op.f("ix_appointment_organization_id_created_at"), table_name="appointment")
    op.drop_index(
        op.f("ix_appointment_organization_id_clinic_location_id_starts_at"),
        table_name="appointment",
        postgresql_where=sa.text("deleted_at is null"),
    )
    op.drop_index(op.f("ix_appointment_organization_id_clinic_location_id"), table_name="appointment")
    op.drop_index(op.f("ix_appointment_organization_id_case_id"), table_name="appointment")
    op.drop_table("appointment")
    op.drop_index(op.f("ix_appointment_series_organization_id_split_from_id"), table_name="appointment_series")
    op.drop_index(op.f("ix_appointment_series_organization_id_product_service_id"), table_name="appointment_series")
    op.drop_index(op.f("ix_appointment_series_organization_id_practitioner_user_id"), table_name="appointment_series")
    op.drop_index(op.f("ix_appointment_series_organization_id_patient_id"), table_name="appointment_series")
    op.drop_index(op.f("ix_appointment_series_organization_id_created_at"), table_name="appointment_series")
    op.drop_index(op.f("ix_appointment_series_organization_id_clinic_location_id"), table_name="appointment_series")
    op.drop_table("appointment_series")
