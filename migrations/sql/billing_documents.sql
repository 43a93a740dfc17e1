-- Issued papers do not change, numbers have no gaps, totals are those of the lines.

create function next_number(p_series text, p_year int) returns int language sql security definer set search_path = pg_catalog, public, pg_temp as $$
  insert into number_series (organization_id, series, year, last) values (clinic_organization(), p_series, p_year, 1)
  on conflict (organization_id, series, year) do update set last = number_series.last + 1 returning last $$;

-- A block of consecutive numbers for bulk work; answers the first of them, and NULL (nothing given out) for a count below one.
create function next_numbers(p_series text, p_year int, p_count int) returns int language sql security definer set search_path = pg_catalog, public, pg_temp as $$
  insert into number_series (organization_id, series, year, last) select clinic_organization(), p_series, p_year, p_count where p_count > 0
  on conflict (organization_id, series, year) do update set last = number_series.last + excluded.last returning last - p_count + 1 $$;

create function invoice_refuse(p_message text, p_constraint text) returns void language plpgsql as $$
begin raise exception '%', p_message using errcode = '23514', table = 'invoice', constraint = p_constraint; end $$;

-- SECURITY INVOKER on purpose: current_user tells the app's own statements from those of our triggers.
create function invoice_before() returns trigger language plpgsql as $$
declare
  v_movable text[] := '{balance,updated_at,updated_by,version,paid,credited,written_off}';
  v_lines record;
begin
  if tg_op = 'DELETE' then
    if old.status <> 'draft' then perform invoice_refuse('An issued document is not deleted.', 'invoice_frozen'); end if;
    return old;
  end if;
  if tg_op = 'INSERT' then
    if new.status <> 'draft' then perform invoice_refuse('A document begins as a draft.', 'invoice_begins_as_draft'); end if;
    if (new.paid, new.credited, new.written_off) <> (0, 0, 0) then perform invoice_refuse('paid, credited and written_off follow from payments.', 'invoice_derived'); end if;
    return new;
  end if;
  if current_user = 'clinic_app' and (new.paid, new.credited, new.written_off) is distinct from (old.paid, old.credited, old.written_off) then
    perform invoice_refuse('paid, credited and written_off follow from payments.', 'invoice_derived');
  end if;
  if old.status = 'draft' and new.status = 'draft' then return new; end if;
  if old.status = 'draft' and new.status = 'issued' then
    select count(*) as lines, coalesce(sum(l.net), 0) as net,
           (select coalesce(sum(round(g.net * g.tax_rate, 2)), 0) from (select tax_rate, sum(net) as net from invoice_line
             where organization_id = new.organization_id and invoice_id = new.id group by tax_rate) g) as tax
      into v_lines from invoice_line l where l.organization_id = new.organization_id and l.invoice_id = new.id;
    if v_lines.lines = 0 then perform invoice_refuse('A document without lines is not issued.', 'invoice_has_lines'); end if;
    if (new.net, new.tax, new.total) is distinct from (v_lines.net, v_lines.tax, v_lines.net + v_lines.tax)
       or ((new.totals_json ->> 'net')::numeric, (new.totals_json ->> 'tax')::numeric, (new.totals_json ->> 'total')::numeric) is distinct from (new.net, new.tax, new.total) then
      perform invoice_refuse('The totals are not those of the lines.', 'invoice_totals');
    end if;
    return new;
  end if;
  if new.status <> old.status then
    if not (old.status = 'issued' and new.status = 'void' and new.kind = 'invoice' and new.credited = new.total) then
      perform invoice_refuse('An issued document becomes void only with its full credit note.', 'invoice_transition');
    end if;
    v_movable := v_movable || '{status}';
  end if;
  if current_setting('clinic.use_case', true) = 'patient.merge' then v_movable := v_movable || '{patient_id}'; end if;
  if to_jsonb(new) - v_movable is distinct from to_jsonb(old) - v_movable then
    perform invoice_refuse('Document ' || old.number || ' is issued and does not change.', 'invoice_frozen');
  end if;
  return new;
end $$;

-- Per statement, not per row, for bulk issue and imports.
create function invoice_after_insert() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  insert into document_event (id, organization_id, invoice_id, to_status)
  select gen_random_uuid(), n.organization_id, n.id, n.status from changed n order by n.id;
  return null;
end $$;

create function invoice_after_update() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if not exists (select from changed n join previous o on o.id = n.id where n.status is distinct from o.status) then return null; end if;
  insert into document_event (id, organization_id, invoice_id, from_status, to_status)
  select gen_random_uuid(), n.organization_id, n.id, o.status, n.status
  from changed n join previous o on o.id = n.id where n.status is distinct from o.status order by n.id;
  if exists (select from changed n where n.kind = 'credit_note') then
    perform from invoice i where i.id in (select n.corrects_invoice_id from changed n join previous o on o.id = n.id
      where n.kind = 'credit_note' and o.status = 'draft' and n.status = 'issued') order by i.id for no key update;
    if exists (select from changed n join previous o on o.id = n.id join invoice i on i.organization_id = n.organization_id and i.id = n.corrects_invoice_id
               where n.kind = 'credit_note' and o.status = 'draft' and n.status = 'issued' and (i.status <> 'issued' or i.kind <> 'invoice')) then
      perform invoice_refuse('Only an issued invoice is credited.', 'credit_needs_issued');
    end if;
    update invoice i set credited = i.credited + c.amount
    from (select n.organization_id, n.corrects_invoice_id, sum(n.total) as amount from changed n join previous o on o.id = n.id
          where n.kind = 'credit_note' and o.status = 'draft' and n.status = 'issued' group by 1, 2) c
    where i.organization_id = c.organization_id and i.id = c.corrects_invoice_id;
  end if;
  return null;
end $$;

-- Waits for a colleague who is issuing, then sees the new status.
create function invoice_line_before() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare v_row record; v_status text;
begin
  if tg_op = 'DELETE' then v_row := old; else v_row := new; end if;
  select status into v_status from invoice where organization_id = v_row.organization_id and id = v_row.invoice_id for no key update;
  if v_status <> 'draft' or (tg_op = 'UPDATE' and new.invoice_id <> old.invoice_id) then
    raise exception 'The lines of an issued document do not change.' using errcode = '23514', table = 'invoice_line', constraint = 'invoice_line_frozen';
  end if;
  if tg_op = 'DELETE' then return old; end if;
  return new;
end $$;

create function adjustment_apply() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  perform from invoice where id in (select invoice_id from changed) order by id for no key update;
  if exists (select from changed c join invoice i on i.id = c.invoice_id where i.status <> 'issued' or i.kind <> 'invoice') then
    raise exception 'Only an issued invoice can be written off.' using errcode = '23514', constraint = 'adjustment_needs_issued', table = 'adjustment';
  end if;
  update invoice i set written_off = i.written_off + c.amount from (select invoice_id, sum(amount) as amount from changed group by 1) c where i.id = c.invoice_id;
  return null;
end $$;

create trigger b_before before insert or update or delete on invoice for each row execute function invoice_before();
create trigger c_after_insert after insert on invoice referencing new table as changed for each statement execute function invoice_after_insert();
create trigger c_after_update after update on invoice referencing old table as previous new table as changed for each statement execute function invoice_after_update();
create trigger b_before before insert or update or delete on invoice_line for each row execute function invoice_line_before();
create trigger adjustment_apply after insert on adjustment referencing new table as changed for each statement execute function adjustment_apply();
create trigger append_only before update or delete on adjustment for each row execute function refuse_change('adjustment');
