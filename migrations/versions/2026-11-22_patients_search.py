"""Patient search within the scope of the actor."""

from clinic_core.db.guards import allow_app, drop_functions, run_sql_file

revision = "patients_search"
down_revision = "notifications_outbox"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql_file("patients_search")
    allow_app("patient_search(text, date, text, int)")


def downgrade() -> None:
    drop_functions("patient_search(text, date, text, int)", "patient_in_scope(patient, text, uuid, uuid)")
