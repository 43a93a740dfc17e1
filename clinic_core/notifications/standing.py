"""Whether what a message says is still true when it is sent, and the facts it needs."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.access import Actor
from clinic_core.billing.archive import paper_path
from clinic_core.kit.calendar import zone
from clinic_core.kit.clock import now
from clinic_core.models import (
    Appointment,
    AppointmentEvent,
    AppUser,
    ClinicLocation,
    DocumentBatch,
    DocumentBatchItem,
    Invoice,
    Notification,
    Patient,
    PaymentReminder,
    WaitingListOffer,
)
from clinic_core.notifications.addressee import obstacle
from clinic_core.notifications.messages import Occasion, PaperOccasion
from clinic_core.scheduling.transitions import EXPECTED
from clinic_core.scheduling.waiting_list import is_taken
from clinic_core.vocabulary import (
    AppointmentStatus,
    BatchStatus,
    InvoiceStatus,
    NotificationChannel,
    NotificationType,
    OfferStatus,
    WithdrawnReason,
)


@dataclass(frozen=True)
class _Facts:
    location_id: UUID
    starts_at: datetime
    expires_at: datetime | None = None
    practitioner_id: UUID | None = None


def find_occasion(
    session: Session, actor: Actor, message: Notification, patient: Patient
) -> Occasion | PaperOccasion | WithdrawnReason:
    """What the message says, from the rows as they are now; or why it must not go out any more."""
    if (reason := obstacle(patient, message.channel)) is not None:
        return reason
    if message.document_batch_item_id is not None:
        return _of_paper(session, actor, message, message.document_batch_item_id)
    facts: _Facts | WithdrawnReason
    if message.offer_id is not None:
        facts = _of_offer(session, message.offer_id)
    elif message.appointment_id is not None:
        facts = _of_appointment(session, message, message.appointment_id)
    else:
        facts = WithdrawnReason.APPOINTMENT_DELETED
    if isinstance(facts, WithdrawnReason):
        return facts
    location = session.get_one(ClinicLocation, facts.location_id)
    practitioner = session.get(AppUser, facts.practitioner_id) if facts.practitioner_id is not None else None
    return Occasion(
        clinic=actor.organization_name,
        location=location.name,
        place=zone(location.timezone),
        locale=actor.settings.locale,
        starts_at=facts.starts_at,
        expires_at=facts.expires_at,
        new_practitioner=practitioner.display_name if practitioner is not None else None,
    )


def _of_paper(session: Session, actor: Actor, message: Notification, item_id: UUID) -> PaperOccasion | WithdrawnReason:
    """Papers go by e-mail alone; a reminder of which everything was paid meanwhile does not go out."""
    if message.channel is not NotificationChannel.EMAIL:
        return WithdrawnReason.NO_ADDRESS
    item = session.get_one(DocumentBatchItem, item_id)
    batch = session.get_one(DocumentBatch, item.document_batch_id, populate_existing=True)
    if batch.status is BatchStatus.CANCELLED:
        return WithdrawnReason.BATCH_CANCELLED
    if message.type is NotificationType.PAYMENT_REMINDER and not _is_owed(session, item_id):
        return WithdrawnReason.NOTHING_OWED
    return PaperOccasion(actor.organization_name, paper_path(message.organization_id, batch.id, item.position))


def _is_owed(session: Session, item_id: UUID) -> bool:
    """Whether any invoice of a letter is still open."""
    is_open = (
        exists()
        .where(
            col(PaymentReminder.document_batch_item_id) == item_id,
            col(Invoice.id) == col(PaymentReminder.invoice_id),
            col(Invoice.status) == InvoiceStatus.ISSUED,
            col(Invoice.balance) > 0,
        )
        .select()
    )
    return bool(session.execute(is_open).scalar_one())


def _of_offer(session: Session, offer_id: UUID) -> _Facts | WithdrawnReason:
    offer = session.get_one(WaitingListOffer, offer_id)
    if offer.status is not OfferStatus.OPEN or offer.expires_at <= now():
        return WithdrawnReason.OFFER_CLOSED
    if session.scalars(select(is_taken()).where(col(WaitingListOffer.id) == offer_id)).one():
        return WithdrawnReason.OFFER_CLOSED
    return _Facts(offer.clinic_location_id, offer.starts_at, expires_at=offer.expires_at)


def _of_appointment(session: Session, message: Notification, appointment_id: UUID) -> _Facts | WithdrawnReason:
    appointment = session.get_one(Appointment, appointment_id)
    if appointment.deleted_at is not None:
        return WithdrawnReason.APPOINTMENT_DELETED
    is_cancelled = appointment.status is AppointmentStatus.CANCELLED
    if message.type is NotificationType.APPOINTMENT_CANCELLED:
        if not is_cancelled:
            return WithdrawnReason.APPOINTMENT_STANDS
    elif is_cancelled:
        return WithdrawnReason.APPOINTMENT_CANCELLED
    elif appointment.status not in EXPECTED:
        return WithdrawnReason.APPOINTMENT_OVER
    if appointment.starts_at <= now():
        return WithdrawnReason.APPOINTMENT_OVER
    practitioner_id = None
    if message.type is NotificationType.APPOINTMENT_MOVED and message.appointment_event_id is not None:
        step = session.get_one(AppointmentEvent, message.appointment_event_id)
        if not _is_where_it_led(appointment, step):
            return WithdrawnReason.APPOINTMENT_MOVED
        if step.from_practitioner_user_id != step.to_practitioner_user_id:
            practitioner_id = step.to_practitioner_user_id
    return _Facts(appointment.clinic_location_id, appointment.starts_at, practitioner_id=practitioner_id)


def _is_where_it_led(appointment: Appointment, step: AppointmentEvent) -> bool:
    return (step.to_starts_at, step.to_practitioner_user_id, step.to_clinic_location_id) == (
        appointment.starts_at,
        appointment.practitioner_user_id,
        appointment.clinic_location_id,
    )
