"""Jobs for tests: what was queued, and tasks that note that they ran."""

import asyncio
from collections.abc import Mapping, Sequence
from threading import Event
from typing import Any
from uuid import UUID

from clinic_core.access import Actor, system_actor_of, unit_of_work
from clinic_core.jobs.library import Tally
from clinic_core.jobs.tasks import Periodic, Task
from clinic_core.jobs.worker import work_once
from clinic_core.queue import defer
from tests.factories import Clinic
from tests.harness import Database

NOTE = "test.note"


class Notes:
    """A task that notes for whom it ran, with which ids."""

    def __init__(self) -> None:
        self.ran: list[tuple[UUID, Mapping[str, UUID]]] = []
        self.has_run = Event()
        self.task = Task(NOTE, self._run)

    def _run(self, actor: Actor, ids: Mapping[str, UUID]) -> None:
        self.ran.append((actor.organization_id, ids))
        self.has_run.set()


def queue(clinic: Clinic, name: str = NOTE, *, key: str | None = None, ids: Mapping[str, UUID] | None = None) -> bool:
    """Queues a job for a clinic."""
    with unit_of_work(system_actor_of(clinic.organization_id)) as work:
        return defer(work, name, ids, key=key)


def once(*tasks: Task, periodic: Sequence[Periodic] = ()) -> Tally:
    """Does what is due with these tasks alone."""
    return asyncio.run(work_once(tasks=tasks, periodic=periodic))


def jobs(database: Database, name: str = NOTE) -> list[tuple[Any, ...]]:
    """Status, attempts, arguments, and seconds until the next try of the jobs of that name, oldest first."""
    with database.connect_owner() as owner:
        return owner.execute(
            "select status::text, attempts, args, extract(epoch from scheduled_at - now())::int"
            " from queue.procrastinate_jobs where task_name = %s order by id",
            [name],
        ).fetchall()


def make_all_due(database: Database) -> None:
    """Lets every pause be over."""
    with database.connect_owner() as owner:
        owner.execute("update queue.procrastinate_jobs set scheduled_at = now() where status = 'todo'")
