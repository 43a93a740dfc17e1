"""Messages: what they are about, their way, and what became of them."""

from clinic_core.vocabulary.choice import Choice


class NotificationType(Choice):
    """What a message is about."""

    APPOINTMENT_REMINDER = "appointment_reminder"
    APPOINTMENT_MOVED = "appointment_moved"
    APPOINTMENT_CANCELLED = "appointment_cancelled"
    WAITING_LIST_OFFER = "waiting_list_offer"
    STATEMENT = "statement"
    PAYMENT_REMINDER = "payment_reminder"


class NotificationChannel(Choice):
    """By which way a message goes out."""

    EMAIL = "email"
    SMS = "sms"


class NotificationStatus(Choice):
    """What became of a message."""

    PLANNED = "planned"
    SENT = "sent"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"


class WithdrawnReason(Choice):
    """Why a message does not go out (N2)."""

    BY_STAFF = "by_staff"
    APPOINTMENT_MOVED = "appointment_moved"
    APPOINTMENT_CANCELLED = "appointment_cancelled"
    APPOINTMENT_DELETED = "appointment_deleted"
    APPOINTMENT_OVER = "appointment_over"
    APPOINTMENT_STANDS = "appointment_stands"
    OFFER_CLOSED = "offer_closed"
    PATIENT_INACTIVE = "patient_inactive"
    NO_ADDRESS = "no_address"
    CONSENT_REFUSED = "consent_refused"
    NOTHING_OWED = "nothing_owed"
    BATCH_CANCELLED = "batch_cancelled"


class DeliveryError(Choice):
    """What stopped a message on its way; codes, so that nothing personal is kept."""

    OUTBOX_UNWRITABLE = "outbox_unwritable"
    PAPER_MISSING = "paper_missing"
