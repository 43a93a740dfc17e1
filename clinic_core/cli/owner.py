"""`clinic create-owner`: the first person of an organisation, who invites everybody else in the browser."""

import json
import os
import sys
from typing import Annotated
from uuid import UUID

import typer

from clinic_core.auth.first_owner import check_owner, create_owner
from clinic_core.auth.passwords import check_new_password
from clinic_core.errors import InvalidInput


def create_owner_command(
    organization: Annotated[str, typer.Option(help="Name of the organisation; it is made when there is none.")],
    email: Annotated[str, typer.Option(help="The address to sign in with.")],
    name: Annotated[str, typer.Option(help="The name colleagues see; the address when left out.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Create an owner who can sign in at once; the password is asked for, or taken from CLINIC_PASSWORD."""
    check_owner(organization=organization, email=email, display_name=name)
    password = _password(email)
    user_id: UUID = create_owner(organization=organization, email=email, display_name=name, password=password)
    typer.echo(json.dumps({"user_id": str(user_id)}) if as_json else f"The owner is created: {user_id}")


def _password(email: str) -> str:
    given = os.environ.get("CLINIC_PASSWORD")
    if given is not None:
        check_new_password(given, email=email)
        return given
    try:
        return _typed_password(email)
    except typer.Abort:
        if sys.stdin.isatty():
            raise
        raise InvalidInput("Nobody is there to type a password; set CLINIC_PASSWORD.") from None


def _typed_password(email: str) -> str:
    while True:
        typed: str = typer.prompt("Password", hide_input=True, err=True)
        try:
            check_new_password(typed, email=email)
        except InvalidInput as refused:
            typer.echo(refused.message, err=True)
            continue
        if typer.prompt("Password again", hide_input=True, err=True) == typed:
            return typed
        typer.echo("The two passwords differ; please type both again.", err=True)
