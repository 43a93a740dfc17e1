-- Closed days and months: whoever writes money looks whether its day is closed, and whoever closes waits for those who write.

create function closing_lock() returns void language sql
as $$ select pg_advisory_xact_lock(hashtextextended(clinic_organization()::text, 2)) $$;

create function refuse_closed(p_organization uuid, p_day date, p_location uuid) returns void language plpgsql security definer
set search_path = pg_catalog, public, pg_temp as $$
begin
  perform pg_advisory_xact_lock_shared(hashtextextended(p_organization::text, 2));
  if exists (select from closing where organization_id = p_organization and kind = 'month' and clinic_location_id is null
             and starts_on = date_trunc('month', p_day)::date and reopened_at is null)
     or exists (select from closing where organization_id = p_organization and kind = 'day' and clinic_location_id = p_location
                and starts_on = p_day and reopened_at is null) then
    raise exception 'The books of % are closed.', p_day using errcode = '23514', constraint = 'period_closed', table = 'closing',
      detail = jsonb_build_object('day', p_day)::text;
  end if;
end $$;

-- A paper counts from its issue, by month: the money of a day does not change by it.
create function invoice_period() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  perform refuse_closed(new.organization_id, new.issued_on, null);
  return new;
end $$;

-- Money counts in the day it was handed over at its place.
create function receipt_period() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  perform refuse_closed(c.organization_id, c.received_on, c.clinic_location_id)
  from (select distinct organization_id, received_on, clinic_location_id from changed) c;
  return null;
end $$;

create function payment_period() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  perform refuse_closed(c.organization_id, c.applied_on, null) from (select distinct organization_id, applied_on from changed) c;
  return null;
end $$;

create function adjustment_period() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  perform refuse_closed(c.organization_id, c.adjusted_on, null) from (select distinct organization_id, adjusted_on from changed) c;
  return null;
end $$;

-- A payment repeats what its receipt says, and counts from the day on which there was both money and invoice.
create or replace function payment_before() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare v_received date; v_issued date;
begin
  select r.method, r.received_at, r.reference, r.received_on into new.method, new.received_at, new.reference, v_received
  from receipt r where r.organization_id = new.organization_id and r.id = new.receipt_id;
  select i.issued_on into v_issued from invoice i where i.organization_id = new.organization_id and i.id = new.invoice_id;
  new.applied_on := greatest(new.applied_on, v_received, v_issued);
  return new;
end $$;

create function closing_before() returns trigger language plpgsql as $$
declare v_movable text[] := '{reopened_at,reopened_by_user_id,reopen_reason,updated_at,updated_by,version}';
begin
  perform pg_advisory_xact_lock(hashtextextended(new.organization_id::text, 2));
  if tg_op = 'INSERT' then
    if new.reopened_at is not null then
      raise exception 'What is closed is not open.' using errcode = '23514', constraint = 'closing_begins', table = 'closing';
    end if;
    return new;
  end if;
  if old.reopened_at is not null or to_jsonb(new) - v_movable is distinct from to_jsonb(old) - v_movable then
    raise exception 'What was closed and signed does not change.' using errcode = '23514', constraint = 'closing_frozen', table = 'closing';
  end if;
  new.reopened_at := now();
  new.reopened_by_user_id := clinic_actor();
  return new;
end $$;

create trigger d_period before update on invoice for each row
  when (old.status = 'draft' and new.status = 'issued') execute function invoice_period();
create trigger d_period after insert on receipt referencing new table as changed for each statement execute function receipt_period();
create trigger d_period after insert on payment referencing new table as changed for each statement execute function payment_period();
create trigger d_period after insert on adjustment referencing new table as changed for each statement execute function adjustment_period();
create trigger b_before before insert or update on closing for each row execute function closing_before();
