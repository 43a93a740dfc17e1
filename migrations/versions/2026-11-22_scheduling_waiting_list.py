"""The waiting list, and the times that were offered to people on it."""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

from clinic_core.db.guards import protect

revision = "scheduling_waiting_list"
down_revision = "scheduling_series"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "waiting_list_entry",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("product_service_id", sa.Uuid(), nullable=True),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("practitioner_user_id", sa.Uuid(), nullable=True),
        sa.Column("clinic_location_id", sa.Uuid(), nullable=False),
        sa.Column(
            "weekdays_json",
            postgresql.JSONB(none_as_null=True),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("time_from", sa.Time(), nullable=True),
        sa.Column("time_to", sa.Time(), nullable=True),
        sa.Column("earliest_on", sa.Date(), nullable=True),
        sa.Column("latest_on", sa.Date(), nullable=True),
        sa.Column(
            "urgency",
            sa.Enum("routine", "soon", "urgent", name="urgency", native_enum=False, create_constraint=True, length=32),
            server_default="routine",
            nullable=False,
        ),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(), server_default=sa.text("''"), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "waiting",
                "booked",
                "removed",
                name="waitingstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="waiting",
            nullable=False,
        ),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(status = 'booked') = (appointment_id is not null)", name=op.f("ck_waiting_list_entry_booked")
        ),
        sa.CheckConstraint("duration_minutes between 1 and 1440", name=op.f("ck_waiting_list_entry_duration")),
        sa.CheckConstraint(
            "earliest_on is null or latest_on is null or latest_on >= earliest_on",
            name=op.f("ck_waiting_list_entry_dates"),
        ),
        sa.CheckConstraint(
            "time_from is null or time_to is null or time_to > time_from", name=op.f("ck_waiting_list_entry_times")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "appointment_id"],
            ["appointment.organization_id", "appointment.id"],
            name=op.f("fk_waiting_list_entry_appointment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "clinic_location_id"],
            ["clinic_location.organization_id", "clinic_location.id"],
            name=op.f("fk_waiting_list_entry_clinic_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patient.organization_id", "patient.id"],
            name=op.f("fk_waiting_list_entry_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "practitioner_user_id"],
            ["app_user.organization_id", "app_user.id"],
            name=op.f("fk_waiting_list_entry_practitioner_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "product_service_id"],
            ["product_service.organization_id", "product_service.id"],
            name=op.f("fk_waiting_list_entry_product_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_waiting_list_entry_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting_list_entry")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_waiting_list_entry_organization_id_id")),
    )
    op.create_index(
        op.f("ix_waiting_list_entry_organization_id_appointment_id"),
        "waiting_list_entry",
        ["organization_id", "appointment_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_waiting_list_entry_organization_id_clinic_location_id"),
        "waiting_list_entry",
        ["organization_id", "clinic_location_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_waiting_list_entry_organization_id_created_at"),
        "waiting_list_entry",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_waiting_list_entry_organization_id_patient_id"),
        "waiting_list_entry",
        ["organization_id", "patient_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_waiting_list_entry_organization_id_practitioner_user_id"),
        "waiting_list_entry",
        ["organization_id", "practitioner_user_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_waiting_list_entry_organization_id_product_service_id"),
        "waiting_list_entry",
        ["organization_id", "product_service_id"],
        unique=False,
    )
    op.create_index(
        "ix_waiting_list_entry_waiting",
        "waiting_list_entry",
        ["organization_id", "clinic_location_id", "created_at"],
        unique=False,
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_table(
        "waiting_list_offer",
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_user_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_location_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("ends_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("expires_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "accepted",
                "declined",
                "expired",
                "withdrawn",
                name="offerstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="open",
            nullable=False,
        ),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(status = 'accepted') = (appointment_id is not null)", name=op.f("ck_waiting_list_offer_accepted")
        ),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_waiting_list_offer_order")),
        sa.ForeignKeyConstraint(
            ["organization_id", "appointment_id"],
            ["appointment.organization_id", "appointment.id"],
            name=op.f("fk_waiting_list_offer_appointment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "clinic_location_id"],
            ["clinic_location.organization_id", "clinic_location.id"],
            name=op.f("fk_waiting_list_offer_clinic_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "entry_id"],
            ["waiting_list_entry.organization_id", "waiting_list_entry.id"],
            name=op.f("fk_waiting_list_offer_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "practitioner_user_id"],
            ["app_user.organization_id", "app_user.id"],
            name=op.f("fk_waiting_list_offer_practitioner_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_waiting_list_offer_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting_list_offer")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_waiting_list_offer_organization_id_id")),
    )
    op.create_index(
        "ix_waiting_list_offer_expiry",
        "waiting_list_offer",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index(
        op.f("ix_waiting_list_offer_organization_id_appointment_id"),
        "waiting_list_offer",
        ["organization_id", "appointment_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_waiting_list_offer_organization_id_clinic_location_id"),
        "waiting_list_offer",
        ["organization_id", "clinic_location_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_waiting_list_offer_organization_id_created_at"),
        "waiting_list_offer",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_waiting_list_offer_organization_id_entry_id"),
        "waiting_list_offer",
        ["organization_id", "entry_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_waiting_list_offer_organization_id_practitioner_user_id"),
        "waiting_list_offer",
        ["organization_id", "practitioner_user_id"],
        unique=False,
    )
    op.create_index(
        "uq_waiting_list_offer_open",
        "waiting_list_offer",
        ["organization_id", "entry_id"],
        unique=True,
        postgresql_where=sa.text("status = 'open'"),
    )
    protect("waiting_list_entry", safe=["urgency", "status", "weekdays_json"])
    protect("waiting_list_offer", safe=["status"])


def downgrade() -> None:
    op.drop_index(
        "uq_waiting_list_offer_open", table_name="waiting_list_offer", postgresql_where=sa.text("status = 'open'")
    )
    op.drop_index(op.f("ix_waiting_list_offer_organization_id_practitioner_user_id"), table_name="waiting_list_offer")
    op.drop_index(op.f("ix_waiting_list_offer_organization_id_entry_id"), table_name="waiting_list_offer")
    op.drop_index(op.f("ix_waiting_list_offer_organization_id_created_at"), table_name="waiting_list_offer")
    op.drop_index(op.f("ix_waiting_list_offer_organization_id_clinic_location_id"), table_name="waiting_list_offer")
    op.drop_index(op.f("ix_waiting_list_offer_organization_id_appointment_id"), table_name="waiting_list_offer")
    op.drop_index(
        "ix_waiting_list_offer_expiry", table_name="waiting_list_offer", postgresql_where=sa.text("status = 'open'")
    )
    op.drop_table("waiting_list_offer")
    op.drop_index(
        "ix_waiting_list_entry_waiting", table_name="waiting_list_entry", postgresql_where=sa.text("status = 'waiting'")
    )
    op.drop_index(op.f("ix_waiting_list_entry_organization_id_product_service_id"), table_name="waiting_list_entry")
    op.drop_index(op.f("ix_waiting_list_entry_organization_id_practitioner_user_id"), table_name="waiting_list_entry")
    op.drop_index(op.f("ix_waiting_list_entry_organization_id_patient_id"), table_name="waiting_list_entry")
    op.drop_index(op.f("ix_waiting_list_entry_organization_id_created_at"), table_name="waiting_list_entry")
    op.drop_index(op.f("ix_waiting_list_entry_organization_id_clinic_location_id"), table_name="waiting_list_entry")
    op.drop_index(op.f("ix_waiting_list_entry_organization_id_appointment_id"), table_name="waiting_list_entry")
    op.drop_table("waiting_list_entry")
