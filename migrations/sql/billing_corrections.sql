-- Credits by line that add up to the invoice, write-offs taken back, refunds that a second person agreed to.

-- The columns whose values the audit may copy, chosen anew after a table got more of them; as `protect` chooses them.
create function audit_columns(p_table regclass, p_safe text[], p_hidden text[] default '{}') returns void language plpgsql as $$
declare v_open text[];
begin
  select array_agg(attname::text order by attnum) into v_open from pg_attribute
  where attrelid = p_table and attnum > 0 and not attisdropped and attname <> all(p_hidden)
    and (attname = any(p_safe) or atttypid not in ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype, 'json'::regtype, 'jsonb'::regtype, 'bytea'::regtype));
  execute format('create or replace trigger audit_insert after insert on %s referencing new table as new_rows for each statement execute function audit_rows(%L)', p_table, v_open);
  execute format('create or replace trigger audit_update after update on %s referencing old table as old_rows new table as new_rows for each statement execute function audit_rows(%L)', p_table, v_open);
  execute format('create or replace trigger audit_delete after delete on %s referencing old table as old_rows for each statement execute function audit_rows(%L)', p_table, v_open);
end $$;

-- What a credit note must come to. Each line takes back a part of one line; net and tax are what the credits of the line and of the
-- rate come to altogether, less what earlier ones took, so that many credits never differ from the whole one by a cent.
create function credit_note_refuse(p_note invoice) returns void language plpgsql as $$
declare v record;
begin
  perform from invoice where organization_id = p_note.organization_id and id = p_note.corrects_invoice_id for no key update;
  select count(*) filter (where o.id is null or o.invoice_id <> p_note.corrects_invoice_id or l.qty = 0
             or (l.item_type, l.unit_price, l.discount_rate, l.tax_rate) is distinct from (o.item_type, o.unit_price, o.discount_rate, o.tax_rate)
             or l.net <> round((o.credited_qty + l.qty) * o.unit_price * (1 - o.discount_rate), 2) - round(o.credited_qty * o.unit_price * (1 - o.discount_rate), 2)) as wrong,
         coalesce(sum(l.net), 0) as net into v
  from invoice_line l left join invoice_line o on o.organization_id = l.organization_id and o.id = l.credits_line_id
  where l.organization_id = p_note.organization_id and l.invoice_id = p_note.id;
  if v.wrong > 0 then perform invoice_refuse('A line of the credit note is not a part of the line that it takes back.', 'credit_note_lines'); end if;
  if p_note.net <> v.net or p_note.tax <> (
    select coalesce(sum(round((g.before + g.now) * g.tax_rate, 2) - round(g.before * g.tax_rate, 2)), 0)
    from (select o.tax_rate, sum(round(o.credited_qty * o.unit_price * (1 - o.discount_rate), 2)) as before, sum(coalesce(l.net, 0)) as now
          from invoice_line o left join invoice_line l on l.organization_id = o.organization_id and l.invoice_id = p_note.id and l.credits_line_id = o.id
          where o.organization_id = p_note.organization_id and o.invoice_id = p_note.corrects_invoice_id group by o.tax_rate) g) then
    perform invoice_refuse('The totals are not those of the lines.', 'invoice_totals');
  end if;
end $$;

create or replace function invoice_before() returns trigger language plpgsql as $$
declare
  v_movable text[] := '{balance,updated_at,updated_by,version,paid,credited,written_off}';
  v_lines record;
