"""`clinic report`: the clinic's figures in the shell, the same numbers as on the dashboard."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypeVar
from uuid import UUID

import typer

from clinic_core.access import Actor, Work, perform, system_actor
from clinic_core.analytics.queries import (
    aging,
    list_report_choices,
    no_show_rate,
    outstanding,
    revenue,
    utilization,
)
from clinic_core.analytics.schemas import (
    AgeBasis,
    AgingRequest,
    Choosable,
    NoShow,
    Outstanding,
    OutstandingRequest,
    PeriodFilter,
    ReportChoices,
    Revenue,
    Utilization,
)
from clinic_core.billing.queries import takings
from clinic_core.billing.schemas import MethodTakings, Takings, TakingsRequest
from clinic_core.errors import NotFound
from clinic_core.kit.formats import minutes_text, money, plain_amount, rate_text

app = typer.Typer(no_args_is_help=True, help="Figures of an organisation: outstanding, aging, utilization and more.")

Value = str | int | float | None | Mapping[str, str] | Sequence[Mapping[str, str | int | None]]
Told = tuple[Mapping[str, Value], Sequence[tuple[str, str]]]
"""What a command prints: an object for scripts, and lines of label and text for people."""

Figure = TypeVar("Figure")

Organization = Annotated[str, typer.Option(help="The organisation's name.")]
AsOf = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="As of the end of that day; default now.")]
First = Annotated[
    datetime | None,
    typer.Option("--from", formats=["%Y-%m-%d"], help="First day; default the first of the last day's month."),
]
Last = Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day; default today.")]
Location = Annotated[str | None, typer.Option(help="Only this location: its name or id.")]
Practitioner = Annotated[str | None, typer.Option(help="Only this practitioner: name or id.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


class _Reader:
    """The organisation's software as reader, with the names that options may give."""

    def __init__(self, organization: str) -> None:
        self.actor: Actor = system_actor(organization)
        self.choices: ReportChoices = perform(self.actor, list_report_choices)

    def location(self, wanted: str | None) -> UUID | None:
        """The location of that name or id."""
        return _chosen(wanted, self.choices.locations, "location")

    def practitioner(self, wanted: str | None) -> UUID | None:
        """The practitioner of that name or id."""
        return _chosen(wanted, self.choices.practitioners, "practitioner")

    def period(
        self, first: datetime | None, last: datetime | None, location: str | None, practitioner: str | None
    ) -> PeriodFilter:
        """The days and filters of the options."""
        last_day = last.date() if last else self.choices.today
        return PeriodFilter(
            first_day=first.date() if first else last_day.replace(day=1),
            last_day=last_day,
            clinic_location_id=self.location(location),
            practitioner_user_id=self.practitioner(practitioner),
        )

    def money(self, value: Decimal | None) -> str:
        """An amount as the organisation writes it."""
        return "n/a" if value is None else money(value, self.actor.settings.currency, self.actor.settings.locale)


def _chosen(wanted: str | None, choices: Sequence[Choosable], called: str) -> UUID | None:
    if wanted is None:
        return None
    found = [each.id for each in choices if wanted.strip().casefold() in {each.name.casefold(), str(each.id)}]
    if not found:
        raise NotFound(f"There is no {called} named “{wanted}”.")
    if len(found) > 1:
        raise NotFound(f"{len(found)} have the name “{wanted}”; give the id of the {called}.")
    return found[0]


def _of_a_period(
    name: str, figure: Callable[[Work, PeriodFilter], Figure]
) -> Callable[[Callable[[_Reader, Figure], Told]], None]:
    """Makes a command of what tells a figure; all figures of a period take the same options."""

    def add(told: Callable[[_Reader, Figure], Told]) -> None:
        @app.command(name, help=told.__doc__)
        def command(
            organization: Organization,
            first: First = None,
            last: Last = None,
            location: Location = None,
            practitioner: Practitioner = None,
            as_json: Json = False,
        ) -> None:
            reader = _Reader(organization)
            found = perform(reader.actor, figure, reader.period(first, last, location, practitioner))
            _print(*told(reader, found), as_json=as_json)

    return add


@app.command("outstanding")
def outstanding_command(
    organization: Organization,
    as_of: AsOf = None,
    location: Location = None,
    practitioner: Practitioner = None,
    as_json: Json = False,
) -> None:
    """What patients owe: gross, credit, net."""
    reader = _Reader(organization)
    found = perform(
        reader.actor,
        outstanding,
        OutstandingRequest(
            as_of=as_of.date() if as_of else None,
            clinic_location_id=reader.location(location),
            practitioner_user_id=reader.practitioner(practitioner),
        ),
    )
    _print(_outstanding_values(found), _outstanding_lines(reader, found), as_json=as_json)


@app.command("aging")
def aging_command(
    organization: Organization,
    as_of: AsOf = None,
    location: Location = None,
    practitioner: Practitioner = None,
    basis: Annotated[AgeBasis, typer.Option(help="Count the days from the due or the issue date.")] = AgeBasis.DUE,
    as_json: Json = False,
) -> None:
    """What patients owe by age: 0-30, 31-60, 61-90 and more than 90 days."""
    reader = _Reader(organization)
    found = perform(
        reader.actor,
        aging,
        AgingRequest(
            as_of=as_of.date() if as_of else None,
            clinic_location_id=reader.location(location),
            practitioner_user_id=reader.practitioner(practitioner),
            basis=basis,
        ),
    )
    buckets = {each.bucket.value: plain_amount(each.amount) for each in found.buckets}
    lines = [(each.bucket.label, reader.money(each.amount)) for each in found.buckets]
    _print(
        {**_outstanding_values(found), "basis": found.basis.value, "buckets": buckets},
        [*lines, *_outstanding_lines(reader, found)],
        as_json=as_json,
    )


