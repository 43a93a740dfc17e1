-- What was attended is charged by one document, until its line is credited in full; a visit and its appointment are the same thing.
-- Goods handed over there do not charge for it. Whoever writes a second line for it waits for the first, in the order of ids.

-- The subjects among them for which more than one document charges: appointments, and visits without one. Many at once cost one scan.
create function charged_twice(p_organization uuid, p_subjects uuid[]) returns setof uuid language plpgsql stable
set search_path = pg_catalog, public, pg_temp as $$
declare v_visits uuid[];
begin
  select p_subjects || array_agg(id) into v_visits from visit where organization_id = p_organization and appointment_id = any(p_subjects);
  return query
    select coalesce(l.appointment_id, v.appointment_id, l.visit_id)
    from invoice_line l
    join invoice i on i.organization_id = l.organization_id and i.id = l.invoice_id and i.kind = 'invoice' and i.status <> 'void'
    left join visit v on v.organization_id = l.organization_id and v.id = l.visit_id
    where l.organization_id = p_organization and (l.appointment_id = any(p_subjects) or l.visit_id = any(v_visits))
      and l.item_type <> 'product' and l.credited_qty <> l.qty
    group by 1 having count(distinct l.invoice_id) > 1;
end $$;

create function invoice_line_charge_once() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare v record;
begin
  if not exists (select from new_rows where item_type <> 'product' and (visit_id is not null or appointment_id is not null)) then
    return null;
  end if;
  for v in
    select n.organization_id, array_agg(distinct coalesce(n.appointment_id, w.appointment_id, n.visit_id)) as subjects
    from new_rows n
    join invoice i on i.organization_id = n.organization_id and i.id = n.invoice_id and i.kind = 'invoice'
    left join visit w on w.organization_id = n.organization_id and w.id = n.visit_id
    where n.item_type <> 'product' and (n.visit_id is not null or n.appointment_id is not null)
    group by 1 order by 1
  loop
    perform from appointment where organization_id = v.organization_id and id = any(v.subjects) order by id for no key update;
    perform from visit where organization_id = v.organization_id and id = any(v.subjects) order by id for no key update;
    if exists (select from charged_twice(v.organization_id, v.subjects)) then
      raise exception 'A visit or appointment is charged once.' using errcode = '23514', table = 'invoice_line',
        constraint = 'invoice_line_charged_once';
    end if;
  end loop;
  return null;
end $$;

create trigger c_charge_once_insert after insert on invoice_line referencing new table as new_rows
for each statement execute function invoice_line_charge_once();
create trigger c_charge_once_update after update on invoice_line referencing new table as new_rows
for each statement execute function invoice_line_charge_once();
