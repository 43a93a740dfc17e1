"""The embedded PostgreSQL server: the default when `DATABASE_URL` is not set.

One data directory is one server, shared by every process that uses it: app, command line, worker, tests. Locks of
the kernel keep the books, so a process that is killed leaves nothing to clean up; the last one out stops the server.
What the server is told and where its files lie is in `embedded_files`, which programs and user run it in
`server_binaries` and `server_account`.
"""

import atexit
import fcntl
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, NoReturn
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.pq import PGconn, Ping

from clinic_core.db.embedded_files import (
    PORT,
    ServerFiles,
    create_cluster,
    locked,
    prepare_root,
    prepare_socket_directory,
    retire_pid_file,
    write_configuration,
)
from clinic_core.db.roles import SUPERUSER_LOGIN, DatabaseRole
from clinic_core.db.server_account import server_account
from clinic_core.db.server_binaries import find_binaries, reachable_binaries
from clinic_core.errors import Unavailable

ANSWER_TIMEOUT_SECONDS = 60.0
ORPHANS_TIMEOUT_SECONDS = 60.0
POLL_SECONDS = 0.05
RECOVERY_PAUSE_SECONDS = 2.0


@dataclass(frozen=True)
class ServerStatus:
    """What `clinic database status` tells."""

    running: bool
    pid: int | None
    version: str
    data_directory: Path
    socket_directory: Path
    kept: bool


