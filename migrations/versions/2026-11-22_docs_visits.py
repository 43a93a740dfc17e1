"""Visits and every version of their notes."""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

from clinic_core.db.guards import drop_functions, protect, run_sql_file

revision = "docs_visits"
down_revision = "scheduling_reservations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "visit",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_user_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_location_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("notes_json", postgresql.JSONB(none_as_null=True), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "attachments_json", postgresql.JSONB(none_as_null=True), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("revision", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "status",
            sa.Enum("draft", "signed", name="visitstatus", native_enum=False, create_constraint=True, length=32),
            server_default="draft",
            nullable=False,
        ),
        sa.Column("visited_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("signed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("signed_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.CheckConstraint("(status = 'signed') = (signed_at is not null)", name=op.f("ck_visit_signed")),
        sa.CheckConstraint("(signed_at is null) = (signed_by is null)", name=op.f("ck_visit_signer")),
        sa.CheckConstraint("revision >= 0", name=op.f("ck_visit_revision")),
        sa.ForeignKeyConstraint(
            ["organization_id", "appointment_id"],
            ["appointment.organization_id", "appointment.id"],
            name=op.f("fk_visit_appointment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "case_id", "patient_id"],
            ["clinical_case.organization_id", "clinical_case.id", "clinical_case.patient_id"],
            name="fk_visit_case_id",
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "clinic_location_id"],
            ["clinic_location.organization_id", "clinic_location.id"],
            name=op.f("fk_visit_clinic_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patient.organization_id", "patient.id"],
            name=op.f("fk_visit_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "practitioner_user_id"],
            ["app_user.organization_id", "app_user.id"],
            name=op.f("fk_visit_practitioner_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "signed_by"],
            ["app_user.organization_id", "app_user.id"],
            name=op.f("fk_visit_signed_by"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_visit_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_visit_organization_id_id")),
    )
    op.create_index(
        op.f("ix_visit_organization_id_appointment_id"), "visit", ["organization_id", "appointment_id"], unique=False
    )
    op.create_index(
        op.f("ix_visit_organization_id_case_id_patient_id"),
        "visit",
        ["organization_id", "case_id", "patient_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_visit_organization_id_clinic_location_id"),
        "visit",
        ["organization_id", "clinic_location_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_visit_organization_id_created_at"), "visit", ["organization_id", "created_at"], unique=False
    )
    op.create_index(
        op.f("ix_visit_organization_id_patient_id"), "visit", ["organization_id", "patient_id"], unique=False
    )
    op.create_index(
        op.f("ix_visit_organization_id_patient_id_visited_at"),
        "visit",
        ["organization_id", "patient_id", "visited_at"],
        unique=False,
        postgresql_where=sa.text("deleted_at is null"),
    )
    op.create_index(
        op.f("ix_visit_organization_id_practitioner_user_id"),
        "visit",
        ["organization_id", "practitioner_user_id"],
        unique=False,
    )
    op.create_index(op.f("ix_visit_organization_id_signed_by"), "visit", ["organization_id", "signed_by"], unique=False)
    op.create_index(
        "uq_visit_appointment",
        "visit",
        ["organization_id", "appointment_id"],
        unique=True,
        postgresql_where=sa.text("appointment_id is not null and deleted_at is null"),
    )
    op.create_table(
        "visit_event",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column(
            "from_status",
            sa.Enum("draft", "signed", name="from_status", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column(
            "to_status",
            sa.Enum("draft", "signed", name="to_status", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "visit_id"], ["visit.organization_id", "visit.id"], name=op.f("fk_visit_event_visit_id")
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_visit_event_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_event")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_visit_event_organization_id_id")),
    )
    op.create_index(
        op.f("ix_visit_event_organization_id_created_at"),
        "visit_event",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_visit_event_organization_id_visit_id"), "visit_event", ["organization_id", "visit_id"], unique=False
    )
    op.create_table(
        "visit_revision",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("save", "sign", "amend", name="revisionkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), server_default=sa.text("''"), nullable=False),
        sa.Column("notes_json", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "kind <> 'amend' or (btrim(reason) <> '' and created_by is not null)",
            name=op.f("ck_visit_revision_amend_reason"),
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_visit_revision_version")),
        sa.ForeignKeyConstraint(
            ["organization_id", "visit_id"],
            ["visit.organization_id", "visit.id"],
            name=op.f("fk_visit_revision_visit_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_visit_revision_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_revision")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_visit_revision_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id", "visit_id", "version", name=op.f("uq_visit_revision_organization_id_visit_id_version")
        ),
    )
    op.create_index(
        op.f("ix_visit_revision_organization_id_created_at"),
        "visit_revision",
        ["organization_id", "created_at"],
        unique=False,
    )
    run_sql_file("docs_notes")
    protect("visit", safe=["status"])
    protect("visit_revision", safe=["kind"], rights="select, insert")
    protect("visit_event", safe=["from_status", "to_status"], rights="select")


def downgrade() -> None:
    op.drop_index(op.f("ix_visit_revision_organization_id_created_at"), table_name="visit_revision")
    op.drop_table("visit_revision")
    op.drop_index(op.f("ix_visit_event_organization_id_visit_id"), table_name="visit_event")
    op.drop_index(op.f("ix_visit_event_organization_id_created_at"), table_name="visit_event")
    op.drop_table("visit_event")
    op.drop_index(
        "uq_visit_appointment",
        table_name="visit",
        postgresql_where=sa.text("appointment_id is not null and deleted_at is null"),
    )
    op.drop_index(op.f("ix_visit_organization_id_signed_by"), table_name="visit")
    op.drop_index(op.f("ix_visit_organization_id_practitioner_user_id"), table_name="visit")
    op.drop_index(
        op.f("ix_visit_organization_id_patient_id_visited_at"),
        table_name="visit",
        postgresql_where=sa.text("deleted_at is null"),
    )
    op.drop_index(op.f("ix_visit_organization_id_patient_id"), table_name="visit")
    op.drop_index(op.f("ix_visit_organization_id_created_at"), table_name="visit")
    op.drop_index(op.f("ix_visit_organization_id_clinic_location_id"), table_name="visit")
    op.drop_index(op.f("ix_visit_organization_id_case_id_patient_id"), table_name="visit")
    op.drop_index(op.f("ix_visit_organization_id_appointment_id"), table_name="visit")
    op.drop_table("visit")
    drop_functions(
        "visit_revision_after()",
        "visit_revision_before()",
        "visit_after_update()",
        "visit_after_insert()",
        "visit_before()",
    )
