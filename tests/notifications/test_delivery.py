"""Delivery: what is due and still true goes out, once, whatever happens in between; the rest says why not."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import col

from clinic_core.access import owner_work, perform, system_actor_of, unit_of_work
from clinic_core.errors import PermissionDenied
from clinic_core.jobs.worker import work_once
from clinic_core.kit.clock import frozen_at, now
from clinic_core.models import Appointment, Patient
from clinic_core.notifications.outbox import outbox_file
from clinic_core.notifications.schemas import DeliverDue, Delivered, NotificationRow, PlanReminder, WithdrawReminders
from clinic_core.notifications.service import deliver_due, plan_reminder, withdraw_reminders
from clinic_core.scheduling.schemas import CancelAppointment
from clinic_core.scheduling.service import cancel_appointment
from clinic_core.vocabulary import CancelledBy, NotificationChannel, WithdrawnReason
from tests.factories import MONDAY, Clinic, make_clinic
from tests.harness import Database
from tests.notifications.arrange import deliver, dropped, messages_of, reachable
from tests.scheduling.arrange import audited, book

DAY = timedelta(days=1)
DUE = MONDAY - DAY


def remind(clinic: Clinic, hours: float = 0, *, channel: str = "email", **columns: Any) -> tuple[UUID, NotificationRow]:
    """A patient with an appointment on Monday and a reminder for the day before."""
    patient = reachable(clinic, **columns)
    appointment = book(clinic, hours, patient_id=patient)
    request = PlanReminder(appointment_id=appointment.id, channel=NotificationChannel(channel), scheduled_at=DUE)
    return patient, perform(clinic.actor("assistant"), plan_reminder, request)


def test_a_reminder_goes_out_when_it_is_due_and_not_before(clinic: Clinic, outbox: Path) -> None:
    patient, reminder = remind(clinic)
    with frozen_at(DUE - timedelta(seconds=1)) as clock:
        assert deliver(clinic) == Delivered()
        clock.move_to(DUE)
        assert deliver(clinic) == Delivered(sent=1)
        assert deliver(clinic) == Delivered()
    [message] = messages_of(clinic, patient)
    assert (message.status, message.sent_at, message.attempts) == ("sent", DUE, 0)
    files = dropped(outbox, clinic)
    assert list(files) == [f"{reminder.id}.json"]
    assert files[f"{reminder.id}.json"] == {
        "id": str(reminder.id),
        "channel": "email",
        "to": "ada@example.org",
        "subject": f"Your appointment at {clinic.name}",
        "text": f"{clinic.name} reminds you of your appointment on 3 Mar 2031, 10:00 (Europe/Berlin) at Main street."
        " If you cannot come, please tell us.",
        "written_at": DUE.isoformat(),
        "attachments": [],
    }
    path = outbox_file(clinic.organization_id, reminder.id)
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    written = audited(clinic, "notification.deliver")
    assert [(table, action, actor) for table, action, actor, _ in written] == [("notification", "update", None)]
    assert "ada@example.org" not in str(written)


def test_an_sms_goes_to_the_phone(clinic: Clinic, outbox: Path) -> None:
    remind(clinic, channel="sms")
    with frozen_at(DUE):
        deliver(clinic)
    [file] = dropped(outbox, clinic).values()
    assert (file["channel"], file["to"]) == ("sms", "+49 30 123456")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"archived_at": MONDAY - 9 * DAY}, WithdrawnReason.PATIENT_INACTIVE),
        ({"deceased_on": date(2031, 2, 1)}, WithdrawnReason.PATIENT_INACTIVE),
        ({"deleted_at": MONDAY - 9 * DAY}, WithdrawnReason.PATIENT_INACTIVE),
        ({"contact_json": {"phone": "+49 30 1"}}, WithdrawnReason.NO_ADDRESS),
        ({"consents_json": {"email": {"granted": False}}}, WithdrawnReason.CONSENT_REFUSED),
    ],
)
def test_what_changed_about_the_patient_since_is_respected(
    clinic: Clinic, outbox: Path, change: dict[str, object], reason: WithdrawnReason
) -> None:
    patient, _ = remind(clinic)
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.execute(update(Patient).where(col(Patient.id) == patient).values(**change))
    with frozen_at(DUE):
        assert deliver(clinic) == Delivered(withdrawn=1)
    assert dropped(outbox, clinic) == {}
    if "deleted_at" not in change:
        [message] = messages_of(clinic, patient)
        assert (message.status, message.withdrawn_reason) == ("withdrawn", reason)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": "arrived"}, WithdrawnReason.APPOINTMENT_OVER),
        ({"deleted_at": MONDAY - 9 * DAY}, WithdrawnReason.APPOINTMENT_DELETED),
        ({"starts_at": DUE - 2 * DAY, "ends_at": DUE - DAY}, WithdrawnReason.APPOINTMENT_OVER),
    ],
)
def test_what_changed_about_the_appointment_since_is_respected(
    clinic: Clinic, outbox: Path, change: dict[str, object], reason: WithdrawnReason
) -> None:
    patient, reminder = remind(clinic)
    with owner_work("test.arrange", clinic.organization_id) as session:
        appointment = col(Appointment.id) == reminder.appointment_id
        session.execute(update(Appointment).where(appointment).values(**change))
    with frozen_at(DUE):
        assert deliver(clinic) == Delivered(withdrawn=1)
    assert dropped(outbox, clinic) == {}
    assert [message.withdrawn_reason for message in messages_of(clinic, patient)] == [reason]


def test_a_cancellation_that_took_no_reminder_along_stops_it_all_the_same(clinic: Clinic, outbox: Path) -> None:
    patient, reminder = remind(clinic)
    assert reminder.appointment_id is not None
    request = CancelAppointment(appointment_id=reminder.appointment_id, cancelled_by=CancelledBy.PATIENT)
    perform(clinic.actor("assistant"), cancel_appointment, request)
    with frozen_at(DUE):
        assert deliver(clinic) == Delivered(withdrawn=1)
    [message] = messages_of(clinic, patient)
    assert message.withdrawn_reason is WithdrawnReason.APPOINTMENT_CANCELLED
    assert dropped(outbox, clinic) == {}


def test_one_delivery_takes_the_oldest_up_to_its_limit_and_says_that_there_is_more(
    clinic: Clinic, outbox: Path
) -> None:
    for hours in range(3):
        remind(clinic, hours)
    with frozen_at(DUE):
        assert deliver(clinic, limit=2) == Delivered(sent=2, has_more=True)
        assert deliver(clinic, limit=2) == Delivered(sent=1)
    assert len(dropped(outbox, clinic)) == 3


def test_a_message_that_cannot_be_written_waits_longer_each_time_and_is_then_given_up(
    clinic: Clinic, outbox: Path
) -> None:
    patient, _ = remind(clinic)
    (outbox / "outbox").write_text("in the way")
    with frozen_at(DUE) as clock:
        for attempt, minutes in enumerate((1, 4, 16, 64, 256), start=1):
            assert deliver(clinic) == Delivered(postponed=1)
            [message] = messages_of(clinic, patient)
            assert (message.attempts, message.last_error) == (attempt, "outbox_unwritable")
            assert message.next_attempt_at == now() + timedelta(minutes=minutes)
            clock.advance(timedelta(minutes=minutes, seconds=-1))
            assert deliver(clinic) == Delivered()
            clock.advance(timedelta(seconds=1))
        assert deliver(clinic) == Delivered(failed=1)
        assert deliver(clinic) == Delivered()
    [message] = messages_of(clinic, patient)
    assert (message.status, message.attempts, message.next_attempt_at) == ("failed", 6, None)


def test_a_message_goes_out_once_the_way_is_free_again(clinic: Clinic, outbox: Path) -> None:
    patient, _ = remind(clinic)
    (outbox / "outbox").write_text("in the way")
    with frozen_at(DUE) as clock:
        deliver(clinic)
        (outbox / "outbox").unlink()
        clock.advance(timedelta(minutes=1))
        assert deliver(clinic) == Delivered(sent=1)
    [message] = messages_of(clinic, patient)
    assert (message.status, message.attempts) == ("sent", 1)


class PowerCut(Exception):
    """Ends a unit of work before its commit."""


def test_a_crash_between_file_and_commit_leaves_one_file(clinic: Clinic, outbox: Path) -> None:
    remind(clinic)
    with frozen_at(DUE):
        with pytest.raises(PowerCut):
            deliver_and_crash(clinic)
        first = dropped(outbox, clinic)
        assert deliver(clinic) == Delivered(sent=1)
    assert len(first) == 1
    assert dropped(outbox, clinic) == first


def deliver_and_crash(clinic: Clinic) -> None:
    with unit_of_work(system_actor_of(clinic.organization_id)) as work:
        assert deliver_due(work, DeliverDue()).sent == 1
        raise PowerCut


def test_two_deliveries_at_once_send_each_message_once(clinic: Clinic, outbox: Path) -> None:
    for hours in range(6):
        remind(clinic, hours)
    actor, together = system_actor_of(clinic.organization_id), Barrier(2)

    def take() -> int:
        with unit_of_work(actor) as work:
            sent = deliver_due(work, DeliverDue(limit=3)).sent
            together.wait(60)
            return sent

    with frozen_at(DUE), ThreadPoolExecutor(2) as pool:
        results = [pool.submit(take) for _ in range(2)]
        assert [result.result() for result in results] == [3, 3]
    assert len(dropped(outbox, clinic)) == 6


def test_a_withdrawal_waits_for_the_delivery_and_leaves_what_was_sent(clinic: Clinic, outbox: Path) -> None:
    patient, reminder = remind(clinic)
    assert reminder.appointment_id is not None
    request = WithdrawReminders(appointment_id=reminder.appointment_id)
    assistant, is_asking = clinic.actor("assistant"), Barrier(2)

    def withdraw() -> list[NotificationRow]:
        is_asking.wait(60)
        return perform(assistant, withdraw_reminders, request)

    with frozen_at(DUE), ThreadPoolExecutor(1) as pool:
        with unit_of_work(system_actor_of(clinic.organization_id)) as work:
            assert deliver_due(work, DeliverDue()).sent == 1
            withdrawn = pool.submit(withdraw)
            is_asking.wait(60)
        assert withdrawn.result(60) == []
    assert [message.status for message in messages_of(clinic, patient)] == ["sent"]


def test_an_organisation_delivers_its_own_messages_alone(clinic: Clinic, outbox: Path) -> None:
    other = make_clinic()
    remind(other)
    with frozen_at(DUE):
        assert deliver(clinic) == Delivered()
        assert deliver(other) == Delivered(sent=1)
    assert dropped(outbox, clinic) == {}


def test_staff_of_the_desk_deliver_nothing(clinic: Clinic, outbox: Path) -> None:
    remind(clinic)
    with frozen_at(DUE), pytest.raises(PermissionDenied):
        perform(clinic.actor("assistant"), deliver_due, DeliverDue())
    assert dropped(outbox, clinic) == {}


def test_the_worker_delivers_what_is_due_for_every_organisation(own_database: Database, outbox: Path) -> None:
    clinics = [make_clinic(), make_clinic()]
    for one in clinics:
        remind(one)
    with frozen_at(DUE):
        assert asyncio.run(work_once()).failed == 0
    assert [len(dropped(outbox, one)) for one in clinics] == [1, 1]
