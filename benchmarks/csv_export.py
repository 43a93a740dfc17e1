"""The list of invoices as a CSV file, as the route makes it, against PostgreSQL's own COPY of the same list.

The floor is the best bare statement: the same rows, columns and order, the status derived and the name put together in
SQL, without row-level security, scope and audit, and with nothing made safe for spreadsheets.
"""

import csv
import io
from collections.abc import Iterator

import psycopg

from benchmarks.result import BenchResult
from benchmarks.turns import in_turns
from clinic_core.access import load_actor, perform
from clinic_core.billing.queries import export_invoices
from clinic_core.billing.schemas import InvoiceFilter
from clinic_core.db.engine import libpq_url
from clinic_core.db.roles import DatabaseRole
from clinic_core.seed.large import LargeSize, seed_large, unseen

DEFAULT_SCALE = 100_000
PATIENTS_FOR = 20
TURNS = 12
_COPY = """
    copy (
      select i.number as "Number", initcap(i.kind) as "Kind",
        case when i.status in ('draft', 'void') then initcap(i.status) when i.kind = 'credit_note' then 'Issued'
          when i.balance > 0 then case when i.due_on < (now() at time zone l.timezone)::date then 'Overdue'
            when i.balance < i.total then 'Part paid' else 'Issued' end
          when i.credited > 0 and i.paid = 0 and i.written_off = 0 then 'Credited'
          when i.written_off > 0 then 'Written off' else 'Paid' end as "Status",
        p.first_name || ' ' || p.last_name as "Patient", p.code as "Code", l.name as "Location",
        i.issued_on as "Issued", i.due_on as "Due", i.currency as "Currency", i.net as "Net", i.tax as "Tax",
        i.total as "Total", i.paid as "Paid", i.credited as "Credited", i.written_off as "Written off",
        i.balance as "Balance"
      from invoice i join patient p on p.id = i.patient_id join clinic_location l on l.id = i.clinic_location_id
      where i.organization_id = %(organization)s
      order by i.issued_on desc nulls first, i.id desc
    ) to stdout (format csv, header)
"""


def run(scale: int = DEFAULT_SCALE) -> BenchResult:
    """Makes a clinic of that many invoices and exports them in turns; a list that leaves has at most 100,000 rows."""
    clinic = seed_large("CSV", LargeSize(max(50, scale // PATIENTS_FOR), invoices=scale), progress=unseen)
    desk = load_actor(clinic.organization_id, clinic.desk)
    with psycopg.connect(libpq_url(DatabaseRole.OWNER)) as bare:

        def copy() -> bytes:
            with bare.cursor() as cursor, cursor.copy(_COPY, {"organization": clinic.organization_id}) as lines:
                return b"".join(lines)

        figure, floor = in_turns(
            lambda: perform(desk, export_invoices, InvoiceFilter()).csv(), copy, _same_rows, turns=TURNS
        )
    return BenchResult("csv", figure, "ms", floor, scale)


def _same_rows(made: bytes, copied: bytes) -> bool:
    return all(ours == theirs for ours, theirs in zip(_rows(made), _rows(copied), strict=True))


def _rows(content: bytes) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
