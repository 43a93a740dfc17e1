-- Who wrote the note as it stands: patients read their own words, never those of the clinic. The app cannot choose it.
create function appointment_note() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if tg_op = 'UPDATE' and new.note = old.note then
    new.note_by := old.note_by;
  else
    new.note_by := case when new.note <> '' then coalesce(clinic_actor(), case when clinic_is_app() then null else new.note_by end) end;
  end if;
  return new;
end $$;

create trigger c_note_insert before insert on appointment for each row
  when (new.note <> '' or new.note_by is not null) execute function appointment_note();
create trigger c_note_update before update of note, note_by on appointment for each row
  when (new.note <> old.note or new.note_by is distinct from old.note_by) execute function appointment_note();
