"""The worker: every job once, failed ones again with growing pauses, those of dead workers too, and a calm end."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from uuid import UUID

import pytest

from clinic_core.access import Actor
from clinic_core.db.embedded import EmbeddedPostgres
from clinic_core.db.engine import dispose_engines
from clinic_core.db.migrate import upgrade
from clinic_core.db.roles import DatabaseRole
from clinic_core.jobs.library import MOST_ATTEMPTS, Tally
from clinic_core.jobs.tasks import PERIODIC, TASKS, Periodic, Task
from clinic_core.jobs.worker import InsideWorker, work_once
from clinic_core.kit.ids import new_id
from clinic_core.queue import count_jobs, requeue_failed
from clinic_core.settings import PROJECT_ROOT, settings
from tests.factories import make_clinic
from tests.harness import Database
from tests.jobs.arrange import NOTE, Notes, jobs, make_all_due, once, queue
from tests.servers import kill

SECONDS = 60
MINUTELY = (Periodic(NOTE, "* * * * *"),)

DIES = f"""
import asyncio, sys
from clinic_core.jobs.tasks import Task
from clinic_core.jobs.worker import work_once
def run(actor, ids):
    print("in the job", flush=True)
    sys.stdin.read()
asyncio.run(work_once(tasks=[Task("{NOTE}", run)], periodic=()))
"""


def listen(line: str, heard: Mapping[str, threading.Event]) -> bool:
    for word, event in heard.items():
        if word in line:
            event.set()
    return True


def failing(actor: Actor, ids: Mapping[str, UUID]) -> None:
    raise ValueError("Ada Demo has a secret")


def test_two_workers_do_every_job_once(own_database: Database) -> None:
    clinics, notes = [make_clinic(), make_clinic()], Notes()
    wanted = [(clinic.organization_id, {"subject_id": new_id()}) for clinic in clinics for _ in range(10)]
    for organization_id, ids in wanted:
        queue(next(clinic for clinic in clinics if clinic.organization_id == organization_id), ids=ids)

    async def both() -> list[Tally]:
        return await asyncio.gather(*(work_once(tasks=[notes.task], periodic=()) for _ in range(2)))

    tallies = asyncio.run(both())
    assert sorted(map(str, notes.ran)) == sorted(map(str, wanted))
    assert (sum(tally.done for tally in tallies), sum(tally.failed for tally in tallies)) == (20, 0)
    assert jobs(own_database) == []


def test_regular_work_is_done_for_every_organisation_and_once_however_many_workers_there_are(
    own_database: Database,
) -> None:
    clinics, notes = [make_clinic(), make_clinic()], Notes()

    async def three() -> None:
        await asyncio.gather(*(work_once(tasks=[notes.task], periodic=MINUTELY) for _ in range(3)))

    asyncio.run(three())
    with own_database.connect_owner() as owner:
        deferred = owner.execute(
            "select count(distinct defer_timestamp) from queue.procrastinate_periodic_defers where task_name = %s",
            [f"every {NOTE}"],
        ).fetchone()
    assert {organization for organization, _ in notes.ran} == {clinic.organization_id for clinic in clinics}
    assert deferred == (1,)


def test_a_failing_job_is_tried_again_with_growing_pauses_and_then_left_as_failed(
    own_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    clinic = make_clinic()
    queue(clinic)
    pauses = []
    for attempt in range(1, MOST_ATTEMPTS):
        assert once(Task(NOTE, failing)).failed == 1
        [(status, attempts, _, seconds)] = jobs(own_database)
        assert (status, attempts) == ("todo", attempt)
        assert once(Task(NOTE, failing)) == Tally(0, 0)
        pauses.append(seconds)
        make_all_due(own_database)
    assert pauses == [pytest.approx(seconds, abs=10) for seconds in (10, 40, 160, 640, 2560)]
    once(Task(NOTE, failing))
    assert jobs(own_database)[0][:2] == ("failed", MOST_ATTEMPTS)
    assert count_jobs() == {"todo": 0, "doing": 0, "failed": 1}
    assert "task=test.note attempt=6 outcome=failed error=ValueError at failing" in caplog.text
    assert "secret" not in caplog.text


def test_a_job_that_failed_for_good_can_be_given_one_more_try(own_database: Database) -> None:
    notes = Notes()
    queue(make_clinic())
    for _ in range(MOST_ATTEMPTS):
        once(Task(NOTE, failing))
        make_all_due(own_database)
    assert requeue_failed() == 1
    assert once(notes.task).done == 1
    assert count_jobs()["failed"] == 0


def test_a_keyed_job_that_fails_gives_way_to_the_one_that_waits_already(own_database: Database) -> None:
    clinic = make_clinic()
    asked: list[bool] = []

    def fail_when_asked_again(actor: Actor, ids: Mapping[str, UUID]) -> None:
        if not asked:
            asked.append(queue(clinic, key="daily"))
            raise ValueError("Once is enough")

    queue(clinic, key="daily")
    assert once(Task(NOTE, fail_when_asked_again)) == Tally(done=1, failed=1)
    assert asked == [True]
    assert jobs(own_database) == []


def test_a_job_nobody_knows_fails_and_the_others_go_on(own_database: Database) -> None:
    clinic, notes = make_clinic(), Notes()
    queue(clinic, "test.of_another_version")
    queue(clinic)
    assert once(notes.task).done == 1
    assert jobs(own_database, "test.of_another_version")[0][0] == "failed"


def test_the_job_of_a_killed_worker_is_taken_up_again(own_database: Database) -> None:
    clinic, notes = make_clinic(), Notes()
    queue(clinic)
    worker = subprocess.Popen(
        [sys.executable, "-c", DIES],
        cwd=PROJECT_ROOT,
        env=dict(os.environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "in the job\n"
        assert once(notes.task).done == 0
        worker.send_signal(signal.SIGKILL)
    assert jobs(own_database)[0][:2] == ("doing", 0)
    with own_database.connect_owner() as owner:
        owner.execute("update queue.procrastinate_workers set last_heartbeat = now() - interval '1 minute'")
    assert once(notes.task).done == 1
    assert notes.ran == [(clinic.organization_id, {})]
    assert jobs(own_database) == []


def test_a_job_that_kills_every_worker_is_left_as_failed(own_database: Database) -> None:
    queue(make_clinic())
    with own_database.connect_owner() as owner:
        owner.execute("update queue.procrastinate_jobs set status = 'doing', attempts = %s", [MOST_ATTEMPTS - 1])
    assert once(Notes().task).done == 0
    assert jobs(own_database)[0][0] == "failed"


def test_a_worker_inside_the_app_ends_after_the_job_it_is_at(own_database: Database) -> None:
    is_in, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def long(actor: Actor, ids: Mapping[str, UUID]) -> None:
        is_in.set()
        assert may_end.wait(SECONDS)
        ended.set()

    queue(make_clinic())
    worker = InsideWorker(tasks=[Task(NOTE, long)], periodic=())
    worker.start()
    assert is_in.wait(SECONDS)
    stopping = threading.Thread(target=worker.stop)
    stopping.start()
    may_end.set()
    stopping.join(SECONDS)
    assert ended.is_set()
    assert jobs(own_database) == []
    assert not [thread for thread in threading.enumerate() if thread.name == "clinic-worker"]
    with own_database.connect_owner() as owner:
        assert owner.execute("select count(*) from queue.procrastinate_workers").fetchone() == (0,)


@pytest.mark.durability
def test_a_worker_waits_while_the_database_is_away_and_goes_on_by_itself(
    own_server: Callable[[], EmbeddedPostgres], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server = own_server()
    server.start()
    upgrade(server.url(DatabaseRole.OWNER))
    monkeypatch.setenv("DATABASE_URL", server.url(DatabaseRole.APP))
    monkeypatch.setenv("DATABASE_OWNER_URL", server.url(DatabaseRole.OWNER))
    settings.cache_clear()
    dispose_engines()
    clinic, notes = make_clinic(), Notes()
    heard = {"worker=started": threading.Event(), "worker=waiting": threading.Event()}
    caplog.set_level(logging.INFO)
    caplog.handler.addFilter(lambda record: listen(record.getMessage(), heard))
    worker = InsideWorker(tasks=[notes.task], periodic=())
    worker.start()
    try:
        assert heard["worker=started"].wait(SECONDS)
        kill(server.status().pid)
        assert heard["worker=waiting"].wait(SECONDS)
        server.ensure_running()
        queue(clinic)
        assert notes.has_run.wait(SECONDS)
    finally:
        worker.stop()
        monkeypatch.undo()
        settings.cache_clear()
        dispose_engines()


def test_regular_work_names_tasks_that_exist() -> None:
    names = [task.name for task in TASKS]
    assert len(names) == len(set(names))
    assert {entry.name for entry in PERIODIC} <= set(names)
