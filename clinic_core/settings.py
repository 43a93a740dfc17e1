"""Settings from the environment, read once per process; the names are those of the README."""

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import platformdirs

from clinic_core.errors import ConfigurationError

PROJECT_ROOT = Path(__file__).resolve().parents[1]
MOST_DAYS = 36_500
PLACEHOLDERS = frozenset({"", "change-me", "changeme", "secret", "placeholder", "example"})


@dataclass(frozen=True)
class Settings:
    """What the environment says; nothing here is ever taken from the database or a request."""

    environment: str
    data_dir: Path
    database_url: str | None
    database_owner_url: str | None
    database_listen_url: str | None
    worker: str
    pg_bin: Path | None
    pg_user: str | None
    secret_key: str | None
    trusted_proxies: tuple[str, ...]
    allowed_hosts: tuple[str, ...]
    metrics_token: str | None
    outbox_days: int

    @property
    def is_production(self) -> bool:
        """True where placeholders and plain-http cookies are refused."""
        return self.environment == "production"

    @property
    def is_worker_inside(self) -> bool:
        """True where the app works off the queue itself: with the embedded database, unless told otherwise."""
        return self.worker == "inside"


def _listed(name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in os.environ.get(name, "").split(",") if part.strip())


def _days(name: str, default: int) -> int:
    text = os.environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_DAYS):
        raise ConfigurationError(f"{name} is “{text}”; it must be a whole number of days, 1 to {MOST_DAYS}.")
    return int(text)


def default_data_dir() -> Path:
    """Where the embedded server keeps its files: `/var/lib/clinic` as root, the person's data directory otherwise."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/clinic")
    return Path(platformdirs.user_data_dir("clinic"))


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process.

    Raises:
        ConfigurationError: `CLINIC_ENVIRONMENT` or `CLINIC_WORKER` is unknown, `CLINIC_OUTBOX_DAYS` is no number of
            days, or production runs with a placeholder.
    """
    environment = os.environ.get("CLINIC_ENVIRONMENT", "demo")
    if environment not in {"demo", "production"}:
        raise ConfigurationError(f"CLINIC_ENVIRONMENT is “{environment}”; it must be demo or production.")
    database_url = os.environ.get("DATABASE_URL") or None
    worker = os.environ.get("CLINIC_WORKER") or ("inside" if database_url is None else "none")
    if worker not in {"inside", "none"}:
        raise ConfigurationError(f"CLINIC_WORKER is “{worker}”; it must be inside or none.")
    found = Settings(
        environment=environment,
        data_dir=Path(os.environ.get("CLINIC_DATA_DIR") or default_data_dir()).expanduser().resolve(),
        database_url=database_url,
        database_owner_url=os.environ.get("DATABASE_OWNER_URL") or None,
        database_listen_url=os.environ.get("DATABASE_LISTEN_URL") or None,
        worker=worker,
        pg_bin=Path(os.environ["CLINIC_PG_BIN"]) if os.environ.get("CLINIC_PG_BIN") else None,
        pg_user=os.environ.get("CLINIC_PG_USER") or None,
        secret_key=os.environ.get("CLINIC_SECRET_KEY") or None,
        trusted_proxies=_listed("CLINIC_TRUSTED_PROXIES"),
        allowed_hosts=_listed("CLINIC_ALLOWED_HOSTS"),
        metrics_token=os.environ.get("CLINIC_METRICS_TOKEN") or None,
        outbox_days=_days("CLINIC_OUTBOX_DAYS", 30),
    )
    if found.is_production and ((found.secret_key or "").lower() in PLACEHOLDERS or len(found.secret_key or "") < 32):
        raise ConfigurationError("In production CLINIC_SECRET_KEY must be a random value of at least 32 characters.")
    return found
