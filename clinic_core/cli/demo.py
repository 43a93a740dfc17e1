"""`clinic demo`: a clinic to try, from nothing to a sign-in page without a question."""

from typing import Annotated

import typer

from clinic_core.cli.migrate import bring_up_to_date
from clinic_core.cli.progress import steps
from clinic_core.cli.serve import serve_until_stopped
from clinic_core.errors import ConfigurationError
from clinic_core.seed.demo import DEMO_ORGANIZATION, DEMO_PASSWORD, seed_demo
from clinic_core.seed.demo_base import PORTAL_SIGN_IN, demo_email, is_demo_ready
from clinic_core.seed.demo_clinic import STAFF
from clinic_core.settings import settings
from clinic_core.vocabulary import BaselineRole


def demo(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.", min=0, max=65535)] = 8501,
) -> None:
    """Set up the database and the demo clinic where they are missing, then serve; sign-ins are printed when ready."""
    if settings().is_production:
        raise ConfigurationError("In production there is no demo; start the app with clinic serve.")
    typer.echo("Preparing the database")
    bring_up_to_date()
    if not is_demo_ready(DEMO_ORGANIZATION):
        typer.echo("Making the demo clinic, three months of it; this takes about half a minute")
        seed_demo(DEMO_ORGANIZATION, progress=steps)
    typer.echo("Starting the app")
    serve_until_stopped(host, port, _announce)


def _announce(address: str) -> None:
    people = [(person.sign_in, person.role, person.name) for person in STAFF]
    typer.echo(f"\nClinicboard answers at {address}\n")
    typer.echo(f"Sign in with the password {DEMO_PASSWORD} as")
    for sign_in, role, name in [*people, (PORTAL_SIGN_IN, BaselineRole.PATIENT, "a patient with portal access")]:
        typer.echo(f"  {demo_email(DEMO_ORGANIZATION, sign_in):<30} {role.label} ({name})")
    typer.echo("\nEverything in it is invented. Ctrl+C stops it, and the data stays for the next time.")
