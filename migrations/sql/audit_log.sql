-- Every change is audited by statement-level triggers; the log itself is append-only and partitioned by month.

-- Trigger arguments: the columns whose values may be copied. Every other column, and every column added later, is named only.
create function audit_rows() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  v_use_case text := nullif(current_setting('clinic.use_case', true), '');
  v_organization uuid := clinic_organization();
  v_actor uuid := clinic_actor();
  v_request uuid := nullif(current_setting('clinic.request_id', true), '')::uuid;
  v_open text[] := tg_argv[0]::text[];
  v_quiet text[] := '{organization_id,created_at,updated_at,created_by,updated_by,version}';
  v_count bigint;
begin
  if v_use_case is null then
    if clinic_is_app() then
      raise exception 'A write to % names no use case.', tg_table_name
        using errcode = '42501', constraint = 'audit_use_case', table = tg_table_name;
    end if;
    v_use_case := 'owner';
  end if;
  if current_setting('clinic.audit', true) = 'summary' and not clinic_is_app() then
    if tg_op = 'DELETE' then select count(*) into v_count from old_rows; else select count(*) into v_count from new_rows; end if;
    if v_count > 0 and v_organization is not null then
      insert into audit_log (organization_id, actor_user_id, use_case, request_id, entity_type, action, diff_json)
      values (v_organization, v_actor, v_use_case, v_request, tg_table_name, lower(tg_op), jsonb_build_object('rows', v_count));
    end if;
  elsif tg_op = 'UPDATE' then
    insert into audit_log (organization_id, actor_user_id, use_case, request_id, entity_type, entity_id, action, diff_json)
    with pair as materialized (            -- each row becomes JSON once, not once for each of its fields
      select n.organization_id, n.id, to_jsonb(o) as was, to_jsonb(n) as now from new_rows n join old_rows o on o.id = n.id)
    select d.organization_id, v_actor, v_use_case, v_request, tg_table_name, d.id, 'update', d.diff
    from (select p.organization_id, p.id, (
            select jsonb_object_agg(key, case when key = any(v_open) then jsonb_build_array(p.was -> key, value) else '"[redacted]"' end)
            from jsonb_each(p.now) where value is distinct from p.was -> key and key <> all(v_quiet)) as diff
          from pair p) d
    where d.diff is not null;
  elsif tg_op = 'INSERT' then
    insert into audit_log (organization_id, actor_user_id, use_case, request_id, entity_type, entity_id, action, diff_json)
    select r.organization_id, v_actor, v_use_case, v_request, tg_table_name, r.id, 'insert', (
      select coalesce(jsonb_object_agg(key, case when key = any(v_open) then value else '"[redacted]"' end), '{}')
      from jsonb_each(to_jsonb(r)) where key <> all(v_quiet) and value not in ('null', '""', '{}', '[]'))
    from new_rows r;
  else
    insert into audit_log (organization_id, actor_user_id, use_case, request_id, entity_type, entity_id, action, diff_json)
    select r.organization_id, v_actor, v_use_case, v_request, tg_table_name, r.id, 'delete', (
      select coalesce(jsonb_object_agg(key, case when key = any(v_open) then value else '"[redacted]"' end), '{}')
      from jsonb_each(to_jsonb(r)) where key <> all(v_quiet) and value not in ('null', '""', '{}', '[]'))
    from old_rows r;
  end if;
  return null;
end $$;

-- The organisation's own row: its id is the tenant.
create function audit_organization() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if nullif(current_setting('clinic.use_case', true), '') is null and clinic_is_app() then
    raise exception 'A write to organization names no use case.' using errcode = '42501', constraint = 'audit_use_case', table = 'organization';
  end if;
  insert into audit_log (organization_id, actor_user_id, use_case, request_id, entity_type, entity_id, action, diff_json)
  values (new.id, clinic_actor(), coalesce(nullif(current_setting('clinic.use_case', true), ''), 'owner'),
          nullif(current_setting('clinic.request_id', true), '')::uuid, 'organization', new.id, lower(tg_op),
          case tg_op when 'INSERT' then jsonb_build_object('name', new.name)
            else (select coalesce(jsonb_object_agg(key, jsonb_build_array(a.value, b.value)), '{}')
                  from jsonb_each(to_jsonb(old)) a join jsonb_each(to_jsonb(new)) b using (key)
                  where a.value is distinct from b.value and key <> all('{created_at,updated_at,created_by,updated_by,version}')) end);
  return null;
