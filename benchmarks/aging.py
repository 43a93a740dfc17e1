"""What everybody owes by age, and the first debtors, over a million invoices of which one in twenty is open.

The floors are the best bare statements by psycopg that answer the same: they know the index of open balances.
"""

from collections.abc import Sequence
from decimal import Decimal

import psycopg

from benchmarks.result import BenchResult
from benchmarks.turns import in_turns
from clinic_core.access import load_actor, perform
from clinic_core.analytics.queries import aging, list_debtors
from clinic_core.analytics.schemas import Aging, AgingRequest, OutstandingRowsRequest
from clinic_core.db.engine import libpq_url
from clinic_core.db.roles import DatabaseRole
from clinic_core.kit.calendar import local_date, zone
from clinic_core.kit.clock import now
from clinic_core.seed.large import LargeSize, seed_large, unseen
from clinic_core.seed.large_plan import ZONE

DEFAULT_SCALE = 1_000_000
PATIENTS_FOR = 20

_AGES = (
    "due_on >= %(today)s - 30",
    "due_on < %(today)s - 30 and due_on >= %(today)s - 60",
    "due_on < %(today)s - 60 and due_on >= %(today)s - 90",
    "due_on < %(today)s - 90",
)
_SUMS = ", ".join(f"sum(balance) filter (where {age})" for age in _AGES)
_COUNTS = ", ".join(f"count(*) filter (where {age})" for age in _AGES)
_OPEN = "from invoice where organization_id = %(organization)s and balance > 0"
_BUCKETS = f"select {_SUMS}, {_COUNTS} {_OPEN}"
_CREDIT = """
    select coalesce(sum(amount - allocated - refunded), 0) from receipt
    where organization_id = %(organization)s and kind = 'receipt' and allocated + refunded < amount
"""
_DEBTORS = f"""
    with owes as materialized (
      select patient_id, count(*), min(due_on), {_SUMS}, sum(balance) as balance {_OPEN} group by 1)
    select o.*, p.first_name, p.last_name, p.preferred_name, p.code, (select count(*) from owes) as among,
      (select sum(balance) from owes) as owed
    from (select * from owes order by balance desc, patient_id limit %(limit)s) o join patient p on p.id = o.patient_id
    order by o.balance desc, o.patient_id
"""  # noqa: S608 the parts are constants of this file


def run(scale: int = DEFAULT_SCALE) -> BenchResult:
    """Makes a clinic of that many invoices and measures both; the figure is that of the ageing."""
    clinic = seed_large("Ageing", LargeSize(max(50, scale // PATIENTS_FOR), invoices=scale), progress=unseen)
    desk = load_actor(clinic.organization_id, clinic.desk)
    wanted = OutstandingRowsRequest()
    values = {
        "organization": clinic.organization_id,
        "today": local_date(now(), zone(ZONE)),
        "limit": wanted.limit,
    }
    with psycopg.connect(libpq_url(DatabaseRole.OWNER)) as bare:

        def sums() -> list[tuple[object, ...]]:
            found = bare.execute(_BUCKETS, values).fetchall()
            bare.execute(_CREDIT, values).fetchall()
            return found

        figure, floor = in_turns(lambda: perform(desk, aging, AgingRequest()), sums, _same_sums)
        debtors, least = in_turns(
            lambda: perform(desk, list_debtors, wanted),
            lambda: bare.execute(_DEBTORS, values).fetchall(),
            lambda page, rows: [row.id for row in page.rows] == [row[0] for row in rows],
        )
    details = {"debtors": debtors, "debtors_floor": least, "debtors_ratio": round(debtors / least, 2)}
    return BenchResult("aging", figure, "ms", floor, scale, details)


def _same_sums(found: Aging, rows: Sequence[tuple[object, ...]]) -> bool:
    ours = [*(each.amount for each in found.buckets), *(each.invoices for each in found.buckets)]
    return ours == [Decimal(str(value or 0)) for value in rows[0]]
