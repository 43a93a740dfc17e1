"""People who wait for a time: what they prefer, which free times fit them, and what was offered to them (S9)."""

from datetime import date, datetime
from functools import partial
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from clinic_core.kit.text import clean_multiline, field_error
from clinic_core.scheduling.schemas.appointments import LIST_LIMIT, AppointmentRow, Ids, Reason, Timed
from clinic_core.scheduling.schemas.hours import WallTime, Weekday
from clinic_core.vocabulary import OfferStatus, Urgency, WaitingStatus

LONGEST_MINUTES = 1440


def _distinct_days(days: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(set(days)))


class WaitingWish(BaseModel):
    """What somebody who waits prefers; what is empty does not matter. Times are wall time of the location."""

    product_service_id: UUID | None = None
    duration_minutes: int | None = Field(default=None, ge=1, le=LONGEST_MINUTES)
    practitioner_user_id: UUID | None = None
    clinic_location_id: UUID
    weekdays: Annotated[tuple[Weekday, ...], AfterValidator(_distinct_days)] = ()
    time_from: WallTime | None = None
    time_to: WallTime | None = None
    earliest_on: date | None = None
    latest_on: date | None = None
    urgency: Urgency = Urgency.ROUTINE
    note: Annotated[str, AfterValidator(partial(clean_multiline, limit=2000, field="note"))] = ""

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.time_from and self.time_to and self.time_to <= self.time_from:
            raise field_error("time_to", "must be after the earliest time")
        if self.earliest_on and self.latest_on and self.latest_on < self.earliest_on:
            raise field_error("latest_on", "must not be before the earliest day")
        if self.product_service_id is None and self.duration_minutes is None:
            raise field_error("duration_minutes", "is needed where no service is chosen")
        return self


class AddToWaitingList(WaitingWish):
    """A patient who waits; the length is that of the service where none is given."""

    patient_id: UUID
    request_id: UUID | None = None


class ChangeWaiting(WaitingWish):
    """Other preferences of somebody who waits."""

    entry_id: UUID
    version: int
    request_id: UUID | None = None


class RemoveFromWaitingList(BaseModel):
    """Somebody who does not wait any more, and was not booked from the list."""

    entry_id: UUID
    version: int | None = None
    request_id: UUID | None = None


class ListWaiting(BaseModel):
    """Who waits, the most urgent first, then who waits longest.

    With a practitioner: who waits for that one, and who takes anybody.
    """

    clinic_location_id: UUID | None = None
    practitioner_user_id: UUID | None = None
    patient_id: UUID | None = None
    urgencies: tuple[Urgency, ...] = ()
    statuses: tuple[WaitingStatus, ...] = (WaitingStatus.WAITING,)
    limit: int = Field(default=100, ge=1, le=LIST_LIMIT)
    offset: int = Field(default=0, ge=0)


class GetWaiting(BaseModel):
    """One entry of the waiting list."""

    entry_id: UUID


class OfferRow(BaseModel):
    """A time that was offered to somebody; it reserves nothing, so it may be taken by now (`is_free` false)."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    entry_id: UUID
    practitioner_user_id: UUID
    practitioner: str
    clinic_location_id: UUID
    starts_at: datetime
    ends_at: datetime
    expires_at: datetime
    status: OfferStatus
    is_free: bool
    appointment_id: UUID | None
    version: int


class WaitingRow(BaseModel):
    """Somebody on the waiting list, with the offer that is open and the next appointment they have anyway."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    patient_id: UUID
    patient_name: str
    patient_code: str
    patient_phone: str
    patient_alerts: tuple[str, ...]
    product_service_id: UUID | None
    service: str
    duration_minutes: int
    buffer_minutes: int
    practitioner_user_id: UUID | None
    practitioner: str
    clinic_location_id: UUID
    location: str
    timezone: str
    weekdays: tuple[int, ...]
    time_from: WallTime | None
    time_to: WallTime | None
    earliest_on: date | None
    latest_on: date | None
    urgency: Urgency
    note: str
    status: WaitingStatus
    appointment_id: UUID | None
    booked_for: datetime | None
    offer: OfferRow | None
    waiting_since: datetime
    version: int


class MatchesForSlot(Timed):
    """A free time of a practitioner; those for whom it is right, best first."""

    clinic_location_id: UUID
    practitioner_user_id: UUID
    limit: int = Field(default=10, ge=1, le=50)


class WaitingMatch(BaseModel):
    """Somebody for whom a free time is right, and which part of it."""

    model_config = ConfigDict(frozen=True)

    entry: WaitingRow
    practitioner_user_id: UUID
    starts_at: datetime
    ends_at: datetime


class ListFreed(BaseModel):
    """Times at a location that were given back in the last days and are still free."""

    clinic_location_id: UUID
    practitioner_ids: Ids = ()
    days_back: int = Field(default=7, ge=1, le=60)


class FreedSlot(BaseModel):
    """A time that was given back, and for whom it is right."""

    model_config = ConfigDict(frozen=True)

    practitioner_user_id: UUID
    practitioner: str
    starts_at: datetime
    ends_at: datetime
    matches: tuple[WaitingMatch, ...]


class OfferSlot(Timed):
    """A free time for somebody who waits; kept open as long as the clinic's settings say."""

    entry_id: UUID
    practitioner_user_id: UUID
    request_id: UUID | None = None


class CloseOffer(BaseModel):
    """An offer that the patient declines, or that the clinic takes back."""

    offer_id: UUID
    request_id: UUID | None = None


class AcceptOffer(BaseModel):
    """An offer that the patient takes; without `resource_ids` the rooms that the service needs are chosen."""

    offer_id: UUID
    resource_ids: Annotated[tuple[UUID, ...] | None, AfterValidator(lambda ids: ids and tuple(sorted(set(ids))))] = None
    request_id: UUID | None = None


class BookFromWaitingList(Timed):
    """A time for somebody who waits, booked at once; rooms as for an offer that is taken."""

    entry_id: UUID
    practitioner_user_id: UUID
    resource_ids: Annotated[tuple[UUID, ...] | None, AfterValidator(lambda ids: ids and tuple(sorted(set(ids))))] = None
    double_book_reason: Reason = None
    override_reason: Reason = None
    request_id: UUID | None = None


class WaitingBooked(BaseModel):
    """Somebody who waited and has an appointment now."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    appointment: AppointmentRow


class ExpireOffers(BaseModel):
    """Offers that ended; at most so many in one transaction."""

    limit: int = Field(default=200, ge=1, le=LIST_LIMIT)


class OffersEnded(BaseModel):
    """How many offers ended by themselves, and how many because somebody else took the time.

    `has_more` when it stopped at its limit.
    """

    model_config = ConfigDict(frozen=True)

    expired: int
    withdrawn: int
    has_more: bool
