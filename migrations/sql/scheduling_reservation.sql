-- No double booking: reservations are derived from appointments and their resources, under one exclusion constraint.

-- What ought to be reserved. The buffer follows the appointment. Cancelled and deleted appointments free their time; a no-show keeps it.
create view reservation_wanted with (security_invoker = true) as
select a.organization_id, a.id as appointment_id, s.subject_id, s.kind,
       case when a.imported then 'imported'
            when s.kind = 'practitioner' and a.double_book_reason is not null then 'double_booking'
            when s.kind = 'practitioner' and a.override_kinds_json @> '["buffer"]' then 'buffer_override' end as basis,
       tstzrange(a.starts_at, a.ends_at + a.buffer_minutes * interval '1 minute') as during
from appointment a cross join lateral (
  select a.practitioner_user_id, 'practitioner'
  union all
  select r.resource_id, l.type from appointment_resource r
    join location_resource l on l.organization_id = r.organization_id and l.id = r.resource_id
  where r.organization_id = a.organization_id and r.appointment_id = a.id) s(subject_id, kind)
where a.deleted_at is null and a.status <> 'cancelled';

-- One lock per organisation, taken before any row lock: two writers of one calendar never wait for each other in a circle.
create function calendar_lock(p_organization uuid) returns void language sql
as $$ select pg_advisory_xact_lock(hashtextextended(p_organization::text, 1)) $$;

create function calendar_lock_first() returns trigger language plpgsql as $$
begin
  if clinic_organization() is not null then perform calendar_lock(clinic_organization()); end if;
  return null;
end $$;

create function reservation_clash(p_appointment uuid, p_subject uuid, p_other uuid) returns void language plpgsql as $$
begin
  raise exception 'The time is taken.' using errcode = '23P01', table = 'reservation', constraint = 'reservation_no_overlap',
    detail = jsonb_build_object('appointment_id', p_appointment, 'subject_id', p_subject, 'other_appointment_id', p_other)::text;
end $$;

create function reservation_sync(p_ids uuid[]) returns void language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare v_clash record; v_count bigint;
begin
  perform calendar_lock(o.organization_id)
  from (select distinct organization_id from appointment where id = any(p_ids) order by organization_id) o;
  perform from appointment where id = any(p_ids) order by id for no key update;
  if exists (select from appointment_resource r join appointment a on a.organization_id = r.organization_id and a.id = r.appointment_id
             join location_resource l on l.organization_id = r.organization_id and l.id = r.resource_id
             where r.appointment_id = any(p_ids) and l.clinic_location_id <> a.clinic_location_id and a.deleted_at is null) then
    raise exception 'A room or piece of equipment belongs to another location.'
      using errcode = '23514', table = 'appointment_resource', constraint = 'appointment_resource_location';
  end if;
  delete from reservation r where r.appointment_id = any(p_ids) and not exists (
    select from reservation_wanted w where w.appointment_id = r.appointment_id and w.subject_id = r.subject_id
      and w.during = r.during and w.kind = r.kind and w.basis is not distinct from r.basis);

  select w.appointment_id, w.subject_id, x.appointment_id as other into v_clash
  from reservation_wanted w cross join lateral (
    select r.appointment_id from reservation r
      where r.subject_id = w.subject_id and r.during && w.during and r.exclusive and r.appointment_id <> w.appointment_id
    union all
    select r.appointment_id from reservation r
      where r.subject_id = w.subject_id and r.during && w.during and not r.exclusive and r.appointment_id <> w.appointment_id
    limit 1) x
  where w.appointment_id = any(p_ids) and w.basis is null
    and not exists (select from reservation r where r.appointment_id = w.appointment_id and r.subject_id = w.subject_id)
  limit 1;
  if found then perform reservation_clash(v_clash.appointment_id, v_clash.subject_id, v_clash.other); end if;

  select w.appointment_id, w.subject_id, o.id as other into v_clash
  from reservation_wanted w
    join appointment a on a.id = w.appointment_id
    join reservation r on r.subject_id = w.subject_id and r.during && w.during and r.appointment_id <> w.appointment_id
    join appointment o on o.id = r.appointment_id
  where w.appointment_id = any(p_ids) and w.basis = 'buffer_override'
    and tstzrange(a.starts_at, a.ends_at) && tstzrange(o.starts_at, o.ends_at)
    and not exists (select from reservation s where s.appointment_id = w.appointment_id and s.subject_id = w.subject_id)
  limit 1;
  if found then perform reservation_clash(v_clash.appointment_id, v_clash.subject_id, v_clash.other); end if;

  insert into reservation (organization_id, appointment_id, subject_id, kind, exclusive, during, basis)
  select w.organization_id, w.appointment_id, w.subject_id, w.kind, w.basis is null, w.during, w.basis
  from reservation_wanted w
  where w.appointment_id = any(p_ids)
    and not exists (select from reservation r where r.appointment_id = w.appointment_id and r.subject_id = w.subject_id);
  get diagnostics v_count = row_count;

  if v_count > 1 and cardinality(p_ids) > 1 then          -- rows of one statement against each other, where EXCLUDE does not look
    select n.appointment_id, n.subject_id, s.appointment_id as other into v_clash
    from reservation n join reservation s on s.subject_id = n.subject_id and s.during && n.during and s.appointment_id <> n.appointment_id
    where n.appointment_id = any(p_ids) and s.appointment_id = any(p_ids) and n.exclusive and not s.exclusive limit 1;
    if found then perform reservation_clash(v_clash.appointment_id, v_clash.subject_id, v_clash.other); end if;
  end if;
