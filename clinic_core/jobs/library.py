"""The queue library, set up for the clinic: its tables, our tasks, tries with growing pauses, jobs of dead workers."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg
from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from sqlalchemy import text

from clinic_core.access import system_actor_of, unit_of_work
from clinic_core.access.session import app_session
from clinic_core.jobs.tasks import Periodic, Task
from clinic_core.kit.faults import describe_fault
from clinic_core.queue import ORGANIZATION, QUEUE, defer

MOST_ATTEMPTS = 6
FIRST_PAUSE_SECONDS = 10
GROWTH = 4
EVERY_MINUTE = "* * * * *"
NIGHTLY = "40 2 * * *"
KEPT_HOURS = 30 * 24
HEARTBEAT_SECONDS = 10
SILENT_SECONDS = 30
MISSED_SECONDS = 24 * 60 * 60
CONNECTIONS = 4
CONNECT_SECONDS = 5

_LOG = logging.getLogger("clinic_core.jobs")
_ORGANIZATIONS = text("select * from jobs_organizations()")


@dataclass
class Tally:
    """How many jobs a worker has done, and how many tries failed."""

    done: int = 0
    failed: int = 0


def make_app(conninfo: str, tasks: Sequence[Task], periodic: Sequence[Periodic], tally: Tally) -> App:
    """The library's app on that database, not yet opened.

    A regular task that was missed while no worker ran is done once, if it was due within a day.
    """
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)  # it logs errors with their messages
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # it counts every try while the database is away
    connector = PsycopgConnector(
        conninfo=conninfo,
        min_size=1,
        max_size=CONNECTIONS,
        timeout=CONNECT_SECONDS,
        configure=_configure,
        kwargs={
            "application_name": "clinic worker",
            "connect_timeout": CONNECT_SECONDS,
            "prepare_threshold": None,  # poolers forget prepared statements
        },
    )
    app = App(connector=connector, periodic_defaults={"max_delay": MISSED_SECONDS})
    app.job_manager = _Manager(connector)
    retry = _GrowingPauses(tally)
    for task in tasks:
        app.task(name=task.name, queue=QUEUE, retry=retry, pass_context=True)(_body(task, tally))
    for entry in periodic:
        every = f"every {entry.name}"
        registered = app.task(name=every, queue=QUEUE, retry=retry, queueing_lock=every)(_for_all(entry.name))
        app.periodic(cron=entry.cron, periodic_id=entry.name)(registered)
    for name, body, cron in (("jobs.take_up", _take_up, EVERY_MINUTE), ("jobs.forget", _forget_old, NIGHTLY)):
        upkeep = app.task(name=name, queue=QUEUE, queueing_lock=name, pass_context=True)(body)
        app.periodic(cron=cron, periodic_id=name)(upkeep)
    return app


class _Manager(JobManager):
    """The library's manager; a keyed job that is to be tried again gives way to its twin that waits already."""

    async def retry_job_by_id_async(
        self,
        job_id: int,
        retry_at: datetime,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        try:
            await super().retry_job_by_id_async(job_id, retry_at, priority, queue, lock)
        except UniqueViolation:
            await self.finish_job_by_id_async(job_id, Status.ABORTED, delete_job=True)


class _GrowingPauses(BaseRetryStrategy):
    """Tries again after 10, 40, 160, 640 and 2,560 seconds, then leaves the job as failed."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """When to try again; None when it was the last time."""
        self._tally.failed += 1
        is_last = job.attempts + 1 >= MOST_ATTEMPTS
        _LOG.error(
            "job=%s task=%s attempt=%d outcome=%s error=%s",
            job.id,
            job.task_name,
            job.attempts + 1,
            "failed" if is_last else "retry",
            describe_fault(exception),
        )
        if is_last:
            return None
        return RetryDecision(retry_in={"seconds": FIRST_PAUSE_SECONDS * GROWTH**job.attempts})


def _body(task: Task, tally: Tally) -> Callable[..., None]:
    def run(context: JobContext, **arguments: str) -> None:
        began = time.perf_counter()
        ids = {name: UUID(value) for name, value in arguments.items()}
        task.run(system_actor_of(ids.pop(ORGANIZATION)), ids)
        tally.done += 1
        seconds = time.perf_counter() - began
        _LOG.info("job=%s task=%s outcome=done seconds=%.3f", context.job.id, task.name, seconds)

    return run


def _for_all(name: str) -> Callable[..., None]:
    """Queues the task once for every organisation that does not have it waiting already."""

    def run(timestamp: int) -> None:
        del timestamp  # the library tells for which minute; what is due is asked of the clock
        with app_session() as session:
            organizations: list[UUID] = list(session.scalars(_ORGANIZATIONS))
        for organization_id in organizations:
            with unit_of_work(system_actor_of(organization_id)) as work:
                defer(work, name, key=name)

    return run


async def take_up_stalled(manager: JobManager) -> None:
    """Queues again what a worker was doing when it died; what killed its worker every time is left as failed."""
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=SILENT_SECONDS):
        is_last = job.attempts + 1 >= MOST_ATTEMPTS
        _LOG.warning(
            "job=%s task=%s attempt=%d outcome=%s error=worker died",
            job.id,
            job.task_name,
            job.attempts + 1,
            "failed" if is_last else "retry",
        )
        if is_last:
            await manager.finish_job(job, Status.FAILED, delete_job=False)
        else:
            await manager.retry_job(job)


async def _take_up(context: JobContext, timestamp: int) -> None:
    del timestamp  # for which minute; see _for_all
    await take_up_stalled(context.app.job_manager)


async def _forget_old(context: JobContext, timestamp: int) -> None:
    """Deletes jobs that ended 30 days ago, failed ones too."""
    del timestamp  # for which minute; see _for_all
    await context.app.job_manager.delete_old_jobs(
        nb_hours=KEPT_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )


async def _configure(connection: psycopg.AsyncConnection) -> None:
    await connection.execute("set search_path to queue")
    await connection.commit()
