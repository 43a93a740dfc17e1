"""Letters of payment reminders: to whom, over what, and what a letter says when it is printed later (B6, B7)."""

from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import text

from clinic_core.access import owner_work, perform
from clinic_core.billing.queries import list_reminder_runs, preview_letter
from clinic_core.billing.reminder_paper import reminder_pdf
from clinic_core.billing.reminders import read_letters
from clinic_core.billing.schemas import (
    BillTo,
    ListReminderRuns,
    PreviewLetter,
    ReminderLetter,
    StartedReminders,
    WriteOff,
)
from clinic_core.billing.service import record_receipt, write_off
from clinic_core.errors import Conflict, NotFound
from clinic_core.kit.clock import frozen_at
from clinic_core.kit.ids import new_id
from clinic_core.notifications.queries import count_by_email
from clinic_core.notifications.schemas import CountByEmail
from tests.billing.arrange import audited, receipt
from tests.billing.reminding import (
    FIRST_ON,
    PAY_BY,
    SECOND_ON,
    items_of,
    noon,
    overdue,
    overdue_of,
    remind,
    two_steps,
)
from tests.billing.test_documents import text_of
from tests.factories import Clinic, make_clinic, make_patient
from tests.harness import Database


@pytest.fixture(autouse=True)
def _database(database: Database) -> None:
    """These papers need one, unlike those of `test_documents`."""


def letters(clinic: Clinic, run: StartedReminders, role: str = "manager") -> list[ReminderLetter]:
    items = items_of(clinic, run)
    found = perform(clinic.actor(role), read_letters, items)
    return [found[item] for item in items if item in found]


def preview(clinic: Clinic, invoice_id: UUID, **fields: object) -> ReminderLetter:
    request = PreviewLetter.model_validate({"invoice_id": invoice_id, **fields})
    with frozen_at(noon(FIRST_ON)):
        return perform(clinic.actor("manager"), preview_letter, request)