begin
  if tg_op = 'DELETE' then
    if old.status <> 'draft' then perform invoice_refuse('An issued document is not deleted.', 'invoice_frozen'); end if;
    return old;
  end if;
  if tg_op = 'INSERT' then
    if new.status <> 'draft' then perform invoice_refuse('A document begins as a draft.', 'invoice_begins_as_draft'); end if;
    if (new.paid, new.credited, new.written_off) <> (0, 0, 0) then perform invoice_refuse('paid, credited and written_off follow from payments.', 'invoice_derived'); end if;
    return new;
  end if;
  if current_user = 'clinic_app' and (new.paid, new.credited, new.written_off) is distinct from (old.paid, old.credited, old.written_off) then
    perform invoice_refuse('paid, credited and written_off follow from payments.', 'invoice_derived');
  end if;
  if old.status = 'draft' and new.status = 'draft' then return new; end if;
  if old.status = 'draft' and new.status = 'issued' then
    select count(*) as lines, coalesce(sum(l.net), 0) as net,
           (select coalesce(sum(round(g.net * g.tax_rate, 2)), 0) from (select tax_rate, sum(net) as net from invoice_line
             where organization_id = new.organization_id and invoice_id = new.id group by tax_rate) g) as tax
      into v_lines from invoice_line l where l.organization_id = new.organization_id and l.invoice_id = new.id;
    if v_lines.lines = 0 then perform invoice_refuse('A document without lines is not issued.', 'invoice_has_lines'); end if;
    if new.kind = 'credit_note' then
      perform credit_note_refuse(new);
    elsif (new.net, new.tax, new.total) is distinct from (v_lines.net, v_lines.tax, v_lines.net + v_lines.tax) then
      perform invoice_refuse('The totals are not those of the lines.', 'invoice_totals');
    end if;
    if ((new.totals_json ->> 'net')::numeric, (new.totals_json ->> 'tax')::numeric, (new.totals_json ->> 'total')::numeric) is distinct from (new.net, new.tax, new.total) then
      perform invoice_refuse('The totals are not those of the lines.', 'invoice_totals');
    end if;
    return new;
  end if;
  if new.status <> old.status then
    if not (old.status = 'issued' and new.status = 'void' and new.kind = 'invoice' and new.credited = new.total) then
      perform invoice_refuse('An issued document becomes void only with its full credit note.', 'invoice_transition');
    end if;
    v_movable := v_movable || '{status}';
  end if;
  if current_setting('clinic.use_case', true) = 'patient.merge' then v_movable := v_movable || '{patient_id}'; end if;
  if to_jsonb(new) - v_movable is distinct from to_jsonb(old) - v_movable then
    perform invoice_refuse('Document ' || old.number || ' is issued and does not change.', 'invoice_frozen');
  end if;
  return new;
end $$;

create or replace function invoice_after_update() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if not exists (select from changed n join previous o on o.id = n.id where n.status is distinct from o.status) then return null; end if;
  insert into document_event (id, organization_id, invoice_id, from_status, to_status)
  select gen_random_uuid(), n.organization_id, n.id, o.status, n.status
  from changed n join previous o on o.id = n.id where n.status is distinct from o.status order by n.id;
  if exists (select from changed n where n.kind = 'credit_note') then
    perform from invoice i where i.id in (select n.corrects_invoice_id from changed n join previous o on o.id = n.id
      where n.kind = 'credit_note' and o.status = 'draft' and n.status = 'issued') order by i.id for no key update;
    if exists (select from changed n join previous o on o.id = n.id join invoice i on i.organization_id = n.organization_id and i.id = n.corrects_invoice_id
               where n.kind = 'credit_note' and o.status = 'draft' and n.status = 'issued' and (i.status <> 'issued' or i.kind <> 'invoice')) then
      perform invoice_refuse('Only an issued invoice is credited.', 'credit_needs_issued');
    end if;
    update invoice i set credited = i.credited + c.amount
    from (select n.organization_id, n.corrects_invoice_id, sum(n.total) as amount from changed n join previous o on o.id = n.id
          where n.kind = 'credit_note' and o.status = 'draft' and n.status = 'issued' group by 1, 2) c
    where i.organization_id = c.organization_id and i.id = c.corrects_invoice_id;
    update invoice_line t set credited_qty = t.credited_qty + c.qty
    from (select l.organization_id, l.credits_line_id, sum(l.qty) as qty
          from changed n join previous o on o.id = n.id join invoice_line l on l.organization_id = n.organization_id and l.invoice_id = n.id
          where n.kind = 'credit_note' and o.status = 'draft' and n.status = 'issued' group by 1, 2) c
    where t.organization_id = c.organization_id and t.id = c.credits_line_id;
  end if;
  return null;
end $$;

-- Of an issued document only the count of what was taken back moves, and only by the trigger above.
create or replace function invoice_line_before() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare v_row record; v_status text; v_movable text[] := '{credited_qty,item_id,updated_at,updated_by,version}';
begin
  if tg_op = 'DELETE' then v_row := old; else v_row := new; end if;
  select status into v_status from invoice where organization_id = v_row.organization_id and id = v_row.invoice_id for no key update;
  if tg_op = 'UPDATE' and v_status <> 'draft' and to_jsonb(new) - v_movable = to_jsonb(old) - v_movable then return new; end if;
  if v_status <> 'draft' or (tg_op = 'UPDATE' and new.invoice_id <> old.invoice_id) then
    raise exception 'The lines of an issued document do not change.' using errcode = '23514', table = 'invoice_line', constraint = 'invoice_line_frozen';
  end if;
  if tg_op = 'DELETE' then return old; end if;
  return new;
