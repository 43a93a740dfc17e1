"""Delivery: what is due is checked once more, written to the file drop, and noted as sent.

A paper is read when its own message is written and let go of with it, so memory holds one at a time.
"""

from datetime import timedelta

from sqlalchemy import or_, select
from sqlmodel import col

from clinic_core.access import Permission, Work, use_case
from clinic_core.kit.clock import now
from clinic_core.models import Notification, Patient
from clinic_core.notifications.addressee import address
from clinic_core.notifications.messages import Occasion, PaperOccasion, write_message, write_paper_message
from clinic_core.notifications.moved import follow_moves
from clinic_core.notifications.outbox import Attachment, OutgoingMessage, drop_message
from clinic_core.notifications.planned import IS_PLANNED
from clinic_core.notifications.schemas import DeliverDue, Delivered
from clinic_core.notifications.standing import find_occasion
from clinic_core.vocabulary import DeliveryError, NotificationStatus, NotificationType, WithdrawnReason

MOST_ATTEMPTS = 6
FIRST_DELAY = timedelta(minutes=1)
GROWTH = 4

_PAPER_NAMES = {
    NotificationType.STATEMENT: "statement.pdf",
    NotificationType.PAYMENT_REMINDER: "payment-reminder.pdf",
}


@use_case(Permission.SETTINGS_MANAGE, name="notification.deliver")
def deliver_due(work: Work, request: DeliverDue) -> Delivered:
    """Sends the messages of the organisation that are due, oldest first; two deliveries at once share them.

    Reminders first follow appointments that were moved without them. What is no longer true is withdrawn with its
    reason. A message that cannot be written, or whose paper is not there, is tried again after 1, 4, 16, 64 and 256
    minutes and then given up as failed. The file is written before the row is noted as sent: a crash between the two
    writes the same file again.
    """
    followed = follow_moves(work.session, limit=request.limit)
    due = list(
        work.session.scalars(
            select(Notification)
            .where(
                IS_PLANNED,
                col(Notification.scheduled_at) <= now(),
                or_(col(Notification.next_attempt_at).is_(None), col(Notification.next_attempt_at) <= now()),
            )
            .order_by(col(Notification.scheduled_at), col(Notification.id))
            .limit(request.limit)
            .with_for_update(skip_locked=True)
        )
    )
    for message in due:
        _deliver(work, message)
    work.session.flush()
    statuses = [message.status for message in due]
    return Delivered(
        followed=followed,
        sent=statuses.count(NotificationStatus.SENT),
        withdrawn=statuses.count(NotificationStatus.WITHDRAWN),
        postponed=statuses.count(NotificationStatus.PLANNED),
        failed=statuses.count(NotificationStatus.FAILED),
        has_more=request.limit in (len(due), followed),
    )


def _deliver(work: Work, message: Notification) -> None:
    patient = work.find(Patient, message.patient_id) if message.patient_id is not None else None
    if patient is None:
        _withdraw(message, WithdrawnReason.NO_ADDRESS)
        return
    occasion = find_occasion(work.session, work.actor, message, patient)
    if isinstance(occasion, WithdrawnReason):
        _withdraw(message, occasion)
        return
    try:
        outgoing = _outgoing(message, patient, occasion)
    except OSError:
        _postpone(message, DeliveryError.PAPER_MISSING)
        return
    try:
        drop_message(outgoing)
    except OSError:
        _postpone(message, DeliveryError.OUTBOX_UNWRITABLE)
        return
    message.status, message.sent_at = NotificationStatus.SENT, now()
    message.next_attempt_at = None


def _outgoing(message: Notification, patient: Patient, occasion: Occasion | PaperOccasion) -> OutgoingMessage:
    """The message with its words and its paper.

    Raises:
        OSError: the paper is not there, or cannot be read.
    """
    attachments: tuple[Attachment, ...] = ()
    if isinstance(occasion, PaperOccasion):
        text = write_paper_message(message.type, occasion)
        paper = Attachment(_PAPER_NAMES[message.type], "application/pdf", occasion.file.read_bytes())
        attachments = (paper,)
    else:
        text = write_message(message.type, occasion)
    return OutgoingMessage(
        id=message.id,
        organization_id=message.organization_id,
        channel=message.channel,
        to=address(patient, message.channel),
        subject=text.subject,
        text=text.body,
        written_at=now(),
        attachments=attachments,
    )


def _withdraw(message: Notification, reason: WithdrawnReason) -> None:
    message.status, message.withdrawn_reason, message.next_attempt_at = NotificationStatus.WITHDRAWN, reason, None


def _postpone(message: Notification, error: DeliveryError) -> None:
    message.attempts += 1
    message.last_error = error
    if message.attempts >= MOST_ATTEMPTS:
        message.status, message.next_attempt_at = NotificationStatus.FAILED, None
    else:
        message.next_attempt_at = now() + FIRST_DELAY * GROWTH ** (message.attempts - 1)
