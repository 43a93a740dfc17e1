"""Two organisations in one database: neither sees, changes or points at a row of the other, whatever SQL is sent."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from psycopg.errors import CheckViolation, ForeignKeyViolation, InsufficientPrivilege, RaiseException
from psycopg.types.json import Jsonb

from tests.db.full_clinic import make_full_clinic
from tests.factories import Clinic
from tests.harness import Database

TABLES = (
    "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id'"
    " where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition order by 1"
)
ORGANIZATION = (
    "select set_config('clinic.organization_id', %s, false), set_config('clinic.use_case', 'test.tenancy', false)"
)


@pytest.fixture(scope="module")
def ours(database: Database) -> Clinic:
    return make_full_clinic(database)


@pytest.fixture(scope="module")
def theirs(database: Database) -> Clinic:
    return make_full_clinic(database)


@pytest.fixture(scope="module")
def tables(database: Database) -> list[str]:
    with database.connect_owner() as owner:
        return [str(row[0]) for row in owner.execute(TABLES)]


@pytest.fixture
def app(database: Database, ours: Clinic) -> Iterator[psycopg.Connection[Any]]:
    """A connection as clinic_app that works for our organisation."""
    with database.connect_app() as connection:
        connection.execute(ORGANIZATION, (str(ours.organization_id),))
        connection.commit()
        yield connection
        connection.rollback()


def statement(template: str, table: str) -> sql.Composed:
    return sql.SQL(template).format(t=sql.Identifier(table))


def count(connection: psycopg.Connection[Any], template: str, table: str, *values: object) -> int:
    row = connection.execute(statement(template, table), values).fetchone()
    assert row is not None
    return int(row[0])


def test_every_table_has_rows_of_both_organisations(
    database: Database, tables: list[str], ours: Clinic, theirs: Clinic
) -> None:
    """Otherwise the tests below would prove nothing."""
    template = "select count(distinct organization_id) from {t} where organization_id = any(%s)"
    with database.connect_owner() as owner:
        both = [ours.organization_id, theirs.organization_id]
        assert [table for table in tables if count(owner, template, table, both) != 2] == []


def test_without_an_organisation_nothing_is_seen(database: Database, tables: list[str], ours: Clinic) -> None:
    with database.connect_app() as nobody:
        assert [table for table in tables if count(nobody, "select count(*) from {t}", table)] == []
        assert count(nobody, "select count(*) from {t}", "organization") == 0


def test_only_rows_of_the_own_organisation_are_seen(
    app: psycopg.Connection[Any], tables: list[str], ours: Clinic, theirs: Clinic
) -> None:
    foreign = "select count(*) from {t} where organization_id <> %s"
    assert [t for t in tables if count(app, foreign, t, ours.organization_id)] == []
    assert [t for t in tables if not count(app, "select count(*) from {t}", t)] == []
    assert app.execute("select id from organization").fetchall() == [(ours.organization_id,)]


def test_foreign_rows_are_neither_changed_nor_deleted(
    app: psycopg.Connection[Any], tables: list[str], theirs: Clinic
) -> None:
    for table in tables:
        for template in (
            "update {t} set organization_id = organization_id where organization_id = %s",
            "delete from {t} where organization_id = %s",
        ):
            with suppress(InsufficientPrivilege):  # the app may have no such right on this table at all
                assert app.execute(statement(template, table), (theirs.organization_id,)).rowcount == 0
            app.rollback()


def copy_of_own_row(connection: psycopg.Connection[Any], table: str, **changed: object) -> None:
    """Inserts a copy of one of our rows with some columns changed."""
    columns = [
        str(row[0])
        for row in connection.execute(
            "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped"
            " and attgenerated = ''",
            (table,),
        )
    ]
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    connection.execute(
        sql.SQL(
            "insert into {t} ({c}) select {c} from (select (jsonb_populate_record(null::{t}, to_jsonb(x) || %s)).*"
            " from {t} x limit 1) y"
        ).format(t=sql.Identifier(table), c=names),
        (Jsonb({name: str(value) for name, value in changed.items()}),),
    )


def test_no_row_is_written_into_another_organisation(
    app: psycopg.Connection[Any], tables: list[str], theirs: Clinic
) -> None:
    written = []
    for table in tables:
        try:
            copy_of_own_row(app, table, organization_id=theirs.organization_id, id=UUID(int=0))
            written.append(table)
        except (InsufficientPrivilege, CheckViolation, RaiseException):
            pass  # the policy, no right to insert at all, or a guard that found nothing of ours to hold on to
        app.rollback()
    assert written == []


def test_no_row_is_moved_into_another_organisation(
    app: psycopg.Connection[Any], tables: list[str], theirs: Clinic
) -> None:
    for table in tables:
        template = "update {t} set organization_id = %s"
        with pytest.raises((InsufficientPrivilege, CheckViolation)):
            app.execute(statement(template, table), (theirs.organization_id,))
        app.rollback()


def test_no_row_points_at_a_row_of_another_organisation(
    database: Database, app: psycopg.Connection[Any], tables: list[str], ours: Clinic, theirs: Clinic
) -> None:
    with database.connect_owner() as owner:
        references = owner.execute(
            "select f.conrelid::regclass::text, a.attname, f.confrelid::regclass::text from pg_constraint f"
            " join pg_attribute a on a.attrelid = f.conrelid and a.attnum = f.conkey[2]"
            " where f.contype = 'f' and cardinality(f.conkey) >= 2 and f.conparentid = 0"
        ).fetchall()
        targets = {
            parent: owner.execute(
                statement("select id from {t} where organization_id = %s limit 1", parent), (theirs.organization_id,)
            ).fetchone()
            for _, _, parent in references
        }
    assert len(references) > 40
    pointed = []
    for table, column, parent in references:
        target = targets[parent]
        assert target is not None
        template = f"update {{t}} set {column} = %s where ctid = (select ctid from {{t}} limit 1)"
        try:
            app.execute(statement(template, table), (target[0],))
            app.execute("set constraints all immediate")
            pointed.append(f"{table}.{column}")
        except (ForeignKeyViolation, InsufficientPrivilege, CheckViolation, RaiseException):
            pass  # the key, no right to update at all, or a guard before it
        app.rollback()
    assert pointed == []
