"""Reserve rooms once when an appointment is written together with them."""

from alembic import op

from clinic_core.db.guards import drop_functions, run_sql_file

revision = "scheduling_one_statement"
down_revision = "notifications_delivery"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql_file("scheduling_one_statement")


def downgrade() -> None:
    op.execute("drop trigger reserve_insert on appointment_resource")
    op.execute(
        "create trigger reserve_insert after insert on appointment_resource referencing new table as changed"
        " for each statement execute function appointment_resource_after()"
    )
    drop_functions("appointment_resource_inserted()")
    op.execute("alter function reservation_sync(uuid[]) reset enable_seqscan")