end $$;

create function appointment_before() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if tg_op = 'INSERT' or new.status is distinct from old.status then
    if clinic_is_app() or new.status_at is null then new.status_at := now(); end if;
  end if;
  if new.series_id is null then
    new.recurrence_json := null;
  else
    select jsonb_build_object('rrule', s.rrule, 'starts_at', to_char(s.starts_at_wall, 'YYYY-MM-DD"T"HH24:MI:SS'), 'timezone', s.timezone, 'exdates', s.exdates_json)
      into new.recurrence_json from appointment_series s where s.organization_id = new.organization_id and s.id = new.series_id;
  end if;
  return new;
end $$;

create function appointment_after_insert() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  insert into appointment_event (id, organization_id, appointment_id, to_status, to_starts_at, to_ends_at, to_practitioner_user_id, to_clinic_location_id)
  select gen_random_uuid(), organization_id, id, status, starts_at, ends_at, practitioner_user_id, clinic_location_id from changed order by id;
  perform reservation_sync(array(select id from changed));
  return null;
end $$;

create function appointment_after_update() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  insert into appointment_event (id, organization_id, appointment_id, from_status, to_status, from_starts_at, to_starts_at, from_ends_at, to_ends_at,
                                 from_practitioner_user_id, to_practitioner_user_id, from_clinic_location_id, to_clinic_location_id, deleted)
  select gen_random_uuid(), n.organization_id, n.id, o.status, n.status, o.starts_at, n.starts_at, o.ends_at, n.ends_at,
         o.practitioner_user_id, n.practitioner_user_id, o.clinic_location_id, n.clinic_location_id, n.deleted_at is not null
  from changed n join previous o on o.id = n.id
  where (o.status, o.starts_at, o.ends_at, o.practitioner_user_id, o.clinic_location_id, o.deleted_at is null)
     is distinct from (n.status, n.starts_at, n.ends_at, n.practitioner_user_id, n.clinic_location_id, n.deleted_at is null)
  order by n.id;
  perform reservation_sync(array(select n.id from changed n join previous o on o.id = n.id
    where (o.status = 'cancelled', o.starts_at, o.ends_at, o.buffer_minutes, o.practitioner_user_id, o.clinic_location_id, o.deleted_at is null, o.imported,
           o.double_book_reason is null, o.override_kinds_json)
       is distinct from
          (n.status = 'cancelled', n.starts_at, n.ends_at, n.buffer_minutes, n.practitioner_user_id, n.clinic_location_id, n.deleted_at is null, n.imported,
           n.double_book_reason is null, n.override_kinds_json)));
  return null;
end $$;

create function appointment_resource_after() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  perform reservation_sync(array(select distinct appointment_id from changed));
  return null;
end $$;

create function appointment_series_after() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  update appointment a set series_id = a.series_id
  from changed n join previous o on o.id = n.id
  where a.organization_id = n.organization_id and a.series_id = n.id and (o.rrule, o.starts_at_wall, o.timezone, o.exdates_json)
    is distinct from (n.rrule, n.starts_at_wall, n.timezone, n.exdates_json);
  return null;
end $$;

create function ics_find_feed(p_token_hash bytea) returns table (feed_id uuid, organization_id uuid, user_id uuid)
stable language sql security definer set search_path = pg_catalog, public, pg_temp
as $$ select f.id, f.organization_id, f.user_id from ics_feed f where f.token_hash = p_token_hash and f.revoked_at is null $$;

create trigger b_before before insert or update on appointment for each row execute function appointment_before();
create trigger lock_first before insert or update or delete on appointment for each statement execute function calendar_lock_first();
create trigger lock_first before insert or update or delete on appointment_resource for each statement execute function calendar_lock_first();
create trigger reserve_insert after insert on appointment referencing new table as changed for each statement execute function appointment_after_insert();
create trigger reserve_update after update on appointment referencing old table as previous new table as changed for each statement execute function appointment_after_update();
create trigger reserve_insert after insert on appointment_resource referencing new table as changed for each statement execute function appointment_resource_after();
create trigger reserve_delete after delete on appointment_resource referencing old table as changed for each statement execute function appointment_resource_after();
create trigger series_update after update on appointment_series referencing old table as previous new table as changed for each statement execute function appointment_series_after();