@_of_a_period("utilization", utilization)
def _told_utilization(reader: _Reader, found: Utilization) -> Told:
    """How much of the working time is booked."""
    values: dict[str, Value] = {
        "from": found.first_day.isoformat(),
        "to": found.last_day.isoformat(),
        "booked_minutes": found.booked_minutes,
        "available_minutes": found.available_minutes,
        "outside_minutes": found.outside_minutes,
        "rate": _number(found.rate),
    }
    lines = [
        ("Utilization", rate_text(found.rate, reader.actor.settings.locale)),
        ("Booked in working time", minutes_text(found.booked_minutes)),
        ("Working time", minutes_text(found.available_minutes)),
        ("Booked outside", minutes_text(found.outside_minutes)),
    ]
    return values, lines


@_of_a_period("no-show", no_show_rate)
def _told_no_show(reader: _Reader, found: NoShow) -> Told:
    """How often patients did not come, and how much was cancelled."""
    cancelled = found.cancelled_late + found.cancelled_early + found.cancelled_by_clinic
    values: dict[str, Value] = {
        "from": found.first_day.isoformat(),
        "to": found.last_day.isoformat(),
        "no_show": found.no_show,
        "attended": found.attended,
        "rate": _number(found.rate),
        "cancelled": cancelled,
        "cancelled_late": found.cancelled_late,
        "cancelled_early": found.cancelled_early,
        "cancelled_by_clinic": found.cancelled_by_clinic,
        "cancellation_rate": _number(found.cancellation_rate),
        "unclosed": found.unclosed,
    }
    lines = [
        ("No-show rate", rate_text(found.rate, reader.actor.settings.locale)),
        ("No-shows", str(found.no_show)),
        ("Attended", str(found.attended)),
        ("Cancelled", str(cancelled)),
        ("Past visits without a final status", str(found.unclosed)),
    ]
    return values, lines


@_of_a_period("revenue", revenue)
def _told_revenue(reader: _Reader, found: Revenue) -> Told:
    """What was invoiced (by issue date) and collected (by day of receipt), by month."""
    values: dict[str, Value] = {
        "from": found.first_day.isoformat(),
        "to": found.last_day.isoformat(),
        "invoiced": plain_amount(found.invoiced),
        "documents": found.documents,
        "collected": None if found.collected is None else plain_amount(found.collected),
        "receipts": found.receipts,
        "currency": found.currency,
        "months": [
            {
                "month": f"{each.month:%Y-%m}",
                "invoiced": plain_amount(each.invoiced),
                "collected": None if each.collected is None else plain_amount(each.collected),
            }
            for each in found.months
        ],
    }
    lines = [("Invoiced", reader.money(found.invoiced)), ("Collected", reader.money(found.collected))]
    return values, lines


@app.command("takings")
def takings_command(
    organization: Organization,
    first: First = None,
    last: Last = None,
    location: Location = None,
    as_json: Json = False,
) -> None:
    """The money handed over in the period by method, less what was paid back."""
    reader = _Reader(organization)
    period = reader.period(first, last, location, None)
    found = perform(reader.actor, takings, TakingsRequest(**period.model_dump(exclude={"practitioner_user_id"})))
    values: dict[str, Value] = {
        "from": found.first_day.isoformat(),
        "to": found.last_day.isoformat(),
        **_taken(found),
        "currency": found.currency,
        "methods": [{"method": each.method.value, **_taken(each)} for each in found.methods],
    }
    lines = [(each.method.label, f"{reader.money(each.net)} ({each.count})") for each in found.methods]
    totals = [("Received", found.received), ("Paid back", found.paid_back), ("Net", found.net)]
    _print(values, [*lines, *((label, reader.money(value)) for label, value in totals)], as_json=as_json)


def _taken(found: Takings | MethodTakings) -> dict[str, str | int]:
    sums = {"received": found.received, "paid_back": found.paid_back, "net": found.net}
    return {**{name: plain_amount(value) for name, value in sums.items()}, "count": found.count}


def _outstanding_values(found: Outstanding) -> dict[str, Value]:
    return {
        "as_of": found.as_of.isoformat(),
        "gross": plain_amount(found.gross),
        "credit": plain_amount(found.credit),
        "net": plain_amount(found.net),
        "invoices": found.invoices,
        "currency": found.currency,
    }


def _outstanding_lines(reader: _Reader, found: Outstanding) -> list[tuple[str, str]]:
    return [
        ("As of", found.as_of.isoformat()),
        ("Gross", f"{reader.money(found.gross)} on {found.invoices} invoices"),
        ("Credit", reader.money(found.credit)),
        ("Net", reader.money(found.net)),
    ]


def _number(rate: Decimal | None) -> float | None:
    return None if rate is None else float(rate)


def _print(values: Mapping[str, Value], lines: Sequence[tuple[str, str]], *, as_json: bool) -> None:
    typer.echo(json.dumps(values) if as_json else "\n".join(f"{label}: {text}" for label, text in lines))
