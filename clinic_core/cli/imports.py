"""`clinic import`: data of other systems, taken in from the shell."""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from clinic_core.access import perform, system_actor
from clinic_core.billing.schemas import ImportCatalogue
from clinic_core.billing.service import import_catalogue, refused_rows
from clinic_core.errors import InvalidInput
from clinic_core.interchange.catalogue import checked_mapping, read_catalogue
from clinic_core.interchange.catalogue_file import read_table
from clinic_core.interchange.synthea import FlaggedRow, ImportReport, ImportSynthea, import_synthea
from clinic_core.interchange.synthea.importer import Progress as Told
from clinic_core.interchange.synthea.report import FlagSink
from clinic_core.kit.money import parse_percent
from clinic_core.kit.text import safe_cell

app = typer.Typer(no_args_is_help=True, help="Take in data of other systems.")

SHOWN = 20


@app.callback()
def importing() -> None:
    """Take in data of other systems."""


@app.command()
def synthea(
    directory: Annotated[Path, typer.Argument(help="Directory with Synthea's CSV files, plain or gzip.")],
    organization: Annotated[str, typer.Option(help="The organisation that takes the data in; made when missing.")],
    timezone: Annotated[
        str | None, typer.Option(help="Time zone of the locations that are made; UTC, as in the files, if left out.")
    ] = None,
    flagged: Annotated[Path | None, typer.Option(help="Write every odd row to this CSV file.", dir_okay=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Import patients, encounters and their money; repeating it, or resuming it, adds nothing twice."""
    request = ImportSynthea(directory, organization, timezone)
    with _flagged_file(flagged) as sink, _bars() as progress:
        report = import_synthea(request, progress=progress, sink=sink)
    if as_json:
        typer.echo(json.dumps(report.as_json()))
    else:
        _print_report(report)


@app.command()
def catalogue(
    file: Annotated[Path, typer.Argument(help="Price list: CSV or XLSX, headings in its first line.", dir_okay=False)],
    *,
    organization: Annotated[str, typer.Option(help="The organisation whose catalogue it is.")],
    mapping: Annotated[
        list[str] | None, typer.Option("--map", help="Which heading is what: code=Nummer; repeat it for more.")
    ] = None,
    tax_rate: Annotated[str, typer.Option(help="Tax in per cent of new items whose row says none.")] = "0",
    duration: Annotated[int | None, typer.Option(help="Minutes of new services whose row says none.")] = None,
    flagged: Annotated[Path | None, typer.Option(help="Write every odd row to this CSV file.", dir_okay=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Create or change items of the catalogue by their code; repeating it changes nothing."""
    try:
        table = read_table(file.read_bytes())
    except OSError as error:
        raise InvalidInput(f"“{file}” cannot be read: {error.strerror or 'no reason'}.") from error
    reading = read_catalogue(table, checked_mapping(table.headers, _asked(mapping or [])))
    request = ImportCatalogue(
        items=reading.items,
        refused=reading.refused,
        tax_rate=parse_percent(tax_rate, field="tax_rate"),
        duration_minutes=duration,
    )
    done = perform(system_actor(organization), import_catalogue, request)
    if flagged is not None:
        _write(flagged, refused_rows(done.refused).csv())
    if as_json:
        typer.echo(done.model_dump_json())
        return
    typer.echo(
        f"{done.created:,} created, {done.updated:,} updated ({done.repriced:,} with a new price),"
        f" {done.unchanged:,} unchanged, {len(done.refused):,} left out"
    )
    for row in done.refused[:SHOWN]:
        typer.echo(f"line {row.line}: {row.sentence}")
    if len(done.refused) > SHOWN:
        typer.echo("All odd rows are written to a file by --flagged FILE.")


def _asked(mapping: list[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in mapping]
    for column, sign, _ in pairs:
        if not sign:
            raise InvalidInput(f"--map {column} is not written like column=heading, for example code=Nummer.")
    return {column.strip().lower(): heading.strip() for column, _, heading in pairs}


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise InvalidInput(f"“{path}” cannot be written: {error.strerror or 'no reason'}.") from error


@contextmanager
def _bars() -> Iterator[Told]:
    """Bars on standard error, one per file, where a person looks."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def told(name: str, done: int, size: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=size)
            bars.update(tasks[name], completed=done)

        yield told


@contextmanager
def _flagged_file(path: Path | None) -> Iterator[FlagSink | None]:
    if path is None:
        yield None
        return
    try:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["entity", "id", "reason"])

            def sink(row: FlaggedRow) -> None:
                for reason in row.reasons:
                    writer.writerow([row.entity.value, safe_cell(row.external_id), reason])

            yield sink
    except OSError as error:
        raise InvalidInput(f"“{path}” cannot be written: {error.strerror or 'no reason'}.") from error


def _print_report(report: ImportReport) -> None:
    names = ("read", "created", "updated", "unchanged", "skipped", "flagged")
    typer.echo(f"{report.organization}:")
    typer.echo(" " * 15 + "".join(f"{name:>11}" for name in names))
    for entity, counts in report.counts_json().items():
        typer.echo(f"{entity:<15}" + "".join(f"{counts[name]:>11,}" for name in names))
    typer.echo(
        f"{report.rounded.count:,} amounts were rounded half up to cents,"
        f" by {report.rounded.amount:f} in all and {report.rounded.difference:f} on balance."
    )
    for flag, number in report.reasons.most_common():
        typer.echo(f"{number:>7,}  {flag.sentence}")
    for row in report.listed[:SHOWN]:
        typer.echo(f"{row.entity.value} {row.external_id}: {' '.join(row.reasons)}")
    if sum(report.reasons.values()) > SHOWN:
        typer.echo("All odd rows are written to a file by --flagged FILE.")
