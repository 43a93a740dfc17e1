"""Reminders: planned with the booking, moved and withdrawn with it, never sent to who does not want them."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlmodel import col

from clinic_core.access import owner_work, perform, unit_of_work
from clinic_core.errors import BookingConflict, Conflict, InvalidInput, NotFound, PermissionDenied
from clinic_core.kit.clock import frozen_at
from clinic_core.kit.ids import new_id
from clinic_core.models import Notification, Patient
from clinic_core.notifications.queries import list_messages
from clinic_core.notifications.schemas import (
    AppointmentWithReminders,
    BookWithReminder,
    ListMessages,
    NotificationRow,
    PlanReminder,
    ReminderWish,
    WithdrawReminders,
)
from clinic_core.notifications.service import (
    book_with_reminder,
    cancel_with_reminders,
    delete_with_reminders,
    move_with_reminders,
    plan_reminder,
    withdraw_reminders,
)
from clinic_core.scheduling.queries import list_appointments
from clinic_core.scheduling.schemas import CancelAppointment, DeleteAppointment, ListAppointments, MoveAppointment
from clinic_core.scheduling.service import book_appointment, cancel_appointment
from clinic_core.vocabulary import CancelledBy, NotificationChannel, NotificationStatus
from tests.factories import MONDAY, Clinic, make_clinic, make_patient, slot
from tests.scheduling.arrange import audited, book, booking

EMAIL, SMS = NotificationChannel.EMAIL, NotificationChannel.SMS
REACHABLE = {"email": "ada@example.org", "phone": "+49 30 123456"}
DAY_BEFORE = ReminderWish(channel=EMAIL, minutes_before=24 * 60)
HOURS_BEFORE = ReminderWish(channel=SMS, minutes_before=180)


def reachable(clinic: Clinic, **columns: Any) -> UUID:
    columns.setdefault("contact_json", REACHABLE)
    return make_patient(clinic, **columns)


def book_reminded(
    clinic: Clinic, hours: float = 0, *wishes: ReminderWish, by: str = "assistant", **fields: Any
) -> AppointmentWithReminders:
    patient = fields.pop("patient_id", None) or reachable(clinic)
    request = BookWithReminder(
        booking=booking(clinic, hours, patient_id=patient), reminders=wishes or (DAY_BEFORE,), **fields
    )
    return perform(clinic.actor(by), book_with_reminder, request)


def plan(clinic: Clinic, appointment_id: UUID, *, by: str = "assistant", **fields: Any) -> NotificationRow:
    values = {"appointment_id": appointment_id, "channel": EMAIL, "scheduled_at": MONDAY - timedelta(days=1), **fields}
    return perform(clinic.actor(by), plan_reminder, PlanReminder.model_validate(values))


def messages(clinic: Clinic, appointment_id: UUID, *, by: str = "assistant") -> list[tuple[str, str, timedelta]]:
    with unit_of_work(clinic.actor(by)) as work:
        rows = list_messages(work, ListMessages(appointment_id=appointment_id))
    return [(row.channel.value, row.status.value, MONDAY - row.scheduled_at) for row in rows]


def test_a_reminder_is_planned_in_the_same_unit_of_work_as_its_booking(clinic: Clinic) -> None:
    with unit_of_work(clinic.actor("assistant")) as work:
        row = book_appointment(work, booking(clinic, patient_id=reachable(clinic)))
        reminder = plan_reminder(
            work, PlanReminder(appointment_id=row.id, channel=EMAIL, scheduled_at=MONDAY - timedelta(days=1))
        )
    assert (reminder.status, reminder.patient_id, reminder.sent_at) == ("planned", row.patient_id, None)
    entries = audited(clinic, "notification.plan")
    assert [entry[:3] for entry in entries] == [("notification", "insert", clinic.users["assistant"])]
    assert messages(clinic, row.id) == [("email", "planned", timedelta(days=1))]


def test_what_is_kept_for_a_message_names_nobody_and_nothing_clinical(clinic: Clinic) -> None:
    row = book_reminded(clinic).appointment
    with unit_of_work(clinic.actor("assistant")) as work:
        (payload,) = work.session.scalars(
            select(col(Notification.payload_json)).where(col(Notification.appointment_id) == row.id)
        )
    assert payload == {"starts_at": row.starts_at.isoformat()}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"scheduled_at": MONDAY.replace(year=2020)}, "has passed"),
        ({"scheduled_at": MONDAY}, "before the appointment"),
        ({"scheduled_at": MONDAY + timedelta(days=1)}, "before the appointment"),
        ({"scheduled_at": MONDAY.replace(tzinfo=None)}, "time zone"),
    ],
)
def test_a_reminder_lies_ahead_and_before_its_appointment(
    clinic: Clinic, fields: dict[str, Any], sentence: str
) -> None:
    row = book(clinic, patient_id=reachable(clinic))
    with pytest.raises(InvalidInput, match=sentence):
        plan(clinic, row.id, **fields)


def test_a_reminder_needs_an_address_for_its_channel(clinic: Clinic) -> None:
    row = book(clinic, patient_id=make_patient(clinic, contact_json={"email": "ada@example.org", "phone": ""}))
    assert plan(clinic, row.id).channel is EMAIL
    with pytest.raises(InvalidInput, match="no phone number"):
        plan(clinic, row.id, channel=SMS)


def test_who_opted_out_of_a_channel_is_not_reminded_by_it(clinic: Clinic) -> None:
    refused = {"sms": {"granted": False, "decided_at": MONDAY.isoformat(), "decided_by": None, "text_version": ""}}
    row = book(clinic, patient_id=reachable(clinic, consents_json=refused))
    with pytest.raises(InvalidInput, match="does not want messages by SMS"):
        plan(clinic, row.id, channel=SMS)
    plan(clinic, row.id)


def test_archived_and_deceased_patients_are_not_reminded(clinic: Clinic) -> None:
    for column, value in (("archived_at", MONDAY), ("deceased_on", date(2026, 1, 1))):
        patient = reachable(clinic)
        row = book(clinic, 0 if column == "archived_at" else 1, patient_id=patient)
        with owner_work("test.arrange", clinic.organization_id) as session:
            setattr(session.get_one(Patient, patient), column, value)
        with pytest.raises(Conflict, match="no reminders"):
            plan(clinic, row.id)


def test_a_cancelled_appointment_is_not_reminded_of(clinic: Clinic) -> None:
    row = book(clinic, patient_id=reachable(clinic))
    cancel = CancelAppointment(appointment_id=row.id, cancelled_by=CancelledBy.CLINIC)
    perform(clinic.actor("assistant"), cancel_appointment, cancel)
    with pytest.raises(Conflict, match="cancelled is not reminded"):
        plan(clinic, row.id)


def test_the_same_reminder_is_planned_once(clinic: Clinic) -> None:
    row = book(clinic, patient_id=reachable(clinic))
    request_id = new_id()
    first = plan(clinic, row.id, request_id=request_id)
    assert plan(clinic, row.id, request_id=request_id) == first
    with pytest.raises(Conflict, match="planned already"):
        plan(clinic, row.id)
    plan(clinic, row.id, channel=SMS)


def test_a_booking_and_its_reminders_are_all_or_nothing(clinic: Clinic) -> None:
    booked = book_reminded(clinic, 0, DAY_BEFORE, HOURS_BEFORE)
    assert [(row.channel, row.scheduled_at) for row in booked.reminders] == [
        (EMAIL, MONDAY - timedelta(days=1)),
        (SMS, MONDAY - timedelta(hours=3)),
    ]
    with pytest.raises(InvalidInput, match="no e-mail address"):
        book_reminded(clinic, 1, patient_id=make_patient(clinic))
    with pytest.raises(BookingConflict):
        book_reminded(clinic)
    with unit_of_work(clinic.actor("assistant")) as work:
        period = ListAppointments(starts_from=MONDAY, starts_before=MONDAY + timedelta(days=1))
        assert [row.id for row in list_appointments(work, period)] == [booked.id]


def test_a_double_click_books_and_reminds_once(clinic: Clinic) -> None:
    patient, request_id = reachable(clinic), new_id()
    first = book_reminded(clinic, patient_id=patient, request_id=request_id)
    assert book_reminded(clinic, patient_id=patient, request_id=request_id) == first


def moved(clinic: Clinic, booked: AppointmentWithReminders, hours: float, **fields: Any) -> AppointmentWithReminders:
    starts_at, ends_at = slot(hours)
    request = MoveAppointment(
        appointment_id=booked.id, version=booked.appointment.version, starts_at=starts_at, ends_at=ends_at, **fields
    )
    return perform(clinic.actor("assistant"), move_with_reminders, request)


def test_reminders_move_with_their_appointment(clinic: Clinic) -> None:
    booked = book_reminded(clinic, 0, DAY_BEFORE, HOURS_BEFORE)
    request_id = new_id()
    later = moved(clinic, booked, 24, request_id=request_id)
    assert moved(clinic, booked, 24, request_id=request_id) == later
    assert [(row.channel, row.scheduled_at) for row in later.reminders] == [
        (EMAIL, MONDAY),
        (SMS, MONDAY + timedelta(hours=21)),
    ]
    assert sorted(messages(clinic, booked.id)) == [
        ("email", "planned", timedelta()),
        ("email", "withdrawn", timedelta(days=1)),
        ("sms", "planned", timedelta(hours=-21)),
        ("sms", "withdrawn", timedelta(hours=3)),
    ]
    back = moved(clinic, later, 0)
    assert [row.scheduled_at for row in back.reminders] == [MONDAY - timedelta(days=1), MONDAY - timedelta(hours=3)]


def test_a_change_of_rooms_leaves_reminders_alone(clinic: Clinic) -> None:
    booked = book_reminded(clinic)
    assert moved(clinic, booked, 0, resource_ids=(clinic.room,)).reminders == booked.reminders


def test_a_reminder_whose_new_time_has_passed_is_only_withdrawn(clinic: Clinic) -> None:
    booked = book_reminded(clinic, 48, DAY_BEFORE, HOURS_BEFORE)
    with frozen_at(MONDAY - timedelta(hours=20)):
        assert [row.channel for row in moved(clinic, booked, 0).reminders] == [SMS]


def test_cancelling_and_deleting_withdraw_what_was_planned(clinic: Clinic) -> None:
    booked, mistaken = book_reminded(clinic), book_reminded(clinic, 1)
    assistant = clinic.actor("assistant")
    request = CancelAppointment(appointment_id=booked.id, cancelled_by=CancelledBy.PATIENT, request_id=new_id())
    assert perform(assistant, cancel_with_reminders, request).status == "cancelled"
    assert perform(assistant, cancel_with_reminders, request).status == "cancelled"
    assert perform(assistant, delete_with_reminders, DeleteAppointment(appointment_id=mistaken.id)).deleted_at
    assert messages(clinic, booked.id) == [("email", "withdrawn", timedelta(days=1))]
    assert messages(clinic, mistaken.id)[0][1] == "withdrawn"


def test_what_was_sent_is_not_withdrawn(clinic: Clinic) -> None:
    booked = book_reminded(clinic, 0, DAY_BEFORE, HOURS_BEFORE)
    with owner_work("test.arrange", clinic.organization_id) as session:
        sent = session.get_one(Notification, booked.reminders[0].id)
        sent.status, sent.sent_at = NotificationStatus.SENT, MONDAY - timedelta(days=1)
    withdrawn = perform(clinic.actor("assistant"), withdraw_reminders, WithdrawReminders(appointment_id=booked.id))
    assert [(row.channel, row.status) for row in withdrawn] == [(SMS, NotificationStatus.WITHDRAWN)]


def test_messages_are_listed_by_patient_or_appointment_in_reach(clinic: Clinic) -> None:
    patient = reachable(clinic)
    booked = book_reminded(clinic, patient_id=patient)
    with unit_of_work(clinic.actor("assistant")) as work:
        assert [row.id for row in list_messages(work, ListMessages(patient_id=patient))] == [
            row.id for row in booked.reminders
        ]
        with pytest.raises(InvalidInput, match="one appointment or for one patient"):
            ListMessages()
    assert messages(make_clinic(), booked.id, by="owner") == []


def test_the_messages_of_a_patient_tell_nothing_of_appointments_out_of_reach(clinic: Clinic) -> None:
    """A practitioner sees every patient of the clinic, but only the appointments of the own locations."""
    patient = reachable(clinic)
    there = book(
        clinic,
        by="owner",
        patient_id=patient,
        clinic_location_id=clinic.branch,
        practitioner_user_id=clinic.users["second_practitioner"],
    )
    plan(clinic, there.id, by="owner")
    with unit_of_work(clinic.actor("practitioner")) as work:
        assert list_messages(work, ListMessages(patient_id=patient)) == []
    with unit_of_work(clinic.actor("owner")) as work:
        found = list_messages(work, ListMessages(patient_id=patient))
    assert [row.appointment_id for row in found] == [there.id]


def test_nobody_reminds_of_appointments_out_of_reach(clinic: Clinic) -> None:
    row, foreign = book_reminded(clinic).appointment, book_reminded(make_clinic()).appointment
    with pytest.raises(NotFound):
        plan(clinic, row.id, by="second_practitioner", channel=SMS)
    for appointment_id in (foreign.id, new_id()):
        with pytest.raises(NotFound):
            plan(clinic, appointment_id, by="owner")
        with pytest.raises(NotFound):
            perform(clinic.actor("owner"), withdraw_reminders, WithdrawReminders(appointment_id=appointment_id))
        request = CancelAppointment(appointment_id=appointment_id, cancelled_by=CancelledBy.CLINIC)
        with pytest.raises(NotFound):
            perform(clinic.actor("owner"), cancel_with_reminders, request)


def test_without_the_permission_nothing_is_planned(clinic: Clinic) -> None:
    actor = clinic.actor("assistant")
    blind = type(actor)(**{**vars(actor), "permissions": {}})
    row = book(clinic, patient_id=reachable(clinic))
    with pytest.raises(PermissionDenied):
        perform(
            blind,
            plan_reminder,
            PlanReminder(appointment_id=row.id, channel=EMAIL, scheduled_at=MONDAY - timedelta(days=1)),
        )
