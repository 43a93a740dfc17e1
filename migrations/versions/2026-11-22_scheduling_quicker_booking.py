"""A use case begins in one round trip, and what is wanted is looked up once when it is reserved."""

from alembic import op

from clinic_core.db.guards import allow_app, drop_functions, restore_function, run_sql_file

revision = "scheduling_quicker_booking"
down_revision = "scheduling_waiting_once"
branch_labels = None
depends_on = None

_BEGIN = "use_case_begin(uuid, text, text, text, text, uuid, bytea, boolean)"


def upgrade() -> None:
    run_sql_file("scheduling_quicker_booking")
    allow_app(_BEGIN)


def downgrade() -> None:
    drop_functions(_BEGIN)
    restore_function("reservation_sync", "scheduling_reservation")
    op.execute("alter function reservation_sync(uuid[]) set enable_seqscan = off")
