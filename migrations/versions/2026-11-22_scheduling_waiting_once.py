"""A patient waits for a service once."""

import sqlalchemy as sa
from alembic import op

revision = "scheduling_waiting_once"
down_revision = "scheduling_one_statement"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "uq_waiting_list_entry_once",
        "waiting_list_entry",
        ["organization_id", "patient_id", "product_service_id"],
        unique=True,
        postgresql_where=sa.text("status = 'waiting'"),
        postgresql_nulls_not_distinct=True,
    )


def downgrade() -> None:
    op.drop_index("uq_waiting_list_entry_once", table_name="waiting_list_entry")
