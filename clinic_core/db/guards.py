"""What migrations say to PostgreSQL beyond tables: SQL files, row-level security, grants, audit triggers."""

from collections.abc import Sequence

from alembic import op
from sqlalchemy import text

from clinic_core.settings import PROJECT_ROOT


def run_sql_file(name: str) -> None:
    """Runs `migrations/sql/<name>.sql` in the migration's transaction, `%` and `:` taken as they are."""
    _run(_sql_file(name))


def restore_function(name: str, file: str) -> None:
    """Gives a function that a later migration replaced the body that `migrations/sql/<file>.sql` made it with."""
    start = f"create function {name}("
    body = _sql_file(file).partition(start)[2].partition("\nend $$;")[0]
    _run(f"create or replace function {name}({body}\nend $$;")


def protect(
    table: str,
    *,
    safe: Sequence[str] = (),
    hidden: Sequence[str] = (),
    rights: str = "select, insert, update",
    audited: bool = True,
) -> None:
    """Puts a table under row-level security, grants, stamps and audit by the SQL function of the same name.

    `safe` are the text and JSON columns whose values the audit may copy; every other text, JSON or binary
    column, and those in `hidden`, are named only.
    """
    lists = f"'{{{','.join(safe)}}}', '{{{','.join(hidden)}}}'"
    op.execute(f"select protect('{table}', {lists}, '{rights}', {str(audited).lower()})")


def audit_columns(table: str, safe: Sequence[str]) -> None:
    """Chooses anew what the audit may copy of a table that got or lost columns, as `protect` does."""
    op.execute(f"select audit_columns('{table}', '{{{','.join(safe)}}}')")


def unprotect(*tables: str) -> None:
    """Takes triggers, grants and policies off tables that an earlier migration made."""
    for table in tables:
        triggers = f"select tgname from pg_trigger where tgrelid = '{table}'::regclass and not tgisinternal"
        for (trigger,) in op.get_bind().execute(text(triggers)).all():
            op.execute(f"drop trigger {trigger} on {table}")
        op.execute(f"revoke all on {table} from clinic_app")
        op.execute(f"drop policy if exists tenant on {table}")
        op.execute(f"alter table {table} disable row level security")


def allow_app(*functions: str) -> None:
    """Lets the app's role call functions; no function of ours is callable by others."""
    for function in functions:
        op.execute(f"grant execute on function {function} to clinic_app")


def drop_functions(*functions: str) -> None:
    """Drops functions in the order given."""
    for function in functions:
        op.execute(f"drop function {function}")


def _sql_file(name: str) -> str:
    return (PROJECT_ROOT / "migrations" / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def _run(sql: str) -> None:
    op.get_bind().connection.cursor().execute(sql.encode())
