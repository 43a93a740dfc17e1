"""What rules payment reminders: holds with their reasons, the steps of the organisation, PostgreSQL (B6)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinic_core.access import load_actor, owner_work, perform, unit_of_work
from clinic_core.billing.queries import list_invoice_reminders
from clinic_core.billing.schemas import (
    OfInvoice,
    ReleaseHold,
    SetReminderSteps,
    WantedStep,
)
from clinic_core.billing.schemas.reminders import ReminderObstacle
from clinic_core.billing.service import release_hold, set_reminder_steps
from clinic_core.errors import ClinicError, Conflict, InvalidInput
from clinic_core.kit.clock import frozen_at
from tests.billing.arrange import audited
from tests.billing.reminding import (
    DUE_ON,
    FIRST_ON,
    PAY_BY,
    SECOND_ON,
    credit,
    due_numbers,
    hold,
    noon,
    overdue,
    pay,
    remind,
    reminders_of,
    unreminded,
)
from tests.billing.rules import tables
from tests.factories import Clinic

DAY = timedelta(days=1)


def test_an_invoice_is_held_back_until_a_day_and_with_it(clinic: Clinic) -> None:
    invoice = overdue(clinic)
    hold(clinic, invoice, DUE_ON, until=SECOND_ON)
    assert due_numbers(clinic, SECOND_ON) == []
    assert unreminded(clinic, SECOND_ON) == {invoice.number: ReminderObstacle.HELD}
    with pytest.raises(Conflict, match="Its reminders are held back"):
        remind(clinic, SECOND_ON, invoice)
    assert due_numbers(clinic, SECOND_ON + DAY) == [(invoice.number, 1)]
    assert unreminded(clinic, SECOND_ON + DAY) == {}


def test_a_hold_without_a_day_ends_when_it_is_released(clinic: Clinic) -> None:
    invoice, manager = overdue(clinic), clinic.actor("manager")
    hold(clinic, invoice, FIRST_ON)
    assert due_numbers(clinic, FIRST_ON + 300 * DAY) == []
    release = ReleaseHold(invoice_id=invoice.id, reason="Agreed after all")
    with frozen_at(noon(SECOND_ON)):
        perform(manager, release_hold, release)
        with pytest.raises(Conflict, match="are not held back"):
            perform(manager, release_hold, release)
        found = perform(manager, list_invoice_reminders, OfInvoice(invoice_id=invoice.id)).hold
    assert found is not None
    assert (found.is_active, found.until, found.reason, found.held_by) == (
        False, SECOND_ON - DAY, "Agreed after all", "Manager",
    )  # fmt: skip
    assert due_numbers(clinic, SECOND_ON) == [(invoice.number, 1)]
    hold(clinic, invoice, SECOND_ON, until=SECOND_ON)
    assert due_numbers(clinic, SECOND_ON) == []


def test_the_reason_of_a_hold_is_kept_with_it_and_not_copied_to_the_audit_log(clinic: Clinic) -> None:
    invoice = overdue(clinic)
    hold(clinic, invoice, FIRST_ON)
    assert ("reminder_hold", "insert", clinic.users["manager"]) in audited(clinic, "reminder.hold")
    with unit_of_work(clinic.actor("admin")) as work:
        logged = work.session.scalar(text("select string_agg(diff_json::text, '') from audit_log"))
    assert "reason" in logged
    assert "Disputed" not in logged


def test_a_hold_needs_a_reason_a_day_to_come_and_a_debt(clinic: Clinic) -> None:
    invoice, paid = overdue(clinic), overdue(clinic)
    pay(clinic, paid, "80.00")
    with pytest.raises(InvalidInput, match="day that has passed"):
        hold(clinic, invoice, FIRST_ON, until=FIRST_ON - DAY)
    with pytest.raises(Conflict, match="owes nothing"):
        hold(clinic, paid, FIRST_ON)
    with pytest.raises(InvalidInput, match="Reason is missing"):
        ReleaseHold(invoice_id=invoice.id, reason=" ")


def test_the_story_of_an_invoice_tells_its_reminders_its_hold_and_what_comes_next(clinic: Clinic) -> None:
    invoice, reader = overdue(clinic), clinic.actor("assistant")
    remind(clinic, FIRST_ON, invoice)
    hold(clinic, invoice, FIRST_ON, until=PAY_BY)
    with frozen_at(noon(FIRST_ON)):
        story = perform(reader, list_invoice_reminders, OfInvoice(invoice_id=invoice.id))
    (row,) = story.reminders
    assert (row.step, row.reminded_on, row.pay_by, row.balance) == (1, FIRST_ON, PAY_BY, Decimal("80.00"))
    assert (row.by_email, row.reminded_by) == (False, "Manager")
    assert story.hold is not None
    assert (story.hold.is_active, story.hold.until) == (True, PAY_BY)
    assert (story.next_step, story.next_on) == (2, SECOND_ON)
    pay(clinic, invoice, "80.00")
    settled = perform(reader, list_invoice_reminders, OfInvoice(invoice_id=invoice.id))
    assert (settled.next_step, settled.next_on) == (None, None)


def test_the_steps_are_the_organisations_to_set_and_their_change_is_audited(clinic: Clinic) -> None:
    invoice, owner = overdue(clinic), clinic.actor("owner")
    step = WantedStep(days_after=2, days_to_pay=3, title=" A word ", text="Dear all,\r\nplease pay. ")
    request = SetReminderSteps(steps=(step,), minimum=Decimal("10.00"))
    assert perform(owner, set_reminder_steps, request).steps == 1
    assert ("organization", "reminder_rule", clinic.users["owner"]) in audited(clinic, "reminder.set_steps")
    saved = load_actor(clinic.organization_id, clinic.users["owner"]).settings
    assert [(one.title, one.text) for one in saved.reminder_steps] == [("A word", "Dear all,\nplease pay.")]
    assert saved.reminder_minimum == Decimal("10.00")
    assert due_numbers(clinic, DUE_ON + 2 * DAY) == [(invoice.number, 1)]
    remind(clinic, DUE_ON + 2 * DAY, invoice)
    assert reminders_of(clinic, invoice)[0][2] == DUE_ON + 5 * DAY
    before = len(audited(clinic, "reminder.set_steps"))
    perform(owner, set_reminder_steps, request)
    assert len(audited(clinic, "reminder.set_steps")) == before


def test_a_step_without_words_or_with_no_days_is_refused() -> None:
    good = {"days_after": 7, "days_to_pay": 10, "title": "Reminder", "text": "Please pay."}
    for wrong in ({"title": "  "}, {"text": "a\0b"}, {"days_after": 0}, {"days_to_pay": 91}):
        with pytest.raises((ClinicError, ValueError)):
            WantedStep.model_validate({**good, **wrong})
    with pytest.raises(ClinicError, match="must not be negative"):
        SetReminderSteps(steps=(), minimum=Decimal(-1))


WRONG = (
    ("reminder_needs_debt", 1, 7, "80.00", "credit"),
    ("reminder_balance", 1, 7, "79.99", ""),
    ("reminder_step", 2, 7, "80.00", ""),
    ("reminder_too_early", 1, 0, "80.00", ""),
    ("reminder_held", 1, 7, "80.00", "hold"),
)


@pytest.mark.parametrize(("constraint", "step", "days", "balance", "before"), WRONG, ids=[one[0] for one in WRONG])
def test_postgresql_refuses_what_breaks_a_rule_whoever_writes_it(
    clinic: Clinic, constraint: str, step: int, days: int, balance: str, before: str
) -> None:
    invoice, other = overdue(clinic), overdue(clinic)
    run = remind(clinic, FIRST_ON, other)
    if before == "credit":
        credit(clinic, invoice)
    if before == "hold":
        hold(clinic, invoice, FIRST_ON)
    insert = text(
        "insert into payment_reminder (id, organization_id, invoice_id, document_batch_item_id, step, reminded_on,"
        " pay_by, balance) select gen_random_uuid(), i.organization_id, :invoice, i.id, :step, :day, :pay_by, :balance"
        " from document_batch_item i where i.document_batch_id = :batch"
    )
    day = DUE_ON + days * DAY
    values = {"invoice": invoice.id, "step": step, "day": day, "pay_by": day + DAY, "balance": balance, "batch": run.id}
    with pytest.raises(Conflict, match=constraint), owner_work("test.wrong", clinic.organization_id) as session:
        session.execute(insert, values)
    assert reminders_of(clinic, invoice) == []


def test_a_reminder_that_went_out_is_neither_changed_nor_deleted(clinic: Clinic) -> None:
    invoice = overdue(clinic)
    remind(clinic, FIRST_ON, invoice)
    for statement in ("update payment_reminder set step = 2", "delete from payment_reminder"):
        with (
            pytest.raises(DBAPIError, match="append-only"),
            owner_work("test.wrong", clinic.organization_id) as session,
        ):
            session.execute(text(f"{statement} where organization_id = :id"), {"id": clinic.organization_id})
    assert len(reminders_of(clinic, invoice)) == 1


def test_rules_an_invoice_is_reminded_of_as_the_page_of_rules_says(clinic: Clinic) -> None:
    invoice = overdue(clinic, price="120.00")
    (story,) = tables(14, 14)
    for row in story:
        day, before = date.fromisoformat(row["day"]), len(reminders_of(clinic, invoice))
        what, _, until = row["what happens"].partition(" until ")
        if what == "payment":
            with frozen_at(noon(day)):
                pay(clinic, invoice, row["amount"])
        elif what == "hold":
            hold(clinic, invoice, day, until=date.fromisoformat(until))
        elif row["reminder"]:
            remind(clinic, day)
            asked = reminders_of(clinic, invoice)[-1]
            assert [str(value) for value in asked] == [row["reminder"], row["day"], row["pay by"], row["asks for"]]
        else:
            with pytest.raises(Conflict, match="No payment reminder is due"):
                remind(clinic, day)
        assert len(reminders_of(clinic, invoice)) == before + bool(row["reminder"])
