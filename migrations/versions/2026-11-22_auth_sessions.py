"""Sessions, one-time links, attempts, finished requests and drafts; the look-ups before the organisation is known."""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

from clinic_core.db.guards import allow_app, drop_functions, run_sql_file

revision = "auth_sessions"
down_revision = "auth_roles"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sign_in_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email_hash", sa.LargeBinary(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_attempt")),
    )
    op.create_index(
        op.f("ix_sign_in_attempt_address_hash_created_at"),
        "sign_in_attempt",
        ["address_hash", "created_at"],
        unique=False,
    )
    op.create_index(op.f("ix_sign_in_attempt_created_at"), "sign_in_attempt", ["created_at"], unique=False)
    op.create_index(
        op.f("ix_sign_in_attempt_email_hash_created_at"), "sign_in_attempt", ["email_hash", "created_at"], unique=False
    )
    op.create_table(
        "request",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("use_case", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("actor_user_id", sa.Uuid(), nullable=True),
        sa.Column("content_digest", sa.LargeBinary(), nullable=False),
        sa.Column("result_json", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_request_organization_id")),
        sa.PrimaryKeyConstraint("organization_id", "request_id", name=op.f("pk_request")),
    )
    op.create_table(
        "draft",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("form", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("body_json", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("saved_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"], ["app_user.organization_id", "app_user.id"], name=op.f("fk_draft_user_id")
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_draft_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_draft_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id",
            "user_id",
            "form",
            "object_id",
            name=op.f("uq_draft_organization_id_user_id_form_object_id"),
        ),
    )
    op.create_table(
        "one_time_link",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                "invitation",
                "password_reset",
                "sign_in",
                name="linkpurpose",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("nonce_hash", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("used_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["app_user.organization_id", "app_user.id"],
            name=op.f("fk_one_time_link_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_one_time_link_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_link")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_one_time_link_organization_id_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_one_time_link_token_hash")),
    )
    op.create_index(
        op.f("ix_one_time_link_organization_id_created_at"),
        "one_time_link",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_one_time_link_organization_id_user_id"), "one_time_link", ["organization_id", "user_id"], unique=False
    )
    op.create_table(
        "user_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_seen_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("idle_minutes", sa.Integer(), nullable=False),
        sa.Column("expires_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("ended_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("end_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("user_agent", sqlmodel.sql.sqltypes.AutoString(), server_default=sa.text("''"), nullable=False),
        sa.CheckConstraint("idle_minutes between 1 and 1440", name=op.f("ck_user_session_idle_minutes")),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["app_user.organization_id", "app_user.id"],
            name=op.f("fk_user_session_user_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_user_session_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_session")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_user_session_organization_id_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_user_session_token_hash")),
    )
    op.create_index(
        op.f("ix_user_session_organization_id_created_at"),
        "user_session",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_user_session_organization_id_user_id"), "user_session", ["organization_id", "user_id"], unique=False
    )
    run_sql_file("auth_sessions")
    allow_app(
        "auth_find_user(text)",
        "auth_find_session(bytea)",
        "auth_find_link(bytea)",
        "auth_redeem_ticket(bytea, bytea)",
        "organization_find(text)",
        "jobs_organizations()",
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_user_session_organization_id_user_id"), table_name="user_session")
    op.drop_index(op.f("ix_user_session_organization_id_created_at"), table_name="user_session")
    op.drop_table("user_session")
    op.drop_index(op.f("ix_one_time_link_organization_id_user_id"), table_name="one_time_link")
    op.drop_index(op.f("ix_one_time_link_organization_id_created_at"), table_name="one_time_link")
    op.drop_table("one_time_link")
    op.drop_table("draft")
    op.drop_table("request")
    op.drop_index(op.f("ix_sign_in_attempt_email_hash_created_at"), table_name="sign_in_attempt")
    op.drop_index(op.f("ix_sign_in_attempt_created_at"), table_name="sign_in_attempt")
    op.drop_index(op.f("ix_sign_in_attempt_address_hash_created_at"), table_name="sign_in_attempt")
    op.drop_table("sign_in_attempt")
    drop_functions(
        "auth_find_user(text)",
        "auth_find_session(bytea)",
        "auth_find_link(bytea)",
        "auth_redeem_ticket(bytea, bytea)",
        "organization_find(text)",
        "jobs_organizations()",
    )
