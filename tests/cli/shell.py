"""The command line as a shell runs it, within the process of the test."""

from typer.testing import CliRunner, Result

from clinic_core.cli.main import app

CHECKS = [
    "schema",
    "constraints",
    "row-level security",
    "audit coverage",
    "rules",
    "audit partitions",
    "queue",
    "reservations",
    "numbers",
    "ledger",
]
SOUND = [{"name": name, "status": "ok", "faults": []} for name in CHECKS]
"""What `clinic check --json` prints of a sound database."""


def clinic(*arguments: str, typed: str | None = None, **environment: str) -> Result:
    """`clinic ARGUMENTS` with that typed at its prompts."""
    return CliRunner().invoke(app, arguments, input=typed, env=environment)
