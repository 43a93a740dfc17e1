"""The books of the large clinic: invoices of the last three years, nineteen of twenty paid, made where they lie.

Everything follows from the number of an invoice, the oldest first, so the same size and day give the same books. What
triggers derive row by row for everybody else is written along, and `clinic check` recomputes it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from clinic_core.seed.large_plan import SERVICES, ZONE

YEARS_BACK = 3
CHUNK = 50_000
# One of so many is open, every second of these paid by half.
OPEN_EVERY = 20
_DERIVING = {
    "invoice": ("b_before", "c_after_insert"),
    "invoice_line": ("b_before", "c_derived"),
    "receipt": ("c_after", "d_period"),
    "payment": ("b_before", "d_period", "payment_apply"),
}

# Invoice number i, the oldest 0: its day, its place in the year, what it comes to and what was paid.
_PLAN = """
    create temporary table planned on commit drop as
    select i, gen_random_uuid() as id, gen_random_uuid() as receipt_id, patient_id, site_id, code, name, day,
      extract(year from day)::int as year, total,
      row_number() over (partition by extract(year from day) order by i) as sequence,
      least(day + (i % 10)::int, cast(:today as date)) as paid_on,
      case when i % :every <> 0 then total when i % (2 * :every) = 0 then round(total / 2, 2) else 0 end as paid
    from (
      select i, cast(:start as date) + (i * :days / :count)::int as day,
        (select sum((cast(:prices as numeric[]))[((i + k) % :services)::int + 1])
         from generate_series(0, i % 3) k)::numeric(14, 2) as total,
        p.id as patient_id, p.clinic_location_id as site_id, p.code, p.first_name || ' ' || p.last_name as name
      from generate_series(0::bigint, :count - 1) i
      join (select row_number() over (order by code) - 1 as n, * from patient
            where organization_id = :organization) p
        on p.n = i % (select count(*) from patient where organization_id = :organization)) numbered
"""
_INVOICES = """
    insert into invoice (id, organization_id, patient_id, clinic_location_id, kind, status, number, series, series_year,
      sequence, issued_at, issued_on, due_at, due_on, currency, bill_to_json, seller_json, totals_json, net, tax, total,
      paid, created_at)
    select id, :organization, patient_id, site_id, 'invoice', 'issued',
      :series || '-' || year || '-' || lpad(sequence::text, greatest(5, length(sequence::text)), '0'), :series, year,
      sequence, (day + time '10:00') at time zone :zone, day, (day + 15)::timestamp at time zone :zone, day + 14, 'EUR',
      jsonb_build_object('name', name, 'address', '', 'reference', code, 'is_patient', true),
      jsonb_build_object('name', cast(:name as text)),
      jsonb_build_object('net', total::text, 'tax', '0.00', 'total', total::text, 'lines_net', (
        select jsonb_agg((cast(:prices as numeric(14, 2)[]))[((i + k) % :services)::int + 1]::text order by k)
        from generate_series(0, i % 3) k),
        'tax_by_rate', jsonb_build_array(jsonb_build_object('rate', '0', 'net', total::text, 'tax', '0.00'))),
      total, 0, total, paid, (day + time '10:00') at time zone :zone
    from planned where i >= :first and i < :last order by i
"""
_EVENTS = """
    insert into document_event (id, organization_id, invoice_id, from_status, to_status, created_at)
    select gen_random_uuid(), :organization, p.id, s.before, s.after, (day + time '10:00') at time zone :zone
    from planned p cross join (values (null, 'draft'), ('draft', 'issued')) s(before, after)
    where i >= :first and i < :last order by i, s.after
