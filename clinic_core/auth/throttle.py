"""The growing delay after failed sign-ins, per account and per address; addresses known only as keyed hashes.

Known and unknown accounts are counted alike, so the delay tells nobody which exist. An attempt during the delay is
not counted and does not prolong it: the delay of an account ends after fifteen minutes at the latest, and that of
the address that keeps failing lasts longer, so that one address cannot keep an account closed.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from clinic_core.access.session import app_session
from clinic_core.auth.server_key import derived_key
from clinic_core.errors import SignInRefused
from clinic_core.kit.ids import new_id

WINDOW = timedelta(hours=24)
KEPT = timedelta(days=30)


@dataclass(frozen=True)
class Delay:
    """How long the next attempt has to wait: from `first` on, doubling once `free` have failed, up to `longest`."""

    free: int
    first: timedelta
    longest: timedelta

    def after(self, failures: int) -> timedelta:
        """The wait after that many failures within the window."""
        doublings = failures - self.free
        if doublings < 0:
            return timedelta(0)
        return min(self.first * (1 << min(doublings, 20)), self.longest)


ACCOUNT_DELAY = Delay(free=5, first=timedelta(seconds=30), longest=timedelta(minutes=15))
ADDRESS_DELAY = Delay(free=20, first=timedelta(seconds=30), longest=timedelta(hours=1))


@dataclass(frozen=True)
class Attempt:
    """An attempt that was let through, counted as failed until it succeeds."""

    id: UUID
    failures: int
    locked_until: datetime


_LOCK = text("select pg_advisory_xact_lock(hashtextextended(:key, 0))")
_FAILURES = text(
    "select now() as now, count(*) filter (where email_hash = :email) as account,"
    " max(created_at) filter (where email_hash = :email) as account_last,"
    " count(*) filter (where address_hash = :address) as address,"
    " max(created_at) filter (where address_hash = :address) as address_last"
    " from sign_in_attempt where (email_hash = :email or address_hash = :address) and created_at > now() - :window"
)
_COUNT = text("insert into sign_in_attempt (id, email_hash, address_hash) values (:id, :email, :address)")
_PURGE = text("delete from sign_in_attempt where created_at < now() - :kept")
_FORGET = text("delete from sign_in_attempt where email_hash = :email")


def admit_attempt(email: str, address: str) -> Attempt:
    """Counts an attempt before its password is looked at, so that a burst of them cannot outrun the count.

    Raises:
        SignInRefused: the account or the address still has to wait; says for how many minutes.
    """
    keys = {"email": _email_hash(email), "address": _keyed("address", address)}
    with app_session() as session:
        for key in sorted(value.hex() for value in keys.values()):
            session.execute(_LOCK, {"key": f"clinic.sign_in {key}"})
        row = session.execute(_FAILURES, {**keys, "window": WINDOW}).one()
        waits = [
            last + delay.after(failures) - row.now
            for delay, failures, last in (
                (ACCOUNT_DELAY, row.account, row.account_last),
                (ADDRESS_DELAY, row.address, row.address_last),
            )
            if last is not None
        ]
        wait = max(waits, default=timedelta(0))
        if wait > timedelta(0):
            raise SignInRefused(_wait_sentence(wait))
        attempt = Attempt(new_id(), row.account + 1, row.now + ACCOUNT_DELAY.after(row.account + 1))
        session.execute(_COUNT, {"id": attempt.id, **keys})
        session.execute(_PURGE, {"kept": KEPT})
    return attempt


def forget_failures(session: Session, email: str) -> None:
    """Ends the delay of an account, within the caller's transaction."""
    session.execute(_FORGET, {"email": _email_hash(email)})


def _email_hash(email: str) -> bytes:
    return _keyed("email", email.lower())


def _keyed(purpose: str, value: str) -> bytes:
    return hmac.digest(derived_key(f"sign-in {purpose}"), value.encode(errors="replace"), hashlib.sha256)


def _wait_sentence(wait: timedelta) -> str:
    minutes = -(-int(wait.total_seconds()) // 60) or 1
    unit = "a minute" if minutes == 1 else f"{minutes} minutes"
    return f"There were too many failed attempts; please wait {unit} and try again."
