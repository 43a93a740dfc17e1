"""The embedded server on its own: started, shared, killed, refused. Nothing here needs a schema."""

import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from clinic_core.db.embedded import EmbeddedPostgres
from clinic_core.db.roles import DatabaseRole
from clinic_core.db.server_account import server_account
from clinic_core.errors import Unavailable
from tests.servers import ask, first_line, kill, start_client

MakeServer = Callable[[], EmbeddedPostgres]


@pytest.fixture(scope="session", autouse=True)
def database() -> None:
    """Takes the place of the worker's database."""


def test_the_last_one_out_stops_the_server(own_server: MakeServer) -> None:
    first, second = own_server(), own_server()
    first.start()
    second.start()
    assert first.stop() is False
    assert second.is_running()
    assert second.stop() is True
    assert not second.is_running()
    assert second.stop() is False


def test_the_server_keeps_the_promises_of_a_clinic(own_server: MakeServer) -> None:
    server = own_server()
    server.start()
    names = ("fsync", "full_page_writes", "data_checksums", "TimeZone", "log_error_verbosity", "listen_addresses")
    settings_in_force = ask(server, f"select name, setting from pg_settings where name in {names}")
    assert {str(name): setting for name, setting in settings_in_force} == {
        "fsync": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
        "TimeZone": "UTC",
        "log_error_verbosity": "terse",
        "listen_addresses": "",
    }
    assert ask(server, "select datlocale, encoding from pg_database where datname = 'clinic'") == [
        ("PG_UNICODE_FAST", 6)
    ]
    offered = "select name from pg_available_extensions where name in ('btree_gist', 'pg_trgm', 'unaccent') order by 1"
    assert ask(server, offered) == [("btree_gist",), ("pg_trgm",), ("unaccent",)]


def test_the_apps_role_has_no_power_over_the_schema(own_server: MakeServer) -> None:
    server = own_server()
    server.start()
    assert ask(
        server,
        "select rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole from pg_roles"
        " where rolname like 'clinic%' order by 1",
    ) == [("clinic_app", False, False, False, False), ("clinic_owner", False, False, False, False)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(server, "create table public.t (id int)", DatabaseRole.APP)


def test_a_role_that_is_not_named_is_not_let_in(own_server: MakeServer) -> None:
    server = own_server()
    server.start()
    with psycopg.connect(server.superuser_conninfo("postgres"), autocommit=True) as connection:
        connection.execute("create role somebody login")
    with pytest.raises(psycopg.OperationalError, match="Peer authentication failed"):
        psycopg.connect(server.url().replace("clinic_app", "somebody"))


def test_processes_that_start_at_once_share_one_server(open_directory: Path) -> None:
    clients = [start_client(open_directory / "server") for _ in range(3)]
    try:
        told = [first_line(client) for client in clients]
        assert {role for role, _ in told} == {"clinic_app"}
        assert len({pid for _, pid in told}) == 1
        clients[0].communicate()
        assert EmbeddedPostgres(open_directory / "server").is_running()
    finally:
        for client in clients[1:]:
            client.communicate()
    assert not EmbeddedPostgres(open_directory / "server").is_running()


def test_a_client_that_is_killed_leaves_nothing_behind(own_server: MakeServer) -> None:
    server = own_server()
    client = start_client(server.root)
    first_line(client)
    client.kill()
    client.communicate()
    assert server.is_running()
    server.start()
    assert server.stop() is True


def test_a_killed_server_comes_back_with_everything_that_was_committed(own_server: MakeServer) -> None:
    server = own_server()
    server.start()
    with psycopg.connect(server.url(DatabaseRole.OWNER), autocommit=True) as connection:
        connection.execute("create table kept as select 7 as number")
        busy = threading.Thread(target=_suppressed, args=(server, "select count(*) from generate_series(1, 20000000)"))
        busy.start()
        while not connection.execute(
            "select 1 from pg_stat_activity where query like '%2000%' and state = 'active' and pid <> pg_backend_pid()"
        ).fetchone():
            assert busy.is_alive()
        kill(server.status().pid)
        server.ensure_running()
        assert ask(server, "select number from kept") == [(7,)]
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")
    busy.join()
    kill(server.status().pid)
    with pytest.raises(Unavailable, match="try again"):
        server.ensure_running()  # a server that dies again at once is not started in a loop


def _suppressed(server: EmbeddedPostgres, query: str) -> None:
    with suppress(psycopg.OperationalError):
        ask(server, query)


def test_a_killed_server_is_started_by_the_next_who_comes(own_server: MakeServer) -> None:
    first, second = own_server(), own_server()
    first.start()
    kill(first.status().pid)
    second.start()
    assert second.is_running()
    first.ensure_running()


def test_a_pid_file_that_names_another_program_is_no_server(own_server: MakeServer) -> None:
    server = own_server()
    server.start()
    pid_file = server.status().data_directory / "postmaster.pid"
    kill(server.status().pid)
    account = server_account()
    other = subprocess.Popen(
        [shutil.which("sleep") or "sleep", "600"], user=account.uid if account.is_another_user else None
    )
    try:
        pid_file.write_text(re.sub(r"^\d+", str(other.pid), pid_file.read_text()))
        assert server.status().pid is None
        server.ensure_running()
        assert server.status().pid not in {None, other.pid}
    finally:
        other.kill()
        other.wait()


def test_an_empty_pid_file_is_no_server(own_server: MakeServer) -> None:
    server = own_server()
    server.start()
    assert server.stop() is True
    (server.status().data_directory / "postmaster.pid").touch()
    server.start()
    assert server.is_running()


def test_a_data_directory_left_half_made_is_made_anew(own_server: MakeServer) -> None:
    server = own_server()
    client = start_client(server.root)
    while not any(server.root.glob(".init-*/PG_VERSION")):
        assert client.poll() is None
    client.kill()
    client.communicate()
    assert not (server.root / "pg18").exists()
    server.start()
    assert ask(server, "select 1") == [(1,)]


def test_a_kept_server_outlives_its_users_until_it_is_shut_down(own_server: MakeServer) -> None:
    server = own_server()
    server.start()
    server.keep_running()
    assert server.stop() is False
    assert server.is_running()
    assert server.shut_down() is True
    assert not server.is_running()
    assert server.shut_down() is False
    server.start()
    assert server.stop() is True


def test_programs_do_not_bring_back_a_server_that_an_operator_stopped(own_server: MakeServer) -> None:
    server = own_server()
    server.start()
    own_server().shut_down()
    with pytest.raises(Unavailable, match="clinic database start"):
        server.ensure_running()
    own_server().start()
    assert server.is_running()


def test_a_program_that_is_told_to_end_leaves_the_server(open_directory: Path) -> None:
    client = start_client(open_directory / "server")
    first_line(client)
    client.terminate()
    client.communicate()
    assert client.returncode == 128 + signal.SIGTERM
    assert not EmbeddedPostgres(open_directory / "server").is_running()
