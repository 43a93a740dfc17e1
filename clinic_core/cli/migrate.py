"""`clinic migrate`: bring the database to the newest revision and the permissions in step with the code."""

import json
from typing import Annotated

import typer

from clinic_core.auth.baseline import seed_baseline
from clinic_core.db.engine import database_url, owner_engine, refuse_without_app_role
from clinic_core.db.migrate import upgrade
from clinic_core.db.roles import DatabaseRole


def migrate(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Upgrade the database to the newest revision; permissions and baseline roles follow the code."""
    revision = bring_up_to_date()
    typer.echo(json.dumps({"revision": revision}) if as_json else f"The database stands at revision {revision}.")


def bring_up_to_date() -> str:
    """Migrates and syncs the baseline; returns the revision reached.

    Raises:
        ConfigurationError: the owner's login lacks a right, or the server's one login cannot work as the app's role.
    """
    revision = upgrade(database_url(DatabaseRole.OWNER))
    with owner_engine().connect() as connection:
        refuse_without_app_role(connection)
    seed_baseline()
    return revision
