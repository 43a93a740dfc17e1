"""What happens to a print run on its way: workers that die or meet, full disks, people who leave, time that passes."""

import errno
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from psycopg import errors as pg

from clinic_core.access import perform, system_actor_of
from clinic_core.billing.archive import PAPERS_OF_PART, paper_path
from clinic_core.billing.jobs import MAKE_BATCH
from clinic_core.billing.schemas import (
    CancelBatch,
    GetBatch,
    RetryBatch,
)
from clinic_core.billing.schemas.batches import FinishBatch, SweepBatches
from clinic_core.billing.service import (
    cancel_batch,
    fetch_batch,
    finish_batch,
    retry_batch,
    sweep_batches,
)
from clinic_core.billing.service.batch_control import EXPIRED, STOPPED
from clinic_core.errors import Conflict, NotFound
from clinic_core.jobs import batches
from clinic_core.jobs.batches import DAMAGED, FULL, GONE, MISSING, NOT_ALLOWED, UNWRITABLE, make_batch
from clinic_core.jobs.tasks import Task
from clinic_core.kit.clock import frozen_at, now
from clinic_core.settings import PROJECT_ROOT
from clinic_core.vocabulary import BatchStatus
from tests.billing.batches import (
    change,
    fetched,
    folder,
    invoices,
    look,
    numbers,
    purge,
    start,
    step,
    times_made,
    work_off,
)
from tests.billing.reminding import FIRST_ON, overdue, remind
from tests.factories import Clinic, make_clinic
from tests.harness import Database
from tests.jobs.arrange import jobs, once

STEP = """
import sys
from uuid import UUID
from clinic_core.access import load_actor, unit_of_work
from clinic_core.billing.schemas import MakePapers
from clinic_core.billing.service import make_next_papers
organization, person, batch = map(UUID, sys.argv[1:])
with unit_of_work(load_actor(organization, person)) as work:
    make_next_papers(work, MakePapers(batch_id=batch))
    print("written", flush=True)
    sys.stdin.read()
"""


pytestmark = pytest.mark.usefixtures("data_dir")


def test_two_workers_at_one_print_run_make_each_paper_once(clinic: Clinic) -> None:
    made = invoices(clinic, 2 * PAPERS_OF_PART + 1)
    batch, together = start(clinic), Barrier(2)

    def work() -> None:
        together.wait()
        make_batch(system_actor_of(clinic.organization_id), {"batch_id": batch.id})

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(work) for _ in range(2)]:
            done.result()
    assert look(clinic, batch.id).done == len(made)
    assert times_made(clinic, batch.id) == [1] * len(made)
    assert len(numbers(fetched(clinic, batch.id))) == len(made)


