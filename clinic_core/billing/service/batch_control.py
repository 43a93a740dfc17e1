"""What is done with a batch beside making its papers: start, stop, try again, fetch, give up."""

from datetime import timedelta

from sqlalchemy import or_, update
from sqlmodel import col, select

from clinic_core.access import Permission, Work, use_case
from clinic_core.billing.archive import kept_file, made_positions, part_of
from clinic_core.billing.batches import NewItem, batch_row, batches_in_reach, is_under_way, locked_batch, new_batch
from clinic_core.billing.jobs import MAKE_BATCH, PURGE_BATCHES
from clinic_core.billing.rows import filtered_invoices
from clinic_core.billing.schemas.batches import (
    MOST_DOCUMENTS,
    BatchFile,
    BatchRow,
    CancelBatch,
    FailBatch,
    GetBatch,
    RetryBatch,
    StartDocuments,
    SweepBatches,
    Swept,
)
from clinic_core.errors import Conflict, InvalidInput, NotFound
from clinic_core.kit.calendar import local_date, zone
from clinic_core.kit.clock import now
from clinic_core.models import ClinicLocation, DocumentBatch, DocumentBatchItem, Invoice
from clinic_core.queue import defer, is_queued
from clinic_core.vocabulary import BatchKind, BatchStatus, InvoiceStatus

SILENT = timedelta(hours=2)
STOPPED = "The print run stopped without an answer. Try again; what was made is kept."
EXPIRED = "This file is no longer kept: print runs are deleted after seven days. Start a new one."


@use_case(Permission.BILLING_VIEW, name="batch.start_documents")
def start_document_batch(work: Work, request: StartDocuments) -> BatchRow:
    """Starts one PDF of all issued invoices and credit notes that pass the filters, the earliest first.

    Raises:
        InvalidInput: there are none, or more than 5,000.
        NotFound: a chosen document does not exist or is out of scope.
    """
    statement = filtered_invoices(work.actor, request).where(col(Invoice.status) != InvoiceStatus.DRAFT)
    if request.invoice_ids:
        statement = statement.where(col(Invoice.id).in_(request.invoice_ids))
    found = work.session.execute(
        statement.with_only_columns(col(Invoice.id), col(Invoice.patient_id))
        .order_by(None)
        .order_by(col(Invoice.issued_on), col(Invoice.number), col(Invoice.id))
        .limit(MOST_DOCUMENTS + 1)
    ).all()
    if len(found) < len(request.invoice_ids):
        raise NotFound("One of the documents does not exist, or is a draft.")
    if not found:
        raise InvalidInput("No issued document passes these filters; drafts are not printed.")
    if len(found) > MOST_DOCUMENTS:
        raise InvalidInput(f"These are more than {MOST_DOCUMENTS:,} documents; choose a shorter period.")
    items = [NewItem(patient_id=patient_id, invoice_id=invoice_id) for invoice_id, patient_id in found]
    asked = request.model_dump(mode="json", exclude={"request_id", "invoice_ids"}, exclude_defaults=True)
    batch, _ = new_batch(work, BatchKind.DOCUMENTS, items, asked)
    return batch_row(batch)


@use_case(Permission.BILLING_VIEW, name="batch.cancel")
def cancel_batch(work: Work, request: CancelBatch) -> BatchRow:
    """Stops a batch in reach; its files are deleted once this is committed.

    Raises:
        Conflict: it has ended, or is one of reminders, which are on record as sent since it was started.
        NotFound: no such batch, or out of reach.
    """
    batch = locked_batch(work.session, work.actor, request.batch_id)
    if batch.kind is BatchKind.REMINDERS:
        raise Conflict("Payment reminders are on record since their run was started, so their letters go out.")
    if not is_under_way(batch) and batch.status is not BatchStatus.FAILED:
        raise Conflict("This print run has ended already.")
    batch.status, batch.finished_at = BatchStatus.CANCELLED, now()
    defer(work, PURGE_BATCHES, key=PURGE_BATCHES)
    work.session.flush()
    return batch_row(batch)


