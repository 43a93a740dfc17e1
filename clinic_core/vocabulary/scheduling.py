"""Appointments, what is in their way, series and the waiting list."""

from clinic_core.vocabulary.choice import Choice


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
