"""The secret of this installation, from which keys for single purposes are derived."""

import hashlib
import hmac
import os
import secrets
from functools import lru_cache
from pathlib import Path

from clinic_core.errors import ConfigurationError
from clinic_core.settings import settings

KEY_FILE = "secret.key"


def derived_key(purpose: str) -> bytes:
    """A key of 32 bytes for one purpose; the same in every process of the installation.

    Raises:
        ConfigurationError: there is no `CLINIC_SECRET_KEY`, and none can be kept in the data directory.
    """
    found = settings()
    secret = found.secret_key.encode() if found.secret_key else _kept_secret(found.data_dir)
    return hmac.digest(secret, f"clinic {purpose}".encode(), hashlib.sha256)


@lru_cache(maxsize=4)
def _kept_secret(folder: Path) -> bytes:
    """The secret in the data directory of an installation that names none; made at first need."""
    path = folder / KEY_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _write_once(path, secrets.token_hex(32).encode())
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            "The installation's secret can't be kept in the data directory; set CLINIC_SECRET_KEY to a random value."
        ) from error


def _write_once(path: Path, secret: bytes) -> None:
    """Of several processes that start at once, the first to link its file wins; nobody reads half a secret."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_bytes(secret)
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return
    finally:
        draft.unlink()
