"""What everybody owes by age, and the first debtors, over a million invoices of which one in twenty is open.

The floors are the best bare statements by psycopg that answer the same: they know the table of open balances.
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

_BUCKET = """case when %(today)s - due_on <= 30 then 1 when %(today)s - due_on <= 60 then 2
                  when %(today)s - due_on <= 90 then 3 else 4 end"""
_BUCKETS = f"""
    select bucket, count(*), sum(balance) from (
      select {_BUCKET} as bucket, balance from invoice where organization_id = %(organization)s and balance > 0) aged
    group by 1 order by 1
"""  # noqa: S608 the parts are constants of this file
_CREDIT = """
    select coalesce(sum(amount - allocated - refunded), 0) from receipt
    where organization_id = %(organization)s and kind = 'receipt' and allocated + refunded < amount
"""
_DEBTORS = f"""
    with aged as materialized (
      select patient_id, {_BUCKET} as bucket, balance, due_on from invoice
      where organization_id = %(organization)s and balance > 0),
    owes as (
      select patient_id, count(*), min(due_on), sum(balance) filter (where bucket = 1),
        sum(balance) filter (where bucket = 2), sum(balance) filter (where bucket = 3),
        sum(balance) filter (where bucket = 4), sum(balance) as balance
      from aged group by 1)
    select o.*, p.first_name, p.last_name, p.code, (select count(distinct patient_id) from aged) as among
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
    amounts = [each.amount for each in found.buckets if each.invoices]
    return amounts == [Decimal(str(row[2])) for row in rows]
