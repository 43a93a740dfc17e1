"""A paper goes out once: two workers, two deliveries, a worker that dies, a paper made once more."""

import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from clinic_core.access import perform, system_actor_of, unit_of_work
from clinic_core.billing.archive import batch_folder, delete_folder, paper_path
from clinic_core.billing.schemas import MakePapers, RetryBatch
from clinic_core.billing.schemas.batches import FailBatch
from clinic_core.billing.service import fail_batch, retry_batch
from clinic_core.kit.clock import frozen_at, now
from clinic_core.notifications.schemas import DeliverDue, Delivered
from clinic_core.notifications.service import deliver_due, make_papers
from tests.factories import Clinic
from tests.notifications.arrange import deliver, dropped, messages_of, reachable
from tests.notifications.papers import by_email, letters, make_all, make_step, overdue, start_letters

pytestmark = pytest.mark.usefixtures("outbox")


def test_a_paper_made_once_more_is_not_sent_twice_and_one_that_failed_goes_out(clinic: Clinic, outbox: Path) -> None:
    sent, failed = reachable(clinic), reachable(clinic)
    batch = start_letters(clinic, overdue(clinic, sent), overdue(clinic, failed))
    make_step(clinic, batch)
    paper_path(clinic.organization_id, batch, 2).unlink()
    with frozen_at(now()) as clock:
        for _ in range(6):
            deliver(clinic)
            clock.advance(timedelta(hours=5))
    assert [messages_of(clinic, patient)[0].status for patient in (sent, failed)] == ["sent", "failed"]
    delete_folder(clinic.organization_id, batch)
    manager = clinic.actor("manager")
    perform(manager, fail_batch, FailBatch(batch_id=batch, problem="Lost."))
    perform(manager, retry_batch, RetryBatch(batch_id=batch))
    make_all(clinic, batch)
    assert by_email(clinic, batch) == [True, True]
    assert deliver(clinic) == Delivered(sent=1)
    assert [[message.status for message in messages_of(clinic, one)] for one in (sent, failed)] == [["sent"], ["sent"]]
    assert len(dropped(outbox, clinic)) == 2


class PowerCut(Exception):
    """Ends a unit of work before its commit."""


def cut_off(clinic: Clinic, act: Callable[[Any], object], role: str | None = None) -> None:
    actor = clinic.actor(role) if role else system_actor_of(clinic.organization_id)
    with suppress(PowerCut), unit_of_work(actor) as work:
        act(work)
        raise PowerCut


def test_a_worker_that_dies_between_file_and_commit_leaves_one_message(clinic: Clinic, outbox: Path) -> None:
    patient = reachable(clinic)
    letters(clinic, overdue(clinic, patient))
    with frozen_at(now()):
        cut_off(clinic, lambda work: deliver_due(work, DeliverDue()))
        first = dropped(outbox, clinic)
        assert deliver(clinic) == Delivered(sent=1)
    assert len(first) == 1
    assert dropped(outbox, clinic) == first


def test_a_worker_that_dies_while_it_makes_a_paper_plans_its_e_mail_once(clinic: Clinic) -> None:
    patient = reachable(clinic)
    batch = start_letters(clinic, overdue(clinic, patient))
    cut_off(clinic, lambda work: make_papers(work, MakePapers(batch_id=batch)), "manager")
    assert messages_of(clinic, patient) == []
    assert batch_folder(clinic.organization_id, batch).exists()
    make_all(clinic, batch)
    make_all(clinic, batch)
    assert [message.status for message in messages_of(clinic, patient)] == ["planned"]


def test_two_workers_at_one_batch_plan_each_e_mail_once(clinic: Clinic) -> None:
    patients = [reachable(clinic) for _ in range(6)]
    batch = start_letters(clinic, *(overdue(clinic, patient) for patient in patients))
    together = Barrier(2)

    def work_off() -> None:
        together.wait(60)
        while not make_step(clinic, batch, limit=2).is_finished:
            pass

    with ThreadPoolExecutor(2) as pool:
        for ended in [pool.submit(work_off) for _ in range(2)]:
            ended.result(60)
    assert [len(messages_of(clinic, patient)) for patient in patients] == [1] * 6


def test_two_deliveries_at_once_send_each_paper_once(clinic: Clinic, outbox: Path) -> None:
    letters(clinic, *(overdue(clinic, reachable(clinic)) for _ in range(6)))
    actor, together = system_actor_of(clinic.organization_id), Barrier(2)

    def take() -> int:
        with unit_of_work(actor) as work:
            sent = deliver_due(work, DeliverDue(limit=3)).sent
            together.wait(60)
            return sent

    with ThreadPoolExecutor(2) as pool:
        results = [pool.submit(take) for _ in range(2)]
        assert [result.result() for result in results] == [3, 3]
    assert len(dropped(outbox, clinic)) == 6


def test_a_hundred_papers_in_one_delivery_are_held_in_memory_one_after_the_other(clinic: Clinic) -> None:
    patient = reachable(clinic)
    batch = start_letters(clinic, *(overdue(clinic, patient, "1.00") for _ in range(100)))
    make_all(clinic, batch)
    size = 400_000
    for position in range(1, 101):
        paper_path(clinic.organization_id, batch, position).write_bytes(b"%" * size)
    tracemalloc.start()
    assert deliver(clinic).sent == 100
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 15 * size
