"""`clinic seed`: the baseline every organisation has, the demo clinic, and one of any size."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from clinic_core.auth.baseline import seed_baseline
from clinic_core.cli.progress import steps
from clinic_core.seed.demo import DEMO_ORGANIZATION, DEMO_SEED, seed_demo
from clinic_core.seed.large import LARGE_ORGANIZATION, LARGE_SEED, LargeSize, seed_large

app = typer.Typer(
    no_args_is_help=True, help="Fill the database: baseline roles, the demo clinic, a clinic of any size."
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def baseline(as_json: Json = False) -> None:
    """Sync permissions with the code and give every organisation its baseline roles; changes nothing twice."""
    _print_counts(seed_baseline(), as_json=as_json)


@app.command()
def demo(
    organization: Annotated[str, typer.Option(help="Name of the organisation to make.")] = DEMO_ORGANIZATION,
    seed: Annotated[int, typer.Option(help="Another seed makes another clinic.")] = DEMO_SEED,
    today: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day the clinic lives in; the real one if left out."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a demo clinic: three months behind it, four weeks ahead; all people and contacts are invented."""
    day = today.replace(tzinfo=UTC).date() if today else None
    _print_counts(seed_demo(organization, seed=seed, today=day, progress=steps), as_json=as_json)


@app.command()
def large(
    *,
    organization: Annotated[str, typer.Option(help="Name of the organisation to make.")] = LARGE_ORGANIZATION,
    patients: Annotated[int, typer.Option(help="How many patients.", min=0)] = 5_000,
    appointments: Annotated[int, typer.Option(help="How many appointments; twenty practitioners a site.", min=0)] = (
        100_000
    ),
    invoices: Annotated[
        int, typer.Option(help="How many invoices of the last three years, one of twenty open.", min=0)
    ] = 0,
    seed: Annotated[int, typer.Option(help="Another seed makes another clinic.")] = LARGE_SEED,
    today: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day the clinic lives in; the real one if left out."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a clinic of any size for measuring; all people are invented, nobody can sign in before create-owner."""
    day = today.replace(tzinfo=UTC).date() if today else None
    made = seed_large(organization, LargeSize(patients, appointments, invoices), progress=steps, seed=seed, today=day)
    _print_counts(made.counts(), as_json=as_json)


def _print_counts(counts: dict[str, int], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(counts))
        return
    for name, count in counts.items():
        typer.echo(f"{count:>7,}  {name.replace('_', ' ')}")
