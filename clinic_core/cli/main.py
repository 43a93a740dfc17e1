"""The command `clinic`: every group of commands is a file beside this one and is named here."""

from typing import Any

import typer
from sqlalchemy.exc import SQLAlchemyError
from typer.core import TyperGroup

from clinic_core.cli import bench, check, database, demo, imports, migrate, owner, report, seed, serve, worker
from clinic_core.db.embedded import exit_on_sigterm
from clinic_core.db.engine import owner_engine, refuse_without_app_role, translate_operational
from clinic_core.db.migrate import is_behind
from clinic_core.errors import ClinicError, ConfigurationError, Unavailable


class ClinicGroup(TyperGroup):
    """Turns a refusal into its sentence and exit code 1; wrong usage keeps exit code 2."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; what a person can act on is told without a traceback."""
        try:
            return super().invoke(ctx)
        except Unavailable as error:
            refusal: ClinicError = _unready() or error
        except ClinicError as error:
            refusal = error
        except SQLAlchemyError as error:
            translated = translate_operational(error)
            if translated is None or isinstance(translated, Unavailable):
                translated = _unready() or translated
            if translated is None:
                raise
            refusal = translated
        typer.echo(refusal.message, err=True)
        raise typer.Exit(1)


def _unready() -> ClinicError | None:
    """What the operator has to do first, when that is why a command failed."""
    try:
        with owner_engine().connect() as connection:
            if is_behind(connection):
                return ConfigurationError("The database does not fit this version yet; run: clinic migrate")
            refuse_without_app_role(connection)
    except ConfigurationError as error:
        return error
    except (ClinicError, SQLAlchemyError):
        return None
    return None


app = typer.Typer(cls=ClinicGroup, no_args_is_help=True, add_completion=False, pretty_exceptions_show_locals=False)
app.command("migrate")(migrate.migrate)
app.command("check")(check.check)
app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.command("worker")(worker.worker)
app.command("create-owner")(owner.create_owner_command)
app.command("bench")(bench.bench)
app.add_typer(seed.app, name="seed")
app.add_typer(database.app, name="database")
app.add_typer(imports.app, name="import")
app.add_typer(report.app, name="report")


@app.callback()
def main() -> None:
    """Clinicboard: one data app for an outpatient clinic."""
    exit_on_sigterm()
