"""`clinic worker`: the background work, in a process of its own."""

import asyncio
import logging
import signal
from typing import Annotated

import typer

from clinic_core.cli.serve import refuse_unless_ready
from clinic_core.db.engine import dispose_engines
from clinic_core.jobs.worker import work_once, work_until
from clinic_core.queue import requeue_failed

_LINE = "%(asctime)s level=%(levelname)s %(message)s"


def worker(
    once: Annotated[bool, typer.Option("--once", help="Do what is due, then end; for cron.")] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Queue again what failed for good, then end.")
    ] = False,
) -> None:
    """Send messages and do other background work until Ctrl+C or SIGTERM; several workers share it.

    With the embedded database the app does this itself (CLINIC_WORKER). With --once the exit code is 1 when a job
    failed.
    """
    logging.basicConfig(format=_LINE, level=logging.WARNING)
    logging.getLogger("clinic_core").setLevel(logging.INFO)
    try:
        refuse_unless_ready("the worker")
        if retry_failed:
            typer.echo(f"{requeue_failed()} jobs queued again")
        elif once:
            tally = asyncio.run(work_once())
            typer.echo(f"{tally.done} jobs done, {tally.failed} failed")
            if tally.failed:
                raise typer.Exit(1)
        else:
            asyncio.run(_until_told())
    finally:
        dispose_engines()


async def _until_told() -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for told in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(told, stopping.set)
    await work_until(stopping)
