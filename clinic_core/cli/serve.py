"""`clinic serve`: the app for real use, in this process."""

import asyncio
import errno
import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated

import typer
import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from clinic_core.auth.server_key import derived_key
from clinic_core.db.engine import app_engine, dispose_engines
from clinic_core.errors import ConfigurationError, Unavailable
from clinic_core.settings import PROJECT_ROOT
from clinic_core.web.health import Readiness, readiness

FRAME_BYTES = 25 * 1024 * 1024
PING_SECONDS = 20
SHUTDOWN_SECONDS = 10


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.", min=0, max=65535)] = 8501,
) -> None:
    """Start the app and serve it until Ctrl+C or SIGTERM."""
    serve_until_stopped(host, port, lambda address: typer.echo(f"Clinicboard answers at {address}"))


def serve_until_stopped(host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serves the app; `announce` is called with its address once it answers. Port 0 takes a free one.

    On SIGTERM open requests get ten seconds, and the embedded database is left to the others or stopped.

    Raises:
        ConfigurationError: the database lacks migrations, a setting is wrong, or the port cannot be used.
        Unavailable: the database does not answer.
    """
    try:
        refuse_unless_ready("the app")
        _tell_streamlit()
        with _listening(host, port) as listener:
            address = f"http://{_shown(host)}:{listener.getsockname()[1]}"
            server = _Server(_configured(), lambda: announce(address))
            server.run(sockets=[listener])
        if not server.started:
            raise ConfigurationError("The app could not start; the lines above say why.")
    finally:
        dispose_engines()


class _Server(uvicorn.Server):
    """Tells when the app answers."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            await asyncio.to_thread(self._announce)


def refuse_unless_ready(what: str) -> None:
    """Refuses to start `what` before the database answers and has its migrations.

    Raises:
        ConfigurationError: migrations are missing, or a setting is wrong.
        Unavailable: the database does not answer.
    """
    found = readiness()
    if found is Readiness.DATABASE_AWAY:
        with suppress(SQLAlchemyError):
            app_engine().connect().close()  # a wrong setting says what is wrong with it
        raise Unavailable(f"The database does not answer, so {what} was not started.")
    if found is Readiness.MIGRATIONS_PENDING:
        raise ConfigurationError("The database does not fit this version yet; run: clinic migrate")


def _tell_streamlit() -> None:
    """What Streamlit reads from the environment when it is first imported; the rest is in its configuration file."""
    os.environ["STREAMLIT_SERVER_COOKIE_SECRET"] = derived_key("streamlit cookie").hex()
    os.environ["STREAMLIT_SERVER_FILE_WATCHER_TYPE"] = "none"
    if str(PROJECT_ROOT) not in sys.path:
        sys.path.insert(0, str(PROJECT_ROOT))


def _configured() -> uvicorn.Config:
    """Settings of the web server: no log of addresses, no guess about proxies (the gate knows the trusted ones)."""
    return uvicorn.Config(
        "app:app",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ws="websockets-sansio",
        ws_max_size=FRAME_BYTES,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        log_level="warning",
    )


def _listening(host: str, port: int) -> socket.socket:
    """A socket on that address, so that a port in use is a sentence."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=2048)
    except socket.gaierror as error:
        raise ConfigurationError(f"“{host}” is not an address of this machine.") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigurationError(f"Port {port} is in use already; choose another one with --port.") from error
        raise ConfigurationError(f"The app cannot listen on {host}, port {port}: {error.strerror}.") from error


def _shown(host: str) -> str:
    """The address as a browser on this machine types it."""
    if host in {"", "0.0.0.0", "::", "127.0.0.1"}:  # noqa: S104 (compared, not listened on)
        return "localhost"
    return f"[{host}]" if ":" in host else host
