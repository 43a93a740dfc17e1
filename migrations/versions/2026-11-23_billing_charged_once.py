"""PostgreSQL holds that what was attended is charged by one document."""

from alembic import op

from clinic_core.db.guards import drop_functions, run_sql_file

revision = "billing_charged_once"
down_revision = "billing_batch_items"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql_file("billing_charged_once")


def downgrade() -> None:
    for trigger in ("c_charge_once_insert", "c_charge_once_update"):
        op.execute(f"drop trigger {trigger} on invoice_line")
    drop_functions("invoice_line_charge_once()", "charged_twice(uuid, uuid[])")
