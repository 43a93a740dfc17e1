-- Search runs as the owner because LIKE and % are not leakproof: under row-level security they could not use their index.
-- It therefore applies the organisation and the scope itself, from the settings of the unit of work.

create function patient_in_scope(p_patient patient, p_scope text, p_organization uuid, p_actor uuid) returns boolean
stable language sql set search_path = pg_catalog, public, pg_temp as $$
  select case p_scope
    when 'organisation' then true
    when 'location' then p_patient.clinic_location_id in (
           select ul.clinic_location_id from user_location ul where ul.organization_id = p_organization and ul.user_id = p_actor)
         or exists (select from appointment a join user_location ul
                      on ul.organization_id = a.organization_id and ul.clinic_location_id = a.clinic_location_id
                    where a.organization_id = p_organization and a.patient_id = p_patient.id and ul.user_id = p_actor and a.deleted_at is null)
    when 'care_team' then exists (select from clinical_case c where c.organization_id = p_organization and c.patient_id = p_patient.id
                                    and c.practitioner_user_id = p_actor and c.status = 'open')
         or exists (select from appointment a where a.organization_id = p_organization and a.patient_id = p_patient.id
                      and a.practitioner_user_id = p_actor and a.deleted_at is null and a.status <> 'cancelled'
                      and a.starts_at between now() - interval '90 days' and now() + interval '365 days')
    when 'own' then p_patient.user_id = p_actor
    else false end $$;

-- `p_text` is folded (lower, unaccented, trimmed); '%' and '_' in it are data. Answers at most `p_limit` ids, best first.
create function patient_search(p_text text, p_dob date, p_digits text, p_limit int) returns table (patient_id uuid, rank real)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  v_organization uuid := clinic_organization();
  v_actor uuid := clinic_actor();
  v_scope text := nullif(current_setting('clinic.scope', true), '');
  v_words text[] := array(select replace(replace(replace(w, '\', '\\'), '%', '\%'), '_', '\_') from regexp_split_to_table(p_text, '\s+') w where w <> '');
  v_long text[] := array(select '%' || w || '%' from unnest(v_words) w where length(w) >= 3);
  v_short text[] := array(select '% ' || w || '%' from unnest(v_words) w where length(w) < 3);
  v_found int;
begin
  if v_organization is null or v_scope is null then return; end if;
  return query
    select p.id, 1.0::real from patient p
    where p.organization_id = v_organization and p.deleted_at is null and p.merged_into_id is null
      and ((p_dob is not null and p.dob = p_dob)
        or (length(p_digits) >= 4 and p.phone_digits like p_digits || '%' and p.phone_digits <> '')
        or (length(p_digits) >= 7 and reverse(p.phone_digits) like reverse(p_digits) || '%' and p.phone_digits <> '')
        or p.code = upper(p_text) or (p_digits <> '' and p.code = 'P-' || lpad(p_digits, greatest(6, length(p_digits)), '0'))
        or (position('@' in p_text) > 0 and p.email_folded like v_words[1] || '%' and p.email_folded <> ''))
      and (v_scope = 'organisation' or patient_in_scope(p, v_scope, v_organization, v_actor))
    order by p.name_folded collate "C", p.id limit p_limit;
  get diagnostics v_found = row_count;
  if v_found > 0 or cardinality(v_words) = 0 then return; end if;
  return query                             -- names that begin with the first word, in the order of their index
    select p.id, 0.9::real from patient p
    where p.organization_id = v_organization and p.deleted_at is null and p.merged_into_id is null
      and p.name_folded like v_words[1] || '%' and p.name_folded like all (v_long) and (' ' || p.name_folded) like all (v_short)
      and (v_scope = 'organisation' or patient_in_scope(p, v_scope, v_organization, v_actor))
    order by p.name_folded using ~<~, p.id limit p_limit;
  get diagnostics v_found = row_count;
  if v_found >= p_limit then return; end if;
  -- Then names with the words anywhere, unsorted: a word may stand in a tenth of the register.
  return query
    select p.id, 0.8::real from patient p
    where p.organization_id = v_organization and p.deleted_at is null and p.merged_into_id is null
      and p.name_folded like all (v_long) and p.name_folded like all (v_short[1:1]) and (' ' || p.name_folded) like all (v_short)
      and p.name_folded not like v_words[1] || '%'
      and (v_scope = 'organisation' or patient_in_scope(p, v_scope, v_organization, v_actor))
    limit p_limit - v_found;
  if found then return; end if;
  if v_found > 0 or cardinality(v_long) = 0 then return; end if;
  perform word_similarity('', ''), set_config('pg_trgm.word_similarity_threshold', '0.45', true);  -- the first loads the setting's owner
  return query
    select p.id, word_similarity(p_text, p.name_folded) from patient p
    where p.organization_id = v_organization and p.deleted_at is null and p.merged_into_id is null
      and p_text <% p.name_folded and (v_scope = 'organisation' or patient_in_scope(p, v_scope, v_organization, v_actor))
    order by 2 desc, p.name_folded collate "C", p.id limit p_limit;
end $$;
