-- Taking back a step gives the earlier status its own time again: the moment it was entered the last time.
create function appointment_undo() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if new.status is distinct from old.status and current_setting('clinic.use_case', true) = 'appointment.undo' then
    new.status_at := coalesce(
      (select max(e.created_at) from appointment_event e
       where e.organization_id = new.organization_id and e.appointment_id = new.id and e.to_status = new.status
         and e.from_status is distinct from e.to_status), new.status_at);
  end if;
  return new;
end $$;

create trigger c_undo before update on appointment for each row execute function appointment_undo();