class EmbeddedPostgres:
    """One server below one directory, as this process sees it.

    `fast` is for tests alone: it gives up durability and allows more connections.
    """

    def __init__(self, root: Path, *, fast: bool = False, database: str = "clinic") -> None:
        self.database = database
        self._fast = fast
        self._account = server_account()
        self._binaries = find_binaries()
        self._files = ServerFiles(root.expanduser().resolve(), self._binaries.major)
        self._share: IO[str] | None = None
        self._share_pid = 0
        self._recovered_at = float("-inf")
        self._threads = threading.RLock()

    @property
    def root(self) -> Path:
        """The directory below which everything lies."""
        return self._files.root

    def start(self) -> None:
        """Use the server, starting or making it when needed; any number of processes may call it at once.

        Raises:
            ConfigurationError: the installation, the directory or the user does not allow it.
            Unavailable: the server runs but does not answer.
        """
        with self._threads:
            if self._share is not None and self._share_pid == os.getpid():
                return
            prepare_root(self._files, self._account)
            with locked(self._files.start_lock):
                share = self._files.users_lock.open("a")
                fcntl.flock(share, fcntl.LOCK_SH)
                try:
                    self._files.stopped_mark.unlink(missing_ok=True)
                    self._bring_up()
                except BaseException:
                    share.close()
                    self._stop_unless_used()
                    raise
                self._share, self._share_pid = share, os.getpid()
            atexit.register(self.stop)

    def stop(self) -> bool:
        """Leave the server; the last one out stops it unless it is kept. True if it was stopped."""
        with self._threads:
            if self._share is None or self._share_pid != os.getpid():
                return False
            atexit.unregister(self.stop)
            share, self._share = self._share, None
            share.close()
            if not self._files.root.is_dir():
                return False
            with locked(self._files.start_lock):
                return self._stop_unless_used()

    def keep_running(self) -> None:
        """Let the server outlive its last user until `shut_down`."""
        self._files.keep_mark.touch()

    def shut_down(self) -> bool:
        """Stop the server whoever uses it, and end `keep_running`. True if it ran.

        Programs that use it lose their connections and do not bring it back; the next `start` does.
        """
        if not self._files.has_cluster:
            return False
        prepare_root(self._files, self._account)
        with self._threads, locked(self._files.start_lock):
            self._files.keep_mark.unlink(missing_ok=True)
            self._files.stopped_mark.touch()
            return self._stop_server()

    def ensure_running(self) -> None:
        """Bring a server back that was killed, for a process that failed to connect.

        Raises:
            Unavailable: it did not come back, was brought back a moment ago, or was stopped by an operator.
        """
        with self._threads:
            if self.is_running():
                return
            if time.monotonic() - self._recovered_at < RECOVERY_PAUSE_SECONDS:
                raise Unavailable("The database does not answer; please try again in a few seconds.")
            if not self._files.has_cluster:
                raise Unavailable(f"The database is gone: {self._files.data} holds no data any more.")
            self._recovered_at = time.monotonic()
            with locked(self._files.start_lock):
                if self._files.stopped_mark.exists():
                    raise Unavailable("The database was stopped; `clinic database start` brings it back.")
                if not self._answers():
                    self._launch()
            self._recovered_at = time.monotonic()

    def is_running(self) -> bool:
        """True when the server accepts connections."""
        return self._ping() == Ping.OK

    def url(self, role: DatabaseRole = DatabaseRole.APP, database: str | None = None) -> str:
        """The connection URL of a role, in the form that every PostgreSQL program reads."""
        socket_directory = quote(str(self._files.socket_directory), safe="")
        return f"postgresql://{role.login}@/{quote(database or self.database)}?host={socket_directory}&port={PORT}"

    def superuser_conninfo(self, database: str) -> str:
        """The connection string of the superuser, for making and dropping databases and for backups."""
        return self._conninfo(SUPERUSER_LOGIN, database)

    def status(self) -> ServerStatus:
        """What runs where."""
        return ServerStatus(
            running=self.is_running(),
            pid=self._files.server_pid(),
            version=self._binaries.version,
            data_directory=self._files.data,
            socket_directory=self._files.socket_directory,
            kept=self._files.keep_mark.exists(),
        )

    def _bring_up(self) -> None:
        self._binaries = reachable_binaries(self._binaries, self._account, self._files.root)
        if not self._answers():
            if not self._files.has_cluster:
                create_cluster(self._files, self._binaries, self._account, fast=self._fast)
            self._launch()
        self._make_database()

    def _answers(self) -> bool:
        """True once the server accepts connections, False when there is none; waits while it starts or recovers."""
        deadline = time.monotonic() + ANSWER_TIMEOUT_SECONDS
        while True:
            answer = self._ping()
            if answer == Ping.OK:
                return True
            if answer == Ping.NO_RESPONSE and self._files.server_pid() is None:
                return False
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"The database below {self._files.root} runs but has not answered for "
                    f"{ANSWER_TIMEOUT_SECONDS:.0f} seconds.\n{self._log_end()}"
                )
            time.sleep(POLL_SECONDS)

    def _ping(self) -> Ping:
        return Ping(PGconn.ping(self._conninfo(SUPERUSER_LOGIN, "postgres").encode()))

    def _launch(self) -> None:
        """Start the server; after a kill its children may need a moment to notice, and it waits for them."""
        write_configuration(self._files, self._account, fast=self._fast)
        prepare_socket_directory(self._files, self._account)
        deadline = time.monotonic() + ORPHANS_TIMEOUT_SECONDS
        while True:
            retire_pid_file(self._files, self._account)
            self._files.startup_log.unlink(missing_ok=True)
            done = self._account.run(
                self._binaries.program("pg_ctl"),
                *("--pgdata", self._files.data, "--log", self._files.startup_log),
                *("--wait", "--timeout", "120", "start"),
            )
            if done.returncode == 0:
                return
            if "shared memory block" not in _end_of(self._files.startup_log) or time.monotonic() > deadline:
                raise Unavailable(f"The database below {self._files.root} does not start.\n{self._log_end()}")
            time.sleep(POLL_SECONDS)

    def _stop_unless_used(self) -> bool:
        if self._files.keep_mark.exists():
            return False
        with self._files.users_lock.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return self._stop_server()

    def _stop_server(self) -> bool:
        if self._files.server_pid() is None:
            return False
        done = self._account.run(
            self._binaries.program("pg_ctl"),
            *("--pgdata", self._files.data, "--mode", "fast", "--wait", "--timeout", "60", "stop"),
        )
        if done.returncode != 0 and self._files.server_pid() is not None:
            raise Unavailable(f"The database below {self._files.root} does not stop.\n{done.stdout}")
        return True

    def _make_database(self) -> None:
        """Make the roles and the database where they are missing; extensions are the migrations' to make."""
        with psycopg.connect(self._conninfo(SUPERUSER_LOGIN, "postgres"), autocommit=True) as connection:
            roles = {name for (name,) in connection.execute("select rolname from pg_roles")}
            for role in DatabaseRole:
                if role.login not in roles:
                    connection.execute(sql.SQL("create role {} login").format(sql.Identifier(role.login)))
            if not connection.execute("select 1 from pg_database where datname = %s", [self.database]).fetchone():
                connection.execute(
                    sql.SQL("create database {} owner {}").format(
                        sql.Identifier(self.database), sql.Identifier(DatabaseRole.OWNER.login)
                    )
                )

    def _conninfo(self, user: str, database: str) -> str:
        return psycopg.conninfo.make_conninfo(
            host=str(self._files.socket_directory), port=PORT, user=user, dbname=database, connect_timeout=10
        )

    def _log_end(self) -> str:
        logs = (self._files.startup_log, *self._files.data.glob("log/*.log"))
        newest = max((log for log in logs if log.is_file()), key=lambda log: log.stat().st_mtime, default=None)
        return _end_of(newest) if newest else ""


def exit_on_sigterm() -> None:
    """Make SIGTERM a normal exit, so that a program that is told to end leaves the server as it should.

    For the main thread of programs that do not handle the signal themselves; never called on import.
    """
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _exit)


def _exit(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def _end_of(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-1500:] if log.is_file() else ""