def test_a_preview_is_the_letter_that_is_made_then(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    invoice = overdue(clinic, patient)
    overdue(clinic, patient, "20.00")
    seen = preview(clinic, invoice.id)
    (made,) = letters(clinic, remind(clinic, FIRST_ON))
    assert seen.is_preview
    assert seen.model_copy(update={"is_preview": False}) == made
    assert (made.made_on, made.pay_by, made.total_open) == (FIRST_ON, PAY_BY, Decimal("100.00"))
    assert ("invoice", "print", clinic.users["manager"]) in audited(clinic, "reminder.preview")
    assert "This is a preview: the letter has not been sent." in text_of(
        reminder_pdf(seen, clinic.actor("manager").settings.locale)
    )
    with pytest.raises(Conflict, match="No reminder of this invoice is due"):
        preview(clinic, invoice.id)
    with pytest.raises(NotFound, match="This invoice does not exist"):
        preview(clinic, new_id())


def test_a_preview_of_one_location_is_of_its_invoices(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    here, there = overdue(clinic, patient), overdue(clinic, patient, clinic_location_id=clinic.branch)
    assert len(preview(clinic, here.id).lines) == 2
    assert [line.number for line in preview(clinic, here.id, clinic_location_id=clinic.main).lines] == [here.number]
    with pytest.raises(Conflict):
        preview(clinic, there.id, clinic_location_id=clinic.main)


def test_a_letter_printed_again_says_what_was_owed_on_its_day_until_nothing_is(clinic: Clinic) -> None:
    invoice, manager = overdue(clinic), clinic.actor("manager")
    run = remind(clinic, FIRST_ON)
    perform(manager, record_receipt, receipt(invoice.patient_id, "30.00", invoice_ids=(invoice.id,)))
    (later,) = letters(clinic, run)
    assert (later.total_open, later.is_settled) == (Decimal("80.00"), False)
    perform(manager, write_off, WriteOff(invoice_id=invoice.id, amount=Decimal("50.00"), reason="Hardship"))
    (settled,) = letters(clinic, run)
    assert (settled.total_open, settled.is_settled) == (Decimal("80.00"), True)


def test_the_second_letter_tells_of_the_first(clinic: Clinic) -> None:
    overdue(clinic)
    remind(clinic, FIRST_ON)
    (letter,) = letters(clinic, remind(clinic, SECOND_ON))
    (line,) = letter.lines
    assert (letter.step, letter.title) == (2, "Second payment reminder")
    assert (line.reminders, line.last_on) == (1, FIRST_ON)


def test_a_patient_is_written_to_where_they_live_today_another_payer_as_billed(clinic: Clinic) -> None:
    patient = make_patient(clinic, contact_json={"address": {"street": "Old 1", "city": "Bonn"}})
    overdue(clinic, patient)
    overdue_of(clinic, patient, BillTo(name="Harbour Insurance", address="Quay 1", reference="PO 7"))
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.execute(
            text(
                'update patient set contact_json = \'{"address": {"street": "New 2", "city": "Kiel"}}\' where id = :id'
            ),
            {"id": patient},
        )
    own, theirs = sorted(letters(clinic, remind(clinic, FIRST_ON)), key=lambda letter: not letter.billed_to_patient)
    assert (own.payer.name, own.payer.address, own.lines[0].reference) == ("Ada Demo", "New 2\nKiel", "")
    assert (theirs.payer.name, theirs.payer.address) == ("Harbour Insurance", "Quay 1")
    assert (theirs.billed_to_patient, theirs.payer.reference, theirs.lines[0].reference) == (False, "", "PO 7")


def test_the_words_of_a_step_that_is_gone_are_those_of_the_last_one() -> None:
    clinic = make_clinic(two_steps())
    overdue(clinic)
    remind(clinic, FIRST_ON)
    run = remind(clinic, SECOND_ON)
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.execute(
            text(
                "update organization set settings_json = jsonb_set(settings_json, '{reminder_steps}',"
                " (settings_json -> 'reminder_steps') - 1) where id = :id"
            ),
            {"id": clinic.organization_id},
        )
    (letter,) = letters(clinic, run)
    assert (letter.step, letter.title) == (2, "Reminder")


def test_letters_are_read_within_the_readers_organisation(clinic: Clinic) -> None:
    overdue(clinic)
    run = remind(clinic, FIRST_ON)
    items = items_of(clinic, run)
    assert perform(make_clinic().actor("manager"), read_letters, items) == {}


def test_runs_are_listed_with_what_they_asked_for(clinic: Clinic) -> None:
    overdue(clinic)
    overdue(clinic, price="20.00")
    first, second = remind(clinic, FIRST_ON), remind(clinic, SECOND_ON, role="owner")
    rows = perform(clinic.actor("manager"), list_reminder_runs, ListReminderRuns())
    assert [row.reminded_on for row in rows] == [SECOND_ON, FIRST_ON]
    assert [(row.id, row.started_by, row.letters, row.invoices, row.amount, row.by_email) for row in rows] == [
        (second.id, "Owner", 2, 2, Decimal("100.00"), 0),
        (first.id, "Manager", 2, 2, Decimal("100.00"), 0),
    ]
    assert perform(make_clinic().actor("owner"), list_reminder_runs, ListReminderRuns()) == ()


def test_only_patients_in_reach_who_can_be_written_to_are_counted_for_e_mail(clinic: Clinic) -> None:
    mail = {"email": "ada@example.org"}
    reached = make_patient(clinic, contact_json=mail)
    others = (
        make_patient(clinic),
        make_patient(clinic, contact_json=mail, consents_json={"email": {"granted": False}}),
        make_patient(make_clinic(), contact_json=mail),
    )
    request = CountByEmail(patient_ids=(reached, *others))
    assert perform(clinic.actor("manager"), count_by_email, request) == 1
