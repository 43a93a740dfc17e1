-- Trusted extensions: the owner of a database may create them, whichever server it is.
create extension if not exists btree_gist with schema public;
create extension if not exists pg_trgm with schema public;
create extension if not exists unaccent with schema public;

-- Who is asking, and who made a row.

create function clinic_organization() returns uuid stable language sql
as $$ select nullif(current_setting('clinic.organization_id', true), '')::uuid $$;

create function clinic_actor() returns uuid stable language sql
as $$ select nullif(current_setting('clinic.actor_id', true), '')::uuid $$;

-- True for the app's role, inside SECURITY DEFINER functions too, where current_user is the owner.
create function clinic_is_app() returns boolean stable language sql
as $$ select session_user = 'clinic_app' or current_setting('role') = 'clinic_app' $$;

-- The app cannot choose the stamps; the owner's seeds and imports may.
create function stamp() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    if clinic_is_app() or new.created_at is null then new.created_at := now(); end if;
    new.created_by := coalesce(clinic_actor(), case when clinic_is_app() then null else new.created_by end);
    new.updated_at := new.created_at;
    new.updated_by := new.created_by;
  else
    new.created_at := old.created_at;
    new.created_by := old.created_by;
    new.updated_at := now();
    new.updated_by := clinic_actor();
  end if;
  return new;
end $$;

-- As stamp(), and the version goes up by one at every update: a stale form is recognised whoever wrote. The trigger's
-- argument names columns that no form shows and that change by themselves, such as the time of the last sign-in.
create function stamp_version() returns trigger language plpgsql as $$
declare v_quiet text[] := coalesce(tg_argv[0]::text[], '{}') || '{updated_at,updated_by,version}';
begin
  if tg_op = 'INSERT' then
    if clinic_is_app() or new.created_at is null then new.created_at := now(); end if;
    new.created_by := coalesce(clinic_actor(), case when clinic_is_app() then null else new.created_by end);
    new.updated_at := new.created_at;
    new.updated_by := new.created_by;
    new.version := 1;
  else
    new.created_at := old.created_at;
    new.created_by := old.created_by;
    new.updated_at := now();
    new.updated_by := clinic_actor();
    if tg_nargs > 0 and to_jsonb(new) - v_quiet = to_jsonb(old) - v_quiet then
      new.version := old.version;
    else
      new.version := old.version + 1;
    end if;
  end if;
  return new;
end $$;

-- 'public.' because generated columns and indexes need an immutable function that does not depend on the search path.
create function f_unaccent(value text) returns text immutable strict parallel safe language sql
as $$ select public.unaccent('public.unaccent', value) $$;

-- The twin of `clinic_core.kit.text.fold`: lower case, no accents, one final sigma, single spaces.
create function f_fold(value text) returns text immutable strict parallel safe language sql
as $$ select btrim(regexp_replace(translate(lower(public.f_unaccent(value)), 'ς', 'σ'), '\s+', ' ', 'g')) $$;
