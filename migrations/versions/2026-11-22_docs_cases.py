"""Cases: courses of treatment with their diagnoses."""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

from clinic_core.db.guards import protect

revision = "docs_cases"
down_revision = "billing_catalogue"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "clinical_case",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_user_id", sa.Uuid(), nullable=False),
        sa.Column("title", sqlmodel.sql.sqltypes.AutoString(), server_default=sa.text("''"), nullable=False),
        sa.Column(
            "diagnosis_json", postgresql.JSONB(none_as_null=True), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column(
            "status",
            sa.Enum("open", "closed", name="casestatus", native_enum=False, create_constraint=True, length=32),
            server_default="open",
            nullable=False,
        ),
        sa.Column("opened_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("closed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("session_limit", sa.Integer(), nullable=True),
        sa.CheckConstraint("(status = 'closed') = (closed_at is not null)", name=op.f("ck_clinical_case_closed")),
        sa.CheckConstraint("closed_at is null or closed_at >= opened_at", name=op.f("ck_clinical_case_order")),
        sa.CheckConstraint("session_limit is null or session_limit > 0", name=op.f("ck_clinical_case_session_limit")),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patient.organization_id", "patient.id"],
            name=op.f("fk_clinical_case_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "practitioner_user_id"],
            ["app_user.organization_id", "app_user.id"],
            name=op.f("fk_clinical_case_practitioner_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_clinical_case_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clinical_case")),
        sa.UniqueConstraint(
            "organization_id", "id", "patient_id", name=op.f("uq_clinical_case_organization_id_id_patient_id")
        ),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_clinical_case_organization_id_id")),
    )
    op.create_index(
        op.f("ix_clinical_case_organization_id_created_at"),
        "clinical_case",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_clinical_case_organization_id_patient_id"),
        "clinical_case",
        ["organization_id", "patient_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_clinical_case_organization_id_practitioner_user_id"),
        "clinical_case",
        ["organization_id", "practitioner_user_id"],
        unique=False,
    )
    protect("clinical_case", safe=["status"])


def downgrade() -> None:
    op.drop_index(op.f("ix_clinical_case_organization_id_practitioner_user_id"), table_name="clinical_case")
    op.drop_index(op.f("ix_clinical_case_organization_id_patient_id"), table_name="clinical_case")
    op.drop_index(op.f("ix_clinical_case_organization_id_created_at"), table_name="clinical_case")
    op.drop_table("clinical_case")
