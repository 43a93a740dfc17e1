"""`clinic check`: does the database hold everything it promises, over all organisations?"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated

import typer
from alembic.util import CommandError
from sqlalchemy import Connection
from sqlmodel import SQLModel

import clinic_core.models  # noqa: F401  (fills the metadata)
from clinic_core.access import owner_work
from clinic_core.cli.progress import steps
from clinic_core.db import books, promises
from clinic_core.db.engine import database_url
from clinic_core.db.migrate import check as compare_with_models
from clinic_core.db.migrate import current, head
from clinic_core.db.roles import DatabaseRole
from clinic_core.kit.clock import now


@dataclass(frozen=True)
class CheckResult:
    """One check and what it found wrong, as sentences without personal data."""

    name: str
    faults: list[str]

    @property
    def status(self) -> str:
        """`ok` or `failed`."""
        return "failed" if self.faults else "ok"


CHECKS: dict[str, Callable[[Connection], list[str]]] = {
    "constraints": lambda connection: promises.constraint_faults(connection, SQLModel.metadata),
    "row-level security": promises.row_security_faults,
    "audit coverage": promises.audit_faults,
    "rules": promises.rule_faults,
    "audit partitions": lambda connection: promises.partition_faults(connection, now().date()),
    "queue": promises.queue_faults,
    "reservations": books.reservation_faults,
    "numbers": books.number_faults,
    "ledger": books.ledger_faults,
}


def check(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list.")] = False) -> None:
    """Examine schema, constraints, row-level security, audit, numbers and ledger; exit code 1 when anything fails."""
    results = list(run_checks())
    if as_json:
        report = [{"name": result.name, "status": result.status, "faults": result.faults} for result in results]
        typer.echo(json.dumps(report))
    else:
        for result in results:
            typer.echo(f"{result.status:<7} {result.name}")
            for fault in result.faults:
                typer.echo(f"        {fault}")
    if any(result.faults for result in results):
        raise typer.Exit(1)


def run_checks() -> Iterator[CheckResult]:
    """All checks in order; a database that is not at the newest revision gets no further than the first."""
    schema = CheckResult("schema", _schema_faults())
    yield schema
    if schema.faults and not _is_migrated():
        return
    with owner_work("check") as session:
        connection = session.connection()
        for name, faults in steps("Checking", CHECKS.items()):
            yield CheckResult(name, faults(connection))


def _is_migrated() -> bool:
    with owner_work("check") as session:
        return current(session.connection()) == head()


def _schema_faults() -> list[str]:
    if not _is_migrated():
        return ["The database is not at the newest revision; run clinic migrate."]
    try:
        compare_with_models(database_url(DatabaseRole.OWNER))
    except CommandError as error:
        return [str(error)]
    return []
