"""Print runs: every document once and in order, whatever happens on the way, and nobody gets what is not theirs."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from uuid import UUID

import pytest

from clinic_core.access import perform
from clinic_core.billing.archive import PAPERS_OF_PART
from clinic_core.billing.jobs import MAKE_BATCH, PURGE_BATCHES
from clinic_core.billing.queries import count_printable, list_batches
from clinic_core.billing.schemas import (
    CancelBatch,
    InvoiceFilter,
    ListBatches,
    RetryBatch,
    StartDocuments,
)
from clinic_core.billing.schemas.batches import FinishBatch
from clinic_core.billing.service import (
    cancel_batch,
    finish_batch,
    retry_batch,
    start_document_batch,
)
from clinic_core.errors import InvalidInput, NotFound
from clinic_core.jobs.tasks import TASKS
from clinic_core.kit.ids import new_id
from clinic_core.vocabulary import BatchStatus
from tests.billing.arrange import audited, draft, issued
from tests.billing.batches import fetched, folder, invoices, look, move_away, numbers, start, step, work_off
from tests.factories import Clinic, make_clinic, make_patient
from tests.harness import Database
from tests.jobs.arrange import jobs, once

pytestmark = pytest.mark.usefixtures("data_dir")


def test_a_print_run_holds_every_issued_document_once_in_the_order_of_their_numbers(clinic: Clinic) -> None:
    made = invoices(clinic, PAPERS_OF_PART + 2)
    draft(clinic, make_patient(clinic))
    batch = start(clinic)
    assert (batch.status, batch.total, batch.done) == (BatchStatus.QUEUED, len(made), 0)
    ended = work_off(clinic, batch.id)
    assert (ended.status, ended.done, ended.problems, ended.problem) == (BatchStatus.DONE, len(made), 0, "")
    content = fetched(clinic, batch.id)
    assert numbers(content) == [f"Invoice {invoice.number} Page 1 of 1" for invoice in made]
    assert ended.file_bytes == len(content)
    assert ended.expires_at is not None
    assert ended.finished_at is not None
    assert ended.expires_at - ended.finished_at >= timedelta(days=7) - timedelta(minutes=1)


def test_filters_and_chosen_documents_decide_what_is_printed(clinic: Clinic) -> None:
    first, second, third = invoices(clinic, 3)
    of_one = InvoiceFilter(patient_id=second.patient_id)
    assert perform(clinic.actor("manager"), count_printable, of_one) == 1
    one = start(clinic, patient_id=second.patient_id)
    two = start(clinic, invoice_ids=(third.id, first.id))
    assert (one.total, two.total) == (1, 2)
    work_off(clinic, two.id)
    assert numbers(fetched(clinic, two.id)) == [f"Invoice {found.number} Page 1 of 1" for found in (first, third)]


def test_nothing_to_print_a_draft_and_a_document_twice_are_refused(clinic: Clinic) -> None:
    unfinished = draft(clinic, make_patient(clinic))
    with pytest.raises(InvalidInput, match="No issued document"):
        start(clinic)
    with pytest.raises(NotFound):
        start(clinic, invoice_ids=(unfinished.id,))
    with pytest.raises(InvalidInput, match="twice"):
        StartDocuments(invoice_ids=(unfinished.id, unfinished.id))


def test_a_print_run_reaches_no_further_than_who_asked(clinic: Clinic) -> None:
    here = issued(clinic, make_patient(clinic))
    there = issued(clinic, make_patient(clinic, clinic_location_id=clinic.branch), clinic_location_id=clinic.branch)
    assert start(clinic, role="assistant").total == 1
    assert start(clinic).total == 2
    with pytest.raises(NotFound):
        start(clinic, role="assistant", invoice_ids=(here.id, there.id))


def test_what_leaves_the_reach_of_who_asked_before_it_is_printed_is_left_out_and_named(clinic: Clinic) -> None:
    stays, goes = invoices(clinic, 2)
    batch = start(clinic, role="assistant")
    move_away(clinic, goes.id)
    ended = work_off(clinic, batch.id)
    assert (ended.status, ended.done, ended.problems) == (BatchStatus.DONE, 2, 1)
    assert [(found.patient_id, found.invoice_id) for found in ended.without_paper] == [(goes.patient_id, goes.id)]
    assert numbers(fetched(clinic, batch.id)) == [f"Invoice {stays.number} Page 1 of 1"]


def test_the_same_form_sent_twice_starts_one_print_run(own_database: Database) -> None:
    clinic = make_clinic()
    invoices(clinic, 1)
    request, together = StartDocuments(request_id=new_id()), Barrier(2)

    def send() -> UUID:
        together.wait()
        return perform(clinic.actor("manager"), start_document_batch, request).id

    with ThreadPoolExecutor(2) as pool:
        first, second = (pool.submit(send) for _ in range(2))
        assert first.result() == second.result()
    assert len(perform(clinic.actor("manager"), list_batches, ListBatches())) == 1
    assert len(jobs(own_database, MAKE_BATCH)) == 1


def test_the_worker_makes_what_was_asked_for_and_deletes_what_was_stopped(own_database: Database) -> None:
    clinic = make_clinic()
    invoices(clinic, 2)
    batch, other = start(clinic), start(clinic)
    step(clinic, other.id)
    assert folder(clinic, other.id).is_dir()
    perform(clinic.actor("manager"), cancel_batch, CancelBatch(batch_id=other.id))
    assert len(jobs(own_database, PURGE_BATCHES)) == 1
    assert once(*TASKS).done == 3
    assert look(clinic, batch.id).status is BatchStatus.DONE
    assert look(clinic, other.id).status is BatchStatus.CANCELLED
    assert folder(clinic, batch.id).is_dir()
    assert not folder(clinic, other.id).exists()


def test_a_print_run_is_its_owners_and_the_managers_and_nobody_elses(clinic: Clinic) -> None:
    invoices(clinic, 1)
    batch, theirs = start(clinic, role="assistant"), start(clinic)
    work_off(clinic, batch.id)
    assert look(clinic, batch.id, "assistant").asked_by == "Assistant"
    assert fetched(clinic, batch.id, "assistant") == fetched(clinic, batch.id, "owner")
    of_owner = perform(clinic.actor("owner"), list_batches, ListBatches())
    assert [found.id for found in of_owner] == [theirs.id, batch.id]
    assert perform(clinic.actor("owner"), list_batches, ListBatches(own_only=True)) == ()
    of_assistant = perform(clinic.actor("assistant"), list_batches, ListBatches())
    assert [found.id for found in of_assistant] == [batch.id]
    assert ("document_batch", "fetch", clinic.users["owner"]) in audited(clinic, "batch.fetch")
    stranger = make_clinic()
    calls: list[Callable[[Clinic, str], object]] = [
        lambda of, role: look(of, batch.id, role),
        lambda of, role: fetched(of, batch.id, role),
        lambda of, role: perform(of.actor(role), cancel_batch, CancelBatch(batch_id=batch.id)),
        lambda of, role: perform(of.actor(role), retry_batch, RetryBatch(batch_id=batch.id)),
        lambda of, role: step(of, batch.id, role),
    ]
    for call in calls:
        for of, role in ((stranger, "owner"), (clinic, "practitioner"), (clinic, "patient")):
            with pytest.raises(NotFound):
                call(of, role)


def test_nobody_makes_the_papers_of_somebody_else_with_their_own_reach(clinic: Clinic) -> None:
    invoices(clinic, 1)
    batch = start(clinic, role="assistant")
    with pytest.raises(NotFound):
        step(clinic, batch.id, "owner")
    with pytest.raises(NotFound):
        perform(clinic.actor("owner"), finish_batch, FinishBatch(batch_id=batch.id))


def test_files_of_batches_are_open_to_this_systems_user_alone_and_name_nobody(clinic: Clinic, data_dir: Path) -> None:
    invoices(clinic, 1)
    batch = start(clinic)
    work_off(clinic, batch.id)
    found = sorted(path.relative_to(data_dir) for path in (data_dir / "batches").rglob("*"))
    assert {path.name for path in found} == {str(clinic.organization_id), str(batch.id), "000001.pdf", "invoices.pdf"}
    modes = {oct((data_dir / path).stat().st_mode & 0o777) for path in found if path.suffix}
    folders = {oct((data_dir / path).stat().st_mode & 0o777) for path in (Path("batches"), *found) if not path.suffix}
    assert (modes, folders) == ({"0o600"}, {"0o700"})


def test_a_batch_and_its_papers_are_audited(clinic: Clinic) -> None:
    invoices(clinic, 1)
    batch = start(clinic)
    work_off(clinic, batch.id)
    tables = {entity for entity, _, _ in audited(clinic, "batch.start")}
    assert tables == {"document_batch", "document_batch_item"}
    assert {actor for _, _, actor in audited(clinic, "batch.make")} == {clinic.users["manager"]}
