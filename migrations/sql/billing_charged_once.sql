-- What was attended is charged by one document, until its line is credited in full; a visit and its appointment are the same thing.
-- Goods handed over there do not charge for it. Whoever writes a second line for it waits for the first, in the order of ids.

create function charging_invoices(p_organization uuid, p_subject uuid) returns setof uuid language sql stable
set search_path = pg_catalog, public, pg_temp as $$
  select i.id from (
    select invoice_id, item_type, qty, credited_qty from invoice_line where organization_id = p_organization and appointment_id = p_subject
    union all
    select invoice_id, item_type, qty, credited_qty from invoice_line where organization_id = p_organization and visit_id = p_subject
    union all
    select l.invoice_id, l.item_type, l.qty, l.credited_qty from visit v
    join invoice_line l on l.organization_id = v.organization_id and l.visit_id = v.id
    where v.organization_id = p_organization and v.appointment_id = p_subject
  ) l join invoice i on i.organization_id = p_organization and i.id = l.invoice_id and i.kind = 'invoice' and i.status <> 'void'
  where l.item_type <> 'product' and l.credited_qty <> l.qty
$$;

create function invoice_line_charge_once() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare v record;
begin
  if not exists (select from new_rows where item_type <> 'product' and (visit_id is not null or appointment_id is not null)) then
    return null;
  end if;
  for v in
    select distinct n.organization_id, coalesce(n.appointment_id, w.appointment_id, n.visit_id) as subject
    from new_rows n
    join invoice i on i.organization_id = n.organization_id and i.id = n.invoice_id and i.kind = 'invoice'
    left join visit w on w.organization_id = n.organization_id and w.id = n.visit_id
    where n.item_type <> 'product' and (n.visit_id is not null or n.appointment_id is not null)
    order by 1, 2
  loop
    perform from appointment where organization_id = v.organization_id and id = v.subject for no key update;
    if not found then
      perform from visit where organization_id = v.organization_id and id = v.subject for no key update;
    end if;
    if (select count(distinct id) from charging_invoices(v.organization_id, v.subject) c(id)) > 1 then
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
