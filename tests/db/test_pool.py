"""Connections of the pool: one that died is replaced before anybody notices; a living one is not asked each time."""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine.interfaces import DBAPIConnection

from clinic_core.db import pool
from clinic_core.db.engine import database_url, libpq_url
from clinic_core.db.roles import DatabaseRole
from tests.harness import Database

PID = text("select pg_backend_pid()")


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    made = create_engine(database_url(DatabaseRole.APP), pool_size=1, max_overflow=0)
    pool.hand_out_living(made)
    yield made
    made.dispose()


def backend(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalars(PID).one())


def end(pid: int) -> None:
    """Ends a backend of the app's role and waits until it is gone."""
    with psycopg.connect(libpq_url(DatabaseRole.APP)) as other:
        assert other.execute("select pg_terminate_backend(%s, 10000)", [pid]).fetchone() == (True,)


def test_a_connection_that_ended_a_moment_ago_is_replaced(engine: Engine) -> None:
    first = backend(engine)
    end(first)
    assert backend(engine) != first


def test_a_connection_that_ended_while_nobody_used_it_is_replaced(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "QUIET_SECONDS", 0.0)
    first = backend(engine)
    end(first)
    assert backend(engine) != first


def test_only_a_connection_that_was_quiet_is_asked(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[DBAPIConnection] = []
    monkeypatch.setattr(engine.dialect, "do_ping", asked.append)
    first = backend(engine)
    assert backend(engine) == first
    assert asked == []
    monkeypatch.setattr(pool, "QUIET_SECONDS", 0.0)
    assert backend(engine) == first
    assert len(asked) == 1
