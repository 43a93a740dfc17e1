"""`clinic bench`: measurements against a floor, on a database of their own; the code is in `benchmarks/`."""

import importlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Protocol

import typer

from clinic_core.auth.baseline import seed_baseline
from clinic_core.db.engine import database_url, dispose_engines
from clinic_core.db.migrate import upgrade
from clinic_core.db.roles import DatabaseRole
from clinic_core.errors import ConfigurationError
from clinic_core.settings import PROJECT_ROOT, settings

ELSEWHERE = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_REPLICA_URL", "DATABASE_LISTEN_URL")


class Result(Protocol):
    """What a measurement says; made in `benchmarks/result.py`."""

    name: str
    figure: float
    unit: str
    floor: float
    scale: int
    ratio: float
    details: Mapping[str, object]


class Benchmark(StrEnum):
    """The measurements there are."""

    AGING = "aging"
    BOOKING = "booking"
    CSV = "csv"
    DAY_VIEW = "day-view"
    INVOICE = "invoice"
    INVOICE_LIST = "invoice-list"
    PDF = "pdf"
    RACE = "race"
    RECEIPTS = "receipts"
    SLOTS = "slots"
    STATEMENTS = "statements"


# Whose module has another name, because Python has one of theirs.
_MODULES = {Benchmark.CSV: "csv_export"}


def bench(
    name: Annotated[Benchmark, typer.Argument(help="What to measure.")],
    scale: Annotated[
        int | None, typer.Option(help="How many times, or how many rows; each measurement has its usual one.", min=1)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure on a PostgreSQL server made for it and thrown away; nobody's data is touched."""
    run = _measurement(name)
    with _server_of_its_own():
        result = run() if scale is None else run(scale)
    if as_json:
        report = {
            "name": result.name,
            "figure": result.figure,
            "unit": result.unit,
            "floor": result.floor,
            "ratio": round(result.ratio, 2),
            "scale": result.scale,
            **result.details,
        }
        typer.echo(json.dumps(report))
        return
    typer.echo(f"{result.name}: {result.figure} {result.unit}, floor {result.floor}, ratio {result.ratio:.2f}")
    for name_of, value in result.details.items():
        typer.echo(f"  {name_of.replace('_', ' ')}: {value}")


def _measurement(name: Benchmark) -> Callable[..., Result]:
    if not (PROJECT_ROOT / "benchmarks").is_dir():
        raise ConfigurationError("Benchmarks are part of the source tree, not of an installed package.")
    if str(PROJECT_ROOT) not in sys.path:
        sys.path.insert(0, str(PROJECT_ROOT))
    module = _MODULES.get(name, name.replace("-", "_"))
    found: Callable[..., Result] = importlib.import_module(f"benchmarks.{module}").run
    return found


@contextmanager
def _server_of_its_own() -> Iterator[None]:
    """An embedded server with production settings in a temporary directory, migrated; the process works on it."""
    before = {key: os.environ.get(key) for key in (*ELSEWHERE, "CLINIC_DATA_DIR")}
    with tempfile.TemporaryDirectory(prefix="clinic-bench-") as folder:
        Path(folder).chmod(0o755)  # a server that root starts runs as another user
        _work_on({**dict.fromkeys(ELSEWHERE), "CLINIC_DATA_DIR": folder})
        try:
            upgrade(database_url(DatabaseRole.OWNER))
            seed_baseline()
            yield
        finally:
            _work_on(before)


def _work_on(environment: dict[str, str | None]) -> None:
    dispose_engines()
    for key, value in environment.items():
        if value is None:
            os.environ.pop(key, None)
        else:
            os.environ[key] = value
    settings.cache_clear()
