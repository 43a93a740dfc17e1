"""What all exports of billing share: how long lists leave PostgreSQL, and what the audit log says of them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby, islice
from typing import Any

import psycopg
from pydantic import BaseModel
from sqlalchemy import Select, func, literal_column, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, Session
from sqlalchemy.sql import ColumnElement

from clinic_core.kit.copied import CopiedColumn, CopiedTable, is_typed
from clinic_core.kit.formats import person_name
from clinic_core.kit.tables import MOST_ROWS, AnyTable, too_many_rows
from clinic_core.vocabulary import Choice

EXPORT_CHUNK = 1000
_LINES_AT_ONCE = 2000
_COMMA: ColumnElement[str] = literal_column("','")

Source = ColumnElement[Any] | Mapped[Any]


@dataclass(frozen=True)
class ExportColumn:
    """A column of a list: what PostgreSQL sends of each row, and how it is read."""

    sources: tuple[Source, ...]
    read: CopiedColumn


def words(source: Source) -> ExportColumn:
    """A column of text as it is stored."""
    return ExportColumn((source,), CopiedColumn())


def labels(source: Source, choice: type[Choice]) -> ExportColumn:
    """A column of the labels of a closed vocabulary."""
    known = {each.value: each.label for each in choice}
    return ExportColumn((source,), CopiedColumn(worded=known.__getitem__))


def names(first: Source, last: Source, preferred: Source) -> ExportColumn:
    """A column of people, called as everywhere."""
    return ExportColumn((first, last, preferred), CopiedColumn(fields=3, worded=person_name))


def currencies(source: Source) -> ExportColumn:
    """A column of currencies: three capital letters, as a CHECK has it."""
    return ExportColumn((source,), CopiedColumn(typed=str))


def days(source: Source) -> ExportColumn:
    """A column of dates."""
    return ExportColumn((source,), CopiedColumn(typed=date.fromisoformat))


def amounts(source: Source) -> ExportColumn:
    """A column of amounts; the source has their two decimals."""
    return ExportColumn((source,), CopiedColumn(typed=Decimal))


def copied_table(session: Session, found: Select[*tuple[Any, ...]], columns: Mapping[str, ExportColumn]) -> CopiedTable:
    """The columns of what is found, as PostgreSQL sends it: no object is made of a row.

    Raises:
        InvalidInput: more than 100,000 rows.
    """
    statement = found.with_only_columns(*_fields(columns.values()), maintain_column_froms=True).limit(MOST_ROWS + 1)
    session.execute(text("set local datestyle to 'ISO'"))
    parts, count = _copied(session, statement)
    if count > MOST_ROWS:
        raise too_many_rows()
    return CopiedTable({heading: column.read for heading, column in columns.items()}, parts, count)


def export_detail(made: AnyTable, request: BaseModel) -> dict[str, object]:
    """What the audit log says of a list that left the clinic: how long it was, and its filters."""
    return {"rows": len(made), "filters": request.model_dump(mode="json", exclude_defaults=True)}


def _fields(columns: Iterable[ExportColumn]) -> Iterator[Source]:
    """What is sent of a row: typed columns side by side as one field."""
    for together, run in groupby(columns, lambda column: is_typed(column.read)):
        sources = [source for column in run for source in column.sources]
        if together:
            # concat, not ||: it takes what is not known for nothing.
            yield func.concat(*[part for source in sources for part in (_COMMA, source)][1:])
        else:
            yield from sources


def _copied(session: Session, statement: Select[*tuple[Any, ...]]) -> tuple[tuple[bytes, ...], int]:
    """The lines in parts, and how many there are; libpq gives them one by one."""
    connection = session.connection()
    plain = connection.connection.driver_connection
    if not isinstance(plain, psycopg.Connection):
        raise TypeError("Rows are copied through psycopg.")
    query = statement.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
    command = f"copy ({query}) to stdout (format text, null '', encoding 'UTF8')"
    parts: list[bytes] = []
    count = 0
    try:
        with plain.cursor() as cursor, cursor.copy(command.encode(), query.params) as copy:
            lines = map(bytes, copy)
            while some := tuple(islice(lines, _LINES_AT_ONCE)):
                parts.append(b"".join(some))
                count += len(some)
    except psycopg.Error as error:
        raise DBAPIError("copy to stdout", None, error, connection_invalidated=plain.closed) from error
    return tuple(parts), count
