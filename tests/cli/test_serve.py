"""`clinic serve` as an operator runs it: answers, logs no address, stops when told, and says what is wrong."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from clinic_core.settings import PROJECT_ROOT
from tests.harness import Database

SECONDS = 60


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from clinic_core.cli.main import app; app()", "serve", *arguments]


@contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The app on a free port, once it says that it answers; started from another directory."""
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command("--port", "0"),
            cwd=folder,
            env={**os.environ, "CLINIC_DATA_DIR": str(folder)},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said.startswith("Clinicboard answers at http://localhost:"), (folder / "log").read_text()
        yield process, int(said.rpartition(":")[2])
    finally:
        process.kill()
        process.wait(SECONDS)
        if process.stdout is not None:
            process.stdout.close()


def get(port: int, address: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", address)
        return connection.getresponse().status
    finally:
        connection.close()


def test_it_answers_logs_no_address_and_stops_when_told(database: Database, tmp_path: Path) -> None:
    with serving(tmp_path) as (process, port):
        assert get(port, "/readyz") == 200
        assert get(port, "/session/invitation?token=a-secret-link") == 404
        assert get(port, "/app/static/fonts/OFL.txt") == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 128 + signal.SIGTERM
    log = (tmp_path / "log").read_text()
    assert "a-secret-link" not in log
    assert "127.0.0.1" not in log
    assert "Traceback" not in log


def test_the_secret_of_an_installation_that_names_none_is_kept_and_nobodys_else(tmp_path: Path) -> None:
    read = "from clinic_core.auth.server_key import derived_key; print(derived_key('test').hex())"
    environment = {**os.environ, "CLINIC_DATA_DIR": str(tmp_path / "data")}
    keys = {
        subprocess.run(
            [sys.executable, "-c", read], env=environment, cwd=PROJECT_ROOT, check=True, capture_output=True, text=True
        ).stdout
        for _ in range(2)
    }
    assert len(keys) == 1
    assert (tmp_path / "data" / "secret.key").stat().st_mode & 0o077 == 0


@pytest.mark.usefixtures("database")
def test_a_port_in_use_is_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            command("--port", str(port)), cwd=tmp_path, check=False, capture_output=True, text=True, timeout=SECONDS
        )
    assert done.returncode == 1
    assert done.stderr.strip() == f"Port {port} is in use already; choose another one with --port."


def test_a_database_without_migrations_is_refused_with_the_command_to_run(
    own_database: Database, tmp_path: Path
) -> None:
    with own_database.connect_owner() as connection:
        connection.execute("update alembic_version set version_num = 'auth_identity'")
    done = subprocess.run(
        command("--port", "0"), cwd=tmp_path, check=False, capture_output=True, text=True, timeout=SECONDS
    )
    assert (done.returncode, done.stderr.strip()) == (
        1,
        "The database does not fit this version yet; run: clinic migrate",
    )
