"""Statements for many patients as the worker makes them: read, drawn, written to the disk one by one, put into a zip.

The figure is milliseconds a statement, all in: from the start in the browser's use case to the finished archive. The
floor is drawing the first of them from data that was read before, to bytes that nobody writes down. `memory_mb` is
by how much the process grew at its peak while it worked, for the whole batch and for a tenth of it: what is made is
not kept, so the one is the other, whatever the number.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from resource import getpagesize
from uuid import UUID

from sqlmodel import col, select

from benchmarks.bare import milliseconds
from benchmarks.result import BenchResult, against_floor, settle
from clinic_core.access import Actor, load_actor, perform, system_actor_of, unit_of_work
from clinic_core.analytics.schemas.statements import StartStatements
from clinic_core.analytics.statements import start_statements
from clinic_core.billing.queries import get_batch
from clinic_core.billing.schemas import GetBatch, StatementDetail
from clinic_core.billing.schemas.batches import BatchDetail
from clinic_core.billing.statement_paper import statement_pdf
from clinic_core.billing.statements import read_statements
from clinic_core.jobs.batches import make_batch
from clinic_core.kit.calendar import local_date, zone
from clinic_core.kit.clock import now
from clinic_core.models import Patient
from clinic_core.seed.large import LargeSize, seed_large, unseen
from clinic_core.seed.large_plan import ZONE
from clinic_core.vocabulary import BatchStatus

DEFAULT_SCALE = 1_000
INVOICES_EACH = 10
WARM_UP = 50
FLOORS = 200
SAMPLE_SECONDS = 0.005
_MEMORY = Path("/proc/self/statm")


def run(scale: int = DEFAULT_SCALE) -> BenchResult:
    """Makes a clinic of that many patients with ten invoices each, and the statements of all of them."""
    patients = max(scale, WARM_UP)
    clinic = seed_large("Statements", LargeSize(patients, invoices=patients * INVOICES_EACH), progress=unseen)
    desk = load_actor(clinic.organization_id, clinic.desk)
    with unit_of_work(desk) as work:
        ids = list(work.session.scalars(select(col(Patient.id)).order_by(col(Patient.code)).limit(patients)))
    _made(desk, ids[:WARM_UP])
    statements = _read(desk, ids[:FLOORS])
    settle()
    floors = [_drawn(desk, statement) for statement in statements]
    _, _, tenth_mb = _made(desk, ids[: max(1, scale // 10)])
    batch, spent_ms, peak_mb = _made(desk, ids[:scale])
    floors += [_drawn(desk, statement) for statement in statements]
    details = {
        "memory_mb": peak_mb,
        "memory_mb_of_a_tenth": tenth_mb,
        "archive_mb": round((batch.file_bytes or 0) / 1_000_000, 1),
    }
    return against_floor("statements", [spent_ms / scale], floors, scale=scale, details=details)


def _made(desk: Actor, ids: Sequence[UUID]) -> tuple[BatchDetail, float, float]:
    """The finished batch, the milliseconds it took, and by how many megabytes the process grew meanwhile."""
    with _watched() as peak:
        started = time.perf_counter()
        batch = perform(desk, start_statements, StartStatements(patient_ids=tuple(ids)))
        made = perform(desk, get_batch, GetBatch(batch_id=batch.id))
        while made.is_under_way:
            make_batch(system_actor_of(desk.organization_id), {"batch_id": batch.id})
            made = perform(desk, get_batch, GetBatch(batch_id=batch.id))
        spent = milliseconds(started)
    if made.status is not BatchStatus.DONE or made.problems:
        raise RuntimeError("Not every statement was made.")
    return made, spent, round((peak[-1] - peak[0]) / 1_000_000, 1)


def _read(desk: Actor, ids: Sequence[UUID]) -> Sequence[StatementDetail]:
    with unit_of_work(desk) as work:
        found = read_statements(work, ids, first_day=None, last_day=local_date(now(), zone(ZONE)))
    return list(found.values())


def _drawn(desk: Actor, statement: StatementDetail) -> float:
    started = time.perf_counter()
    statement_pdf(statement, desk.settings.locale)
    return milliseconds(started)


@contextmanager
def _watched() -> Iterator[list[int]]:
    """The bytes in memory at the beginning and, at the end of the block, the most there were at any moment."""
    peak, over = [_resident()] * 2, threading.Event()

    def watch() -> None:
        while not over.wait(SAMPLE_SECONDS):
            peak[1] = max(peak[1], _resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()


def _resident() -> int:
    return int(_MEMORY.read_text().split()[1]) * getpagesize()