"""
_LINES = """
    insert into invoice_line (id, organization_id, invoice_id, position, item_type, product_service_id,
      practitioner_user_id, description, qty, unit_price, net, created_at)
    select gen_random_uuid(), :organization, p.id, k + 1, 'service',
      (cast(:items as uuid[]))[((i + k) % :services)::int + 1],
      (cast(:people as uuid[]))[(i % cardinality(cast(:people as uuid[])))::int + 1],
      (cast(:names as text[]))[((i + k) % :services)::int + 1], 1,
      (cast(:prices as numeric[]))[((i + k) % :services)::int + 1],
      (cast(:prices as numeric[]))[((i + k) % :services)::int + 1], (day + time '10:00') at time zone :zone
    from planned p cross join lateral generate_series(0, i % 3) k where i >= :first and i < :last order by i, k
"""
_RECEIPTS = """
    insert into receipt (id, organization_id, patient_id, clinic_location_id, number, amount, allocated, method,
      received_at, received_on, created_at)
    select receipt_id, :organization, patient_id, site_id,
      :receipts || '-' || paid_year || '-' || lpad(n::text, greatest(5, length(n::text)), '0'), paid, paid,
      (array['cash', 'card', 'transfer'])[(i % 3)::int + 1], (paid_on + time '11:00') at time zone :zone, paid_on,
      (paid_on + time '11:00') at time zone :zone
    from (select *, extract(year from paid_on)::int as paid_year,
            row_number() over (partition by extract(year from paid_on) order by paid_on, i) as n
          from planned where paid > 0) numbered
    where i >= :first and i < :last order by i
"""
_PAYMENTS = """
    insert into payment (id, organization_id, invoice_id, receipt_id, amount, applied_on, method, received_at,
      created_at)
    select gen_random_uuid(), :organization, p.id, receipt_id, paid, paid_on,
      (array['cash', 'card', 'transfer'])[(i % 3)::int + 1], (paid_on + time '11:00') at time zone :zone,
      (paid_on + time '11:00') at time zone :zone
    from planned p where paid > 0 and i >= :first and i < :last order by i
"""
_SERIES = """
    insert into number_series (organization_id, series, year, last)
    select :organization, :series, year, max(sequence) from planned group by year
    union all
    select :organization, :receipts, extract(year from paid_on)::int, count(*) from planned where paid > 0 group by 3
"""


@dataclass(frozen=True)
class Books:
    """What the books are made of: services in the order of the plan, the people of the first site."""

    organization_id: UUID
    name: str
    services: list[UUID]
    people: list[UUID]


def chunks_of(count: int) -> list[tuple[int, int]]:
    """The numbers of the invoices in parts: from the first, before the last."""
    return [(first, min(first + CHUNK, count)) for first in range(0, count, CHUNK)]


def plan_books(session: Session, books: Books, count: int, today: date) -> dict[str, object]:
    """Plans the invoices in a table of the transaction; answers what `write_books` needs."""
    start = today - timedelta(days=YEARS_BACK * 365)
    values: dict[str, object] = {
        "organization": books.organization_id,
        "name": books.name,
        "count": count,
        "start": start,
        "today": today,
        "days": (today - start).days,
        "every": OPEN_EVERY,
        "prices": [service.price for service in SERVICES],
        "names": [service.name for service in SERVICES],
        "services": len(SERVICES),
        "items": books.services,
        "people": books.people,
        "series": "INV",
        "receipts": "RCT",
        "zone": ZONE,
    }
    session.execute(text(_PLAN), values)
    session.execute(text("create index on planned (i)"))
    session.execute(text("analyze planned"))
    session.execute(text(_SERIES), values)
    return values


def write_books(session: Session, values: dict[str, object], parts: Iterable[tuple[int, int]]) -> None:
    """Writes the planned invoices, and what was paid on them, part by part."""
    _switch(session, "disable")
    for first, last in parts:
        part = {**values, "first": first, "last": last}
        for statement in (_INVOICES, _EVENTS, _LINES, _RECEIPTS, _PAYMENTS):
            session.execute(text(statement), part)
    _switch(session, "enable")


def _switch(session: Session, word: str) -> None:
    """The triggers that check and derive, off and on in one transaction; nobody else writes there meanwhile."""
    for table, triggers in _DERIVING.items():
        for trigger in triggers:
            session.execute(text(f"alter table {table} {word} trigger {trigger}"))
