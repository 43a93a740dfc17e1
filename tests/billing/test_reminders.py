"""Payment reminders: step by step, never while held back, and never for what is not owed any more (B6)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from clinic_core.access import owner_work, perform
from clinic_core.billing.queries import (
    list_due_reminders,
    list_invoice_reminders,
    list_paying_patients,
    list_unreminded,
)
from clinic_core.billing.schemas import (
    BillTo,
    InvoiceHead,
    ListDueReminders,
    ListUnreminded,
    OfInvoice,
    ReleaseHold,
    ReminderFilter,
    SetReminderSteps,
    StartReminders,
    WriteOff,
)
from clinic_core.billing.schemas.reminders import ReminderObstacle
from clinic_core.billing.service import release_hold, set_reminder_steps, start_reminders, write_off
from clinic_core.errors import Conflict, NotFound, PermissionDenied
from clinic_core.kit.clock import frozen_at
from clinic_core.kit.ids import new_id
from clinic_core.vocabulary import BatchKind
from tests.billing.arrange import audited
from tests.billing.reminding import (
    FIRST_ON,
    PAY_BY,
    SECOND_ON,
    credit,
    due,
    due_numbers,
    hold,
    overdue,
    overdue_of,
    pay,
    remind,
    reminders_of,
    two_steps,
    unreminded,
)
from tests.factories import Clinic, make_clinic, make_patient

DAY = timedelta(days=1)


def give_up(clinic: Clinic, invoice: InvoiceHead) -> None:
    request = WriteOff(invoice_id=invoice.id, amount=invoice.total, reason="Not to be collected")
    perform(clinic.actor("manager"), write_off, request)


def test_the_first_reminder_is_due_so_many_days_after_the_due_date(clinic: Clinic) -> None:
    invoice = overdue(clinic)
    assert due_numbers(clinic, FIRST_ON - DAY) == []
    assert due_numbers(clinic, FIRST_ON) == [(invoice.number, 1)]
    (letter,) = due(clinic, FIRST_ON).letters
    assert (letter.step, letter.title, letter.days_overdue) == (1, "Payment reminder", 7)
    assert (letter.open, letter.last_on, letter.billed_to_patient) == (Decimal("80.00"), None, True)


def test_each_further_step_counts_from_the_day_that_payment_was_asked_for(clinic: Clinic) -> None:
    invoice = overdue(clinic)
    run = remind(clinic, FIRST_ON, invoice)
    assert (run.kind, run.total, run.invoices, run.left_out) == (BatchKind.REMINDERS, 1, 1, ())
    assert reminders_of(clinic, invoice) == [(1, FIRST_ON, PAY_BY, Decimal("80.00"))]
    assert due_numbers(clinic, SECOND_ON - DAY) == []
    assert due_numbers(clinic, SECOND_ON) == [(invoice.number, 2)]
    remind(clinic, SECOND_ON + 3 * DAY, invoice)
    third_on = SECOND_ON + 3 * DAY + 10 * DAY + 7 * DAY
    assert due_numbers(clinic, third_on - DAY) == []
    remind(clinic, third_on, invoice)
    assert [step for step, *_ in reminders_of(clinic, invoice)] == [1, 2, 3]
    last_day = third_on + 7 * DAY
    assert reminders_of(clinic, invoice)[2][2] == last_day
    assert due_numbers(clinic, last_day + 100 * DAY) == []
    assert unreminded(clinic, last_day + 7 * DAY) == {invoice.number: ReminderObstacle.ALL_SENT}
    assert ("payment_reminder", "insert", clinic.users["manager"]) in audited(clinic, "reminder.start")


def test_what_is_below_the_least_amount_waits(clinic: Clinic) -> None:
    small = make_clinic(two_steps(minimum="20.00"))
    below, enough = overdue(small, price="19.99"), overdue(small, price="20.00")
    assert due_numbers(small, date(2026, 9, 20)) == [(enough.number, 1)]
    assert unreminded(small, date(2026, 9, 20)) == {below.number: ReminderObstacle.BELOW_MINIMUM}
    with pytest.raises(Conflict, match="owes less than what is reminded of"):
        remind(small, date(2026, 9, 20), below)


def test_without_steps_nobody_is_reminded() -> None:
    silent = make_clinic(two_steps().model_copy(update={"reminder_steps": ()}))
    overdue(silent)
    assert due(silent, SECOND_ON).count == 0
    assert unreminded(silent, SECOND_ON) == {}
    with pytest.raises(Conflict, match="No payment reminder is due"):
        remind(silent, SECOND_ON)


def test_a_part_payment_lowers_what_is_asked_for(clinic: Clinic) -> None:
    invoice = overdue(clinic)
    pay(clinic, invoice, "30.50")
    assert due(clinic, FIRST_ON).total == Decimal("49.50")
    remind(clinic, FIRST_ON, invoice)
    assert reminders_of(clinic, invoice) == [(1, FIRST_ON, PAY_BY, Decimal("49.50"))]


@pytest.mark.parametrize(
    "settle", [lambda c, i: pay(c, i, "80.00"), credit, give_up], ids=["paid", "credited", "given up"]
)
def test_what_was_settled_since_the_preview_is_left_out_and_said(
    clinic: Clinic, settle: Callable[[Clinic, InvoiceHead], None]
) -> None:
    settled, owed = overdue(clinic), overdue(clinic)
    assert due(clinic, FIRST_ON).count == 2
    settle(clinic, settled)
    run = remind(clinic, FIRST_ON, settled, owed)
    assert (run.total, run.invoices) == (1, 1)
    (left,) = run.left_out
    assert (left.invoice_id, left.number, left.sentence) == (settled.id, settled.number, "It owes nothing any more.")
    assert reminders_of(clinic, settled) == []
    with pytest.raises(Conflict, match="It owes nothing any more"):
        remind(clinic, FIRST_ON, settled)


@pytest.mark.parametrize(
    ("column", "obstacle", "sentence"),
    [
        ("archived_at = now()", ReminderObstacle.ARCHIVED, "is archived"),
        ("deceased_on = '2026-09-03'", ReminderObstacle.DECEASED, "has died"),
    ],
)
def test_who_is_archived_or_has_died_is_listed_and_not_reminded(
    clinic: Clinic, column: str, obstacle: ReminderObstacle, sentence: str
) -> None:
    invoice = overdue(clinic)
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.execute(text(f"update patient set {column} where id = :id"), {"id": invoice.patient_id})
    assert due(clinic, FIRST_ON).count == 0
    assert unreminded(clinic, FIRST_ON) == {invoice.number: obstacle}
    with pytest.raises(Conflict, match=sentence):
        remind(clinic, FIRST_ON, invoice)


def test_a_patient_and_another_payer_get_letters_of_their_own(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    own = [overdue(clinic, patient), overdue(clinic, patient, "20.00", days_later=1)]
    insurer = BillTo(name="Harbour Insurance", address="Quay 1", reference="PO 7")
    theirs = [
        overdue_of(clinic, patient, insurer),
        overdue_of(clinic, patient, insurer.model_copy(update={"reference": "8"})),
    ]
    elsewhere = overdue_of(clinic, patient, insurer.model_copy(update={"address": "Quay 2"}))
    found = due(clinic, FIRST_ON + DAY)
    assert found.count == 3
    assert sorted((letter.payer_name, letter.open, len(letter.invoices)) for letter in found.letters) == [
        ("Ada Demo", Decimal("100.00"), 2),
        ("Harbour Insurance", Decimal("80.00"), 1),
        ("Harbour Insurance", Decimal("160.00"), 2),
    ]
    assert perform(clinic.actor("manager"), list_paying_patients, ReminderFilter()) == (patient,)
    run = remind(clinic, FIRST_ON + DAY)
    assert (run.total, run.invoices) == (3, 5)
    assert all(reminders_of(clinic, invoice) for invoice in (*own, *theirs, elsewhere))


def test_a_letter_takes_the_highest_of_its_steps_and_one_day_to_pay(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    old = overdue(clinic, patient)
    remind(clinic, FIRST_ON, old)
    young = overdue(clinic, patient, "20.00", days_later=10)
    (letter,) = due(clinic, SECOND_ON).letters
    assert (letter.step, letter.title, letter.last_on) == (2, "Second payment reminder", FIRST_ON)
    assert [(one.number, one.step) for one in letter.invoices] == [(old.number, 2), (young.number, 1)]
    assert due(clinic, SECOND_ON, step=1).count == 0
    assert due_numbers(clinic, SECOND_ON, step=2) == [(old.number, 2), (young.number, 1)]
    remind(clinic, SECOND_ON, step=2)
    pay_by = SECOND_ON + 10 * DAY
    assert [reminders_of(clinic, one)[-1][:3] for one in (old, young)] == [
        (2, SECOND_ON, pay_by),
        (1, SECOND_ON, pay_by),
    ]


def test_sums_by_step_are_those_of_all_letters_whatever_page_is_shown(clinic: Clinic) -> None:
    first = [overdue(clinic, price=f"{10 + at}.00", days_later=at) for at in range(4)]
    remind(clinic, FIRST_ON, first[0])
    found = due(clinic, SECOND_ON, limit=2)
    assert [(each.step, each.letters, each.invoices, each.amount) for each in found.steps] == [
        (1, 3, 3, Decimal("36.00")), (2, 1, 1, Decimal("10.00")),
    ]  # fmt: skip
    assert (found.count, found.total, len(found.letters)) == (4, Decimal("46.00"), 2)
    pages = [
        letter.invoices[0].number for at in (0, 2) for letter in due(clinic, SECOND_ON, limit=2, offset=at).letters
    ]
    assert pages == [one.number for one in first]
    assert (due(clinic, SECOND_ON, step=1).count, due(clinic, SECOND_ON, step=1).total) == (3, Decimal("36.00"))


def test_today_is_the_date_at_the_location_of_the_invoice(clinic: Clinic) -> None:
    here, there = overdue(clinic), overdue(clinic, clinic_location_id=clinic.branch)
    # 22 September in Berlin, still 21 September in New York.
    with frozen_at(datetime(2026, 9, 21, 22, 30, tzinfo=UTC)):
        found = perform(clinic.actor("manager"), list_due_reminders, ListDueReminders())
        assert [invoice.number for letter in found.letters for invoice in letter.invoices] == [here.number]
        run = perform(clinic.actor("manager"), start_reminders, StartReminders(invoice_ids=(here.id, there.id)))
    assert [left.number for left in run.left_out] == [there.number]
    assert reminders_of(clinic, here)[0][1] == FIRST_ON


def test_days_are_counted_over_the_hour_that_the_clocks_lose_or_gain(clinic: Clinic) -> None:
    # Clocks go back on 25 October 2026 in Berlin: day begins at 22:00 UTC before and at 23:00 UTC after.
    with frozen_at(datetime(2026, 10, 5, 12, tzinfo=UTC)):
        invoice = overdue(clinic, days_later=34)
    actor = clinic.actor("manager")
    for instant, count in (("2026-10-25T22:59+00:00", 0), ("2026-10-25T23:00+00:00", 1)):
        with frozen_at(datetime.fromisoformat(instant)):
            assert perform(actor, list_due_reminders, ListDueReminders()).count == count
    assert invoice.due_on == date(2026, 10, 19)


def test_who_reaches_one_location_reminds_of_its_invoices_only(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    here, there = overdue(clinic, patient), overdue(clinic, patient, clinic_location_id=clinic.branch)
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.execute(
            text(
                "update role_permission set scope = 'location' from role r where r.id = role_id and r.key = 'manager'"
                " and role_permission.organization_id = :id"
            ),
            {"id": clinic.organization_id},
        )
    assert due_numbers(clinic, FIRST_ON) == [(here.number, 1)]
    with pytest.raises(NotFound):
        remind(clinic, FIRST_ON, there)
    with pytest.raises(NotFound):
        hold(clinic, there, FIRST_ON)
    assert remind(clinic, FIRST_ON).invoices == 1
    assert reminders_of(clinic, here)


def test_another_organisation_sees_and_reminds_of_nothing(clinic: Clinic) -> None:
    theirs = overdue(make_clinic())
    assert due(clinic, FIRST_ON).count == 0
    for attempt in (lambda: remind(clinic, FIRST_ON, theirs), lambda: hold(clinic, theirs, FIRST_ON)):
        with pytest.raises(NotFound, match="does not exist"):
            attempt()
    with pytest.raises(NotFound):
        perform(clinic.actor("manager"), list_invoice_reminders, OfInvoice(invoice_id=theirs.id))


@pytest.mark.parametrize("role", ["assistant", "practitioner", "patient"])
def test_only_who_manages_billing_reminds(clinic: Clinic, role: str) -> None:
    invoice = overdue(clinic)
    attempts = (
        lambda: due(clinic, FIRST_ON, role=role),
        lambda: remind(clinic, FIRST_ON, invoice, role=role),
        lambda: perform(clinic.actor(role), list_unreminded, ListUnreminded()),
        lambda: perform(clinic.actor(role), release_hold, ReleaseHold(invoice_id=invoice.id, reason="Paid")),
        lambda: perform(clinic.actor(role), set_reminder_steps, SetReminderSteps(steps=())),
    )
    for attempt in attempts:
        with pytest.raises(PermissionDenied):
            attempt()
    assert reminders_of(clinic, invoice) == []


def test_the_same_form_starts_one_run_however_often_it_is_sent(clinic: Clinic) -> None:
    invoice, request_id = overdue(clinic), new_id()
    first = remind(clinic, FIRST_ON, invoice, request_id=request_id, email=True)
    assert remind(clinic, FIRST_ON, invoice, request_id=request_id, email=True) == first
    assert len(reminders_of(clinic, invoice)) == 1
    with pytest.raises(Conflict, match="sent with other content"):
        remind(clinic, FIRST_ON, invoice, request_id=request_id)
    with pytest.raises(Conflict, match="may have been sent in the meantime"):
        remind(clinic, FIRST_ON, invoice)
