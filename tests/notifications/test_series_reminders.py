"""Series carry their reminders along: booked, changed, called off, and extended by the nightly job."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from clinic_core.access import perform, system_actor
from clinic_core.access.organization import OrganizationSettings
from clinic_core.errors import InvalidInput
from clinic_core.jobs.tasks import PERIODIC, TASKS
from clinic_core.kit.clock import frozen_at
from clinic_core.notifications.queries import list_messages
from clinic_core.notifications.schemas import BookSeriesWithReminders, ListMessages, NotificationRow, ReminderWish
from clinic_core.notifications.service import (
    book_series_with_reminders,
    cancel_series_with_reminders,
    edit_series_with_reminders,
)
from clinic_core.scheduling.jobs import EXTEND_SERIES
from clinic_core.scheduling.schemas import BookSeries, CancelSeries, EditSeries, SeriesOutcome
from clinic_core.scheduling.service import edit_series
from clinic_core.vocabulary import CancelledBy, NotificationChannel, NotificationStatus, WithdrawnReason
from tests.factories import Clinic, make_clinic, make_patient
from tests.notifications.arrange import cost, deliver
from tests.scheduling.series_arrange import FOLLOWING, FUTURE, live, rows, wish

START = datetime.fromisoformat("2031-03-02T20:00Z")
DAY_BEFORE = ReminderWish(channel=NotificationChannel.EMAIL, minutes_before=24 * 60)
HOURS_BEFORE = ReminderWish(channel=NotificationChannel.SMS, minutes_before=180)


@pytest.fixture(autouse=True)
def _on_the_evening_before() -> Iterator[None]:
    with frozen_at(START):
        yield


def reminded(clinic: Clinic, rrule: str = "FREQ=WEEKLY;COUNT=4", **columns: Any) -> tuple[UUID, SeriesOutcome]:
    """A series with both reminders, for a patient who has an address."""
    columns.setdefault("contact_json", {"email": "ada@example.org", "phone": "+49 30 123456"})
    patient_id = make_patient(clinic, **columns)
    series = BookSeries.model_validate(wish(clinic, rrule, patient_id=patient_id))
    request = BookSeriesWithReminders(series=series, reminders=(DAY_BEFORE, HOURS_BEFORE))
    return patient_id, perform(clinic.actor("assistant"), book_series_with_reminders, request)


def messages(clinic: Clinic, patient_id: UUID, status: NotificationStatus) -> list[NotificationRow]:
    found = perform(clinic.actor("assistant"), list_messages, ListMessages(patient_id=patient_id))
    return [row for row in found if row.status is status]


def leads(clinic: Clinic, patient_id: UUID) -> list[tuple[UUID | None, timedelta]]:
    """How long before its appointment each planned reminder goes out."""
    starts = {row.id: row.starts_at for row in rows(clinic)}
    planned = messages(clinic, patient_id, NotificationStatus.PLANNED)
    return sorted(((row.appointment_id, starts[row.appointment_id] - row.scheduled_at) for row in planned), key=str)


def test_each_appointment_gets_its_reminders_those_in_time(clinic: Clinic) -> None:
    patient_id, outcome = reminded(clinic)
    day, hours = timedelta(days=1), timedelta(hours=3)
    expected = [(one, lead) for one in outcome.booked for lead in (day, hours)]
    expected.remove((outcome.booked[0], day))
    assert leads(clinic, patient_id) == sorted(expected, key=str)


def test_a_patient_without_address_books_no_series_with_reminders(clinic: Clinic) -> None:
    with pytest.raises(InvalidInput, match="no e-mail address"):
        reminded(clinic, contact_json={})
    assert rows(clinic) == []


def test_reminders_move_with_their_appointments_and_go_with_those_called_off(clinic: Clinic) -> None:
    patient_id, outcome = reminded(clinic)
    edit = EditSeries.model_validate(
        {
            "appointment_id": outcome.booked[1],
            "reach": FOLLOWING,
            "changes": {"time_of_day": time(15), "rrule": "FREQ=WEEKLY;COUNT=2"},
        }
    )
    perform(clinic.actor("assistant"), edit_series_with_reminders, edit)
    kept = set(outcome.booked[:3])
    assert {one for one, _ in leads(clinic, patient_id)} == kept
    assert {lead for _, lead in leads(clinic, patient_id)} == {timedelta(days=1), timedelta(hours=3)}
    reasons = [row.withdrawn_reason for row in messages(clinic, patient_id, NotificationStatus.WITHDRAWN)]
    assert reasons.count(WithdrawnReason.APPOINTMENT_CANCELLED) == 2
    assert reasons.count(WithdrawnReason.APPOINTMENT_MOVED) == 4
    cancel = CancelSeries(appointment_id=outcome.booked[0], reach=FUTURE, cancelled_by=CancelledBy.PATIENT)
    perform(clinic.actor("assistant"), cancel_series_with_reminders, cancel)
    assert leads(clinic, patient_id) == []


def test_new_dates_of_a_change_are_reminded_of_like_the_last_one(clinic: Clinic) -> None:
    patient_id, outcome = reminded(clinic)
    edit = EditSeries.model_validate(
        {"appointment_id": outcome.booked[1], "reach": FOLLOWING, "changes": {"rrule": "FREQ=WEEKLY;COUNT=5"}}
    )
    changed = perform(clinic.actor("assistant"), edit_series_with_reminders, edit)
    assert len(changed.booked) == 2
    assert len([one for one, _ in leads(clinic, patient_id) if one in changed.booked]) == 4


def test_the_nightly_job_books_what_is_missing_with_reminders() -> None:
    clinic = make_clinic(OrganizationSettings(series_horizon_days=30))
    patient_id, outcome = reminded(clinic, "FREQ=WEEKLY")
    task = next(task for task in TASKS if task.name == EXTEND_SERIES)
    assert EXTEND_SERIES in {one.name for one in PERIODIC}
    with frozen_at(START + timedelta(weeks=2)):
        task.run(system_actor(clinic.name), {})
        task.run(system_actor(clinic.name), {})
    new = {row.id for row in live(clinic)} - set(outcome.booked)
    assert [row.starts_at.date() for row in live(clinic) if row.id in new] == [date(2031, 4, 7), date(2031, 4, 14)]
    assert len([one for one, _ in leads(clinic, patient_id) if one in new]) == 4


def test_moving_and_calling_off_a_series_cost_the_same_however_many_reminders_there_are(
    clinic: Clinic, outbox: Path
) -> None:
    costs = []
    for days in (4, 52):
        _, outcome = reminded(clinic, f"FREQ=DAILY;COUNT={days}")
        first = {"appointment_id": outcome.booked[0], "reach": FUTURE}
        later, last = (
            EditSeries.model_validate({**first, "changes": {"time_of_day": time(hour)}}) for hour in (15, 16)
        )
        off = CancelSeries.model_validate({**first, "cancelled_by": CancelledBy.PATIENT})
        assistant = clinic.actor("assistant")
        carried = cost(lambda: perform(assistant, edit_series_with_reminders, later))  # noqa: B023
        perform(assistant, edit_series, last)
        followed = cost(lambda: deliver(clinic, 500))
        costs.append((carried, followed, cost(lambda: perform(assistant, cancel_series_with_reminders, off))))  # noqa: B023
    assert costs[0] == costs[1]
