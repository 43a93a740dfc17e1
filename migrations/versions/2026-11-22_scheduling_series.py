"""Rooms and gaps of series, fees for missed appointments, and undo of a status."""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

from clinic_core.db.guards import drop_functions, protect, run_sql_file

revision = "scheduling_series"
down_revision = "scheduling_calendar"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "appointment_series_resource",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("series_id", sa.Uuid(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "resource_id"],
            ["location_resource.organization_id", "location_resource.id"],
            name=op.f("fk_appointment_series_resource_resource_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "series_id"],
            ["appointment_series.organization_id", "appointment_series.id"],
            name=op.f("fk_appointment_series_resource_series_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_appointment_series_resource_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment_series_resource")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_appointment_series_resource_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id",
            "series_id",
            "resource_id",
            name=op.f("uq_appointment_series_resource_organization_id_series_id_resource_id"),
        ),
    )
    op.create_index(
        op.f("ix_appointment_series_resource_organization_id_created_at"),
        "appointment_series_resource",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_appointment_series_resource_organization_id_resource_id"),
        "appointment_series_resource",
        ["organization_id", "resource_id"],
        unique=False,
    )
    op.create_table(
        "appointment_fee",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "no_show", "late_cancellation", name="feekind", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "proposed",
                "waived",
                "withdrawn",
                name="feestatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="proposed",
            nullable=False,
        ),
        sa.Column("waived_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.CheckConstraint("(status = 'waived') = (waived_reason is not null)", name=op.f("ck_appointment_fee_waived")),
        sa.CheckConstraint(
            "waived_reason is null or btrim(waived_reason) <> ''", name=op.f("ck_appointment_fee_waived_reason")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_appointment_fee_amount")),
        sa.ForeignKeyConstraint(
            ["organization_id", "appointment_id"],
            ["appointment.organization_id", "appointment.id"],
            name=op.f("fk_appointment_fee_appointment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patient.organization_id", "patient.id"],
            name=op.f("fk_appointment_fee_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_appointment_fee_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment_fee")),
        sa.UniqueConstraint(
            "organization_id", "appointment_id", name=op.f("uq_appointment_fee_organization_id_appointment_id")
        ),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_appointment_fee_organization_id_id")),
    )
    op.create_index(
        op.f("ix_appointment_fee_organization_id_created_at"),
        "appointment_fee",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_appointment_fee_organization_id_patient_id"),
        "appointment_fee",
        ["organization_id", "patient_id"],
        unique=False,
    )
    op.create_index(
        "ix_appointment_fee_proposed",
        "appointment_fee",
        ["organization_id", "patient_id", "created_at"],
        unique=False,
        postgresql_where=sa.text("status = 'proposed'"),
    )
    op.create_table(
        "appointment_series_gap",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("series_id", sa.Uuid(), nullable=False),
        sa.Column("original_starts_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column(
            "kinds_json",
            postgresql.JSONB(none_as_null=True),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("resolved_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "appointment_id is null or resolved_at is not null", name=op.f("ck_appointment_series_gap_resolved")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "appointment_id"],
            ["appointment.organization_id", "appointment.id"],
            name=op.f("fk_appointment_series_gap_appointment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "series_id"],
            ["appointment_series.organization_id", "appointment_series.id"],
            name=op.f("fk_appointment_series_gap_series_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_appointment_series_gap_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment_series_gap")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_appointment_series_gap_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id",
            "series_id",
            "original_starts_at",
            name=op.f("uq_appointment_series_gap_organization_id_series_id_original_starts_at"),
        ),
    )
    op.create_index(
        "ix_appointment_series_gap_open",
        "appointment_series_gap",
        ["organization_id", "original_starts_at"],
        unique=False,
        postgresql_where=sa.text("resolved_at is null"),
    )
    op.create_index(
        op.f("ix_appointment_series_gap_organization_id_appointment_id"),
        "appointment_series_gap",
        ["organization_id", "appointment_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_appointment_series_gap_organization_id_created_at"),
        "appointment_series_gap",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.add_column("appointment_series", sa.Column("case_id", sa.Uuid(), nullable=True))
    op.add_column(
        "appointment_series",
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(), server_default=sa.text("''"), nullable=False),
    )
    op.create_index(
        op.f("ix_appointment_series_organization_id_case_id"),
        "appointment_series",
        ["organization_id", "case_id"],
        unique=False,
    )
    op.create_foreign_key(
        op.f("fk_appointment_series_case_id"),
        "appointment_series",
        "clinical_case",
        ["organization_id", "case_id"],
        ["organization_id", "id"],
    )
    run_sql_file("scheduling_undo")
    protect("appointment_series_resource", rights="select, insert, delete")
    protect("appointment_series_gap", safe=["kinds_json"])
    protect("appointment_fee", safe=["kind", "status"])


def downgrade() -> None:
    op.execute("drop trigger c_undo on appointment")
    drop_functions("appointment_undo()")
    op.drop_constraint(op.f("fk_appointment_series_case_id"), "appointment_series", type_="foreignkey")
    op.drop_index(op.f("ix_appointment_series_organization_id_case_id"), table_name="appointment_series")
    op.drop_column("appointment_series", "note")
    op.drop_column("appointment_series", "case_id")
    op.drop_index(op.f("ix_appointment_series_gap_organization_id_created_at"), table_name="appointment_series_gap")
    op.drop_index(op.f("ix_appointment_series_gap_organization_id_appointment_id"), table_name="appointment_series_gap")
    op.drop_index(
        "ix_appointment_series_gap_open",
        table_name="appointment_series_gap",
        postgresql_where=sa.text("resolved_at is null"),
    )
    op.drop_table("appointment_series_gap")
    op.drop_index(
        "ix_appointment_fee_proposed", table_name="appointment_fee", postgresql_where=sa.text("status = 'proposed'")
    )
    op.drop_index(op.f("ix_appointment_fee_organization_id_patient_id"), table_name="appointment_fee")
    op.drop_index(op.f("ix_appointment_fee_organization_id_created_at"), table_name="appointment_fee")
    op.drop_table("appointment_fee")
    op.drop_index(
        op.f("ix_appointment_series_resource_organization_id_resource_id"), table_name="appointment_series_resource"
    )
    op.drop_index(
        op.f("ix_appointment_series_resource_organization_id_created_at"), table_name="appointment_series_resource"
    )
    op.drop_table("appointment_series_resource")
