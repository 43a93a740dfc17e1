"""`clinic database`: the embedded server as an operator sees it, and the connection URL of whichever server is used."""

import json
from typing import Annotated

import typer

from clinic_core.db.embedded import EmbeddedPostgres
from clinic_core.db.engine import embedded_server, libpq_url
from clinic_core.db.roles import DatabaseRole
from clinic_core.errors import ConfigurationError

app = typer.Typer(no_args_is_help=True, help="The embedded PostgreSQL server.")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def start(as_json: Json = False) -> None:
    """Start the embedded server and leave it running until `stop`."""
    server = _embedded_server()
    server.start()
    server.keep_running()
    _print_status(server, as_json=as_json)


@app.command()
def stop(as_json: Json = False) -> None:
    """Stop the embedded server, even while programs use it."""
    stopped = _embedded_server().shut_down()
    sentence = "The server is stopped." if stopped else "The server did not run."
    typer.echo(json.dumps({"stopped": stopped}) if as_json else sentence)


@app.command()
def status(as_json: Json = False) -> None:
    """Tell whether the embedded server runs, and where its files lie."""
    _print_status(_embedded_server(), as_json=as_json)


@app.command()
def url(
    role: Annotated[DatabaseRole, typer.Option(help="Whose login.")] = DatabaseRole.APP, as_json: Json = False
) -> None:
    """Print the connection URL; an embedded server is started and left running until `stop`."""
    address = libpq_url(role)
    server = embedded_server()
    if server is not None:
        server.keep_running()
    typer.echo(json.dumps({"role": role.value, "url": address}) if as_json else address)


def _embedded_server() -> EmbeddedPostgres:
    server = embedded_server()
    if server is None:
        raise ConfigurationError("DATABASE_URL is set, so there is no embedded server to start, stop or ask.")
    return server


def _print_status(server: EmbeddedPostgres, *, as_json: bool) -> None:
    found = server.status()
    if as_json:
        report = {
            "running": found.running,
            "pid": found.pid,
            "version": found.version,
            "data_directory": str(found.data_directory),
            "socket_directory": str(found.socket_directory),
            "kept": found.kept,
        }
        typer.echo(json.dumps(report))
        return
    state = f"runs (process {found.pid})" if found.running else "does not run"
    typer.echo(f"PostgreSQL {found.version} {state}.")
    typer.echo(f"Data: {found.data_directory}")
    typer.echo(f"Socket: {found.socket_directory}")
