-- What a use case tells PostgreSQL first, in one round trip: who asks, in which step, whether its form comes for the first time,
-- and the calendar lock where it needs it. Answers whether the claim is the first one; a twin waits here for the other to end.
create function use_case_begin(p_organization uuid, p_actor text, p_use_case text, p_request text, p_scope text,
                               p_claimed uuid, p_digest bytea, p_calendar boolean) returns boolean language plpgsql as $$
begin
  perform set_config('clinic.organization_id', p_organization::text, true), set_config('clinic.actor_id', p_actor, true),
          set_config('clinic.use_case', p_use_case, true), set_config('clinic.request_id', p_request, true), set_config('clinic.scope', p_scope, true);
  insert into request (organization_id, request_id, use_case, actor_user_id, content_digest)
  values (p_organization, p_claimed, p_use_case, nullif(p_actor, '')::uuid, p_digest) on conflict do nothing;
  if not found then return false; end if;
  if p_calendar then perform calendar_lock(p_organization); end if;
  return true;
end $$;

-- What is wanted and not reserved yet is found once, and either the first clash of it is told or all of it is reserved.
create or replace function reservation_sync(p_ids uuid[]) returns void language plpgsql security definer
set search_path = pg_catalog, public, pg_temp set enable_seqscan = off as $$
declare v_found record; v_clash record;
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
  if exists (select from reservation r where r.appointment_id = any(p_ids)) then
    delete from reservation r where r.appointment_id = any(p_ids) and not exists (
      select from reservation_wanted w where w.appointment_id = r.appointment_id and w.subject_id = r.subject_id
        and w.during = r.during and w.kind = r.kind and w.basis is not distinct from r.basis);
  end if;

  with w as materialized (
    select n.organization_id, n.appointment_id, n.subject_id, n.kind, n.basis, n.during, tstzrange(a.starts_at, a.ends_at) as treated
    from reservation_wanted n join appointment a on a.id = n.appointment_id
    where n.appointment_id = any(p_ids)
      and not exists (select from reservation r where r.appointment_id = n.appointment_id and r.subject_id = n.subject_id)),
  clash as materialized (
    (select w.appointment_id, w.subject_id, x.appointment_id as other
     from w cross join lateral (
       select r.appointment_id from reservation r
         where r.subject_id = w.subject_id and r.during && w.during and r.exclusive and r.appointment_id <> w.appointment_id
       union all
       select r.appointment_id from reservation r
         where r.subject_id = w.subject_id and r.during && w.during and not r.exclusive and r.appointment_id <> w.appointment_id
       limit 1) x
     where w.basis is null limit 1)
    union all
    (select w.appointment_id, w.subject_id, o.id
     from w join reservation r on r.subject_id = w.subject_id and r.during && w.during and r.appointment_id <> w.appointment_id
       join appointment o on o.id = r.appointment_id
     where w.basis = 'buffer_override' and w.treated && tstzrange(o.starts_at, o.ends_at) limit 1)
    limit 1),
  reserved as (
    insert into reservation (organization_id, appointment_id, subject_id, kind, exclusive, during, basis)
    select w.organization_id, w.appointment_id, w.subject_id, w.kind, w.basis is null, w.during, w.basis
    from w where not exists (select from clash)
    returning 1)
  select n.count, c.appointment_id, c.subject_id, c.other into v_found
  from (select count(*) from reserved) n left join clash c on true;
  if v_found.other is not null then perform reservation_clash(v_found.appointment_id, v_found.subject_id, v_found.other); end if;

  if v_found.count > 1 and cardinality(p_ids) > 1 then    -- rows of one statement against each other, where EXCLUDE does not look
    select n.appointment_id, n.subject_id, s.appointment_id as other into v_clash
    from reservation n join reservation s on s.subject_id = n.subject_id and s.during && n.during and s.appointment_id <> n.appointment_id
    where n.appointment_id = any(p_ids) and s.appointment_id = any(p_ids) and n.exclusive and not s.exclusive limit 1;
    if found then perform reservation_clash(v_clash.appointment_id, v_clash.subject_id, v_clash.other); end if;
  end if;
end $$;
