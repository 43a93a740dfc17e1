"""What the rows must add up to, over all organisations: reservations, document numbers, money.

Every function recomputes from the source what triggers keep beside it, and answers the faults; none means in order.
Faults name rows by id and document number, never by person. Runs as the owner; the schema itself is in `promises`.
"""

from sqlalchemy import Connection, text

FAULTS_SHOWN = 20

_RESERVATIONS = """
    select 'Appointment ' || appointment_id || ': subject ' || subject_id ||
           case when wanted then ' is not reserved as it should be.' else ' is reserved without need.' end
    from (
      (select true as wanted, appointment_id, subject_id from (
         select organization_id, appointment_id, subject_id, kind, basis, during from reservation_wanted
         except select organization_id, appointment_id, subject_id, kind, basis, during from reservation) w)
      union all
      (select false, appointment_id, subject_id from (
         select organization_id, appointment_id, subject_id, kind, basis, during from reservation
         except select organization_id, appointment_id, subject_id, kind, basis, during from reservation_wanted) r)
    ) d
"""
# The documents of a series and year must be 1, 2, 3 … up to the last number given out, each once.
_NUMBERS = """
    with given as (
      select organization_id, series, series_year as year, sequence from invoice where sequence is not null
      union all
      select organization_id, (regexp_match(number, '^(.+)-\\d{4}-\\d+$'))[1],
             (regexp_match(number, '^.+-(\\d{4})-\\d+$'))[1]::int, (regexp_match(number, '(\\d+)$'))[1]::int
      from receipt
    ), counted as (
      select organization_id, series, year, count(*) as documents, count(distinct sequence) as numbers,
             min(sequence) as first, max(sequence) as last from given group by 1, 2, 3
    )
    select 'Organisation ' || c.organization_id || ', series ' || c.series || ' ' || c.year || ': ' ||
           c.documents || ' documents from ' || c.first || ' to ' || c.last || ', ' ||
           coalesce(s.last, 0) || ' numbers given out.'
    from counted c left join number_series s
      on s.organization_id = c.organization_id and s.series = c.series and s.year = c.year
    where c.first <> 1 or c.documents <> c.last or c.numbers <> c.documents or c.last is distinct from s.last
"""
_INVOICES = """
    select 'Document ' || coalesce(i.number, i.id::text) || ': ' || concat_ws(', ',
             case when i.paid <> s.paid then 'paid is ' || i.paid || ', payments are ' || s.paid end,
             case when i.credited <> s.credited
                  then 'credited is ' || i.credited || ', credit notes are ' || s.credited end,
             case when i.written_off <> s.written_off
                  then 'written off is ' || i.written_off || ', adjustments are ' || s.written_off end) || '.'
    from invoice i cross join lateral (select
        (select coalesce(sum(p.amount), 0) from payment p
          where p.organization_id = i.organization_id and p.invoice_id = i.id) as paid,
        (select coalesce(sum(c.total), 0) from invoice c
          where c.organization_id = i.organization_id and c.corrects_invoice_id = i.id
            and c.status = 'issued') as credited,
        (select coalesce(sum(a.amount), 0) from adjustment a
          where a.organization_id = i.organization_id and a.invoice_id = i.id) as written_off) s
    where (i.paid, i.credited, i.written_off) <> (s.paid, s.credited, s.written_off)
"""
_TOTALS = """
    select 'Document ' || i.number || ': its totals are not those of its lines.'
    from invoice i
      left join (select organization_id, invoice_id, sum(net) as net, sum(round(net * tax_rate, 2)) as tax
                 from (select organization_id, invoice_id, tax_rate, sum(net) as net
                       from invoice_line group by 1, 2, 3) rated group by 1, 2) l
        on l.organization_id = i.organization_id and l.invoice_id = i.id
    where i.status <> 'draft' and i.kind = 'invoice'
      and (i.net, i.tax, i.total) is distinct from (l.net, l.tax, l.net + l.tax)
"""
# The credits of an invoice come to what its lines were credited, with the tax of that.
_CREDITS = """
    with credited as (
      select organization_id, corrects_invoice_id as invoice_id, sum(net) as net, sum(tax) as tax
      from invoice where kind = 'credit_note' and status = 'issued' group by 1, 2
    ), of_lines as (
      select organization_id, invoice_id, sum(net) as net, sum(round(net * tax_rate, 2)) as tax
      from (select organization_id, invoice_id, tax_rate,
                   sum(round(credited_qty * unit_price * (1 - discount_rate), 2)) as net
            from invoice_line where credited_qty <> 0 group by 1, 2, 3) rated group by 1, 2
    )
    select 'Document ' || i.number || ': its credit notes are not what its lines were credited.'
    from (select organization_id, invoice_id, c.net as c_net, c.tax as c_tax, l.net as l_net, l.tax as l_tax
          from credited c full join of_lines l using (organization_id, invoice_id)) d
      join invoice i on i.organization_id = d.organization_id and i.id = d.invoice_id
    where (coalesce(c_net, 0), coalesce(c_tax, 0)) <> (coalesce(l_net, 0), coalesce(l_tax, 0))
"""
_RECEIPTS = """
    select 'Receipt ' || r.number || ': ' || concat_ws(', ',
             case when r.allocated <> s.allocated
                  then 'allocated is ' || r.allocated || ', payments are ' || s.allocated end,
             case when r.refunded <> s.refunded
                  then 'refunded is ' || r.refunded || ', refunds are ' || s.refunded end) || '.'
    from receipt r cross join lateral (select
        (select coalesce(sum(p.amount), 0) from payment p
          where p.organization_id = r.organization_id and p.receipt_id = r.id) as allocated,
        (select coalesce(sum(b.amount), 0) from receipt b
          where b.organization_id = r.organization_id and b.refunds_receipt_id = r.id
            and b.kind = 'refund') as refunded) s
    where (r.allocated, r.refunded) <> (s.allocated, s.refunded)
"""
# What a patient owes after credit is what was billed less what was given up and handed over: by the papers of the
# patient alone, so money of one patient on an invoice of another is a fault of both.
_PATIENTS = """
    with kept as (
      select organization_id, patient_id, balance as amount from invoice where balance is not null
      union all
      select organization_id, patient_id, allocated + refunded - amount from receipt where kind = 'receipt'
    ), sources as (
      select organization_id, patient_id, case kind when 'invoice' then total else -total end as amount
      from invoice where issued_on is not null
      union all
      select a.organization_id, i.patient_id, -a.amount
      from adjustment a join invoice i on i.organization_id = a.organization_id and i.id = a.invoice_id
      union all
      select organization_id, patient_id, case kind when 'refund' then amount else -amount end from receipt
    )
    select 'Patient ' || patient_id || ': balances less credit are ' || k.amount || ', papers and money are ' ||
           s.amount || '.'
    from (select organization_id, patient_id, sum(amount) as amount from kept group by 1, 2) k
      full join (select organization_id, patient_id, sum(amount) as amount from sources group by 1, 2) s
      using (organization_id, patient_id)
    where coalesce(k.amount, 0) <> coalesce(s.amount, 0)
"""
# A closed day has by method what its receipts come to, as long as nobody opened it again.
_CLOSED_DAYS = """
    with signed as (
      select c.id, m.value ->> 'method' as method, (m.value ->> 'expected')::numeric as amount
      from closing c cross join lateral jsonb_array_elements(c.figures_json -> 'methods') m
      where c.kind = 'day' and c.reopened_at is null
    ), taken as (
      select c.id, r.method, sum(case r.kind when 'refund' then -r.amount else r.amount end) as amount
      from closing c join receipt r on r.organization_id = c.organization_id
        and r.clinic_location_id = c.clinic_location_id and r.received_on = c.starts_on
      where c.kind = 'day' and c.reopened_at is null
      group by 1, 2
    )
    select 'Closing ' || id || ': ' || method || ' is signed as ' || coalesce(s.amount, 0) || ', receipts are ' ||
           coalesce(t.amount, 0) || '.'
    from signed s full join taken t using (id, method)
    where coalesce(s.amount, 0) <> coalesce(t.amount, 0)
"""
# A closed month has what is dated in it; its beginning and end follow from all that is dated before and in it.
_CLOSED_MONTHS = """
    with dated as (
      select organization_id, issued_on as day, case kind when 'invoice' then 'invoiced' else 'credited' end as step,
             total as amount from invoice where issued_on is not null
      union all
      select organization_id, applied_on, case when amount > 0 then 'paid' else 'released' end, abs(amount) from payment
      union all
      select organization_id, adjusted_on, case when amount > 0 then 'written_off' else 'taken_back' end, abs(amount)
      from adjustment
      union all
      select organization_id, received_on, case kind when 'refund' then 'refunded' else 'received' end, amount
      from receipt
    ), weighed (step, owed, credit) as (values ('invoiced', 1, 0), ('credited', -1, 0), ('paid', -1, -1),
      ('released', 1, 1), ('written_off', -1, 0), ('taken_back', 1, 0), ('received', 0, 1), ('refunded', 0, -1)
    ), summed as (
      select c.id, sum(amount * owed) filter (where day < c.starts_on) as opening,
             sum(amount * owed) as closing, sum(amount * credit) filter (where day < c.starts_on) as credit_opening,
             sum(amount * credit) as credit_closing
      from closing c join dated d on d.organization_id = c.organization_id and d.day <= c.ends_on
        join weighed using (step)
      where c.kind = 'month' and c.reopened_at is null
      group by 1
    ), expected (id, step, amount) as (
      select c.id, d.step, sum(d.amount)
      from closing c join dated d on d.organization_id = c.organization_id and d.day between c.starts_on and c.ends_on
      where c.kind = 'month' and c.reopened_at is null
      group by 1, 2
      union all
      select s.id, f.step, f.amount
      from summed s cross join lateral (values ('opening', s.opening), ('closing', s.closing),
        ('credit_opening', s.credit_opening), ('credit_closing', s.credit_closing)) f (step, amount)
    ), signed as (
      select c.id, f.key as step, (f.value #>> '{}')::numeric as amount
      from closing c cross join lateral jsonb_each(c.figures_json) f
      where c.kind = 'month' and c.reopened_at is null
        and f.key not in ('currency', 'drafts', 'open_days', 'applied')
    )
    select 'Closing ' || id || ': ' || step || ' is signed as ' || coalesce(s.amount, 0) || ', the books say ' ||
           coalesce(e.amount, 0) || '.'
    from signed s full join expected e using (id, step)
    where coalesce(s.amount, 0) <> coalesce(e.amount, 0)
"""
# What was attended is charged by one document; an appointment and its visit are the same thing.
_CHARGED_TWICE = """
    select 'Visit or appointment ' || subject || ': ' || documents || ' documents charge for it.'
    from (select coalesce(l.appointment_id, v.appointment_id, l.visit_id) as subject,
                 count(distinct l.invoice_id) as documents
          from invoice_line l
            join invoice i on i.organization_id = l.organization_id and i.id = l.invoice_id
            left join visit v on v.organization_id = l.organization_id and v.id = l.visit_id
          where l.item_type <> 'product' and l.credited_qty <> l.qty and i.kind = 'invoice' and i.status <> 'void'
            and (l.visit_id is not null or l.appointment_id is not null)
          group by 1) charged
    where documents > 1
"""
_LEDGER = (_INVOICES, _TOTALS, _CREDITS, _RECEIPTS, _PATIENTS, _CHARGED_TWICE, _CLOSED_DAYS, _CLOSED_MONTHS)


def reservation_faults(connection: Connection) -> list[str]:
    """Appointments whose practitioner, room or equipment is not held exactly for their time, and holds of none."""
    return _faults(connection, _RESERVATIONS)


def number_faults(connection: Connection) -> list[str]:
    """Series of invoices, credit notes and receipts with a gap, a double, or a counter that does not fit."""
    return _faults(connection, _NUMBERS)


def ledger_faults(connection: Connection) -> list[str]:
    """Kept amounts of documents, receipts, patients and closings that differ from their rows; what is charged twice."""
    return [fault for query in _LEDGER for fault in _faults(connection, query)]


def _faults(connection: Connection, query: str) -> list[str]:
    found = list(connection.scalars(text(query + " order by 1")))
    more = len(found) - FAULTS_SHOWN
    return found[:FAULTS_SHOWN] + ([f"{more} more."] if more > 0 else [])