end $$;

-- Business events: refusals, sign-ins, charts opened, searches, exports. Organisation, actor and use case come from the settings.
create function audit_event(p_entity_type text, p_entity_id uuid, p_action text, p_detail jsonb default '{}') returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if nullif(current_setting('clinic.use_case', true), '') is null then
    raise exception 'An event names no use case.' using errcode = '42501', constraint = 'audit_use_case', table = 'audit_log';
  end if;
  insert into audit_log (organization_id, actor_user_id, use_case, request_id, entity_type, entity_id, action, diff_json)
  values (clinic_organization(), clinic_actor(), current_setting('clinic.use_case'),
          nullif(current_setting('clinic.request_id', true), '')::uuid, p_entity_type, p_entity_id, p_action, p_detail);
end $$;

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only.', tg_argv[0] using errcode = '42501', constraint = tg_argv[0] || '_append_only', table = tg_argv[0];
end $$;
create trigger append_only before update or delete on audit_log for each row execute function refuse_change('audit_log');
create trigger append_only_truncate before truncate on audit_log execute function refuse_change('audit_log');

-- Owner only; `clinic migrate` keeps 24 months ahead. Statement triggers are not cloned to partitions.
create function audit_partitions(p_first date, p_months int) returns int language plpgsql as $$
declare v_month date; v_name text; v_made int := 0;
begin
  for i in 0 .. p_months - 1 loop
    v_month := (date_trunc('month', p_first) + make_interval(months => i))::date;
    v_name := 'audit_log_' || to_char(v_month, 'YYYYMM');
    if to_regclass(v_name) is null then
      execute format('create table %I partition of audit_log for values from (%L) to (%L)',
                     v_name, v_month || ' 00:00+00', (v_month + interval '1 month')::date || ' 00:00+00');
      execute format('create trigger append_only_truncate before truncate on %I execute function refuse_change(''audit_log'')', v_name);
      v_made := v_made + 1;
    end if;
  end loop;
  return v_made;
end $$;
create table audit_log_default partition of audit_log default;
create trigger append_only_truncate before truncate on audit_log_default execute function refuse_change('audit_log');
select audit_partitions(date_trunc('month', now())::date, 25);
alter table audit_log enable row level security;
create policy tenant on audit_log for select to clinic_app using (organization_id = (select nullif(current_setting('clinic.organization_id', true), '')::uuid));
grant select on audit_log to clinic_app;

-- One line per table: row-level security, grants, stamps, audit. `p_safe` are the text and JSON columns whose values the
-- audit may copy; all other text, JSON and binary columns, and those in `p_hidden`, are named only. A `version` column with a
-- default counts the edits of the row (that of visit_revision has none: it is the number of the version).
create function protect(p_table regclass, p_safe text[] default '{}', p_hidden text[] default '{}',
                        p_rights text default 'select, insert, update', p_audited boolean default true) returns void language plpgsql as $$
declare
  v_open text[];
  v_stamp text := case when exists (select from pg_attribute a join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
                                    where a.attrelid = p_table and a.attname = 'version') then 'stamp_version' else 'stamp' end;
begin
  execute format('alter table %s enable row level security', p_table);
  execute format('create policy tenant on %s to clinic_app using (organization_id = (select nullif(current_setting(''clinic.organization_id'', true), '''')::uuid))', p_table);
  execute format('grant %s on %s to clinic_app', p_rights, p_table);
  if exists (select from pg_attribute where attrelid = p_table and attname = 'updated_at') then
    execute format('create trigger a_stamp before insert or update on %s for each row execute function %I()', p_table, v_stamp);
  end if;
  if p_audited then
    select array_agg(attname::text order by attnum) into v_open from pg_attribute
    where attrelid = p_table and attnum > 0 and not attisdropped and attname <> all(p_hidden)
      and (attname = any(p_safe) or atttypid not in ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype, 'json'::regtype, 'jsonb'::regtype, 'bytea'::regtype));
    execute format('create trigger audit_insert after insert on %s referencing new table as new_rows for each statement execute function audit_rows(%L)', p_table, v_open);
    execute format('create trigger audit_update after update on %s referencing old table as old_rows new table as new_rows for each statement execute function audit_rows(%L)', p_table, v_open);
    execute format('create trigger audit_delete after delete on %s referencing old table as old_rows for each statement execute function audit_rows(%L)', p_table, v_open);
  end if;
end $$;
