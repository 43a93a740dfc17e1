"""Papers by e-mail: who gets one, that it is the paper of the batch and comes once, and what stops it on the way."""

import base64
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import ZipFile

import pytest
from sqlalchemy import update
from sqlmodel import col

from clinic_core.access import owner_work, perform, unit_of_work
from clinic_core.billing.archive import delete_folder, kept_file, paper_path
from clinic_core.billing.schemas import CancelBatch, GetBatch, MakePapers
from clinic_core.errors import Conflict, NotFound
from clinic_core.kit.clock import frozen_at, now
from clinic_core.models import DocumentBatch, Notification, Patient
from clinic_core.notifications.batch_emails import batch_emails
from clinic_core.notifications.queries import list_messages
from clinic_core.notifications.schemas import Delivered, ListMessages
from clinic_core.notifications.service import cancel_batch_with_emails, make_papers
from clinic_core.vocabulary import BatchStatus, DeliveryError, NotificationChannel, WithdrawnReason
from tests.factories import Clinic, make_clinic, make_patient
from tests.notifications.arrange import REACHABLE, deliver, dropped, messages_of, reachable
from tests.notifications.papers import (
    by_email,
    letters,
    make_all,
    make_step,
    overdue,
    paper,
    pay,
    start_letters,
    start_statements,
)
from tests.scheduling.arrange import audited

pytestmark = pytest.mark.usefixtures("outbox")


def change(clinic: Clinic, patient_id: UUID, **columns: Any) -> None:
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.execute(update(Patient).where(col(Patient.id) == patient_id).values(**columns))


def archived(clinic: Clinic, batch_id: UUID) -> list[str]:
    """The names within the archive of a batch."""
    with unit_of_work(clinic.actor("manager")) as work:
        name = work.session.get_one(DocumentBatch, batch_id).file_name
    assert name is not None
    with ZipFile(kept_file(name)) as archive:
        return archive.namelist()


def cancel(clinic: Clinic, batch_id: UUID) -> None:
    perform(clinic.actor("manager"), cancel_batch_with_emails, CancelBatch(batch_id=batch_id))


def test_a_letter_goes_out_with_the_paper_of_the_batch_attached(clinic: Clinic, outbox: Path) -> None:
    patient = reachable(clinic, first_name="Ada", last_name="Lovelace")
    batch = letters(clinic, overdue(clinic, patient, "81.50"))
    assert deliver(clinic) == Delivered(sent=1)
    [file] = dropped(outbox, clinic).values()
    [attached] = file["attachments"]
    assert (file["channel"], file["to"]) == ("email", "ada@example.org")
    assert (attached["name"], attached["media_type"]) == ("payment-reminder.pdf", "application/pdf")
    assert base64.b64decode(attached["content"], validate=True) == paper(clinic, batch)
    [message] = messages_of(clinic, patient)
    assert (message.type, message.status, message.appointment_id) == ("payment_reminder", "sent", None)


def test_the_words_around_a_paper_name_the_clinic_alone(clinic: Clinic, outbox: Path) -> None:
    patient = reachable(clinic, first_name="Ada", last_name="Lovelace")
    invoice = overdue(clinic, patient, "81.50")
    letters(clinic, invoice)
    deliver(clinic)
    [file] = dropped(outbox, clinic).values()
    assert file["subject"] == f"A letter from {clinic.name} about your invoices"
    words = f"{file['subject']} {file['text']}"
    assert not [found for found in ("Ada", "Lovelace", "81", "€", "EUR", str(invoice.number)) if found in words]


def test_who_cannot_or_does_not_want_to_be_written_to_gets_a_paper_by_post(clinic: Clinic, outbox: Path) -> None:
    patients = [
        reachable(clinic),
        reachable(clinic, contact_json={"phone": "+49 30 1"}),
        reachable(clinic, consents_json={"email": {"granted": False}}),
        reachable(clinic, deceased_on=now().date()),
    ]
    batch = letters(clinic, *(overdue(clinic, patient) for patient in patients))
    assert by_email(clinic, batch) == [True, False, False, False]
    assert [len(messages_of(clinic, patient)) for patient in patients] == [1, 0, 0, 0]
    assert [name.split("/")[0] for name in archived(clinic, batch)] == ["e-mailed", "post", "post", "post"]


