"""What became of the e-mails of batches: how many went out, and which papers are for the post after all."""

from sqlalchemy import and_, func, select
from sqlmodel import col

from clinic_core.access import Permission, Work, query
from clinic_core.billing.batches import batches_in_reach
from clinic_core.billing.schemas import GetBatch
from clinic_core.kit.formats import person_name
from clinic_core.models import DocumentBatch, DocumentBatchItem, Notification, Patient
from clinic_core.notifications.schemas import BatchEmails, UnsentPaper
from clinic_core.vocabulary import NotificationStatus

MOST_UNSENT = 200
_OF_ITEM = col(DocumentBatchItem.id) == col(Notification.document_batch_item_id)
_UNSENT = col(Notification.status).in_([NotificationStatus.WITHDRAWN, NotificationStatus.FAILED])


@query(Permission.BILLING_VIEW, name="batch.emails")
def batch_emails(work: Work, request: GetBatch) -> BatchEmails:
    """The e-mails of a batch in reach by what became of them, with the first 200 papers that nobody got.

    A batch out of reach has none.
    """
    of_batch = and_(
        col(DocumentBatchItem.document_batch_id) == request.batch_id,
        col(DocumentBatchItem.document_batch_id).in_(select(col(DocumentBatch.id)).where(batches_in_reach(work.actor))),
    )
    counted = (
        select(col(Notification.status), func.count())
        .join(DocumentBatchItem, _OF_ITEM)
        .where(of_batch)
        .group_by(col(Notification.status))
    )
    counts = dict(work.session.execute(counted).all())
    unsent = counts.get(NotificationStatus.WITHDRAWN, 0) + counts.get(NotificationStatus.FAILED, 0)
    listed = (
        select(Notification, Patient, col(DocumentBatchItem.position))
        .join(DocumentBatchItem, _OF_ITEM)
        .join(Patient, col(Patient.id) == col(Notification.patient_id))
        .where(of_batch, _UNSENT)
        .order_by(col(DocumentBatchItem.position))
        .limit(MOST_UNSENT)
    )
    return BatchEmails(
        sent=counts.get(NotificationStatus.SENT, 0),
        waiting=counts.get(NotificationStatus.PLANNED, 0),
        unsent=unsent,
        papers=tuple(
            UnsentPaper(
                id=message.id,
                position=position,
                patient_id=patient.id,
                patient_name=person_name(patient.first_name, patient.last_name, patient.preferred_name),
                patient_code=patient.code,
                withdrawn_reason=message.withdrawn_reason,
                last_error=message.last_error,
            )
            for message, patient, position in (work.session.execute(listed) if unsent else ())
        ),
    )
