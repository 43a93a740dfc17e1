"""The closed vocabularies: every status, kind and method, once, in the words the clinic uses.

The value is what the database stores; `label` is what people read.
"""

from enum import StrEnum


class Choice(StrEnum):
    """A closed list of words; PostgreSQL holds the same list as a CHECK."""

    @property
    def label(self) -> str:
        """The word as people read it, in sentence case."""
        return self.value.replace("_", " ").capitalize()


class Scope(Choice):
    """How far a permission reaches, narrowest first (product specification I3)."""

    OWN = "own"
    CARE_TEAM = "care_team"
    LOCATION = "location"
    ORGANISATION = "organisation"


class BaselineRole(Choice):
    """The roles that every organisation has from its first day (I2)."""

    OWNER = "owner"
    ADMIN = "admin"
    MANAGER = "manager"
    PRACTITIONER = "practitioner"
    ASSISTANT = "assistant"
    PATIENT = "patient"


class UserStatus(Choice):
    """Whether a person may sign in."""

    INVITED = "invited"
    ACTIVE = "active"
    INACTIVE = "inactive"


class LinkPurpose(Choice):
    """What a one-time link opens, once."""

    INVITATION = "invitation"
    PASSWORD_RESET = "password_reset"  # noqa: S105 (a purpose, not a password)
    SIGN_IN = "sign_in"


class Sex(Choice):
    """Sex as recorded, in the four administrative values of HL7."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


class ConsentKind(Choice):
    """What a patient allows or refuses, each with date and person (P2)."""

    SMS = "sms"
    EMAIL = "email"
    MARKETING = "marketing"
    PRIVACY = "privacy"


class ResourceType(Choice):
    """What a location lends to an appointment."""

    ROOM = "room"
    EQUIPMENT = "equipment"


class AppointmentStatus(Choice):
    """Where an appointment stands (S3)."""

    BOOKED = "booked"
    CONFIRMED = "confirmed"
    ARRIVED = "arrived"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"


class CancelledBy(Choice):
    """Who called an appointment off."""

    PATIENT = "patient"
    CLINIC = "clinic"


class ConflictKind(Choice):
    """What can be in the way of a booking (S5)."""

    PRACTITIONER = "practitioner"
    ROOM = "room"
    EQUIPMENT = "equipment"
    PATIENT = "patient"
    OUTSIDE_HOURS = "outside_hours"
    ABSENCE = "absence"
    CLOSED = "closed"
    OUT_OF_SERVICE = "out_of_service"
    BUFFER = "buffer"
    PAST = "past"
    NOTICE = "notice"
    SAME_DAY = "same_day"


class Severity(Choice):
    """Whether what is in the way stops a booking, may be lifted with a reason, or is only said (S5)."""

    BLOCK = "block"
    OVERRIDE = "override"
    INFO = "info"


class SeriesReach(Choice):
    """Which appointments of a series a change is for (S6)."""

    THIS = "this"
    THIS_AND_FOLLOWING = "this_and_following"
    ALL_FUTURE = "all_future"


class DateStatus(Choice):
    """Whether a date of a series can be booked as the series says (S6)."""

    FREE = "free"
    CONFLICT = "conflict"
    NOT_AVAILABLE = "not_available"


class DateChoice(Choice):
    """What shall be done about one date of a series (S6)."""

    TAKE = "take"
    SKIP = "skip"
    OVERRIDE = "override"
    OTHER_TIME = "other_time"


class SeriesStep(Choice):
    """What a change of a series does with one of its appointments (S6)."""

    MOVE = "move"
    BOOK = "book"
    CANCEL = "cancel"
    KEEP = "keep"
    STAY = "stay"


class AbsenceKind(Choice):
    """Why a practitioner is not there."""

    HOLIDAY = "holiday"
    SICK = "sick"
    TRAINING = "training"
    BLOCKED = "blocked"
    OTHER = "other"


class Urgency(Choice):
    """How soon somebody on the waiting list should be seen, the least urgent first."""

    ROUTINE = "routine"
    SOON = "soon"
    URGENT = "urgent"


class WaitingStatus(Choice):
    """What became of somebody on the waiting list."""

    WAITING = "waiting"
    BOOKED = "booked"
    REMOVED = "removed"


class OfferStatus(Choice):
    """What became of a time that was offered to somebody on the waiting list."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class FeeKind(Choice):
    """What a fee is for when no visit took place (B9)."""

    NO_SHOW = "no_show"
    LATE_CANCELLATION = "late_cancellation"


class FeeStatus(Choice):
    """Whether a fee is to be charged; withdrawn when the step that caused it was taken back."""

    PROPOSED = "proposed"
    WAIVED = "waived"
    WITHDRAWN = "withdrawn"


class CaseStatus(Choice):
    """Whether a case is being treated."""

    OPEN = "open"
    CLOSED = "closed"


class VisitStatus(Choice):
    """Whether the note of a visit is still being written."""

    DRAFT = "draft"
    SIGNED = "signed"


class RevisionKind(Choice):
    """What made a version of a note."""

    SAVE = "save"
    SIGN = "sign"
    AMEND = "amend"


class ProductType(Choice):
    """What the catalogue sells."""

    SERVICE = "service"
    PRODUCT = "product"


class InvoiceKind(Choice):
    """A demand for money, or its correction."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class InvoiceStatus(Choice):
    """The stored status; part paid, paid, overdue and credited follow from the amounts (B4)."""

    DRAFT = "draft"
    ISSUED = "issued"
    VOID = "void"


class ItemType(Choice):
    """What a line charges for."""

    SERVICE = "service"
    PRODUCT = "product"
    VISIT = "visit"
    FEE = "fee"
    PACKAGE = "package"


class PaymentMethod(Choice):
    """How money was handed over."""

    CASH = "cash"
    CARD = "card"
    TRANSFER = "transfer"
    INSURANCE = "insurance"
    OTHER = "other"


class ReceiptKind(Choice):
    """Money taken, or money given back."""

    RECEIPT = "receipt"
    REFUND = "refund"


class AdjustmentKind(Choice):
    """What lowers a balance without money or a credit note."""

    WRITE_OFF = "write_off"


class NotificationType(Choice):
    """What a message is about."""

    APPOINTMENT_REMINDER = "appointment_reminder"
    APPOINTMENT_MOVED = "appointment_moved"
    APPOINTMENT_CANCELLED = "appointment_cancelled"
    WAITING_LIST_OFFER = "waiting_list_offer"


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


class DeliveryError(Choice):
    """What stopped a message on its way; codes, so that nothing personal is kept."""

    OUTBOX_UNWRITABLE = "outbox_unwritable"
