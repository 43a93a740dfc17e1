"""The floor of a write: the very same rows inserted over a plain connection, one statement a table.

The tables are copies with the same columns, indexes, checks and exclusion constraints, but without triggers, policies
and foreign keys.
"""

import time
from collections.abc import Iterable, Mapping, Sequence

import psycopg
from psycopg import sql

Connection = psycopg.Connection[tuple[object, ...]]
Batch = list[tuple[sql.Composed, list[object]]]
Found = Sequence[tuple[str, str]]


def make_bare_tables(bare: Connection, tables: Iterable[str]) -> None:
    """Copies of the tables in a schema of their own."""
    bare.execute("create schema if not exists bare")
    for table in tables:
        name = sql.Identifier(table)
        bare.execute(sql.SQL("create table bare.{} (like public.{} including all)").format(name, name))
    bare.commit()


def same_rows(bare: Connection, written: Found, keys: Mapping[str, object]) -> Batch:
    """One insert per table with the rows that the door just wrote, ready to be sent.

    `written` are tables with the condition by which their rows are found again, `keys` what the conditions name.
    """
    batch: Batch = []
    for table, found_by in written:
        columns = _written_columns(bare, table)
        query = sql.SQL("select {} from public.{} where ").format(_as_text(columns), sql.Identifier(table))
        rows = bare.execute(query + sql.SQL(found_by), keys).fetchall()
        if not rows:
            raise RuntimeError(f"The door left no row in {table}; the floor would be too low.")
        row = sql.SQL("({})").format(sql.SQL(", ").join(sql.Placeholder() * len(columns)))
        insert = sql.SQL("insert into bare.{} ({}) values {}").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join([row] * len(rows)),
        )
        batch.append((insert, [value for one in rows for value in one]))
    bare.commit()
    return batch


def send(bare: Connection, batch: Batch) -> float:
    """Sends the batch in one transaction; the milliseconds it took."""
    started = time.perf_counter()
    for statement, values in batch:
        bare.execute(statement, values)
    bare.commit()
    return milliseconds(started)


def milliseconds(started: float) -> float:
    """Since that moment of the performance counter."""
    return (time.perf_counter() - started) * 1000


def _written_columns(bare: Connection, table: str) -> list[str]:
    found = bare.execute(
        "select attname from pg_attribute where attrelid = cast(%s as regclass) and attnum > 0"
        " and not attisdropped and attgenerated = '' order by attnum",
        [f"public.{table}"],
    )
    return [str(name) for (name,) in found.fetchall()]


def _as_text(columns: Iterable[str]) -> sql.Composed:
    """Values as PostgreSQL writes them: it reads them back into any type without a converter in between."""
    return sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(column)) for column in columns)
