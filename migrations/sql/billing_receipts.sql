-- Money adds up: never more allocated than received or owed.

-- A payment repeats what its receipt says; the customer's columns stay on it for reports.
create function payment_before() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  select r.method, r.received_at, r.reference into new.method, new.received_at, new.reference
  from receipt r where r.organization_id = new.organization_id and r.id = new.receipt_id;
  return new;
end $$;

-- Receipts first, then invoices, each in id order: no deadlock.
create function payment_apply() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  perform from receipt where id in (select receipt_id from changed) order by id for no key update;
  update receipt r set allocated = r.allocated + c.amount from (select receipt_id, sum(amount) as amount from changed group by 1) c where r.id = c.receipt_id;
  perform from invoice where id in (select invoice_id from changed) order by id for no key update;
  if exists (select from changed c join invoice i on i.id = c.invoice_id where i.status <> 'issued' or i.kind <> 'invoice') then
    raise exception 'Only an issued invoice can be paid.' using errcode = '23514', constraint = 'payment_needs_issued', table = 'payment';
  end if;
  update invoice i set paid = i.paid + c.amount from (select invoice_id, sum(amount) as amount from changed group by 1) c where i.id = c.invoice_id;
  return null;
end $$;

create function receipt_after() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if new.kind = 'refund' then
    update receipt set refunded = refunded + new.amount
    where organization_id = new.organization_id and id = new.refunds_receipt_id and kind = 'receipt';
    if not found then
      raise exception 'Only a receipt is refunded.' using errcode = '23514', constraint = 'refund_needs_receipt', table = 'receipt';
    end if;
  end if;
  return null;
end $$;

create trigger b_before before insert on payment for each row execute function payment_before();
create trigger payment_apply after insert on payment referencing new table as changed for each statement execute function payment_apply();
create trigger c_after after insert on receipt for each row execute function receipt_after();
create trigger append_only before delete on receipt for each row execute function refuse_change('receipt');
create trigger append_only before update or delete on payment for each row execute function refuse_change('payment');
