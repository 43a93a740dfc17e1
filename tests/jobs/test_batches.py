"""A print run while the database server dies: it waits, and ends well once the server is back."""

import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from uuid import UUID

import pytest

from clinic_core.access import Actor, perform
from clinic_core.billing.archive import PAPERS_OF_PART
from clinic_core.billing.jobs import MAKE_BATCH
from clinic_core.billing.queries import get_batch
from clinic_core.billing.schemas import GetBatch
from clinic_core.db.embedded import EmbeddedPostgres
from clinic_core.db.engine import dispose_engines
from clinic_core.db.migrate import upgrade
from clinic_core.db.roles import DatabaseRole
from clinic_core.errors import Unavailable
from clinic_core.jobs.batches import make_batch
from clinic_core.jobs.tasks import Task
from clinic_core.jobs.worker import InsideWorker
from clinic_core.settings import settings
from clinic_core.vocabulary import BatchStatus
from tests.billing.batches import fetched, invoices, numbers, start, step
from tests.factories import make_clinic
from tests.servers import kill

SECONDS = 90


@pytest.fixture
def server(
    own_server: Callable[[], EmbeddedPostgres], data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[EmbeddedPostgres]:
    """A server of the test's own, migrated, on which the process works."""
    made = own_server()
    made.start()
    upgrade(made.url(DatabaseRole.OWNER))
    with monkeypatch.context() as patched:
        patched.setenv("DATABASE_URL", made.url(DatabaseRole.APP))
        patched.setenv("DATABASE_OWNER_URL", made.url(DatabaseRole.OWNER))
        settings.cache_clear()
        dispose_engines()
        yield made
    settings.cache_clear()
    dispose_engines()


@pytest.mark.durability
def test_a_print_run_ends_well_after_the_server_died_in_the_middle_of_it(server: EmbeddedPostgres) -> None:
    clinic = make_clinic()
    made = invoices(clinic, PAPERS_OF_PART + 3)
    batch = start(clinic)
    died, ended = threading.Event(), threading.Event()

    def make(actor: Actor, ids: Mapping[str, UUID]) -> None:
        if not died.is_set():
            assert not step(clinic, batch.id)
            kill(server.status().pid)
            died.set()
            with pytest.raises(Unavailable):
                step(clinic, batch.id)
            raise Unavailable("The database does not answer.")
        make_batch(actor, ids)
        ended.set()

    worker = InsideWorker(tasks=[Task(MAKE_BATCH, make)], periodic=())
    worker.start()
    try:
        assert died.wait(SECONDS)
        server.ensure_running()
        assert ended.wait(SECONDS)
    finally:
        worker.stop()
    found = perform(clinic.actor("manager"), get_batch, GetBatch(batch_id=batch.id))
    assert (found.status, found.done) == (BatchStatus.DONE, len(made))
    assert numbers(fetched(clinic, batch.id)) == [f"Invoice {invoice.number} Page 1 of 1" for invoice in made]
