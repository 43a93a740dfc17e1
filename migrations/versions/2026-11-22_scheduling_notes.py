"""Who wrote a note, how long an appointment and an offer last at most, and freed times found by index."""

import sqlalchemy as sa
from alembic import op

from clinic_core.db.guards import drop_functions, run_sql_file

revision = "scheduling_notes"
down_revision = "scheduling_quicker_booking"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("appointment", sa.Column("note_by", sa.Uuid(), nullable=True))
    op.execute("alter table appointment disable trigger user")
    op.execute("update appointment set note_by = created_by where note <> ''")
    op.execute("alter table appointment enable trigger user")
    run_sql_file("scheduling_notes")
    op.create_check_constraint(
        op.f("ck_appointment_length"), "appointment", "imported or ends_at - starts_at <= interval '24 hours'"
    )
    op.create_check_constraint(op.f("ck_waiting_list_offer_expiry"), "waiting_list_offer", "expires_at <= starts_at")
    op.create_check_constraint(op.f("ck_appointment_series_split_from"), "appointment_series", "split_from_id <> id")
    op.create_index(
        "ix_appointment_event_gives_back",
        "appointment_event",
        ["organization_id", "from_clinic_location_id", "from_starts_at"],
        unique=False,
        postgresql_where=sa.text(
            "from_status is not null and (deleted or (to_status = 'cancelled' and from_status <> 'cancelled')"
            " or from_starts_at <> to_starts_at or from_ends_at <> to_ends_at"
            " or from_practitioner_user_id <> to_practitioner_user_id"
            " or from_clinic_location_id <> to_clinic_location_id)"
        ),
    )


def downgrade() -> None:
    op.drop_index("ix_appointment_event_gives_back", table_name="appointment_event")
    op.drop_constraint(op.f("ck_appointment_series_split_from"), "appointment_series", type_="check")
    op.drop_constraint(op.f("ck_waiting_list_offer_expiry"), "waiting_list_offer", type_="check")
    op.drop_constraint(op.f("ck_appointment_length"), "appointment", type_="check")
    for trigger in ("c_note_insert", "c_note_update"):
        op.execute(f"drop trigger {trigger} on appointment")
    drop_functions("appointment_note()")
    op.drop_column("appointment", "note_by")
