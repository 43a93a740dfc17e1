"""Messages as they are planned and shown, and bookings that carry reminders along."""

from datetime import datetime
from functools import partial
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from clinic_core.errors import InvalidInput
from clinic_core.kit.calendar import as_utc
from clinic_core.kit.text import clean_required
from clinic_core.scheduling.schemas import AppointmentRow, BookAppointment, BookSeries, OfferRow
from clinic_core.scheduling.schemas.appointments import Ids, Timed
from clinic_core.vocabulary import (
    DeliveryError,
    NotificationChannel,
    NotificationStatus,
    NotificationType,
    WithdrawnReason,
)

LONGEST_LEAD_MINUTES = 60 * 24 * 60
MOST_STEPS = 100


class PlanReminder(BaseModel):
    """A reminder of an appointment by one channel at an instant."""

    appointment_id: UUID
    channel: NotificationChannel
    scheduled_at: Annotated[datetime, AfterValidator(as_utc)]
    request_id: UUID | None = None


class WithdrawReminders(BaseModel):
    """All planned reminders of an appointment."""

    appointment_id: UUID
    request_id: UUID | None = None


class ReminderWish(BaseModel):
    """A reminder that many minutes before an appointment begins."""

    model_config = ConfigDict(frozen=True)

    channel: NotificationChannel
    minutes_before: int = Field(ge=1, le=LONGEST_LEAD_MINUTES)


class BookWithReminder(BaseModel):
    """A booking with its reminders: all of it or nothing."""

    booking: BookAppointment
    reminders: tuple[ReminderWish, ...] = ()
    request_id: UUID | None = None


class BookSeriesWithReminders(BaseModel):
    """A series with the reminders of each of its appointments: all of it or nothing."""

    series: BookSeries
    reminders: tuple[ReminderWish, ...] = ()
    request_id: UUID | None = None


class NotifyAppointment(BaseModel):
    """A message to the patient of an appointment about the last step of it."""

    appointment_id: UUID
    request_id: UUID | None = None


class NotifyOffer(BaseModel):
    """A message about a time that is offered to somebody on the waiting list."""

    offer_id: UUID
    request_id: UUID | None = None


class DeliverDue(BaseModel):
    """The messages that are due now, at most so many in one transaction."""

    limit: int = Field(default=100, ge=1, le=500)


class Delivered(BaseModel):
    """What one delivery did; `has_more` when it ended at its limit.

    `followed` are reminders that were withdrawn because their appointment was moved without them.
    """

    model_config = ConfigDict(frozen=True)

    followed: int = 0
    sent: int = 0
    withdrawn: int = 0
    postponed: int = 0
    failed: int = 0
    has_more: bool = False


class ListMessages(BaseModel):
    """The messages of one appointment or of one patient, newest first."""

    appointment_id: UUID | None = None
    patient_id: UUID | None = None
    limit: int = Field(default=100, ge=1, le=500)
    offset: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _of_one(self) -> Self:
        if (self.appointment_id is None) == (self.patient_id is None):
            raise InvalidInput("Messages are listed for one appointment or for one patient.")
        return self


class NotificationRow(BaseModel):
    """One message: to whom, about what, by which way, and what became of it.

    `withdrawn_reason` says why it does not go out, `last_error` what stopped the last of its `attempts`.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    appointment_id: UUID | None
    patient_id: UUID | None
    type: NotificationType
    channel: NotificationChannel
    status: NotificationStatus
    scheduled_at: datetime
    sent_at: datetime | None
    withdrawn_reason: WithdrawnReason | None
    attempts: int
    next_attempt_at: datetime | None
    last_error: DeliveryError | None
    created_at: datetime


class AppointmentWithReminders(BaseModel):
    """An appointment and the reminders that are planned for it now."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    appointment: AppointmentRow
    reminders: tuple[NotificationRow, ...]


class MoveDisplaced(Timed):
    """Another time for an appointment that cannot take place; the patient is told."""

    appointment_id: UUID
    resource_ids: Ids = ()
    version: int
    request_id: UUID | None = None


class HandOverDisplaced(BaseModel):
    """Another practitioner for an appointment at its time; the patient is told."""

    appointment_id: UUID
    practitioner_user_id: UUID
    version: int
    request_id: UUID | None = None


class CancelDisplaced(BaseModel):
    """The clinic calls an appointment off; the patient is told, the reason is kept with the appointment."""

    appointment_id: UUID
    reason: Annotated[str, AfterValidator(partial(clean_required, limit=500, field="reason"))]
    version: int
    request_id: UUID | None = None


class Rebooked(BaseModel):
    """What became of an appointment, and the message to its patient."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    appointment: AppointmentRow
    message: NotificationRow


class SettleDay(BaseModel):
    """What shall become of the appointments of a practitioner who cannot come, each by a way of its own."""

    steps: tuple[MoveDisplaced | HandOverDisplaced | CancelDisplaced, ...] = Field(max_length=MOST_STEPS)
    request_id: UUID | None = None

    @model_validator(mode="after")
    def _once_each(self) -> Self:
        if len({step.appointment_id for step in self.steps}) < len(self.steps):
            raise InvalidInput("An appointment can go one way only.")
        return self


class StepOutcome(BaseModel):
    """What became of one appointment; `refusal` is the sentence of one that stays as it was."""

    model_config = ConfigDict(frozen=True)

    appointment_id: UUID
    rebooked: Rebooked | None = None
    refusal: str = ""


class UndoneWithReminders(BaseModel):
    """An appointment as it stood before its last step, with its reminders.

    `was_told` is true where a message about a cancellation had gone out: nobody unsays it, the desk calls.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    appointment: AppointmentRow
    reminders: tuple[NotificationRow, ...]
    was_told: bool


class OfferWithMessage(BaseModel):
    """A time that was offered, and the message that tells of it or says why none can go out."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    offer: OfferRow
    message: NotificationRow


class UnsentPaper(BaseModel):
    """A paper of a batch whose e-mail did not go out, and why; its file is among those that were to be e-mailed."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    position: int
    patient_id: UUID
    patient_name: str
    patient_code: str
    withdrawn_reason: WithdrawnReason | None
    last_error: DeliveryError | None


class BatchEmails(BaseModel):
    """What became of the e-mails of a batch; `papers` are the first of those that did not go out."""

    model_config = ConfigDict(frozen=True)

    sent: int
    waiting: int
    unsent: int
    papers: tuple[UnsentPaper, ...]


class CountByEmail(BaseModel):
    """Ask how many of those patients can be written to by e-mail."""

    model_config = ConfigDict(frozen=True)

    patient_ids: tuple[UUID, ...]
