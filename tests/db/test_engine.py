"""The engines: which URL they follow, which role they work as, and what a failing database means to a person."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError

from clinic_core.db.embedded import EmbeddedPostgres
from clinic_core.db.engine import (
    app_engine,
    assert_app_role,
    database_url,
    dispose_engines,
    embedded_server,
    libpq_url,
    listen_url,
    owner_engine,
    translate_operational,
)
from clinic_core.db.roles import DatabaseRole
from clinic_core.errors import ConfigurationError, Unavailable
from clinic_core.settings import settings

CURRENT_USER = text("select current_user::text")
Configure = Callable[..., None]


@pytest.fixture(scope="session", autouse=True)
def database() -> None:
    """Takes the place of the worker's database."""


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Configure]:
    """Sets the environment as an operator would, and takes it back."""

    def set_variables(**variables: str) -> None:
        for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_LISTEN_URL"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        dispose_engines()

    yield set_variables
    dispose_engines()
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def server(own_server: Callable[[], EmbeddedPostgres]) -> EmbeddedPostgres:
    made = own_server()
    made.start()
    return made


def failure_of(statement: str, engine_url: str) -> SQLAlchemyError:
    engine = create_engine(engine_url)
    with pytest.raises(SQLAlchemyError) as caught, engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()
    return caught.value


def test_without_a_url_the_embedded_server_is_used(configure: Configure, open_directory: Path) -> None:
    configure(CLINIC_DATA_DIR=str(open_directory / "server"))
    with app_engine().connect() as app, owner_engine().connect() as owner:
        assert app.scalar(CURRENT_USER) == "clinic_app"
        assert owner.scalar(CURRENT_USER) == "clinic_owner"
    assert app_engine() is app_engine()
    assert_app_role(app_engine())
    dispose_engines()
    assert not EmbeddedPostgres(open_directory / "server").is_running()


def test_an_engine_brings_a_killed_embedded_server_back(configure: Configure, open_directory: Path) -> None:
    configure(CLINIC_DATA_DIR=str(open_directory / "server"))
    with app_engine().connect() as connection:
        assert connection.scalar(CURRENT_USER) == "clinic_app"
    used = embedded_server()
    assert used is not None
    pid = used.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    answers: list[str] = []
    refusals: list[OperationalError] = []
    deadline = time.monotonic() + 30
    while used.status().pid in {None, pid} and time.monotonic() < deadline:
        try:
            with app_engine().connect() as connection:
                answers.append(str(connection.scalar(CURRENT_USER)))
        except OperationalError as error:  # under way when the orphaned backend noticed
            refusals.append(error)
    with app_engine().connect() as connection:
        answers.append(str(connection.scalar(CURRENT_USER)))
    assert set(answers) == {"clinic_app"}
    assert used.status().pid not in {None, pid}
    assert all(isinstance(translate_operational(refused), Unavailable) for refused in refusals)


def test_an_engine_recovers_when_its_server_was_restarted(configure: Configure, server: EmbeddedPostgres) -> None:
    configure(DATABASE_URL=server.url(DatabaseRole.APP), DATABASE_OWNER_URL=server.url(DatabaseRole.OWNER))
    with app_engine().connect() as connection:
        connection.execute(CURRENT_USER)
    server.shut_down()
    with pytest.raises(OperationalError) as caught:
        app_engine().connect()
    assert isinstance(translate_operational(caught.value), Unavailable)
    server.stop()
    server.start()
    with app_engine().connect() as connection:
        assert connection.scalar(CURRENT_USER) == "clinic_app"


def test_a_server_with_one_login_is_used_as_the_apps_role_after_every_rollback(
    configure: Configure, server: EmbeddedPostgres
) -> None:
    with psycopg.connect(server.superuser_conninfo("clinic")) as connection:
        connection.execute("grant clinic_app to clinic_owner")
    configure(DATABASE_URL=server.url(DatabaseRole.OWNER))
    with app_engine().connect() as connection:
        connection.rollback()
        assert connection.scalar(CURRENT_USER) == "clinic_app"
    with owner_engine().connect() as connection:
        assert connection.scalar(CURRENT_USER) == "clinic_owner"
    with psycopg.connect(libpq_url(DatabaseRole.APP)) as plain:
        assert plain.execute("select current_user::text").fetchone() == ("clinic_app",)


