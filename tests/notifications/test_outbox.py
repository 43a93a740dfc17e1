"""What nobody carries away does not lie in the file drop for ever."""

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from clinic_core.access import system_actor_of
from clinic_core.errors import ConfigurationError
from clinic_core.jobs.tasks import PERIODIC, TASKS
from clinic_core.kit.clock import frozen_at, now
from clinic_core.kit.ids import new_id
from clinic_core.notifications.jobs import PURGE_OUTBOX
from clinic_core.notifications.outbox import OutgoingMessage, drop_message, outbox_file, purge_outbox
from clinic_core.settings import settings
from clinic_core.vocabulary import NotificationChannel
from tests.factories import Clinic, make_clinic

DAY = timedelta(days=1)


def dropped(clinic: Clinic, age: timedelta) -> Path:
    """A message that lies in the file drop so long."""
    message = OutgoingMessage(
        new_id(), clinic.organization_id, NotificationChannel.EMAIL, "ada@example.org", "Subject", "Text", now() - age
    )
    return drop_message(message)


def aged(path: Path, age: timedelta) -> Path:
    instant: datetime = now() - age
    os.utime(path, (instant.timestamp(), instant.timestamp()))
    return path


def test_messages_are_deleted_after_thirty_days_whole_or_half_written(clinic: Clinic, outbox: Path) -> None:
    with frozen_at(now()):
        old, kept, youngest = (dropped(clinic, age) for age in (31 * DAY, 29 * DAY, 0 * DAY))
        half = old.with_name(f".{new_id()}.json.part")
        half.write_text("{", encoding="utf-8")
        aged(half, 31 * DAY)
        assert purge_outbox(clinic.organization_id) == 2
        assert purge_outbox(clinic.organization_id) == 0
    assert (old.exists(), half.exists(), kept.exists(), youngest.exists()) == (False, False, True, True)


def test_what_is_no_message_and_what_is_another_clinics_stays(clinic: Clinic, outbox: Path) -> None:
    other = dropped(make_clinic(), 90 * DAY)
    log = dropped(clinic, 90 * DAY).with_name("carried.log")
    log.write_text("", encoding="utf-8")
    aged(log, 90 * DAY)
    assert purge_outbox(clinic.organization_id) == 1
    assert log.exists()
    assert other.exists()


def test_the_nightly_job_deletes_after_as_many_days_as_the_setting_says(
    clinic: Clinic, outbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLINIC_OUTBOX_DAYS", "7")
    settings.cache_clear()
    old, kept = dropped(clinic, 8 * DAY), dropped(clinic, 6 * DAY)
    (task,) = (task for task in TASKS if task.name == PURGE_OUTBOX)
    assert PURGE_OUTBOX in {entry.name for entry in PERIODIC}
    task.run(system_actor_of(clinic.organization_id), {})
    assert (old.exists(), kept.exists()) == (False, True)


def test_a_clinic_without_messages_has_nothing_to_delete(clinic: Clinic, outbox: Path) -> None:
    assert purge_outbox(clinic.organization_id) == 0
    assert not outbox_file(clinic.organization_id, new_id()).parent.exists()


@pytest.mark.parametrize("days", ["0", "-1", "soon", "1.5", "36501", "٣"])
def test_a_setting_that_is_no_number_of_days_is_refused(
    outbox: Path, monkeypatch: pytest.MonkeyPatch, days: str
) -> None:
    monkeypatch.setenv("CLINIC_OUTBOX_DAYS", days)
    settings.cache_clear()
    with pytest.raises(ConfigurationError, match="CLINIC_OUTBOX_DAYS"):
        settings()
