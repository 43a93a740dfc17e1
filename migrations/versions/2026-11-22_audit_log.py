"""The audit log, append-only and partitioned; row-level security, grants and audit triggers for the tables so far."""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

from clinic_core.db.guards import allow_app, drop_functions, protect, run_sql_file, unprotect

revision = "audit_log"
down_revision = "auth_sessions"
branch_labels = None
depends_on = None

PROTECTED = [
    "clinic_location",
    "app_user",
    "role",
    "role_permission",
    "user_role",
    "user_location",
    "practitioner_profile",
    "assistant_profile",
    "user_session",
    "one_time_link",
    "request",
    "draft",
    "organization",
]


def upgrade() -> None:
    op.create_table(
        "audit_seal",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("first_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("last_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("previous_digest", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("last_at >= first_at", name=op.f("ck_audit_seal_order")),
        sa.CheckConstraint("row_count >= 0", name=op.f("ck_audit_seal_row_count")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_audit_seal_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_seal")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_audit_seal_organization_id_id")),
        sa.UniqueConstraint("organization_id", "sequence", name=op.f("uq_audit_seal_organization_id_sequence")),
    )
    op.create_index(
        op.f("ix_audit_seal_organization_id_created_at"), "audit_seal", ["organization_id", "created_at"], unique=False
    )
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column(
            "created_at",
            sqlmodel.sql.sqltypes.UTCDateTime(),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("actor_user_id", sa.Uuid(), nullable=True),
        sa.Column("use_case", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("entity_type", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=True),
        sa.Column("action", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("diff_json", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "actor_user_id"],
            ["app_user.organization_id", "app_user.id"],
            name=op.f("fk_audit_log_actor_user_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_audit_log_organization_id")),
        sa.PrimaryKeyConstraint("id", "created_at", name=op.f("pk_audit_log")),
        postgresql_partition_by="RANGE (created_at)",
    )
    op.create_index(
        op.f("ix_audit_log_organization_id_actor_user_id_created_at"),
        "audit_log",
        ["organization_id", "actor_user_id", "created_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_audit_log_organization_id_created_at"), "audit_log", ["organization_id", "created_at"], unique=False
    )
    op.create_index(
        op.f("ix_audit_log_organization_id_entity_type_entity_id_created_at"),
        "audit_log",
        ["organization_id", "entity_type", "entity_id", "created_at"],
        unique=False,
    )
    run_sql_file("audit_log")
    protect("clinic_location", safe=["name", "address", "timezone", "phone"])
    protect("app_user", safe=["display_name", "status"])
    protect("role", safe=["key", "name"], rights="select, insert, update, delete")
    protect("role_permission", safe=["scope"], rights="select, insert, update, delete")
    protect("user_role", rights="select, insert, delete")
    protect("user_location", rights="select, insert, delete")
    protect("practitioner_profile", safe=["specialties_json", "availability_json"])
    protect("assistant_profile", safe=["department", "duties_json"])
    protect("user_session", audited=False)
    protect("one_time_link", safe=["purpose"])
    protect("request", audited=False)
    protect("draft", rights="select, insert, update, delete", audited=False)
    protect("audit_seal", rights="select")
    op.execute("alter table organization enable row level security")
    op.execute(
        "create policy tenant on organization to clinic_app using (id = (select nullif(current_setting('clinic.organization_id', true), '')::uuid))"
    )
    op.execute("grant select, update on organization to clinic_app")
    op.execute(
        "create trigger a_stamp before insert or update on organization for each row execute function stamp_version()"
    )
    op.execute(
        "create trigger audit_row after insert or update on organization for each row execute function audit_organization()"
    )
    op.execute("drop trigger a_stamp on app_user")
    op.execute(
        "create trigger a_stamp before insert or update on app_user for each row"
        " execute function stamp_version('{last_login_at,failed_sign_ins,locked_until}')"
    )
    op.execute("grant select on permission, alembic_version to clinic_app")
    op.execute("grant select, insert, delete on sign_in_attempt to clinic_app")
    allow_app("audit_event(text, uuid, text, jsonb)")


def downgrade() -> None:
    unprotect(*PROTECTED)
    op.execute("revoke all on permission, alembic_version, sign_in_attempt from clinic_app")
    op.drop_index(op.f("ix_audit_log_organization_id_entity_type_entity_id_created_at"), table_name="audit_log")
    op.drop_index(op.f("ix_audit_log_organization_id_created_at"), table_name="audit_log")
    op.drop_index(op.f("ix_audit_log_organization_id_actor_user_id_created_at"), table_name="audit_log")
    op.drop_table("audit_log")
    op.drop_index(op.f("ix_audit_seal_organization_id_created_at"), table_name="audit_seal")
    op.drop_table("audit_seal")
    drop_functions(
        "protect(regclass, text[], text[], text, boolean)",
        "audit_partitions(date, int)",
        "refuse_change()",
        "audit_event(text, uuid, text, jsonb)",
        "audit_organization()",
        "audit_rows()",
    )
