"""The background queue: the library's own tables, by the SQL of its installed version, in a schema of their own."""

from importlib.metadata import version

from alembic import op
from procrastinate.schema import SchemaManager
from sqlalchemy import text

revision = "notifications_queue"
down_revision = "scheduling_waiting_list"
branch_labels = None
depends_on = None

RIGHTS = {
    "procrastinate_jobs": "select, insert, update, delete",
    "procrastinate_events": "select, insert",
    "procrastinate_periodic_defers": "select, insert, update, delete",
    "procrastinate_workers": "select, insert, update, delete",
}


def upgrade() -> None:
    op.execute("create schema queue")
    op.execute(f"comment on schema queue is 'procrastinate {version('procrastinate')}'")
    connection = op.get_bind()
    before = connection.scalar(text("select current_setting('search_path')"))
    op.execute("set local search_path = queue, pg_temp")
    connection.connection.cursor().execute(SchemaManager.get_schema().encode())
    connection.execute(text("select set_config('search_path', :before, true)"), {"before": before})
    _settle_functions()
    op.execute("grant usage on schema queue to clinic_app")
    for table, rights in RIGHTS.items():
        op.execute(f"grant {rights} on queue.{table} to clinic_app")
    op.execute("grant usage on all sequences in schema queue to clinic_app")


def downgrade() -> None:
    op.execute("drop schema queue cascade")


def _settle_functions() -> None:
    """Whoever calls one finds the library's tables, whatever the search path; triggers need no grant."""
    functions = (
        "select oid::regprocedure::text, prorettype = 'trigger'::regtype from pg_proc"
        " where pronamespace = 'queue'::regnamespace order by 1"
    )
    for function, is_trigger in op.get_bind().execute(text(functions)).all():
        op.execute(f"alter function {function} set search_path = queue, pg_temp")
        if not is_trigger:
            op.execute(f"grant execute on function {function} to clinic_app")
