-- The few look-ups that work before the organisation is known; each returns no more than its caller needs.

create function auth_find_user(p_email text)
returns table (user_id uuid, organization_id uuid, password_hash text, status text, failed_sign_ins int, locked_until timestamptz)
stable language sql security definer set search_path = pg_catalog, public, pg_temp
as $$ select u.id, u.organization_id, u.password_hash, u.status, u.failed_sign_ins, u.locked_until
      from app_user u where lower(u.email) = lower(p_email) $$;

-- The one definition of a live session.
create function auth_find_session(p_token_hash bytea)
returns table (session_id uuid, user_id uuid, organization_id uuid, idle_ends_at timestamptz, expires_at timestamptz)
stable language sql security definer set search_path = pg_catalog, public, pg_temp
as $$ select s.id, s.user_id, s.organization_id, s.last_seen_at + make_interval(mins => s.idle_minutes), s.expires_at
      from user_session s join app_user u on u.organization_id = s.organization_id and u.id = s.user_id
      where s.token_hash = p_token_hash and s.ended_at is null and s.expires_at > now()
        and s.last_seen_at + make_interval(mins => s.idle_minutes) > now() and u.status = 'active' $$;

create function auth_find_link(p_token_hash bytea)
returns table (link_id uuid, organization_id uuid, user_id uuid, purpose text, expires_at timestamptz)
stable language sql security definer set search_path = pg_catalog, public, pg_temp
as $$ select l.id, l.organization_id, l.user_id, l.purpose, l.expires_at from one_time_link l
      where l.token_hash = p_token_hash and l.purpose <> 'sign_in' and l.used_at is null and l.expires_at > now() $$;

create function organization_find(p_name text) returns uuid
stable language sql security definer set search_path = pg_catalog, public, pg_temp
as $$ select id from organization where lower(name) = lower(p_name) $$;

create function jobs_organizations() returns setof uuid
stable language sql security definer set search_path = pg_catalog, public, pg_temp
as $$ select id from organization order by id $$;

-- Takes a sign-in ticket, once, for the browser that holds its nonce.
create function auth_redeem_ticket(p_token_hash bytea, p_nonce_hash bytea)
returns table (link_id uuid, organization_id uuid, user_id uuid)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare v_use_case text := current_setting('clinic.use_case', true);
begin
  perform set_config('clinic.use_case', 'auth.redeem_ticket', true);
  return query
    update one_time_link l set used_at = now()
    where l.token_hash = p_token_hash and l.nonce_hash = p_nonce_hash and l.purpose = 'sign_in' and l.used_at is null and l.expires_at > now()
    returning l.id, l.organization_id, l.user_id;
  perform set_config('clinic.use_case', coalesce(v_use_case, ''), true);
end $$;
