"""Passwords: which are allowed, how they are stored, how they are checked.

Rules after NIST SP 800-63B: length counts, composition does not, common ones are refused. Stored as Argon2id with
the parameters of RFC 9106 (second choice: 64 MiB, 3 passes, 4 lanes); bcrypt hashes of an earlier system are
accepted once and replaced.
"""

import gzip
import secrets
import threading
import unicodedata
from functools import lru_cache
from pathlib import Path

import bcrypt
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from clinic_core.errors import InvalidInput

SHORTEST = 8
LONGEST = 128
HASHES_AT_ONCE = 2
COMMON_PASSWORDS = Path(__file__).with_name("common_passwords.txt.gz")

_BCRYPT_PREFIXES = ("$2b$", "$2a$", "$2y$")
_BCRYPT_BYTES = 72
_hasher = PasswordHasher()
# One hash takes 64 MiB: without a limit a burst of sign-ins would take the memory of the app.
_turns = threading.BoundedSemaphore(HASHES_AT_ONCE)


def check_new_password(password: str, *, email: str | None = None) -> None:
    """Refuses a password that is too short, too long, common, the person's own address, or cannot be typed again.

    Raises:
        InvalidInput: with the reason as a sentence; the password itself is never part of it.
    """
    kept = normalized(password)
    if any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in kept):
        raise _refused("The password must not contain control characters.")
    if len(kept) < SHORTEST:
        raise _refused(f"The password must have at least {SHORTEST} characters.")
    if len(kept) > LONGEST:
        raise _refused(f"The password must not have more than {LONGEST} characters.")
    lowered = kept.lower()
    if lowered in _common():
        raise _refused("This password is among the most common ones and would be guessed; choose another one.")
    if email and lowered in {email.lower(), email.lower().split("@")[0]}:
        raise _refused("The password must not be your e-mail address; choose another one.")


def hash_password(password: str) -> str:
    """The Argon2id hash to store."""
    with _turns:
        return _hasher.hash(normalized(password))


def verify_password(stored: str | None, password: str) -> bool:
    """True when the password is the one behind the stored hash.

    Without a stored hash a dummy is verified, so that an unknown person takes as long as a known one.
    """
    typed = normalized(password)
    usable = SHORTEST <= len(typed) <= LONGEST and all(unicodedata.category(s) not in {"Cc", "Cs"} for s in typed)
    if not usable:
        stored, typed = None, ""
    with _turns:
        return _verify(stored or _dummy(), typed) and stored is not None


def needs_rehash(stored: str) -> bool:
    """True for bcrypt, and for Argon2id with other parameters than today's."""
    return stored.startswith(_BCRYPT_PREFIXES) or _hasher.check_needs_rehash(stored)


def normalized(password: str) -> str:
    """The password as it is hashed: Unicode form NFC, without spaces at both ends (sign-in forms trim those)."""
    return unicodedata.normalize("NFC", password).strip()


def _verify(stored: str, password: str) -> bool:
    if stored.startswith(_BCRYPT_PREFIXES):
        try:
            return bcrypt.checkpw(password.encode()[:_BCRYPT_BYTES], stored.encode())
        except ValueError:  # what is stored is no hash
            return False
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


@lru_cache(maxsize=1)
def _dummy() -> str:
    return _hasher.hash(secrets.token_urlsafe(32))


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    with gzip.open(COMMON_PASSWORDS, "rt", encoding="utf-8") as lines:
        return frozenset(line.strip() for line in lines)


def _refused(sentence: str) -> InvalidInput:
    return InvalidInput(sentence, fields={"password": sentence})
