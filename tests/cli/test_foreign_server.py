"""A server that is not ours: a bare database and one login that owns it and nothing else."""

import json
from collections.abc import Callable, Iterator

import psycopg
import pytest

from clinic_core.access import actor_for
from clinic_core.db.embedded import EmbeddedPostgres
from clinic_core.db.engine import dispose_engines
from clinic_core.db.roles import DatabaseRole
from clinic_core.settings import settings
from clinic_core.vocabulary import BaselineRole
from tests.cli.shell import SOUND, clinic

PASSWORD = "a-long-and-quiet-river"


@pytest.fixture(scope="session", autouse=True)
def database() -> None:
    """Takes the place of the worker's database."""


@pytest.fixture
def server(own_server: Callable[[], EmbeddedPostgres], monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedPostgres]:
    """A server with an empty database `foreign`, which `DATABASE_URL` leads to."""
    made = own_server()
    made.start()
    with psycopg.connect(made.superuser_conninfo("clinic"), autocommit=True) as connection:
        connection.execute("create database foreign_clinic owner clinic_owner")
    monkeypatch.setenv("DATABASE_URL", foreign(made.url(DatabaseRole.OWNER)))
    monkeypatch.delenv("DATABASE_OWNER_URL", raising=False)
    settings.cache_clear()
    dispose_engines()
    yield made
    dispose_engines()
    monkeypatch.undo()
    settings.cache_clear()


def foreign(url: str) -> str:
    return url.replace("/clinic?", "/foreign_clinic?")


def as_administrator(server: EmbeddedPostgres, *statements: str) -> None:
    with psycopg.connect(server.superuser_conninfo("clinic"), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_one_login_that_owns_the_database_is_enough(server: EmbeddedPostgres) -> None:
    as_administrator(server, "drop role clinic_app", "alter role clinic_owner createrole")
    migrated = clinic("migrate", "--json")
    assert migrated.exit_code == 0, migrated.output
    made = clinic("create-owner", "--organization", "Harbour", "--email", "o@harbour.example", CLINIC_PASSWORD=PASSWORD)
    assert made.exit_code == 0, made.output
    assert actor_for(email="o@harbour.example", organization="Harbour").role_keys == {BaselineRole.OWNER}
    checked = clinic("check", "--json")
    assert json.loads(checked.stdout) == SOUND
    assert checked.exit_code == 0


def test_a_login_that_may_not_become_the_apps_role_is_told_what_to_ask_for(server: EmbeddedPostgres) -> None:
    refused = clinic("migrate")
    assert (refused.exit_code, refused.stderr.strip()) == (
        1,
        "The login “clinic_owner” may not work as role clinic_app; let an administrator run:"
        ' grant clinic_app to "clinic_owner"',
    )
    assert clinic("report", "outstanding", "--organization", "Harbour").stderr == refused.stderr
    as_administrator(server, "grant clinic_app to clinic_owner")
    assert clinic("migrate").exit_code == 0


def test_a_login_without_the_right_to_make_the_apps_role_is_refused_in_a_sentence(server: EmbeddedPostgres) -> None:
    as_administrator(server, "drop role clinic_app")
    refused = clinic("migrate")
    assert refused.exit_code == 1
    assert refused.stderr.startswith("The server refused a migration: permission denied to create role.")


@pytest.mark.parametrize(
    "command",
    [
        ("report", "outstanding", "--organization", "Harbour"),
        ("seed", "baseline"),
        ("seed", "demo"),
        ("create-owner", "--organization", "Harbour", "--email", "o@harbour.example"),
    ],
)
def test_before_the_migrations_every_command_names_the_one_to_run(
    server: EmbeddedPostgres, command: tuple[str, ...]
) -> None:
    as_administrator(server, "grant clinic_app to clinic_owner")
    refused = clinic(*command, CLINIC_PASSWORD=PASSWORD)
    assert (refused.exit_code, refused.stderr.strip()) == (
        1,
        "The database does not fit this version yet; run: clinic migrate",
    )


def test_the_app_does_not_start_with_a_login_that_sees_every_tenant(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_administrator(server, "grant clinic_app to clinic_owner")
    assert clinic("migrate").exit_code == 0
    monkeypatch.setenv("DATABASE_OWNER_URL", foreign(server.url(DatabaseRole.OWNER)))
    settings.cache_clear()
    dispose_engines()
    for command in (("serve", "--port", "0"), ("report", "outstanding", "--organization", "Harbour")):
        refused = clinic(*command)
        assert refused.exit_code == 1
        assert refused.stderr.startswith("The app would connect as role “clinic_owner”, which owns tables")
