"""Telling patients what happened: one message for each step, by a way they allow, and only what still holds."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from clinic_core.access import perform, unit_of_work
from clinic_core.errors import Conflict, NotFound
from clinic_core.kit.ids import new_id
from clinic_core.models import Appointment
from clinic_core.notifications.schemas import Delivered, NotificationRow, NotifyAppointment, NotifyOffer
from clinic_core.notifications.service import notify_cancelled, notify_moved, notify_offer
from clinic_core.scheduling.schemas import CancelAppointment, MoveAppointment
from clinic_core.scheduling.service import cancel_appointment, move_appointment
from clinic_core.vocabulary import CancelledBy, NotificationType, WithdrawnReason
from tests.factories import Clinic, make_clinic, slot
from tests.harness import Database
from tests.notifications.arrange import REACHABLE, deliver, dropped, messages_of, offer, reachable
from tests.scheduling.arrange import audited, book

MOVED, CANCELLED = NotificationType.APPOINTMENT_MOVED, NotificationType.APPOINTMENT_CANCELLED


def booked(clinic: Clinic, **columns: Any) -> tuple[UUID, UUID]:
    """A patient who can be reached, and an appointment of theirs."""
    patient = reachable(clinic, **columns)
    return patient, book(clinic, patient_id=patient).id


def move(clinic: Clinic, appointment_id: UUID, hours: float, practitioner: str = "practitioner") -> None:
    starts_at, ends_at = slot(hours)
    with unit_of_work(clinic.actor("admin")) as work:
        version = work.get(Appointment, appointment_id, called="appointment").version
    request = MoveAppointment(
        appointment_id=appointment_id,
        version=version,
        starts_at=starts_at,
        ends_at=ends_at,
        practitioner_user_id=clinic.users[practitioner],
    )
    perform(clinic.actor("assistant"), move_appointment, request)


def cancel(clinic: Clinic, appointment_id: UUID) -> None:
    request = CancelAppointment(appointment_id=appointment_id, cancelled_by=CancelledBy.CLINIC)
    perform(clinic.actor("assistant"), cancel_appointment, request)


def tell_moved(clinic: Clinic, appointment_id: UUID) -> NotificationRow:
    return perform(clinic.actor("assistant"), notify_moved, NotifyAppointment(appointment_id=appointment_id))


def tell_cancelled(clinic: Clinic, appointment_id: UUID) -> NotificationRow:
    return perform(clinic.actor("assistant"), notify_cancelled, NotifyAppointment(appointment_id=appointment_id))


def texts(outbox: Path, clinic: Clinic) -> list[str]:
    return [file["text"] for _, file in sorted(dropped(outbox, clinic).items())]


def test_a_move_is_told_once_with_the_new_time(clinic: Clinic, outbox: Path) -> None:
    patient, appointment = booked(clinic)
    move(clinic, appointment, 1)
    told = tell_moved(clinic, appointment)
    assert (told.type, told.channel, told.status) == (MOVED, "email", "planned")
    assert tell_moved(clinic, appointment) == told
    assert deliver(clinic) == Delivered(sent=1)
    assert tell_moved(clinic, appointment).status == "sent"
    assert deliver(clinic) == Delivered()
    assert texts(outbox, clinic) == [
        f"Your appointment at {clinic.name} was changed. It is now on 3 Mar 2031, 11:00 (Europe/Berlin) at Main street."
        " If that does not suit you, please tell us."
    ]
    assert [message.type for message in messages_of(clinic, patient)] == [MOVED]
    assert ("notification", "insert") in [entry[:2] for entry in audited(clinic, "notification.moved")]


def test_a_hand_over_names_who_comes_instead(clinic: Clinic, outbox: Path) -> None:
    _, appointment = booked(clinic)
    move(clinic, appointment, 0, "second_practitioner")
    tell_moved(clinic, appointment)
    deliver(clinic)
    assert "at Main street with Second Practitioner." in texts(outbox, clinic)[0]


def test_every_move_is_told_and_one_that_was_not_sent_yet_gives_way(clinic: Clinic, outbox: Path) -> None:
    patient, appointment = booked(clinic)
    move(clinic, appointment, 1)
    first = tell_moved(clinic, appointment)
    move(clinic, appointment, 2)
    second = tell_moved(clinic, appointment)
    assert first.id != second.id
    assert deliver(clinic) == Delivered(sent=1)
    move(clinic, appointment, 1)
    tell_moved(clinic, appointment)
    assert deliver(clinic) == Delivered(sent=1)
    rows = {message.id: message for message in messages_of(clinic, patient)}
    assert rows[first.id].withdrawn_reason is WithdrawnReason.APPOINTMENT_MOVED
    assert sorted(message.status for message in rows.values()) == ["sent", "sent", "withdrawn"]


def test_a_move_that_was_followed_by_another_is_not_told_late(clinic: Clinic, outbox: Path) -> None:
    patient, appointment = booked(clinic)
    move(clinic, appointment, 1)
    tell_moved(clinic, appointment)
    move(clinic, appointment, 2)
    assert deliver(clinic) == Delivered(withdrawn=1)
    assert messages_of(clinic, patient)[0].withdrawn_reason is WithdrawnReason.APPOINTMENT_MOVED
    assert dropped(outbox, clinic) == {}


def test_a_cancellation_is_told_once_and_replaces_what_was_planned_about_a_move(clinic: Clinic, outbox: Path) -> None:
    patient, appointment = booked(clinic)
    move(clinic, appointment, 1)
    tell_moved(clinic, appointment)
    cancel(clinic, appointment)
    told = tell_cancelled(clinic, appointment)
    assert tell_cancelled(clinic, appointment) == told
    assert deliver(clinic) == Delivered(sent=1)
    assert [text.split(". ")[0] for text in texts(outbox, clinic)] == [
        f"Your appointment at {clinic.name} on 3 Mar 2031, 11:00 (Europe/Berlin) at Main street was cancelled"
    ]
    reasons = {message.type: message.withdrawn_reason for message in messages_of(clinic, patient)}
    assert reasons == {MOVED: WithdrawnReason.APPOINTMENT_CANCELLED, CANCELLED: None}


def test_what_did_not_happen_is_not_told(clinic: Clinic) -> None:
    _, appointment = booked(clinic)
    with pytest.raises(Conflict, match="was not moved"):
        tell_moved(clinic, appointment)
    with pytest.raises(Conflict, match="is not cancelled"):
        tell_cancelled(clinic, appointment)


@pytest.mark.parametrize(
    ("columns", "channel", "reason"),
    [
        ({"contact_json": {"phone": "1"}}, "sms", None),
        ({"consents_json": {"email": {"granted": False}}}, "sms", None),
        ({"consents_json": {"email": {"granted": True}}}, "email", None),
        ({"contact_json": {}}, "email", WithdrawnReason.NO_ADDRESS),
        (
            {"contact_json": {"phone": "1"}, "consents_json": {"sms": {"granted": False}}},
            "sms",
            WithdrawnReason.CONSENT_REFUSED,
        ),
        (
            {"contact_json": REACHABLE, "consents_json": {"email": {"granted": False}, "sms": {"granted": False}}},
            "email",
            WithdrawnReason.CONSENT_REFUSED,
        ),
    ],
)
def test_the_way_is_e_mail_then_sms_then_none_and_the_row_says_why(
    clinic: Clinic, columns: dict[str, Any], channel: str, reason: WithdrawnReason | None
) -> None:
    _, appointment = booked(clinic, **columns)
    move(clinic, appointment, 1)
    told = tell_moved(clinic, appointment)
    assert (told.channel, told.withdrawn_reason) == (channel, reason)
    assert told.status == ("planned" if reason is None else "withdrawn")


def test_an_offer_is_told_with_its_time_and_until_when_it_stands(clinic: Clinic, outbox: Path) -> None:
    offered = NotifyOffer(offer_id=offer(clinic, reachable(clinic)))
    told = perform(clinic.actor("assistant"), notify_offer, offered)
    assert perform(clinic.actor("assistant"), notify_offer, offered) == told
    assert deliver(clinic) == Delivered(sent=1)
    [text] = texts(outbox, clinic)
    assert "3 Mar 2031, 10:00 (Europe/Berlin) at Main street" in text
    assert "We keep this offer until" in text


def test_an_offer_that_ended_is_not_told(clinic: Clinic, outbox: Path) -> None:
    patient = reachable(clinic)
    ended = offer(clinic, patient, minutes=-1)
    perform(clinic.actor("assistant"), notify_offer, NotifyOffer(offer_id=ended))
    assert deliver(clinic) == Delivered(withdrawn=1)
    assert messages_of(clinic, patient)[0].withdrawn_reason is WithdrawnReason.OFFER_CLOSED
    assert dropped(outbox, clinic) == {}


def test_an_offer_whose_time_somebody_else_took_is_not_told(clinic: Clinic, outbox: Path) -> None:
    patient = reachable(clinic)
    offered = offer(clinic, patient)
    perform(clinic.actor("assistant"), notify_offer, NotifyOffer(offer_id=offered))
    book(clinic)
    assert deliver(clinic) == Delivered(withdrawn=1)
    assert messages_of(clinic, patient)[0].withdrawn_reason is WithdrawnReason.OFFER_CLOSED
    assert dropped(outbox, clinic) == {}


def test_nobody_tells_about_what_is_out_of_reach(clinic: Clinic) -> None:
    other = make_clinic()
    _, appointment = booked(other)
    move(other, appointment, 1)
    foreign = offer(other, reachable(other))
    for appointment_id in (appointment, new_id()):
        with pytest.raises(NotFound):
            tell_moved(clinic, appointment_id)
    for offer_id in (foreign, new_id()):
        with pytest.raises(NotFound):
            perform(clinic.actor("assistant"), notify_offer, NotifyOffer(offer_id=offer_id))
    own = offer(clinic, reachable(clinic))
    with pytest.raises(NotFound):
        perform(clinic.actor("second_practitioner"), notify_offer, NotifyOffer(offer_id=own))


def test_the_worker_is_asked_in_the_same_transaction_and_told_no_more_than_ids(
    clinic: Clinic, database: Database
) -> None:
    _, appointment = booked(clinic)
    move(clinic, appointment, 1)
    tell_moved(clinic, appointment)
    with database.connect_owner() as owner:
        queued = owner.execute(
            "select task_name, args from queue.procrastinate_jobs where args ->> 'organization_id' = %s",
            [str(clinic.organization_id)],
        ).fetchall()
    assert queued == [("notification.deliver_due", {"organization_id": str(clinic.organization_id)})]
