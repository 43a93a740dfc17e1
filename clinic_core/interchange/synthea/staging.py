"""Rows in bulk: COPY into a temporary table, then INSERT … SELECT or UPDATE … FROM, so that every guard holds.

COPY straight into a table under row-level security is refused for the app's role.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

Value = str | int | bool | UUID | date | datetime | Decimal | Jsonb | None
KEY: Final = "id"


def insert_rows(session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    """Inserts rows in one statement, so that statement-level triggers run once."""
    _copy(session, table, columns, rows)
    names = _names(columns)
    _run(
        session,
        sql.SQL("insert into {table} ({names}) select {names} from {stage}").format(
            table=sql.Identifier(table), names=names, stage=_stage(table)
        ),
    )


def update_rows(session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    """Updates rows by their id, which is one of `columns`, in one statement."""
    _copy(session, table, columns, rows)
    assignments = sql.SQL(", ").join(
        sql.SQL("{name} = stage.{name}").format(name=sql.Identifier(column)) for column in columns if column != KEY
    )
    _run(
        session,
        sql.SQL("update {table} as t set {assignments} from {stage} as stage where t.id = stage.id").format(
            table=sql.Identifier(table), assignments=assignments, stage=_stage(table)
        ),
    )


def _copy(session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    """The staging table holds these rows and no others; it goes with the transaction."""
    session.flush()
    _run(session, sql.SQL("drop table if exists {}").format(_stage(table)))
    _run(
        session,
        sql.SQL("create temporary table {stage} on commit drop as select {names} from {table} with no data").format(
            stage=_stage(table), names=_names(columns), table=sql.Identifier(table)
        ),
    )
    connection = session.connection().connection.driver_connection
    if not isinstance(connection, psycopg.Connection):
        raise TypeError("Rows are staged through psycopg.")
    command = sql.SQL("copy {} from stdin").format(_stage(table))
    try:
        with connection.cursor() as cursor, cursor.copy(command) as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        raise DBAPIError.instance(command.as_string(), None, error, psycopg.Error, hide_parameters=True) from error


def _run(session: Session, statement: sql.Composed) -> None:
    session.connection().exec_driver_sql(statement.as_string())


def _names(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _stage(table: str) -> sql.Identifier:
    return sql.Identifier("pg_temp", f"stage_{table}")
