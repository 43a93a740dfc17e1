"""Rooms and equipment of appointments, their history, and the reservations that exclude each other."""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

from clinic_core.db.guards import allow_app, drop_functions, protect, run_sql_file, unprotect

revision = "scheduling_reservations"
down_revision = "scheduling_appointments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ics_feed",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("with_names", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("revoked_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["app_user.organization_id", "app_user.id"],
            name=op.f("fk_ics_feed_user_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_ics_feed_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ics_feed")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_ics_feed_organization_id_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_ics_feed_token_hash")),
    )
    op.create_index(
        op.f("ix_ics_feed_organization_id_created_at"), "ics_feed", ["organization_id", "created_at"], unique=False
    )
    op.create_index(
        op.f("ix_ics_feed_organization_id_user_id"), "ics_feed", ["organization_id", "user_id"], unique=False
    )
    op.create_table(
        "appointment_event",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column(
            "from_status",
            sa.Enum(
                "booked",
                "confirmed",
                "arrived",
                "in_progress",
                "completed",
                "no_show",
                "cancelled",
                name="from_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "to_status",
            sa.Enum(
                "booked",
                "confirmed",
                "arrived",
                "in_progress",
                "completed",
                "no_show",
                "cancelled",
                name="to_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("from_starts_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("to_starts_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("from_ends_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("to_ends_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("from_practitioner_user_id", sa.Uuid(), nullable=True),
        sa.Column("to_practitioner_user_id", sa.Uuid(), nullable=False),
        sa.Column("from_clinic_location_id", sa.Uuid(), nullable=True),
        sa.Column("to_clinic_location_id", sa.Uuid(), nullable=False),
        sa.Column("deleted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "appointment_id"],
            ["appointment.organization_id", "appointment.id"],
            name=op.f("fk_appointment_event_appointment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_appointment_event_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment_event")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_appointment_event_organization_id_id")),
    )
    op.create_index(
        op.f("ix_appointment_event_organization_id_appointment_id_created_at"),
        "appointment_event",
        ["organization_id", "appointment_id", "created_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_appointment_event_organization_id_created_at"),
        "appointment_event",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "appointment_resource",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "appointment_id"],
            ["appointment.organization_id", "appointment.id"],
            name=op.f("fk_appointment_resource_appointment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "resource_id"],
            ["location_resource.organization_id", "location_resource.id"],
            name=op.f("fk_appointment_resource_resource_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_appointment_resource_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment_resource")),
        sa.UniqueConstraint(
            "organization_id",
            "appointment_id",
            "resource_id",
            name=op.f("uq_appointment_resource_organization_id_appointment_id_resource_id"),
        ),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_appointment_resource_organization_id_id")),
    )
    op.create_index(
        op.f("ix_appointment_resource_organization_id_created_at"),
        "appointment_resource",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_appointment_resource_organization_id_resource_id"),
        "appointment_resource",
        ["organization_id", "resource_id"],
        unique=False,
    )
    op.create_table(
        "reservation",
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("exclusive", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("basis", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("subject_id"), "="),
            (sa.column("during"), "&&"),
            where=sa.text("exclusive"),
            using="gist",
            name="reservation_no_overlap",
        ),
        sa.CheckConstraint(
            "basis in ('imported', 'double_booking', 'buffer_override')", name=op.f("ck_reservation_basis")
        ),
        sa.CheckConstraint(
            "exclusive or basis = 'imported' or kind = 'practitioner'", name=op.f("ck_reservation_only_practitioner")
        ),
        sa.CheckConstraint("kind in ('practitioner', 'room', 'equipment')", name=op.f("ck_reservation_kind")),
        sa.CheckConstraint("exclusive = (basis is null)", name=op.f("ck_reservation_exclusive")),
        sa.CheckConstraint("not isempty(during)", name=op.f("ck_reservation_during")),
        sa.ForeignKeyConstraint(
            ["organization_id", "appointment_id"],
            ["appointment.organization_id", "appointment.id"],
            name=op.f("fk_reservation_appointment_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_reservation_organization_id")),
        sa.PrimaryKeyConstraint("appointment_id", "subject_id", name=op.f("pk_reservation")),
    )
    op.create_index(
        op.f("ix_reservation_organization_id_appointment_id"),
        "reservation",
        ["organization_id", "appointment_id"],
        unique=False,
    )
    op.create_index(
        "ix_reservation_shared",
        "reservation",
        ["subject_id", sa.literal_column("lower(during)")],
        unique=False,
        postgresql_where=sa.text("not exclusive"),
    )
    run_sql_file("scheduling_reservation")
    protect("appointment_series", safe=["rrule", "timezone", "exdates_json"])
    protect("appointment", safe=["status", "cancelled_by", "override_kinds_json"])
    protect("appointment_resource", rights="select, insert, delete")
    protect("appointment_event", safe=["from_status", "to_status"], rights="select")
    protect("reservation", rights="select", audited=False)
    protect("ics_feed")
    op.execute("grant select on reservation_wanted to clinic_app")
    allow_app("calendar_lock(uuid)", "ics_find_feed(bytea)")


def downgrade() -> None:
    op.execute("drop view reservation_wanted")
    unprotect("appointment", "appointment_series")
    op.drop_index("ix_reservation_shared", table_name="reservation", postgresql_where=sa.text("not exclusive"))
    op.drop_index(op.f("ix_reservation_organization_id_appointment_id"), table_name="reservation")
    op.drop_table("reservation")
    op.drop_index(op.f("ix_appointment_resource_organization_id_resource_id"), table_name="appointment_resource")
    op.drop_index(op.f("ix_appointment_resource_organization_id_created_at"), table_name="appointment_resource")
    op.drop_table("appointment_resource")
    op.drop_index(op.f("ix_appointment_event_organization_id_created_at"), table_name="appointment_event")
    op.drop_index(
        op.f("ix_appointment_event_organization_id_appointment_id_created_at"), table_name="appointment_event"
    )
    op.drop_table("appointment_event")
    op.drop_index(op.f("ix_ics_feed_organization_id_user_id"), table_name="ics_feed")
    op.drop_index(op.f("ix_ics_feed_organization_id_created_at"), table_name="ics_feed")
    op.drop_table("ics_feed")
    drop_functions(
        "ics_find_feed(bytea)",
        "appointment_series_after()",
        "appointment_resource_after()",
        "appointment_after_update()",
        "appointment_after_insert()",
        "appointment_before()",
        "reservation_sync(uuid[])",
        "reservation_clash(uuid, uuid, uuid)",
        "calendar_lock_first()",
        "calendar_lock(uuid)",
    )
