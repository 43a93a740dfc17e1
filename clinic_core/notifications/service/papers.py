"""Papers of batches by e-mail: planned in the transaction that makes the paper, withdrawn with the batch (B6)."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import col

from clinic_core.access import Permission, Work, use_case
from clinic_core.billing.schemas import BatchRow, CancelBatch, MadeStep, MakePapers
from clinic_core.billing.service import cancel_batch, make_next_papers
from clinic_core.kit.clock import now
from clinic_core.models import DocumentBatch, DocumentBatchItem, Notification, Patient
from clinic_core.notifications.addressee import obstacle
from clinic_core.notifications.jobs import DELIVER_DUE
from clinic_core.notifications.planned import withdraw_planned
from clinic_core.queue import defer
from clinic_core.vocabulary import BatchKind, NotificationChannel, NotificationStatus, NotificationType, WithdrawnReason

# What is printed for a pile of paper, as documents are, is never e-mailed.
_ABOUT = {
    BatchKind.STATEMENTS: NotificationType.STATEMENT,
    BatchKind.REMINDERS: NotificationType.PAYMENT_REMINDER,
}


@use_case(Permission.BILLING_VIEW, name="batch.make_with_emails")
def make_papers(work: Work, request: MakePapers) -> MadeStep:
    """Makes the next papers of one's own batch; where it asks for e-mail, those that patients pay go out by it.

    Papers of patients who cannot or do not want to be written to, and papers that others pay, are for the post. A
    paper that is made once more because its file was lost is not sent again.

    Raises:
        ClinicError, OSError: as `make_next_papers`.
    """
    step = make_next_papers(work, request)
    kind = work.session.get_one(DocumentBatch, step.batch_id).kind
    if step.wants_email and kind in _ABOUT:
        _plan(work, step, _ABOUT[kind])
    return step


@use_case(Permission.BILLING_VIEW, name="batch.cancel_with_emails")
def cancel_batch_with_emails(work: Work, request: CancelBatch) -> BatchRow:
    """Stops a batch and withdraws its e-mails that did not go out yet; what is being sent is waited for, and kept.

    Raises:
        ClinicError: as `cancel_batch`.
    """
    cancelled = cancel_batch(work, request.model_copy(update={"request_id": None}))
    items = select(col(DocumentBatchItem.id)).where(col(DocumentBatchItem.document_batch_id) == cancelled.id)
    withdraw_planned(work.session, WithdrawnReason.BATCH_CANCELLED, col(Notification.document_batch_item_id).in_(items))
    return cancelled


def _plan(work: Work, step: MadeStep, about: NotificationType) -> None:
    made = {paper.item_id: paper.patient_id for paper in step.made if paper.for_patient and not paper.problem}
    patients = _reachable(work, set(made.values()))
    known = _known(work, made)
    by_email: list[UUID] = []
    for item_id, patient_id in made.items():
        message = known.get(item_id)
        is_sent = message is not None and message.status is NotificationStatus.SENT
        if not is_sent and patient_id not in patients:
            continue
        by_email.append(item_id)
        if message is None:
            work.session.add(_message(work, item_id, patient_id, about))
        elif not is_sent:
            _begin_anew(message)
    work.session.execute(
        update(DocumentBatchItem)
        .where(col(DocumentBatchItem.id).in_([paper.item_id for paper in step.made]))
        .values(by_email=col(DocumentBatchItem.id).in_(by_email))
        .execution_options(synchronize_session=False)
    )
    work.session.flush()
    if by_email:
        defer(work, DELIVER_DUE, key=DELIVER_DUE)


def _reachable(work: Work, patient_ids: Collection[UUID]) -> set[UUID]:
    """Those of the patients who can be written to by e-mail and do not refuse it."""
    found = work.session.scalars(select(Patient).where(col(Patient.id).in_(patient_ids)))
    return {patient.id for patient in found if obstacle(patient, NotificationChannel.EMAIL) is None}


def _known(work: Work, item_ids: Collection[UUID]) -> dict[UUID | None, Notification]:
    """What was planned for the papers when they were made before."""
    planned = select(Notification).where(col(Notification.document_batch_item_id).in_(item_ids)).with_for_update()
    return {message.document_batch_item_id: message for message in work.session.scalars(planned)}


def _message(work: Work, item_id: UUID, patient_id: UUID, about: NotificationType) -> Notification:
    return Notification(
        organization_id=work.actor.organization_id,
        patient_id=patient_id,
        document_batch_item_id=item_id,
        type=about,
        channel=NotificationChannel.EMAIL,
        scheduled_at=now(),
    )


def _begin_anew(message: Notification) -> None:
    """One that did not go out is tried from the beginning, as its paper is there again."""
    message.status, message.withdrawn_reason = NotificationStatus.PLANNED, None
    message.scheduled_at, message.next_attempt_at = now(), None
    message.attempts, message.last_error = 0, None
