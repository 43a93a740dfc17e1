"""`clinic database`: what an operator types, with the exit codes and the JSON that scripts rely on."""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from clinic_core.cli.main import app
from clinic_core.db.embedded import EmbeddedPostgres
from clinic_core.db.engine import dispose_engines
from clinic_core.settings import settings


@pytest.fixture(scope="session", autouse=True)
def database() -> None:
    """Takes the place of the worker's database."""


@pytest.fixture
def data_directory(open_directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("DATABASE_OWNER_URL", raising=False)
    monkeypatch.setenv("CLINIC_DATA_DIR", str(open_directory / "server"))
    settings.cache_clear()
    dispose_engines()
    yield open_directory / "server"
    EmbeddedPostgres(open_directory / "server").shut_down()
    monkeypatch.undo()
    settings.cache_clear()


def clinic(*arguments: str) -> Result:
    """A command as a process of its own would run it: what it used is left at its end."""
    try:
        return CliRunner().invoke(app, arguments)
    finally:
        dispose_engines()


def test_a_started_server_runs_until_it_is_stopped(data_directory: Path) -> None:
    started = json.loads(clinic("database", "start", "--json").stdout)
    assert started["running"] is True
    assert json.loads(clinic("database", "status", "--json").stdout) == started
    assert f"runs (process {started['pid']})" in clinic("database", "status").stdout
    assert json.loads(clinic("database", "stop", "--json").stdout) == {"stopped": True}
    assert "did not run" in clinic("database", "stop").stdout
    assert "does not run" in clinic("database", "status").stdout


def test_a_printed_url_can_be_connected_to(data_directory: Path) -> None:
    for role in ("app", "owner"):
        with psycopg.connect(clinic("database", "url", "--role", role).stdout.strip()) as connection:
            assert connection.execute("select current_user::text").fetchone() == (f"clinic_{role}",)
    told = json.loads(clinic("database", "url", "--json").stdout)
    assert told["role"] == "app"
    assert EmbeddedPostgres(data_directory).status().kept


def test_a_configured_server_is_not_the_commands_to_stop(monkeypatch: pytest.MonkeyPatch, data_directory: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://clinic_app@db.example/clinic")
    settings.cache_clear()
    refused = clinic("database", "stop")
    assert refused.exit_code == 1
    assert refused.stderr == "DATABASE_URL is set, so there is no embedded server to start, stop or ask.\n"
    assert clinic("database", "url").stdout == "postgresql://clinic_app@db.example/clinic\n"


def test_a_command_that_does_not_exist_is_wrong_usage() -> None:
    assert clinic("database", "paint").exit_code == 2