@use_case(Permission.BILLING_VIEW, name="batch.retry")
def retry_batch(work: Work, request: RetryBatch) -> BatchRow:
    """Lets a batch in reach that failed go on; papers that were made and are still there are kept.

    Raises:
        Conflict: it did not fail.
        NotFound: as `cancel_batch`.
    """
    session = work.session
    batch = locked_batch(session, work.actor, request.batch_id)
    if batch.status is not BatchStatus.FAILED:
        raise Conflict("Only a print run that failed can be tried again.")
    _make_missing_again(work, batch)
    batch.status, batch.problem, batch.finished_at = BatchStatus.QUEUED, "", None
    defer(work, MAKE_BATCH, {"batch_id": batch.id})
    session.flush()
    return batch_row(batch)


@use_case(Permission.BILLING_VIEW, name="batch.fetch")
def fetch_batch(work: Work, request: GetBatch) -> BatchFile:
    """The file of a batch in reach, to be handed out; audited.

    Raises:
        Conflict: it is not made yet, or was stopped.
        NotFound: no such batch, out of reach, or no longer kept.
    """
    batch = work.session.scalars(
        select(DocumentBatch).where(col(DocumentBatch.id) == request.batch_id, batches_in_reach(work.actor))
    ).one_or_none()
    if batch is None:
        raise NotFound("This print run does not exist.")
    if batch.file_name is None or batch.expires_at is None:
        raise Conflict("This print run has no file to fetch.")
    path = kept_file(batch.file_name)
    if batch.expires_at <= now() or not path.is_file():
        raise NotFound(EXPIRED)
    work.audit("document_batch", batch.id, "fetch", kind=batch.kind, papers=batch.total)
    place = work.session.scalars(select(ClinicLocation.timezone).order_by(col(ClinicLocation.name)).limit(1)).one()
    day = local_date(batch.finished_at or now(), zone(place))
    return BatchFile(
        path=str(path),
        name=f"{path.stem}-{day}{path.suffix}",
        media_type="application/zip" if path.suffix == ".zip" else "application/pdf",
    )


@use_case(Permission.BILLING_MANAGE, name="batch.fail")
def fail_batch(work: Work, request: FailBatch) -> BatchRow:
    """Notes why a batch in reach cannot go on; one that has ended stays as it is.

    Raises:
        NotFound: no such batch, or out of reach.
    """
    batch = locked_batch(work.session, work.actor, request.batch_id)
    if is_under_way(batch):
        _fail(batch, request.problem)
        work.session.flush()
    return batch_row(batch)


@use_case(Permission.BILLING_MANAGE, name="batch.sweep")
def sweep_batches(work: Work, request: SweepBatches) -> Swept:  # noqa: ARG001 (what every use case takes)
    """Gives up the batches in reach of which nothing was heard for two hours and for which no job waits."""
    silent = work.session.scalars(
        select(DocumentBatch)
        .where(
            or_(col(DocumentBatch.status) == BatchStatus.QUEUED, col(DocumentBatch.status) == BatchStatus.RUNNING),
            col(DocumentBatch.updated_at) < now() - SILENT,
            batches_in_reach(work.actor),
        )
        .with_for_update(key_share=True, skip_locked=True)
    )
    stopped = [batch for batch in silent if not is_queued(work, MAKE_BATCH, {"batch_id": batch.id})]
    for batch in stopped:
        _fail(batch, STOPPED)
    work.session.flush()
    return Swept(failed=len(stopped))


def _fail(batch: DocumentBatch, problem: str) -> None:
    batch.status, batch.problem, batch.finished_at = BatchStatus.FAILED, problem, now()


def _make_missing_again(work: Work, batch: DocumentBatch) -> None:
    """Lets papers whose file is gone wait to be made; a part of documents is there or not as a whole."""
    there = made_positions(batch.organization_id, batch.id)
    made = work.session.scalars(
        select(DocumentBatchItem).where(
            col(DocumentBatchItem.document_batch_id) == batch.id, col(DocumentBatchItem.made_at).is_not(None)
        )
    ).all()
    by_parts = batch.kind is BatchKind.DOCUMENTS
    missing = [item for item in made if (part_of(item.position) if by_parts else item.position) not in there]
    if missing:
        work.session.execute(
            update(DocumentBatchItem)
            .where(col(DocumentBatchItem.id).in_([item.id for item in missing]))
            .values(made_at=None, problem="")
        )
        batch.done -= len(missing)
