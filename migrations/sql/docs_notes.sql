-- Notes keep every version; signed notes change only by a revision with reason and author.

create function visit_before() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    new.revision := case when new.notes_json = '{}' then 0 else 1 end;
    if new.signed_at is not null and new.revision = 0 then new.revision := 1; end if;
    return new;
  end if;
  if old.signed_at is null then
    new.revision := old.revision + case when new.notes_json is distinct from old.notes_json or new.signed_at is not null then 1 else 0 end;
    return new;
  end if;
  if to_jsonb(new) - '{notes_json,revision,version,updated_at,updated_by,patient_id}'::text[]
     is distinct from to_jsonb(old) - '{notes_json,revision,version,updated_at,updated_by,patient_id}'::text[] then
    raise exception 'A signed visit does not change.' using errcode = '23514', table = 'visit', constraint = 'visit_signed';
  end if;
  if (new.notes_json, new.revision) is distinct from (old.notes_json, old.revision) and not exists (
       select from visit_revision r where r.organization_id = new.organization_id and r.visit_id = new.id and r.kind = 'amend'
         and r.version = new.revision and new.revision = old.revision + 1 and r.notes_json = new.notes_json) then
    raise exception 'A signed note changes only by an amendment with a reason.' using errcode = '23514', table = 'visit', constraint = 'visit_signed';
  end if;
  return new;
end $$;

-- Per statement, not per row: an import of thousands of notes writes their history in one go.
create function visit_after_insert() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  insert into visit_revision (id, organization_id, visit_id, version, kind, notes_json, digest)
  select gen_random_uuid(), n.organization_id, n.id, n.revision, case when n.signed_at is null then 'save' else 'sign' end, n.notes_json,
         sha256(convert_to(n.notes_json::text, 'UTF8'))
  from changed n where n.revision > 0 order by n.id;
  insert into visit_event (id, organization_id, visit_id, to_status, revision)
  select gen_random_uuid(), n.organization_id, n.id, n.status, n.revision from changed n order by n.id;
  return null;
end $$;

create function visit_after_update() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if exists (select from changed n join previous o on o.id = n.id where n.revision > o.revision) then
    insert into visit_revision (id, organization_id, visit_id, version, kind, notes_json, digest)
    select gen_random_uuid(), n.organization_id, n.id, n.revision, case when n.signed_at is null then 'save' else 'sign' end, n.notes_json,
           sha256(convert_to(n.notes_json::text, 'UTF8'))
    from changed n join previous o on o.id = n.id
    where n.revision > o.revision and not exists (
      select from visit_revision r where r.organization_id = n.organization_id and r.visit_id = n.id and r.version = n.revision)
    order by n.id;
  end if;
  if exists (select from changed n join previous o on o.id = n.id
             where n.status is distinct from o.status or (n.signed_at is not null and n.revision <> o.revision)) then
    insert into visit_event (id, organization_id, visit_id, from_status, to_status, revision)
    select gen_random_uuid(), n.organization_id, n.id, o.status, n.status, n.revision
    from changed n join previous o on o.id = n.id
    where n.status is distinct from o.status or (n.signed_at is not null and n.revision <> o.revision)
    order by n.id;
  end if;
  return null;
end $$;

-- The app writes a revision only to amend a signed note; the number follows, and the visit takes the text over.
create function visit_revision_before() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare v_visit visit;
begin
  if pg_trigger_depth() > 1 then return new; end if;
  select * into v_visit from visit v where v.organization_id = new.organization_id and v.id = new.visit_id for no key update;
  if v_visit.id is not null and (v_visit.signed_at is null or v_visit.deleted_at is not null or new.kind <> 'amend') then
    raise exception 'Only a signed note is amended.' using errcode = '23514', table = 'visit_revision', constraint = 'visit_revision_amend';
  end if;
  new.version := v_visit.revision + 1;
  new.digest := sha256(convert_to(new.notes_json::text, 'UTF8'));
  return new;
end $$;

create function visit_revision_after() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  update visit v set notes_json = new.notes_json, revision = new.version
  where v.organization_id = new.organization_id and v.id = new.visit_id and v.revision = new.version - 1;
  return null;
end $$;

create trigger b_before before insert or update on visit for each row execute function visit_before();
create trigger c_after_insert after insert on visit referencing new table as changed for each statement execute function visit_after_insert();
create trigger c_after_update after update on visit referencing old table as previous new table as changed for each statement execute function visit_after_update();
create trigger b_before before insert on visit_revision for each row execute function visit_revision_before();
create trigger c_after after insert on visit_revision for each row when (new.kind = 'amend') execute function visit_revision_after();
create trigger append_only before update or delete on visit_revision for each row execute function refuse_change('visit_revision');
create trigger append_only_truncate before truncate on visit_revision execute function refuse_change('visit_revision');
