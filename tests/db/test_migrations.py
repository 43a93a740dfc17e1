"""Migrations: named as the customer wants, forth and back, and saying what the models say."""

import re

import psycopg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy.exc import ProgrammingError

from clinic_core.db import migrate
from clinic_core.settings import PROJECT_ROOT
from tests.db.snapshot import describe
from tests.harness import Database

MODULES = {"auth", "patients", "scheduling", "docs", "billing", "notifications", "audit"}
FILES = sorted((PROJECT_ROOT / "migrations" / "versions").glob("*.py"))
REVISIONS = [script.revision for script in ScriptDirectory.from_config(migrate.alembic_config()).walk_revisions()][::-1]


def ours(connection: psycopg.Connection) -> list[tuple[str, str]]:
    return connection.execute(
        "select 'relation', relname from pg_class where relnamespace = 'public'::regnamespace"
        " and relkind in ('r', 'p', 'v', 'S') and relowner = 'clinic_owner'::regrole and relname <> 'alembic_version'"
        " union all select 'function', proname from pg_proc where pronamespace = 'public'::regnamespace"
        " and proowner = 'clinic_owner'::regrole"
    ).fetchall()


def test_files_are_named_by_date_module_and_description() -> None:
    found = [re.fullmatch(r"\d{4}-\d{2}-\d{2}_([a-z]+)_[a-z0-9_]+", path.stem) for path in FILES]
    assert all(found)
    assert {match[1] for match in found if match} == MODULES


def test_the_models_say_what_the_migrations_did(own_database: Database) -> None:
    migrate.check(own_database.owner_url)


def test_a_downgrade_to_the_beginning_leaves_nothing_and_an_upgrade_brings_all_back(own_database: Database) -> None:
    with own_database.connect_owner() as connection:
        before = describe(connection)
    migrate.downgrade(own_database.owner_url)
    with own_database.connect_owner() as connection:
        assert ours(connection) == []
    migrate.upgrade(own_database.owner_url)
    with own_database.connect_owner() as connection:
        assert describe(connection) == before


def test_every_single_step_goes_back_and_forth(own_database: Database) -> None:
    migrate.downgrade(own_database.owner_url)
    for revision in REVISIONS:
        migrate.upgrade(own_database.owner_url, revision)
        with own_database.connect_owner() as connection:
            before = describe(connection)
        migrate.downgrade(own_database.owner_url, "-1")
        migrate.upgrade(own_database.owner_url, revision)
        with own_database.connect_owner() as connection:
            assert describe(connection) == before


def test_migrating_a_current_database_changes_nothing(own_database: Database) -> None:
    with own_database.connect_owner() as connection:
        before = describe(connection)
    assert migrate.upgrade(own_database.owner_url) == migrate.head()
    with own_database.connect_owner() as connection:
        assert describe(connection) == before


def test_the_audit_log_has_partitions_for_24_months_ahead(own_database: Database) -> None:
    with own_database.connect_owner() as connection:
        row = connection.execute(
            "select count(*) from pg_class where relispartition and relkind = 'r' and relname ~ '^audit_log_[0-9]{6}$'"
            " and relname > 'audit_log_' || to_char(now(), 'YYYYMM')"
        ).fetchone()
    assert row is not None
    assert int(str(row[0])) >= migrate.AUDIT_MONTHS_AHEAD


def test_a_migration_that_fails_leaves_nothing_half_done(own_database: Database) -> None:
    migrate.downgrade(own_database.owner_url)
    with own_database.connect_owner() as connection:
        connection.execute("create table organization (id int)")
    with pytest.raises(ProgrammingError, match="already exists"):
        migrate.upgrade(own_database.owner_url)
    with own_database.connect_owner() as connection:
        assert ours(connection) == [("relation", "organization")]
