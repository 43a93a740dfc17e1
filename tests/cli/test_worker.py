"""`clinic worker` and the worker inside `clinic serve`, as an operator runs them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from clinic_core.access import owner_work
from clinic_core.jobs.library import MOST_ATTEMPTS
from clinic_core.kit.clock import now
from clinic_core.models import Notification
from clinic_core.settings import PROJECT_ROOT, settings
from clinic_core.vocabulary import NotificationChannel, NotificationType
from tests.cli.shell import clinic
from tests.factories import Clinic, make_clinic
from tests.harness import Database
from tests.jobs.arrange import NOTE, jobs, queue
from tests.notifications.arrange import reachable
from tests.scheduling.arrange import book

SECONDS = 120
CHANNEL = "procrastinate_any_queue_v1"


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from clinic_core.cli.main import app; app()", *arguments]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        cwd=PROJECT_ROOT,
        env={**os.environ, **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


@contextmanager
def started(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        command(*arguments),
        cwd=PROJECT_ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def plan_due_reminder(made: Clinic) -> str:
    """A reminder whose time has come; returns its id."""
    patient = reachable(made)
    reminder = Notification(
        organization_id=made.organization_id,
        patient_id=patient,
        appointment_id=book(made, patient_id=patient).id,
        type=NotificationType.APPOINTMENT_REMINDER,
        channel=NotificationChannel.EMAIL,
        scheduled_at=now(),
    )
    with owner_work("test.arrange", made.organization_id) as session:
        session.add(reminder)
        session.flush()
        return str(reminder.id)


def test_once_does_what_is_due_and_ends(own_database: Database, tmp_path: Path) -> None:
    reminder = plan_due_reminder(make_clinic())
    done = run("worker", "--once", CLINIC_DATA_DIR=str(tmp_path))
    assert done.returncode == 0
    assert done.stdout.endswith(" jobs done, 0 failed\n")
    assert [path.name for path in tmp_path.glob("outbox/*/*")] == [f"{reminder}.json"]
    assert "task=notification.deliver_due outcome=done" in done.stderr
    assert "ada@example.org" not in done.stdout + done.stderr


def test_once_tells_by_its_exit_code_that_a_job_failed(own_database: Database) -> None:
    queue(make_clinic(), "notification.deliver_due")
    with own_database.connect_owner() as owner:
        owner.execute('update queue.procrastinate_jobs set args = args || \'{"organization_id": "nonsense"}\'')
    done = run("worker", "--once")
    assert done.returncode == 1
    assert done.stdout.endswith(" jobs done, 1 failed\n")
    assert "Traceback" not in done.stderr


def test_what_failed_for_good_is_found_and_queued_again(own_database: Database) -> None:
    queue(make_clinic())
    with own_database.connect_owner() as owner:
        owner.execute("update queue.procrastinate_jobs set status = 'failed', attempts = %s", [MOST_ATTEMPTS])
    checked = clinic("check")
    assert checked.exit_code == 1
    assert f"{NOTE}: 1 jobs failed for good" in checked.stdout
    assert run("worker", "--retry-failed").stdout == "1 jobs queued again\n"
    assert jobs(own_database)[0][0] == "todo"
    assert clinic("check").exit_code == 0


def test_it_works_until_told_to_stop(own_database: Database) -> None:
    with started("worker") as process:
        assert process.stdout is not None
        assert any("worker=started" in line for line in process.stdout)
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0
        rest = process.stdout.read()
    assert "worker=stopped" in rest
    assert "Traceback" not in rest
    with own_database.connect_owner() as owner:
        assert owner.execute("select count(*) from queue.procrastinate_workers").fetchone() == (0,)


def test_the_app_works_off_the_queue_itself_where_it_is_told_to(own_database: Database, tmp_path: Path) -> None:
    with psycopg.connect(own_database.owner_url, autocommit=True) as watch:
        watch.execute(f"listen {CHANNEL}")
        inside = {"CLINIC_DATA_DIR": str(tmp_path), "CLINIC_WORKER": "inside"}
        with started("serve", "--port", "0", **inside) as process:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("Clinicboard answers at")
            assert list(watch.notifies(timeout=SECONDS, stop_after=1))
            process.send_signal(signal.SIGTERM)
            assert process.wait(SECONDS) == 128 + signal.SIGTERM
            assert "Traceback" not in process.stdout.read()
        assert watch.execute("select count(*) from queue.procrastinate_workers").fetchone() == (0,)


def test_the_app_works_off_the_queue_by_default_only_with_the_embedded_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def is_inside(**environment: str) -> bool:
        with monkeypatch.context() as changed:
            changed.delenv("DATABASE_URL", raising=False)
            changed.delenv("DATABASE_OWNER_URL", raising=False)
            for name, value in environment.items():
                changed.setenv(name, value)
            settings.cache_clear()
            return settings().is_worker_inside

    try:
        assert is_inside()
        assert not is_inside(CLINIC_WORKER="none")
        assert not is_inside(DATABASE_URL="postgresql://clinic_app@db/clinic")
        assert is_inside(DATABASE_URL="postgresql://clinic_app@db/clinic", CLINIC_WORKER="inside")
    finally:
        settings.cache_clear()


def test_a_wrong_setting_and_a_missing_migration_are_sentences(own_database: Database) -> None:
    wrong = run("worker", "--once", CLINIC_WORKER="sometimes")
    assert (wrong.returncode, wrong.stderr) == (1, "CLINIC_WORKER is “sometimes”; it must be inside or none.\n")
    with own_database.connect_owner() as owner:
        owner.execute("update alembic_version set version_num = 'auth_identity'")
    refused = clinic("worker", "--once")
    assert (refused.exit_code, refused.stderr) == (
        1,
        "The database does not fit this version yet; run: clinic migrate\n",
    )
