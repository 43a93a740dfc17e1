"""Where database sessions begin: one transaction each, failures turned into what a person can act on."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import errors as pg
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from clinic_core.db.engine import app_engine, owner_engine, translate_operational
from clinic_core.errors import Conflict, InvalidInput


class Deadlock(Conflict):
    """PostgreSQL ended one of two transactions that waited for each other; `perform` repeats it."""

    code = "deadlock"


@contextmanager
def app_session() -> Iterator[Session]:
    """One transaction as clinic_app: commit on clean exit, roll back on any error.

    It names no organisation, so it sees no tenant's row; only the named look-up functions work in it. What works
    for an actor is `unit_of_work`.

    Raises:
        Unavailable: the database does not answer; nothing was saved.
    """
    with _translating(), Session(app_engine(), expire_on_commit=False) as session:
        yield session
        session.commit()


@contextmanager
def owner_session() -> Iterator[Session]:
    """One transaction as the owner of the database, as `app_session`; row-level security does not bind it."""
    with _translating(), Session(owner_engine(), expire_on_commit=False) as session:
        yield session
        session.commit()


@contextmanager
def _translating() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise _translated(error) from error


def _translated(error: DBAPIError) -> Exception:
    unavailable = translate_operational(error)
    if unavailable is not None:
        return unavailable
    if isinstance(error.orig, pg.DeadlockDetected | pg.SerializationFailure):
        return Deadlock("Two people changed the same rows at once; please try again.")
    if isinstance(error.orig, pg.DataError):
        return InvalidInput("A value is too long, too large or has characters that cannot be stored.")
    if isinstance(error, IntegrityError):
        name = error.orig.diag.constraint_name if isinstance(error.orig, pg.Error) else None
        return Conflict(f"The change contradicts a rule of the clinic ({name}); nothing was saved.")
    return error