def test_a_worker_that_is_killed_between_file_and_row_is_followed_by_one_that_ends_it(clinic: Clinic) -> None:
    made = invoices(clinic, PAPERS_OF_PART + 1)
    batch = start(clinic)
    ids = map(str, (clinic.organization_id, clinic.users["manager"], batch.id))
    worker = subprocess.Popen(
        [sys.executable, "-c", STEP, *ids],
        cwd=PROJECT_ROOT,
        env=dict(os.environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "written\n"
        worker.send_signal(signal.SIGKILL)
    assert paper_path(clinic.organization_id, batch.id, 1).is_file()
    assert look(clinic, batch.id).done == 0
    assert work_off(clinic, batch.id).status is BatchStatus.DONE
    assert numbers(fetched(clinic, batch.id)) == [f"Invoice {invoice.number} Page 1 of 1" for invoice in made]


def test_a_job_that_is_done_twice_does_no_harm(clinic: Clinic) -> None:
    invoices(clinic, 1)
    batch = start(clinic)
    first, content = work_off(clinic, batch.id), fetched(clinic, batch.id)
    assert work_off(clinic, batch.id) == first
    assert perform(clinic.actor("manager"), finish_batch, FinishBatch(batch_id=batch.id)).status is BatchStatus.DONE
    assert fetched(clinic, batch.id) == content
    assert times_made(clinic, batch.id) == [1]


def test_a_run_of_reminders_is_not_cancelled_because_they_are_on_record(clinic: Clinic, database: Database) -> None:
    run = remind(clinic, FIRST_ON, overdue(clinic))
    with pytest.raises(Conflict, match="so their letters go out"):
        perform(clinic.actor("manager"), cancel_batch, CancelBatch(batch_id=run.id))
    stop = "update document_batch set status = 'cancelled', finished_at = now() where id = %s"
    with database.connect_owner() as owner, pytest.raises(pg.CheckViolation, match="reminders_go_out"):
        owner.execute(stop, (run.id,))


def test_a_print_run_that_is_stopped_makes_nothing_more_and_has_no_file(clinic: Clinic) -> None:
    invoices(clinic, PAPERS_OF_PART + 1)
    batch = start(clinic)
    assert not step(clinic, batch.id)
    stopped = perform(clinic.actor("manager"), cancel_batch, CancelBatch(batch_id=batch.id))
    assert (stopped.status, stopped.done) == (BatchStatus.CANCELLED, PAPERS_OF_PART)
    assert step(clinic, batch.id)
    assert work_off(clinic, batch.id).done == PAPERS_OF_PART
    purge(clinic)
    assert not folder(clinic, batch.id).exists()
    for refused in (fetch_batch, cancel_batch, retry_batch):
        request: Any = {fetch_batch: GetBatch, cancel_batch: CancelBatch, retry_batch: RetryBatch}[refused]
        with pytest.raises(Conflict):
            perform(clinic.actor("manager"), refused, request(batch_id=batch.id))


def test_a_file_is_kept_for_seven_days_and_then_is_gone_with_a_sentence(clinic: Clinic) -> None:
    invoices(clinic, 1)
    batch = start(clinic)
    work_off(clinic, batch.id)
    purge(clinic)
    assert fetched(clinic, batch.id)
    with frozen_at(now() + timedelta(days=7, minutes=1)):
        with pytest.raises(NotFound, match=EXPIRED):
            fetched(clinic, batch.id)
        purge(clinic)
    assert not folder(clinic, batch.id).exists()
    assert look(clinic, batch.id).status is BatchStatus.DONE
    with pytest.raises(NotFound, match=EXPIRED):
        fetched(clinic, batch.id)


def test_a_folder_that_cannot_be_written_ends_it_with_a_sentence_until_it_is_tried_again(
    clinic: Clinic, data_dir: Path
) -> None:
    invoices(clinic, 1)
    batch = start(clinic)
    (data_dir / "batches").write_text("in the way")
    ended = work_off(clinic, batch.id)
    assert (ended.status, ended.problem) == (BatchStatus.FAILED, UNWRITABLE)
    (data_dir / "batches").unlink()
    again = perform(clinic.actor("manager"), retry_batch, RetryBatch(batch_id=batch.id))
    assert (again.status, again.problem) == (BatchStatus.QUEUED, "")
    assert work_off(clinic, batch.id).status is BatchStatus.DONE


@pytest.mark.parametrize("at", [1, PAPERS_OF_PART + 1])
def test_a_full_disk_ends_it_with_a_sentence_and_leaves_nothing_half_written(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    invoices(clinic, PAPERS_OF_PART + 1)
    batch = start(clinic)
    if at > 1:
        step(clinic, batch.id)

    def no_room(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", no_room)
        ended = work_off(clinic, batch.id)
    assert (ended.status, ended.problem, ended.done) == (BatchStatus.FAILED, FULL, at - 1)
    left = [path.name for path in folder(clinic, batch.id).iterdir()]
    assert left == ([] if at == 1 else ["000001.pdf"])
    perform(clinic.actor("manager"), retry_batch, RetryBatch(batch_id=batch.id))
    assert work_off(clinic, batch.id).status is BatchStatus.DONE


def test_papers_that_vanish_are_made_anew_when_it_is_tried_again(clinic: Clinic) -> None:
    made = invoices(clinic, PAPERS_OF_PART + 1)
    batch = start(clinic)
    step(clinic, batch.id)
    paper_path(clinic.organization_id, batch.id, 1).unlink()
    assert work_off(clinic, batch.id).problem == MISSING
    again = perform(clinic.actor("manager"), retry_batch, RetryBatch(batch_id=batch.id))
    assert again.done == 1
    assert work_off(clinic, batch.id).status is BatchStatus.DONE
    assert len(numbers(fetched(clinic, batch.id))) == len(made)


@pytest.mark.parametrize(
    ("withdrawn", "sentence"),
    [
        ("update app_user set status = 'inactive' where id = :user", GONE),
        ("delete from user_role where user_id = :user", NOT_ALLOWED),
    ],
)
def test_a_print_run_of_somebody_who_may_no_longer_do_it_ends_with_a_sentence(
    clinic: Clinic, withdrawn: str, sentence: str
) -> None:
    invoices(clinic, 1)
    batch = start(clinic, role="assistant")
    change(clinic, withdrawn, user=clinic.users["assistant"])
    ended = work_off(clinic, batch.id)
    assert (ended.status, ended.problem) == (BatchStatus.FAILED, sentence)
    assert not folder(clinic, batch.id).exists()


def test_what_stopped_without_an_answer_is_given_up_after_two_hours_unless_its_job_still_waits(
    own_database: Database,
) -> None:
    clinic = make_clinic()
    invoices(clinic, PAPERS_OF_PART + 1)
    running, waiting = start(clinic), start(clinic)
    step(clinic, running.id)
    with own_database.connect_owner() as owner:
        owner.execute("delete from queue.procrastinate_jobs where args ->> 'batch_id' = %s", [str(running.id)])
    system = system_actor_of(clinic.organization_id)
    assert perform(system, sweep_batches, SweepBatches()).failed == 0
    with frozen_at(now() + timedelta(hours=2, minutes=1)):
        assert perform(system, sweep_batches, SweepBatches()).failed == 1
    assert (look(clinic, running.id).status, look(clinic, running.id).problem) == (BatchStatus.FAILED, STOPPED)
    assert look(clinic, waiting.id).status is BatchStatus.QUEUED


def test_a_paper_that_is_damaged_on_the_disk_ends_it_with_a_sentence(clinic: Clinic) -> None:
    invoices(clinic, PAPERS_OF_PART + 1)
    batch = start(clinic)
    step(clinic, batch.id)
    paper_path(clinic.organization_id, batch.id, 1).write_bytes(b"")
    ended = work_off(clinic, batch.id)
    assert (ended.status, ended.problem) == (BatchStatus.FAILED, DAMAGED)


def test_a_long_print_run_leaves_other_work_its_turn_and_notices_who_may_no_longer(
    own_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic = make_clinic()
    invoices(clinic, 2 * PAPERS_OF_PART + 1)
    batch, other = start(clinic), start(clinic, role="assistant")
    monkeypatch.setattr(batches, "TURN_SECONDS", 0)
    make_batch(system_actor_of(clinic.organization_id), {"batch_id": batch.id})
    assert look(clinic, batch.id).done == PAPERS_OF_PART
    assert len(jobs(own_database, MAKE_BATCH)) == 3
    make_batch(system_actor_of(clinic.organization_id), {"batch_id": other.id})
    change(clinic, "update app_user set status = 'inactive' where id = :user", user=clinic.users["assistant"])
    once(Task(MAKE_BATCH, make_batch))
    assert (look(clinic, batch.id).status, look(clinic, batch.id).done) == (BatchStatus.DONE, 2 * PAPERS_OF_PART + 1)
    assert (look(clinic, other.id).problem, look(clinic, other.id).done) == (GONE, PAPERS_OF_PART)
    assert jobs(own_database, MAKE_BATCH) == []


def test_a_job_that_fails_is_tried_again_and_goes_on_where_it_was(own_database: Database) -> None:
    clinic = make_clinic()
    invoices(clinic, PAPERS_OF_PART + 1)
    batch = start(clinic)

    def fails(actor: Any, ids: Any) -> None:
        step(clinic, ids["batch_id"])
        raise ValueError

    assert once(Task(MAKE_BATCH, fails)).failed == 1
    with own_database.connect_owner() as owner:
        owner.execute("update queue.procrastinate_jobs set scheduled_at = now() where status = 'todo'")
    assert once(Task(MAKE_BATCH, make_batch)).done == 1
    assert look(clinic, batch.id).status is BatchStatus.DONE
    assert times_made(clinic, batch.id) == [1] * (PAPERS_OF_PART + 1)
