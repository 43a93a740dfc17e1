"""Print runs: every document once and in order, whoever dies on the way, and nobody gets what is not theirs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clinic_core.settings import settings
from clinic_core.vocabulary import BatchStatus
from tests.billing.arrange import draft
from tests.billing.batches import fetched, invoices, pages, start, work_off
from tests.factories import Clinic, make_patient


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data directory of the test's own."""
    monkeypatch.setenv("CLINIC_DATA_DIR", str(tmp_path))
    settings.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    settings.cache_clear()


def test_a_print_run_holds_every_issued_document_once_in_the_order_of_their_numbers(clinic: Clinic) -> None:
    made = invoices(clinic, 3)
    draft(clinic, make_patient(clinic))
    batch = start(clinic)
    assert (batch.status, batch.total, batch.done) == (BatchStatus.QUEUED, 3, 0)
    ended = work_off(clinic, batch.id)
    assert (ended.status, ended.done, ended.problems, ended.problem) == (BatchStatus.DONE, 3, 0, "")
    found = pages(fetched(clinic, batch.id))
    assert [page.splitlines()[-1].split(" · ")[-1] for page in found] == [
        f"Invoice {invoice.number} Page 1 of 1" for invoice in made
    ]
    assert ended.file_bytes == len(fetched(clinic, batch.id))
