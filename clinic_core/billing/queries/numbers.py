"""The proof that numbers of documents have no gap (B3), over the whole organisation."""

from collections import Counter

from sqlalchemy import text

from clinic_core.access import Permission, Work, query, use_case
from clinic_core.access.organization import OrganizationSettings
from clinic_core.billing.schemas import NumberProof, NumberSeriesRow, ProveNumbers
from clinic_core.kit.formats import document_number
from clinic_core.kit.tables import Table, table
from clinic_core.kit.text import Cell
from clinic_core.vocabulary import InvoiceKind, InvoiceStatus, ReceiptKind, Scope

# Receipts carry their place in the series only in the number; both kinds may share one prefix and so one series.
_GIVEN = text(
    """
    select sequence, kind, status, issued_on as given_on, total as amount
    from invoice where series = :series and series_year = :year
    union all
    select split_part(number, '-', 3)::int, kind, null, received_on, amount from receipt where number like :pattern
    order by 1
    """
)
_LAST = text("select last from number_series where series = :series and year = :year")
_SERIES = text("select series, year from number_series where last > 0 order by year desc, series")
_HEADER = ("Number", "Kind", "Status", "Date", "Amount")


@query(Permission.BILLING_MANAGE, name="numbers.series")
def list_number_series(work: Work) -> tuple[NumberSeriesRow, ...]:
    """The series and years in which a number was given, the newest year first.

    Raises:
        PermissionDenied: the actor's permission does not reach the whole organisation.
    """
    _check_scope(work, "numbers.series")
    labels = _labels(work.actor.settings)
    return tuple(
        NumberSeriesRow(series=row.series, year=row.year, label=labels.get(row.series, "Earlier prefix"))
        for row in work.session.execute(_SERIES)
    )


@query(Permission.BILLING_MANAGE, name="numbers.prove")
def number_proof(work: Work, request: ProveNumbers) -> NumberProof:
    """First, last and count of a series in a year, with every number missing or given twice; both must be empty.

    Raises:
        PermissionDenied: the actor's permission does not reach the whole organisation.
    """
    _check_scope(work, "numbers.prove")
    given = work.session.execute(_GIVEN, _parameters(request)).all()
    counts = Counter(row.sequence for row in given)
    return NumberProof(
        series=request.series,
        year=request.year,
        first=min(counts, default=None),
        last=max(counts, default=None),
        count=len(given),
        voids=sum(row.status == InvoiceStatus.VOID for row in given),
        missing=_missing(work, request, counts),
        duplicates=tuple(sorted(number for number, times in counts.items() if times > 1)),
    )


@use_case(Permission.BILLING_MANAGE, name="numbers.export")
def export_numbers(work: Work, request: ProveNumbers) -> Table:
    """Every number of a series and year with the paper that has it, in order, the missing ones named; audited.

    Raises:
        PermissionDenied: the actor's permission does not reach the whole organisation.
    """
    _check_scope(work, "numbers.export")
    given = work.session.execute(_GIVEN, _parameters(request)).all()
    missing = _missing(work, request, Counter(row.sequence for row in given))
    cells: list[tuple[int, tuple[Cell, ...]]] = [
        (row.sequence, (_kind(row.kind), _status(row.status), row.given_on, row.amount)) for row in given
    ]
    cells += [(number, ("", "Missing", None, None)) for number in missing]
    rows = [
        (document_number(request.series, request.year, number), *rest)
        for number, rest in sorted(cells, key=lambda one: one[0])
    ]
    work.audit(
        "number_series", None, "export", series=request.series, year=request.year, rows=len(rows), missing=len(missing)
    )
    return table(_HEADER, rows)


def _check_scope(work: Work, name: str) -> None:
    """A series runs through all locations, so only who reaches them all sees whether it has a gap."""
    if work.actor.scope(Permission.BILLING_MANAGE) is not Scope.ORGANISATION:
        raise work.refused(
            name, Permission.BILLING_MANAGE, "Numbers run through the whole organisation, which you may not see."
        )


def _parameters(request: ProveNumbers) -> dict[str, object]:
    return {
        "series": request.series,
        "year": request.year,
        "pattern": f"{request.series}-{request.year:04d}-%",
    }


def _missing(work: Work, request: ProveNumbers, counts: Counter[int]) -> tuple[int, ...]:
    last = work.session.execute(_LAST, {"series": request.series, "year": request.year}).scalar() or 0
    return tuple(number for number in range(1, max(last, max(counts, default=0)) + 1) if number not in counts)


def _labels(settings: OrganizationSettings) -> dict[str, str]:
    """What the prefixes of today are for; one prefix may serve several."""
    labels: dict[str, list[str]] = {}
    for prefix, label in (
        (settings.invoice_prefix, "Invoices"),
        (settings.credit_note_prefix, "Credit notes"),
        (settings.receipt_prefix, "Receipts and refunds"),
    ):
        labels.setdefault(prefix, []).append(label)
    return {prefix: ", ".join(found) for prefix, found in labels.items()}


def _kind(kind: str) -> str:
    return (ReceiptKind(kind) if kind in set(ReceiptKind) else InvoiceKind(kind)).label


def _status(status: str | None) -> str:
    return InvoiceStatus(status).label if status else "Recorded"
