"""Whether the process lives, and whether it can work: database and migrations in order."""

from enum import StrEnum
from functools import lru_cache

from anyio.to_thread import run_sync
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from clinic_core.db.engine import app_engine, translate_operational
from clinic_core.db.migrate import current, head
from clinic_core.errors import ClinicError

_NO_STORE = {"Cache-Control": "no-store"}


class Readiness(StrEnum):
    """What stands between the app and its work."""

    READY = "ready"
    DATABASE_AWAY = "database away"
    MIGRATIONS_PENDING = "migrations pending"


def readiness() -> Readiness:
    """Asks the database whether it answers and stands at the revision of this code."""
    try:
        with app_engine().connect() as connection:
            reached = current(connection)
    except SQLAlchemyError as error:
        if translate_operational(error) is None:
            raise
        return Readiness.DATABASE_AWAY
    except ClinicError:
        return Readiness.DATABASE_AWAY
    return Readiness.READY if reached == _head() else Readiness.MIGRATIONS_PENDING


async def healthz(_request: Request) -> Response:
    """`GET /healthz`: 200 while the process lives, whatever the database does."""
    return JSONResponse({"status": "ok"}, headers=_NO_STORE)


async def readyz(_request: Request) -> Response:
    """`GET /readyz`: 200 only with database and migrations in order."""
    found = await run_sync(readiness)
    return JSONResponse({"status": found.value}, 200 if found is Readiness.READY else 503, _NO_STORE)


@lru_cache(maxsize=1)
def _head() -> str:
    return head()
