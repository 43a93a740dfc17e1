"""Who runs the embedded server, and running a program as that user.

PostgreSQL refuses to run as root. So as root its programs run as another, existing user, and everybody else
runs them as themselves. Which programs there are and what they are told is not decided here.
"""

import os
import pwd
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from clinic_core.errors import ConfigurationError
from clinic_core.settings import settings

PROGRAM_TIMEOUT_SECONDS = 300
KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


@dataclass(frozen=True)
class ServerAccount:
    """The user the server runs as and the user who connects to it."""

    server_user: str
    uid: int
    gid: int
    client_user: str

    @property
    def is_another_user(self) -> bool:
        """True when the server does not run as the user of this process."""
        return self.uid != os.geteuid()

    def run(self, program: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a program of the server to its end; `stdout` holds both its outputs.

        Raises:
            PermissionError: the server's user cannot reach the program.
            ConfigurationError: the program does not end.
        """
        # A pipe would be inherited by the server that pg_ctl leaves behind, and reading it would never end.
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
            try:
                done = subprocess.run(
                    [str(program), *map(str, arguments)],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd="/",
                    env={**{key: os.environ[key] for key in KEPT_VARIABLES if key in os.environ}, "LC_ALL": "C"},
                    timeout=PROGRAM_TIMEOUT_SECONDS,
                    check=False,
                    user=self.uid if self.is_another_user else None,
                    group=self.gid if self.is_another_user else None,
                    extra_groups=() if self.is_another_user else None,
                )
            except subprocess.TimeoutExpired as error:
                raise ConfigurationError(
                    f"{program.name} did not end within {PROGRAM_TIMEOUT_SECONDS} seconds."
                ) from error
            output.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, output.read())

    def first_closed_directory(self, path: Path) -> Path | None:
        """The outermost directory on the way to `path`, itself included, that the server's user cannot enter."""
        way = (*reversed(path.parents), path)
        return next((part for part in way if part.is_dir() and not self._may_enter(part)), None)

    def _may_enter(self, directory: Path) -> bool:
        found = directory.stat()
        if found.st_uid == self.uid:
            return bool(found.st_mode & 0o100)
        return bool(found.st_mode & (0o010 if found.st_gid == self.gid else 0o001))


def server_account() -> ServerAccount:
    """The account for this process: oneself, or `CLINIC_PG_USER`, `postgres` or `nobody` when this is root.

    Raises:
        ConfigurationError: no such user exists, or the user of this process has no name.
    """
    try:
        client = pwd.getpwuid(os.geteuid())
    except KeyError as error:
        raise ConfigurationError(
            f"User id {os.geteuid()} has no name in the user database, which PostgreSQL needs. "
            "Add an entry for it, or set DATABASE_URL to a server."
        ) from error
    if client.pw_uid != 0:
        return ServerAccount(client.pw_name, client.pw_uid, client.pw_gid, client.pw_name)
    server = _unprivileged_user()
    return ServerAccount(server.pw_name, server.pw_uid, server.pw_gid, client.pw_name)


def _unprivileged_user() -> pwd.struct_passwd:
    wanted = settings().pg_user
    for name in (wanted,) if wanted else ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        if found.pw_uid != 0:
            return found
    raise ConfigurationError(
        f"PostgreSQL does not run as root, and {f'“{wanted}”' if wanted else 'neither “postgres” nor “nobody”'} is "
        "a user it could run as. Set CLINIC_PG_USER to an existing user, or run as a normal user."
    )
