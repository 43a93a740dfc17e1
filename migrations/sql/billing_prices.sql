-- The price history of the catalogue.
create function product_price_keep() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    insert into product_price (id, organization_id, product_service_id, unit_price, tax_rate, valid_from)
    select gen_random_uuid(), n.organization_id, n.id, n.unit_price, n.tax_rate, n.created_at from changed n order by n.id;
  else
    insert into product_price (id, organization_id, product_service_id, unit_price, tax_rate, valid_from)
    select gen_random_uuid(), n.organization_id, n.id, n.unit_price, n.tax_rate, now() from changed n join previous o on o.id = n.id
    where (n.unit_price, n.tax_rate) <> (o.unit_price, o.tax_rate) order by n.id;
  end if;
  return null;
end $$;

create trigger c_price_insert after insert on product_service referencing new table as changed for each statement execute function product_price_keep();
create trigger c_price_update after update on product_service referencing old table as previous new table as changed for each statement execute function product_price_keep();