def test_a_batch_that_is_not_to_be_e_mailed_is_for_the_post(clinic: Clinic) -> None:
    patient = reachable(clinic)
    batch = start_letters(clinic, overdue(clinic, patient), email=False)
    make_all(clinic, batch)
    assert (by_email(clinic, batch), messages_of(clinic, patient)) == ([False], [])


def test_a_phone_never_gets_a_paper(clinic: Clinic, outbox: Path) -> None:
    patient = reachable(clinic)
    letters(clinic, overdue(clinic, patient))
    with owner_work("test.arrange", clinic.organization_id) as session:
        of_patient = col(Notification.patient_id) == patient
        session.execute(update(Notification).where(of_patient).values(channel=NotificationChannel.SMS))
    assert deliver(clinic) == Delivered(withdrawn=1)
    assert dropped(outbox, clinic) == {}


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"consents_json": {"email": {"granted": False}}}, WithdrawnReason.CONSENT_REFUSED),
        ({"contact_json": {}}, WithdrawnReason.NO_ADDRESS),
        ({"deceased_on": now().date()}, WithdrawnReason.PATIENT_INACTIVE),
    ],
)
def test_what_changed_about_the_patient_after_the_paper_was_made_stops_it(
    clinic: Clinic, outbox: Path, columns: dict[str, object], reason: WithdrawnReason
) -> None:
    patient = reachable(clinic)
    letters(clinic, overdue(clinic, patient))
    change(clinic, patient, **columns)
    assert deliver(clinic) == Delivered(withdrawn=1)
    assert dropped(outbox, clinic) == {}
    assert [message.withdrawn_reason for message in messages_of(clinic, patient)] == [reason]


def test_nobody_is_reminded_of_what_was_paid_before_the_letter_went_out(clinic: Clinic, outbox: Path) -> None:
    patient = reachable(clinic)
    invoice = overdue(clinic, patient)
    letters(clinic, invoice)
    pay(clinic, invoice)
    assert deliver(clinic) == Delivered(withdrawn=1)
    assert dropped(outbox, clinic) == {}
    assert [message.withdrawn_reason for message in messages_of(clinic, patient)] == [WithdrawnReason.NOTHING_OWED]


def test_a_cancelled_batch_withdraws_what_did_not_go_out_and_leaves_what_did(clinic: Clinic, outbox: Path) -> None:
    first, second = reachable(clinic), reachable(clinic)
    batch = start_statements(clinic, *(overdue(clinic, patient) for patient in (first, second)))
    make_step(clinic, batch, limit=1)
    deliver(clinic)
    make_step(clinic, batch)
    cancel(clinic, batch)
    assert deliver(clinic) == Delivered()
    assert [message.status for message in messages_of(clinic, first)] == ["sent"]
    [message] = messages_of(clinic, second)
    assert (message.status, message.withdrawn_reason) == ("withdrawn", WithdrawnReason.BATCH_CANCELLED)
    assert len(dropped(outbox, clinic)) == 1


def test_an_e_mail_of_a_batch_that_was_cancelled_without_it_is_stopped_when_it_is_due(
    clinic: Clinic, outbox: Path
) -> None:
    patient = reachable(clinic)
    batch = start_statements(clinic, overdue(clinic, patient))
    make_step(clinic, batch)
    with owner_work("test.arrange", clinic.organization_id) as session:
        values = {"status": BatchStatus.CANCELLED, "finished_at": now()}
        session.execute(update(DocumentBatch).where(col(DocumentBatch.id) == batch).values(**values))
    assert deliver(clinic) == Delivered(withdrawn=1)
    assert [message.withdrawn_reason for message in messages_of(clinic, patient)] == [WithdrawnReason.BATCH_CANCELLED]
    assert dropped(outbox, clinic) == {}


def test_a_batch_that_has_ended_is_not_cancelled_and_its_e_mails_go_out(clinic: Clinic) -> None:
    batch = start_statements(clinic, overdue(clinic, reachable(clinic)))
    make_all(clinic, batch)
    with pytest.raises(Conflict, match="ended already"):
        cancel(clinic, batch)
    assert deliver(clinic) == Delivered(sent=1)


