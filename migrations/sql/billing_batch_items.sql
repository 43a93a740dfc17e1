create function reminder_refuse(p_message text, p_constraint text) returns void language plpgsql as $$
begin raise exception '%', p_message using errcode = '23514', table = 'payment_reminder', constraint = p_constraint; end $$;

-- A reminder goes out only for what is overdue and owed on that day, one step after the other, never while it is held back.
-- The invoice is locked, so that money which comes in at the same moment is seen by one of the two.
create function payment_reminder_before() returns trigger language plpgsql as $$
declare
  v invoice;
  v_last payment_reminder;
begin
  select * into v from invoice where organization_id = new.organization_id and id = new.invoice_id for no key update;
  if v.kind <> 'invoice' or v.status <> 'issued' or v.balance <= 0 then
    perform reminder_refuse('Only an invoice that is owed is reminded of.', 'reminder_needs_debt');
  end if;
  if new.balance <> v.balance then perform reminder_refuse('The balance is not that of the invoice.', 'reminder_balance'); end if;
  select * into v_last from payment_reminder
  where organization_id = new.organization_id and invoice_id = new.invoice_id order by step desc limit 1;
  if new.step <> coalesce(v_last.step, 0) + 1 then perform reminder_refuse('Reminders go step by step.', 'reminder_step'); end if;
  if new.reminded_on <= coalesce(v_last.pay_by, v.due_on, v.issued_on) then
    perform reminder_refuse('The day by which payment was asked for has not passed.', 'reminder_too_early');
  end if;
  if exists (select from reminder_hold where organization_id = new.organization_id and invoice_id = new.invoice_id
             and (until is null or until >= new.reminded_on)) then
    perform reminder_refuse('The invoice is not to be reminded of.', 'reminder_held');
  end if;
  return new;
end $$;
create trigger b_before before insert on payment_reminder for each row execute function payment_reminder_before();
create trigger append_only before update or delete on payment_reminder for each row execute function refuse_change('payment_reminder');
