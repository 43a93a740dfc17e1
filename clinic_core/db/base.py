"""The ground of all tables: names of constraints, ids, money types, what every tenant table has.

Nothing here knows a table of the clinic; those are in `clinic_core.models`.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Enum,
    FetchedValue,
    ForeignKeyConstraint,
    Index,
    Numeric,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import ColumnCollectionConstraint, Constraint
from sqlmodel import Field, SQLModel

from clinic_core.kit.ids import new_id


def _last_column(constraint: Constraint, _table: Table) -> str:
    columns = constraint.columns if isinstance(constraint, ColumnCollectionConstraint) else ()
    return str(list(columns)[-1].name)


SQLModel.metadata.naming_convention = {
    "last_column": _last_column,
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(last_column)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}

AMOUNT = Numeric(14, 2)
UNIT_PRICE = Numeric(16, 6)
QUANTITY = Numeric(12, 4)
RATE = Numeric(7, 6)
JSON = JSONB(none_as_null=True)

NOW = text("now()")


def choice(kind: type[StrEnum], name: str | None = None) -> Enum:
    """A text column with a CHECK on the values of `kind`; `name` tells two such columns of one table apart."""
    return Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        length=32,
        name=name or kind.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
    )


def owned(column: str, parent: str, *, ondelete: str | None = None) -> ForeignKeyConstraint:
    """A foreign key that carries the tenant along, so that a row cannot point into another organisation."""
    return ForeignKeyConstraint(
        ["organization_id", column], [f"{parent}.organization_id", f"{parent}.id"], ondelete=ondelete
    )


def tenant(*items: Constraint | Index, created_index: bool = True) -> tuple[Constraint | Index, ...]:
    """The table arguments that every tenant table has: the composite key, and an index for every relation.

    An index is added for each foreign key in `items` unless one of the given indexes or unique constraints
    already starts with its columns.
    """
    present = [
        tuple(str(c) for c in _named_columns(item)) for item in items if isinstance(item, (Index, UniqueConstraint))
    ]
    wanted: list[tuple[str, ...]] = [("organization_id", "created_at")] if created_index else []
    wanted += [tuple(item.column_keys) for item in items if isinstance(item, ForeignKeyConstraint)]
    added: list[Index] = []
    for columns in dict.fromkeys(wanted):
        if not any(have[: len(columns)] == columns for have in present):
            added.append(Index(None, *columns))
    return (UniqueConstraint("organization_id", "id"), *items, *added)


def _named_columns(item: Index | UniqueConstraint) -> Sequence[str]:
    if isinstance(item, Index) and item.dialect_options["postgresql"].get("where") is not None:
        return ()
    return [str(column) for column in item._pending_colargs]


def check(sql: str, name: str) -> CheckConstraint:
    """A named CHECK; the name ends up as `ck_<table>_<name>`."""
    return CheckConstraint(sql, name=name)


def blank() -> Any:
    """A text column that is never NULL and empty by default, in Python and in PostgreSQL."""
    return Field(default="", sa_column_kwargs={"server_default": text("''")})


class StampedRow(SQLModel):
    """What every table but the technical ones carries: who made the row, who changed it last, and when (UTC)."""

    created_at: datetime | None = Field(default=None, nullable=False, sa_column_kwargs={"server_default": NOW})
    updated_at: datetime | None = Field(
        default=None, nullable=False, sa_column_kwargs={"server_default": NOW, "server_onupdate": FetchedValue()}
    )
    created_by: UUID | None = None
    updated_by: UUID | None = None


class VersionedRow(StampedRow):
    """A stamped row whose `version` the database counts up at every update, for the stale-form check."""

    version: int = Field(default=1, sa_column_kwargs={"server_default": text("1"), "server_onupdate": FetchedValue()})


class TenantRow(VersionedRow):
    """A row of one organisation."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    organization_id: UUID = Field(foreign_key="organization.id")