def test_nobody_stops_a_batch_of_another_clinic(clinic: Clinic) -> None:
    batch = start_letters(clinic, overdue(clinic, reachable(clinic)))
    for other in (make_clinic().actor("owner"), clinic.actor("assistant")):
        with pytest.raises(NotFound):
            perform(other, cancel_batch_with_emails, CancelBatch(batch_id=batch))
        with pytest.raises(NotFound):
            perform(other, make_papers, MakePapers(batch_id=batch))


def test_a_paper_that_is_missing_waits_longer_each_time_and_is_then_given_up(clinic: Clinic, outbox: Path) -> None:
    patient = reachable(clinic)
    batch = letters(clinic, overdue(clinic, patient))
    delete_folder(clinic.organization_id, batch)
    with frozen_at(now()) as clock:
        for attempt, minutes in enumerate((1, 4, 16, 64, 256), start=1):
            assert deliver(clinic) == Delivered(postponed=1)
            [message] = messages_of(clinic, patient)
            assert (message.attempts, message.last_error) == (attempt, DeliveryError.PAPER_MISSING)
            clock.advance(timedelta(minutes=minutes))
        assert deliver(clinic) == Delivered(failed=1)
        assert deliver(clinic) == Delivered()
    assert dropped(outbox, clinic) == {}


def test_a_paper_that_is_back_goes_out_at_the_next_try(clinic: Clinic) -> None:
    batch = letters(clinic, overdue(clinic, reachable(clinic)))
    path = paper_path(clinic.organization_id, batch, 1)
    content = path.read_bytes()
    path.unlink()
    with frozen_at(now()) as clock:
        assert deliver(clinic) == Delivered(postponed=1)
        path.write_bytes(content)
        clock.advance(timedelta(minutes=1))
        assert deliver(clinic) == Delivered(sent=1)


def test_logs_say_nothing_of_whom_a_paper_is_for(clinic: Clinic, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    patient = reachable(clinic, first_name="Ada", last_name="Lovelace")
    invoices = [overdue(clinic, patient), overdue(clinic, patient)]
    batch = letters(clinic, *invoices)
    paper_path(clinic.organization_id, batch, 2).unlink()
    deliver(clinic)
    said = [*REACHABLE.values(), "Ada", "Lovelace", *(str(invoice.number) for invoice in invoices)]
    assert [word for word in said if word in caplog.text] == []


def test_messages_about_papers_are_shown_to_who_sees_the_account_alone(clinic: Clinic) -> None:
    patient = make_patient(clinic, contact_json=REACHABLE, clinic_location_id=clinic.main)
    letters(clinic, overdue(clinic, patient))
    wanted = ListMessages(patient_id=patient)
    seen = {role: len(perform(clinic.actor(role), list_messages, wanted)) for role in ("manager", "practitioner")}
    assert seen == {"manager": 1, "practitioner": 0}


def test_planning_and_sending_are_audited_without_an_address(clinic: Clinic) -> None:
    letters(clinic, overdue(clinic, reachable(clinic)))
    deliver(clinic)
    planned, sent = audited(clinic, "batch.make_with_emails"), audited(clinic, "notification.deliver")
    assert ("notification", "insert") in [found[:2] for found in planned]
    assert [found[:2] for found in sent] == [("notification", "update")]
    assert "ada@example.org" not in f"{planned}{sent}"


def test_a_batch_tells_whose_paper_has_to_be_posted_after_all(clinic: Clinic) -> None:
    patients = [reachable(clinic), reachable(clinic), reachable(clinic)]
    batch = start_letters(clinic, *(overdue(clinic, patient) for patient in patients))
    make_step(clinic, batch, limit=2)
    change(clinic, patients[1], consents_json={"email": {"granted": False}})
    deliver(clinic)
    make_all(clinic, batch)
    found = perform(clinic.actor("manager"), batch_emails, GetBatch(batch_id=batch))
    assert (found.sent, found.waiting, found.unsent) == (1, 1, 1)
    [unsent] = found.papers
    assert (unsent.patient_id, unsent.position) == (patients[1], 2)
    assert unsent.withdrawn_reason is WithdrawnReason.CONSENT_REFUSED
    for other in (clinic.actor("assistant"), make_clinic().actor("owner")):
        assert perform(other, batch_emails, GetBatch(batch_id=batch)).unsent == 0
