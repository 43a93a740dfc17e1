"""Reading batches: the list, one with what was not made, what still needs its files, how many would be printed."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlmodel import col

from clinic_core.access import Actor, Permission, Work, query
from clinic_core.billing.batches import batch_row, batches_in_reach
from clinic_core.billing.rows import filtered_invoices
from clinic_core.billing.schemas import InvoiceFilter
from clinic_core.billing.schemas.batches import (
    MOST_DOCUMENTS,
    BatchDetail,
    BatchProblem,
    GetBatch,
    KeptBatches,
    ListBatches,
    ListedBatch,
)
from clinic_core.errors import NotFound
from clinic_core.kit.clock import now
from clinic_core.kit.formats import person_name
from clinic_core.models import AppUser, DocumentBatch, DocumentBatchItem, Invoice, Patient
from clinic_core.vocabulary import BatchStatus, InvoiceStatus

FAILED_KEPT = timedelta(days=7)
MOST_PROBLEMS = 200

BatchSelect = Select[DocumentBatch, str, int, int]


@query(Permission.BILLING_VIEW, name="batch.list")
def list_batches(work: Work, request: ListBatches) -> tuple[ListedBatch, ...]:
    """A page of the batches in reach, newest first."""
    statement = _listed(work.actor).offset(request.offset).limit(request.limit)
    if request.own_only:
        statement = statement.where(col(DocumentBatch.actor_user_id) == work.actor.user_id)
    return tuple(_row(*found) for found in work.session.execute(statement))


@query(Permission.BILLING_VIEW, name="batch.count")
def count_batches(work: Work, request: ListBatches) -> int:
    """How many batches in reach there are."""
    statement = select(func.count()).select_from(DocumentBatch).where(batches_in_reach(work.actor))
    if request.own_only:
        statement = statement.where(col(DocumentBatch.actor_user_id) == work.actor.user_id)
    return work.session.execute(statement).scalar_one()


@query(Permission.BILLING_VIEW, name="batch.get")
def get_batch(work: Work, request: GetBatch) -> BatchDetail:
    """One batch in reach, with the first 200 papers that were not made.

    Raises:
        NotFound: no such batch, or out of reach.
    """
    statement = _listed(work.actor).where(col(DocumentBatch.id) == request.batch_id)
    found = work.session.execute(statement).one_or_none()
    if found is None:
        raise NotFound("This print run does not exist.")
    problems = work.session.execute(
        select(
            DocumentBatchItem,
            col(Patient.first_name),
            col(Patient.last_name),
            col(Patient.preferred_name),
            col(Patient.code),
        )
        .join(Patient, col(Patient.id) == col(DocumentBatchItem.patient_id))
        .where(col(DocumentBatchItem.document_batch_id) == request.batch_id, col(DocumentBatchItem.problem) != "")
        .order_by(col(DocumentBatchItem.position))
        .limit(MOST_PROBLEMS)
    )
    return BatchDetail(
        **dict(_row(*found)),
        without_paper=tuple(
            BatchProblem(
                id=item.id,
                position=item.position,
                patient_id=item.patient_id,
                patient_name=person_name(first, last, preferred),
                patient_code=code,
                invoice_id=item.invoice_id,
                problem=item.problem,
            )
            for item, first, last, preferred, code in problems
        ),
    )


@query(Permission.BILLING_VIEW, name="batch.count_documents")
def count_printable(work: Work, request: InvoiceFilter) -> int:
    """How many issued documents pass the filters; 5,001 also stands for more."""
    statement = filtered_invoices(work.actor, request).where(col(Invoice.status) != InvoiceStatus.DRAFT)
    counted = statement.with_only_columns(col(Invoice.id)).order_by(None).limit(MOST_DOCUMENTS + 1).subquery()
    return work.session.execute(select(func.count()).select_from(counted)).scalar_one()


@query(Permission.BILLING_MANAGE, name="batch.kept")
def kept_batches(work: Work, request: KeptBatches) -> frozenset[UUID]:
    """Which of the batches still need their files: under way, fetched until they expire, failed in the last days."""
    found = work.session.scalars(
        select(col(DocumentBatch.id)).where(
            col(DocumentBatch.id).in_(request.batch_ids),
            or_(
                col(DocumentBatch.status).in_([BatchStatus.QUEUED, BatchStatus.RUNNING]),
                col(DocumentBatch.expires_at) > now(),
                (col(DocumentBatch.status) == BatchStatus.FAILED)
                & (col(DocumentBatch.finished_at) > now() - FAILED_KEPT),
            ),
        )
    )
    return frozenset(found)


def _listed(actor: Actor) -> BatchSelect:
    own = col(DocumentBatchItem.document_batch_id) == col(DocumentBatch.id)
    counted = select(func.count()).select_from(DocumentBatchItem).where(own).correlate(DocumentBatch)
    return (
        select(
            DocumentBatch,
            col(AppUser.display_name),
            counted.where(col(DocumentBatchItem.problem) != "").scalar_subquery(),
            counted.where(col(DocumentBatchItem.by_email)).scalar_subquery(),
        )
        .join(AppUser, col(AppUser.id) == col(DocumentBatch.actor_user_id))
        .where(batches_in_reach(actor))
        .order_by(col(DocumentBatch.created_at).desc(), col(DocumentBatch.id).desc())
    )


def _row(batch: DocumentBatch, asked_by: str, problems: int, by_email: int) -> ListedBatch:
    return ListedBatch(**dict(batch_row(batch)), asked_by=asked_by, problems=problems, by_email=by_email)
