-- The app's role: it owns nothing. Where a server gives one login only, that login may step down to it.
do $$
begin
  if not exists (select from pg_roles where rolname = 'clinic_app') then
    create role clinic_app nologin;
  end if;
  if not exists (select from pg_auth_members m join pg_roles r on r.oid = m.roleid join pg_roles g on g.oid = m.member
                 where r.rolname = 'clinic_app' and g.rolname = session_user and m.set_option) then
    begin
      execute format('grant clinic_app to %I with set true, inherit false', session_user);
    exception when insufficient_privilege then
      null;                                  -- the app has a login of its own; nobody needs to step down
    end;
  end if;
end $$;
