"""The command `clinic`: every group of commands is a file beside this one and is named here."""

from typing import Any

import typer
from sqlalchemy.exc import SQLAlchemyError
from typer.core import TyperGroup

from clinic_core.cli import database
from clinic_core.db.embedded import exit_on_sigterm
from clinic_core.db.engine import translate_operational
from clinic_core.errors import ClinicError


class ClinicGroup(TyperGroup):
    """Turns a refusal into its sentence and exit code 1; wrong usage keeps exit code 2."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; what a person can act on is told without a traceback."""
        try:
            return super().invoke(ctx)
        except ClinicError as error:
            refusal = error
        except SQLAlchemyError as error:
            translated = translate_operational(error)
            if translated is None:
                raise
            refusal = translated
        typer.echo(refusal.message, err=True)
        raise typer.Exit(1)


app = typer.Typer(cls=ClinicGroup, no_args_is_help=True, add_completion=False, pretty_exceptions_show_locals=False)
app.add_typer(database.app, name="database")


@app.callback()
def main() -> None:
    """Clinicboard: one data app for an outpatient clinic."""
    exit_on_sigterm()