end $$;

-- SECURITY INVOKER on purpose, as `invoice_before`.
create function invoice_line_derived() returns trigger language plpgsql as $$
begin
  if current_user = 'clinic_app' and new.credited_qty <> (case tg_op when 'INSERT' then 0 else old.credited_qty end) then
    raise exception 'credited_qty follows from credit notes.' using errcode = '23514', table = 'invoice_line', constraint = 'invoice_line_derived';
  end if;
  return new;
end $$;

create or replace function adjustment_apply() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  perform from invoice where id in (select invoice_id from changed) order by id for no key update;
  if exists (select from changed c join invoice i on i.id = c.invoice_id where i.status <> 'issued' or i.kind <> 'invoice') then
    raise exception 'Only an issued invoice can be written off.' using errcode = '23514', constraint = 'adjustment_needs_issued', table = 'adjustment';
  end if;
  if exists (select from changed c join adjustment a on a.organization_id = c.organization_id and a.id = c.reverses_adjustment_id
             where a.invoice_id <> c.invoice_id or a.amount <> -c.amount or a.kind <> c.kind) then
    raise exception 'A write-off is taken back as a whole.' using errcode = '23514', constraint = 'adjustment_reversal', table = 'adjustment';
  end if;
  update invoice i set written_off = i.written_off + c.amount from (select invoice_id, sum(amount) as amount from changed group by 1) c where i.id = c.invoice_id;
  return null;
end $$;

-- Where the organisation wants two people for a refund, it needs a request that somebody else approved; the refund is put down there.
create or replace function receipt_after() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if new.kind = 'refund' then
    update receipt set refunded = refunded + new.amount
    where organization_id = new.organization_id and id = new.refunds_receipt_id and kind = 'receipt';
    if not found then
      raise exception 'Only a receipt is refunded.' using errcode = '23514', constraint = 'refund_needs_receipt', table = 'receipt';
    end if;
    update refund_request set refund_receipt_id = new.id
    where id = (select id from refund_request q where q.organization_id = new.organization_id and q.receipt_id = new.refunds_receipt_id
                  and q.status = 'approved' and q.refund_receipt_id is null and q.amount = new.amount and q.method = new.method
                order by q.id limit 1 for update);
    if not found and (select coalesce((o.settings_json ->> 'four_eyes_refunds')::boolean, false) from organization o where o.id = new.organization_id) then
      raise exception 'A refund needs the consent of a second person.' using errcode = '23514', constraint = 'refund_four_eyes', table = 'receipt';
    end if;
  end if;
  return null;
end $$;

-- SECURITY INVOKER on purpose: which refund it became is put down by the trigger above alone.
create function refund_request_before() returns trigger language plpgsql as $$
declare v_movable text[] := '{status,decided_by_user_id,decided_at,decision_note,updated_at,updated_by,version}';
begin
  if tg_op = 'INSERT' then
    if new.status <> 'requested' or new.refund_receipt_id is not null then
      raise exception 'A refund is requested first.' using errcode = '23514', constraint = 'refund_request_begins', table = 'refund_request';
    end if;
    return new;
  end if;
  if current_user <> 'clinic_app' then
    v_movable := v_movable || '{refund_receipt_id}';
  end if;
  if to_jsonb(new) - v_movable is distinct from to_jsonb(old) - v_movable
     or (old.status <> 'requested' and (new.status, new.decided_by_user_id, new.decided_at, new.decision_note)
         is distinct from (old.status, old.decided_by_user_id, old.decided_at, old.decision_note)) then
    raise exception 'A refund that was decided does not change.' using errcode = '23514', constraint = 'refund_request_frozen', table = 'refund_request';
  end if;
  if old.status = 'requested' and new.status <> 'requested' then
    new.decided_by_user_id := clinic_actor();
    new.decided_at := now();
  end if;
  return new;
end $$;

create trigger c_derived before insert or update on invoice_line for each row execute function invoice_line_derived();
create trigger b_before before insert or update on refund_request for each row execute function refund_request_before();
