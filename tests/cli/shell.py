"""The command line as a shell runs it, within the process of the test."""

from typer.testing import CliRunner, Result

from clinic_core.cli.main import app


def clinic(*arguments: str, typed: str | None = None, **environment: str) -> Result:
    """`clinic ARGUMENTS` with that typed at its prompts."""
    return CliRunner().invoke(app, arguments, input=typed, env=environment)
