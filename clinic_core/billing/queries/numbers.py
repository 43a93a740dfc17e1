"""The proof that numbers of documents have no gap (B3)."""

from collections import Counter

from sqlalchemy import text

from clinic_core.access import Permission, Work, query
from clinic_core.billing.schemas import NumberProof, ProveNumbers

# Receipts carry their place in the series only in the number; both kinds may share one prefix and so one series.
_GIVEN = text(
    """
    select sequence, status = 'void' as void from invoice where series = :series and series_year = :year
    union all
    select split_part(number, '-', 3)::int, false from receipt where number like :pattern
    """
)
_LAST = text("select last from number_series where series = :series and year = :year")


@query(Permission.BILLING_MANAGE, name="numbers.prove")
def number_proof(work: Work, request: ProveNumbers) -> NumberProof:
    """First, last and count of a series in a year, with every number missing or given twice; both must be empty."""
    parameters = {"series": request.series, "year": request.year}
    given = work.session.execute(_GIVEN, {**parameters, "pattern": f"{request.series}-{request.year:04d}-%"}).all()
    counts = Counter(row.sequence for row in given)
    last = work.session.execute(_LAST, parameters).scalar() or max(counts, default=0)
    return NumberProof(
        series=request.series,
        year=request.year,
        first=min(counts, default=None),
        last=max(counts, default=None),
        count=len(given),
        voids=sum(row.void for row in given),
        missing=tuple(number for number in range(1, max(last, max(counts, default=0)) + 1) if number not in counts),
        duplicates=tuple(sorted(number for number, times in counts.items() if times > 1)),
    )