def test_the_urls_are_those_of_the_environment(configure: Configure) -> None:
    configure(DATABASE_URL="postgres://clinic_app:a%40b@db.example/x")
    assert database_url(DatabaseRole.APP) == "postgresql+psycopg://clinic_app:a%40b@db.example/x"
    assert libpq_url(DatabaseRole.OWNER) == "postgresql://clinic_app:a%40b@db.example/x"
    configure(DATABASE_URL="postgresql://app@db.example/x?options=-c%20a%3Db", DATABASE_OWNER_URL="postgresql://o@h/x")
    assert libpq_url(DatabaseRole.APP) == "postgresql://app@db.example/x?options=-c%20a%3Db"
    assert database_url(DatabaseRole.OWNER) == "postgresql+psycopg://o@h/x"
    assert embedded_server() is None


def test_the_worker_goes_past_a_pooler_where_it_is_told_how(configure: Configure) -> None:
    configure(DATABASE_URL="postgresql://clinic_app@pooler/clinic")
    assert listen_url() == "postgresql://clinic_app@pooler/clinic"
    configure(
        DATABASE_URL="postgresql://clinic_app@pooler/clinic",
        DATABASE_LISTEN_URL="postgresql://clinic_app@server/clinic",
    )
    assert listen_url() == "postgresql://clinic_app@server/clinic"
    configure(DATABASE_URL="postgresql://one@pooler/clinic", DATABASE_LISTEN_URL="postgresql://one@server/clinic")
    assert listen_url() == "postgresql://one@server/clinic?options=-c%20role%3Dclinic_app"


@pytest.mark.parametrize("url", ["sqlite:///clinic.db", "not a url", "mysql://someone@db.example/x"])
def test_another_kind_of_database_is_refused_without_telling_the_url(configure: Configure, url: str) -> None:
    configure(DATABASE_URL=url)
    with pytest.raises(ConfigurationError, match=r"^DATABASE_URL is ") as caught:
        app_engine()
    assert "someone" not in caught.value.message


def test_an_owner_url_alone_is_refused(configure: Configure) -> None:
    configure(DATABASE_OWNER_URL="postgresql://o@h/x")
    with pytest.raises(ConfigurationError, match="set both or neither"):
        owner_engine()


def test_a_login_that_tenants_are_not_kept_apart_for_is_refused(server: EmbeddedPostgres) -> None:
    cases = {
        "is a superuser": server.url(DatabaseRole.APP).replace("clinic_app", "postgres"),
        "owns tables": server.url(DatabaseRole.OWNER),
    }
    with psycopg.connect(server.url(DatabaseRole.OWNER)) as connection:
        connection.execute("create table t (id int primary key)")
    for reason, url in cases.items():
        engine = create_engine(url)
        with pytest.raises(ConfigurationError, match=reason):
            assert_app_role(engine)
        engine.dispose()
    engine = create_engine(server.url(DatabaseRole.APP))
    assert_app_role(engine)
    for change, reason in (
        ("alter role clinic_app bypassrls", "bypass"),
        ("alter role clinic_app nobypassrls; grant clinic_owner to clinic_app", "owns tables"),
    ):
        with psycopg.connect(server.superuser_conninfo("clinic")) as connection:
            connection.execute(change.encode())
        with pytest.raises(ConfigurationError, match=reason):
            assert_app_role(engine)
    engine.dispose()


def test_trouble_of_the_database_is_told_and_trouble_of_a_statement_is_not(server: EmbeddedPostgres) -> None:
    url = server.url(DatabaseRole.OWNER)
    for statement in (
        "select pg_terminate_backend(pg_backend_pid())",
        "set local statement_timeout = '1ms'; select count(*) from generate_series(1, 10000000)",
        "do $$ begin raise exception using errcode = '55P03'; end $$",
        "do $$ begin raise exception using errcode = '53300'; end $$",
        "do $$ begin raise exception using errcode = '08006'; end $$",
    ):
        assert isinstance(translate_operational(failure_of(statement, url)), Unavailable), statement
    for statement in (
        "do $$ begin raise exception using errcode = '40P01'; end $$",
        "select 1 / 0",
        "create temporary table t (id int primary key); insert into t values (1), (1)",
    ):
        failure = failure_of(statement, url)
        assert translate_operational(failure) is None, statement
    assert isinstance(failure, IntegrityError)
    assert "[parameters" not in str(failure)
