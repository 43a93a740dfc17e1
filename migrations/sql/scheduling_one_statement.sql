-- An appointment and its rooms are written in one statement: the appointment's trigger has then reserved the rooms already.
create function appointment_resource_inserted() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare v_ids uuid[] := array(select distinct c.appointment_id from changed c where not exists (
  select from reservation r where r.appointment_id = c.appointment_id and r.subject_id = c.resource_id));
begin
  if cardinality(v_ids) > 0 then perform reservation_sync(v_ids); end if;
  return null;
end $$;

-- A connection keeps the plans it made while the tables were small: by the indexes from the first booking on.
alter function reservation_sync(uuid[]) set enable_seqscan = off;

drop trigger reserve_insert on appointment_resource;
create trigger reserve_insert after insert on appointment_resource referencing new table as changed for each statement execute function appointment_resource_inserted();
