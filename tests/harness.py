"""PostgreSQL for the tests: one fast server per user, a template made by the migrations, clones of it.

Tests are kept apart by tenant, not by rollback: everything a test does is committed to its worker's clone under an
organisation of its own. A test about the database as a whole takes a clone for itself.
"""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from clinic_core.db.embedded import EmbeddedPostgres
from clinic_core.db.embedded_files import locked
from clinic_core.db.engine import dispose_engines
from clinic_core.db.migrate import upgrade
from clinic_core.db.roles import DatabaseRole
from clinic_core.settings import PROJECT_ROOT, settings

TEMPLATE_SOURCES = ("migrations/**/*", "clinic_core/db/*.py", "clinic_core/access/permissions.py")
TEMPLATES_KEPT = 4
ROOT = Path(tempfile.gettempdir()) / f"clinic-tests-{os.geteuid()}"


@dataclass(frozen=True)
class Database:
    """A database of the tests, as the two roles see it."""

    server: EmbeddedPostgres
    name: str

    @property
    def app_url(self) -> str:
        return self.server.url(DatabaseRole.APP, self.name)

    @property
    def owner_url(self) -> str:
        return self.server.url(DatabaseRole.OWNER, self.name)

    def connect_app(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A plain connection as clinic_app, outside every pool; the caller closes it."""
        return psycopg.connect(self.app_url)

    def connect_owner(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A plain connection as clinic_owner, for looking past row-level security."""
        return psycopg.connect(self.owner_url)


class Harness:
    """The server shared by all test processes of one user, and what this process made in it."""

    def __init__(self) -> None:
        self.server = EmbeddedPostgres(ROOT, fast=True)
        self.server.start()
        self._numbers = count()
        self._drop_leftovers()

    @cached_property
    def template(self) -> str:
        """The name of the template; by it the template follows what it is made of, and the month's partitions."""
        digest = sha256(datetime.now(UTC).strftime("%Y-%m").encode())
        for pattern in TEMPLATE_SOURCES:
            for path in sorted(PROJECT_ROOT.glob(pattern)):
                if path.is_file() and "__pycache__" not in path.parts:
                    digest.update(path.relative_to(PROJECT_ROOT).as_posix().encode() + path.read_bytes())
        return f"template_{digest.hexdigest()[:16]}"

    def clone(self, source: Database | None = None) -> Database:
        """A new database made from the template or from one nobody is connected to; runs at one time do not meet."""
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        name = f"test_{os.getpid()}_{worker}_{next(self._numbers)}"
        with locked(ROOT / "template.lock"), self._superuser() as connection:
            self._provide_template(connection)
            connection.execute(
                sql.SQL("create database {} template {} strategy file_copy owner {}").format(
                    sql.Identifier(name),
                    sql.Identifier(source.name if source else self.template),
                    sql.Identifier(DatabaseRole.OWNER.login),
                )
            )
        return Database(self.server, name)

    def drop(self, database: Database) -> None:
        """Drop a clone, whoever is connected to it."""
        with self._superuser() as connection:
            _drop(connection, database.name)

    def databases(self) -> list[str]:
        """The names of all clones, those of other processes included."""
        with self._superuser() as connection:
            return _names(connection, "test\\_%")

    def _provide_template(self, connection: psycopg.Connection) -> None:
        if self.template in _names(connection, "template\\_%"):
            return
        making = f"making_{self.template}"
        _drop(connection, making)
        maker = EmbeddedPostgres(ROOT, fast=True, database=making)
        maker.start()
        try:
            upgrade(maker.url(DatabaseRole.OWNER))
        finally:
            maker.stop()
        connection.execute(
            sql.SQL("alter database {} rename to {}").format(sql.Identifier(making), sql.Identifier(self.template))
        )
        for old in _names(connection, "template\\_%")[:-TEMPLATES_KEPT]:
            _drop(connection, old)

    def _drop_leftovers(self) -> None:
        """Drop the clones of test processes that were killed."""
        with self._superuser() as connection:
            for name in _names(connection, "test\\_%"):
                owner = re.match(r"test_(\d+)_", name)
                if owner and not _lives(int(owner[1])):
                    _drop(connection, name)

    @contextmanager
    def _superuser(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self.server.superuser_conninfo("postgres"), autocommit=True) as connection:
            yield connection


@contextmanager
def use_database(database: Database) -> Iterator[None]:
    """Let this process, and programs it starts, work on a database as they would on any configured server."""
    before = {name: os.environ.get(name) for name in ("DATABASE_URL", "DATABASE_OWNER_URL")}
    _configure({"DATABASE_URL": database.app_url, "DATABASE_OWNER_URL": database.owner_url})
    try:
        yield
    finally:
        _configure(before)


def _configure(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    settings.cache_clear()
    dispose_engines()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _names(connection: psycopg.Connection, pattern: str) -> list[str]:
    """The databases whose name is like `pattern`, oldest first."""
    rows = connection.execute("select datname from pg_database where datname like %s order by oid", [pattern])
    return [name for (name,) in rows]


def _drop(connection: psycopg.Connection, name: str) -> None:
    connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
