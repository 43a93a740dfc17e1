"""The first page of the invoices with their balances, and what all of them owe, at three sizes of the books.

The floor is one bare statement by psycopg that reads the same rows and one that sums. The sizes are a hundredth, a
tenth and the whole of the scale; the figure is that of the largest, and `growth` is what it takes of the smallest.
"""

import psycopg

from benchmarks.result import BenchResult
from benchmarks.turns import in_turns
from clinic_core.access import load_actor, perform
from clinic_core.analytics.queries import outstanding
from clinic_core.analytics.schemas import OutstandingRequest
from clinic_core.billing.queries import count_invoices, list_invoices
from clinic_core.billing.schemas import InvoiceFilter, ListInvoices
from clinic_core.db.engine import libpq_url
from clinic_core.db.roles import DatabaseRole
from clinic_core.seed.large import LargeSize, seed_large, unseen
from clinic_core.seed.large_base import LargeClinic

DEFAULT_SCALE = 1_000_000
PATIENTS_FOR = 20
_PARTS = (100, 10, 1)
_PAGE = """
    select i.id, i.number, i.kind, i.status, i.patient_id, i.clinic_location_id, i.issued_on, i.due_on, i.currency,
      i.net, i.tax, i.total, i.paid, i.credited, i.written_off, i.balance, i.version, p.first_name, p.last_name,
      p.preferred_name, p.code, l.name
    from (select * from invoice where organization_id = %(organization)s
          order by issued_on desc nulls first, id desc limit %(limit)s) i
      join patient p on p.id = i.patient_id join clinic_location l on l.id = i.clinic_location_id
    order by i.issued_on desc nulls first, i.id desc
"""
_COUNT = "select count(*) from (select from invoice where organization_id = %(organization)s limit 10000) counted"


def run(scale: int = DEFAULT_SCALE) -> BenchResult:
    """Makes the clinics one after the other and measures each."""
    figures: dict[str, float] = {}
    floors: dict[str, float] = {}
    balances: dict[str, float] = {}
    for part in _PARTS:
        size = max(1, scale // part)
        patients = max(50, size // PATIENTS_FOR)
        clinic = seed_large(f"Invoice list {size}", LargeSize(patients, invoices=size), progress=unseen)
        figures[f"{size}"], floors[f"{size}"], balances[f"{size}"] = _measured(clinic)
    smallest, largest = next(iter(figures)), f"{scale}"
    details = {
        "figures": figures,
        "floors": floors,
        "ratios": {name: round(figure / floors[name], 2) for name, figure in figures.items()},
        "balance_of_all": balances,
        "growth": round(figures[largest] / figures[smallest], 2),
    }
    return BenchResult("invoice-list", figures[largest], "ms", floors[largest], scale, details)


def _measured(clinic: LargeClinic) -> tuple[float, float, float]:
    desk = load_actor(clinic.organization_id, clinic.desk)
    wanted = ListInvoices()
    values = {"organization": clinic.organization_id, "limit": wanted.limit}
    with psycopg.connect(libpq_url(DatabaseRole.OWNER)) as bare:

        def page() -> list[object]:
            perform(desk, count_invoices, InvoiceFilter())
            return [row.id for row in perform(desk, list_invoices, wanted)]

        def floor() -> list[object]:
            bare.execute(_COUNT, values).fetchall()
            return [row[0] for row in bare.execute(_PAGE, values).fetchall()]

        figure, least = in_turns(page, floor, lambda found, known: found == known)
        balance, _ = in_turns(
            lambda: perform(desk, outstanding, OutstandingRequest()).invoices,
            lambda: bare.execute(
                "select count(*) from invoice where organization_id = %(organization)s and balance > 0", values
            ).fetchone(),
            lambda found, known: known is not None and found == known[0],
        )
    return figure, least, balance
