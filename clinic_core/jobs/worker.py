"""The worker: works off the queue until it is told to stop, waits while the database is away, shares with others."""

import asyncio
import logging
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

from procrastinate import App
from procrastinate.exceptions import ConnectorException
from procrastinate.periodic import PeriodicDeferrer
from psycopg import OperationalError
from psycopg_pool import PoolTimeout
from sqlalchemy import text

from clinic_core.access.session import app_session
from clinic_core.db.engine import listen_url
from clinic_core.errors import Unavailable
from clinic_core.jobs.library import HEARTBEAT_SECONDS, MISSED_SECONDS, SILENT_SECONDS, Tally, make_app, take_up_stalled
from clinic_core.jobs.tasks import PERIODIC, TASKS, Periodic, Task

AT_ONCE = 2
POLL_SECONDS = 5.0
GRACE_SECONDS = 10.0
SHORTEST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0

_LOG = logging.getLogger("clinic_core.jobs")
_AWAY = (ConnectorException, OperationalError, PoolTimeout, Unavailable)


async def work_until(
    stopping: asyncio.Event, *, tasks: Sequence[Task] = TASKS, periodic: Sequence[Periodic] = PERIODIC
) -> None:
    """Works off the queue until `stopping` is set; what runs then gets ten seconds to end.

    While the database is away it tries again after 1 to 30 seconds.
    """
    pause = SHORTEST_PAUSE_SECONDS
    while not stopping.is_set():
        began = time.monotonic()
        try:
            await _work(stopping, tasks, periodic)
        except _AWAY as error:
            if time.monotonic() - began > LONGEST_PAUSE_SECONDS:
                pause = SHORTEST_PAUSE_SECONDS
            _LOG.warning("worker=waiting seconds=%d reason=%s", pause, type(error).__name__)
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), pause)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
    _LOG.info("worker=stopped")


async def work_once(*, tasks: Sequence[Task] = TASKS, periodic: Sequence[Periodic] = PERIODIC) -> Tally:
    """Does what is due, one job after the other, and ends.

    Raises:
        Unavailable: the database does not answer.
    """
    tally = Tally()
    app = make_app(await asyncio.to_thread(_reach), tasks, periodic, tally)
    async with app.open_async():
        await take_up_stalled(app.job_manager)
        deferrer = PeriodicDeferrer(app.periodic_registry, max_delay=MISSED_SECONDS)
        await deferrer.defer_jobs(deferrer.get_previous_tasks(at=time.time()))
        await _run(app, wait=False, concurrency=1)
    return tally


async def _work(stopping: asyncio.Event, tasks: Sequence[Task], periodic: Sequence[Periodic]) -> None:
    app = make_app(await asyncio.to_thread(_reach), tasks, periodic, Tally())
    async with app.open_async():
        _LOG.info("worker=started")
        running = asyncio.create_task(_run(app, wait=True, concurrency=AT_ONCE))
        stopped = asyncio.create_task(stopping.wait())
        await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def _run(app: App, *, wait: bool, concurrency: int) -> None:
    await app.run_worker_async(
        wait=wait,
        concurrency=concurrency,
        listen_notify=wait,
        delete_jobs="successful",
        fetch_job_polling_interval=POLL_SECONDS,
        shutdown_graceful_timeout=GRACE_SECONDS,
        update_heartbeat_interval=HEARTBEAT_SECONDS,
        stalled_worker_timeout=SILENT_SECONDS,
        install_signal_handlers=False,
    )


def _reach() -> str:
    """The address of the queue, once the database answers; the embedded one is brought back when it was killed."""
    with app_session() as session:
        session.execute(text("select 1"))
    return listen_url()


class InsideWorker:
    """A worker in a thread of the app's process."""

    def __init__(self, *, tasks: Sequence[Task] = TASKS, periodic: Sequence[Periodic] = PERIODIC) -> None:
        self._tasks, self._periodic = tasks, periodic
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="clinic-worker", daemon=True)
        self._has_begun = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    def start(self) -> None:
        """Begins to work off the queue."""
        self._thread.start()
        self._has_begun.wait()

    def stop(self) -> None:
        """Ends it; what runs is waited for, and done again by the next worker if it takes too long."""
        if self._loop is not None and self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(2 * GRACE_SECONDS)

    async def _main(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._has_begun.set()
        await work_until(self._stopping, tasks=self._tasks, periodic=self._periodic)
