"""Which connections of a pool may be handed out: a server that was restarted costs nobody an error.

A connection that was used within the last second is only looked at: a server that went away has closed its end, which
needs no round trip to see. One that was quiet for longer is asked.
"""

import select
import time

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

QUIET_SECONDS = 1.0
_USED = "clinic.used"


def hand_out_living(engine: Engine) -> None:
    """Lets the engine's pool replace its connections when one of them turns out to be dead."""

    def ask(connection: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
        used = entry.info.get(_USED)
        if used is None or (time.monotonic() - used < QUIET_SECONDS and not _has_word(connection)):
            return
        try:
            engine.dialect.do_ping(connection)
        except psycopg.Error as error:
            raise InvalidatePoolError from error

    event.listen(engine, "checkout", ask)
    event.listen(engine, "checkin", _note_use)


def _note_use(_connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
    entry.info[_USED] = time.monotonic()


def _has_word(connection: object) -> bool:
    """Whether the server has said something unasked, such as that it ends, or has closed its end."""
    if not isinstance(connection, psycopg.Connection) or connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
