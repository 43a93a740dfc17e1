"""What a batch is made of, whose it is, and how it begins; the steps of making it are in `billing.service.batches`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, insert, true
from sqlalchemy.orm import Session
from sqlmodel import col, select

from clinic_core.access import Actor, Permission, Work, use_case
from clinic_core.billing.jobs import MAKE_BATCH
from clinic_core.billing.schemas import BatchRow
from clinic_core.errors import NotFound
from clinic_core.kit.clock import now
from clinic_core.kit.ids import new_id
from clinic_core.models import DocumentBatch, DocumentBatchItem
from clinic_core.queue import defer
from clinic_core.vocabulary import BatchKind, BatchStatus, Scope

WRITTEN_AT_ONCE = 500
Parameter = str | int | bool | date | UUID | None
NEEDED = {
    BatchKind.DOCUMENTS: Permission.BILLING_VIEW,
    BatchKind.STATEMENTS: Permission.BILLING_MANAGE,
    BatchKind.REMINDERS: Permission.BILLING_MANAGE,
}


@dataclass(frozen=True)
class NewItem:
    """One paper to be made: a patient's, or one document."""

    patient_id: UUID
    invoice_id: UUID | None = None


@use_case(Permission.BILLING_VIEW, name="batch.start")
def new_batch(
    work: Work, kind: BatchKind, items: Sequence[NewItem], parameters: Mapping[str, Parameter]
) -> tuple[DocumentBatch, list[UUID]]:
    """A batch with its papers to be made, in that order, and the job that makes them once this is committed.

    Parameters are ids, dates and flags; answers the batch and the ids of its items.
    """
    actor = work.actor
    if actor.user_id is None or not actor.can(NEEDED[kind]):
        raise work.refused("batch.start", NEEDED[kind], "You may not start this print run.")
    batch = DocumentBatch(
        organization_id=actor.organization_id,
        actor_user_id=actor.user_id,
        kind=kind,
        total=len(items),
        parameters_json={
            name: str(value) if isinstance(value, date | UUID) else value for name, value in parameters.items()
        },
    )
    work.session.add(batch)
    work.session.flush()
    ids = [new_id() for _ in items]
    for begin in range(0, len(items), WRITTEN_AT_ONCE):
        part = range(begin, min(begin + WRITTEN_AT_ONCE, len(items)))
        rows = [
            {
                "id": ids[at],
                "organization_id": actor.organization_id,
                "document_batch_id": batch.id,
                "position": at + 1,
                "patient_id": items[at].patient_id,
                "invoice_id": items[at].invoice_id,
            }
            for at in part
        ]
        work.session.execute(insert(DocumentBatchItem), rows)
    defer(work, MAKE_BATCH, {"batch_id": batch.id})
    return batch, ids


def batches_in_reach(actor: Actor) -> ColumnElement[bool]:
    """Which rows of `document_batch` the actor sees: what they asked for, and all with BILLING_MANAGE everywhere."""
    if actor.scope(Permission.BILLING_MANAGE) is Scope.ORGANISATION:
        return true()
    held = [kind for kind, permission in NEEDED.items() if actor.can(permission)]
    return and_(col(DocumentBatch.actor_user_id) == actor.user_id, col(DocumentBatch.kind).in_(held))


def locked_batch(session: Session, actor: Actor, batch_id: UUID, *, own: bool = False) -> DocumentBatch:
    """The batch, locked until the end of the transaction; with `own` only for who asked for it.

    Raises:
        NotFound: no such batch, or out of reach.
    """
    batch = session.scalars(
        select(DocumentBatch)
        .where(col(DocumentBatch.id) == batch_id, batches_in_reach(actor))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if batch is None or (own and (batch.actor_user_id != actor.user_id or not actor.can(NEEDED[batch.kind]))):
        raise NotFound("This print run does not exist.")
    return batch


def is_under_way(batch: DocumentBatch) -> bool:
    """Whether papers of it are still to be made."""
    return batch.status in {BatchStatus.QUEUED, BatchStatus.RUNNING}


def batch_row(batch: DocumentBatch) -> BatchRow:
    """The batch as the database has it; its changes are flushed."""
    return BatchRow(
        id=batch.id,
        kind=batch.kind,
        status=batch.status,
        actor_user_id=batch.actor_user_id,
        total=batch.total,
        done=batch.done,
        problem=batch.problem,
        file_bytes=batch.file_bytes,
        created_at=batch.created_at or now(),
        started_at=batch.started_at,
        finished_at=batch.finished_at,
        expires_at=batch.expires_at,
    )
