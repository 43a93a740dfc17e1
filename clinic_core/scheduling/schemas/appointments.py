"""Appointments as forms send them and as the calendar shows them."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from clinic_core.errors import InvalidInput
from clinic_core.kit.calendar import as_utc
from clinic_core.kit.text import clean, clean_multiline, field_error
from clinic_core.vocabulary import AppointmentStatus, CancelledBy, ConflictKind, ResourceType, VisitStatus

LONGEST_APPOINTMENT = timedelta(hours=24)
LONGEST_LIST = timedelta(days=400)
LIST_LIMIT = 500

Instant = Annotated[datetime, AfterValidator(as_utc)]


def _reason(text: str | None, *, field: str) -> str | None:
    return clean(text, limit=500, field=field) or None if text is not None else None


def _distinct(ids: tuple[UUID, ...]) -> tuple[UUID, ...]:
    return tuple(sorted(set(ids)))


Reason = Annotated[str | None, AfterValidator(partial(_reason, field="reason"))]
Ids = Annotated[tuple[UUID, ...], AfterValidator(_distinct)]


class Timed(BaseModel):
    """A span of time: aware instants, in order, not longer than a day."""

    starts_at: Instant
    ends_at: Instant

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ends_at <= self.starts_at:
            raise field_error("ends_at", "must be after the start")
        if self.ends_at - self.starts_at > LONGEST_APPOINTMENT:
            raise field_error("ends_at", "must not be more than 24 hours after the start")
        return self


class BookAppointment(Timed):
    """A patient, a practitioner, a place and a time; reasons to lift what is in the way count only where needed."""

    patient_id: UUID
    practitioner_user_id: UUID
    clinic_location_id: UUID
    resource_ids: Ids = ()
    product_service_id: UUID | None = None
    case_id: UUID | None = None
    note: Annotated[str, AfterValidator(partial(clean_multiline, limit=2000, field="note"))] = ""
    double_book_reason: Reason = None
    override_reason: Reason = None
    request_id: UUID | None = None


class MoveAppointment(Timed):
    """Another time, practitioner, place or rooms for an appointment; None keeps what it has."""

    appointment_id: UUID
    practitioner_user_id: UUID | None = None
    clinic_location_id: UUID | None = None
    resource_ids: Annotated[tuple[UUID, ...] | None, AfterValidator(lambda ids: ids and _distinct(ids))] = None
    double_book_reason: Reason = None
    override_reason: Reason = None
    version: int
    request_id: UUID | None = None


class CancelAppointment(BaseModel):
    """Who called it off and why; `late` None means: by the rule (less than 24 hours ahead, by the patient)."""

    appointment_id: UUID
    cancelled_by: CancelledBy
    reason: Annotated[str, AfterValidator(partial(clean, limit=500, field="reason"))] = ""
    late: bool | None = None
    version: int | None = None
    request_id: UUID | None = None


class ChangeStatus(BaseModel):
    """The next status of an appointment; cancelling is a use case of its own."""

    appointment_id: UUID
    status: AppointmentStatus
    version: int | None = None
    request_id: UUID | None = None


class DeleteAppointment(BaseModel):
    """An appointment that was entered by mistake."""

    appointment_id: UUID
    version: int | None = None
    request_id: UUID | None = None


class GetAppointment(BaseModel):
    """One appointment."""

    appointment_id: UUID


class ListAppointments(BaseModel):
    """The appointments that begin in a period, oldest first; cancelled ones are included unless statuses say not."""

    starts_from: Instant
    starts_before: Instant
    clinic_location_id: UUID | None = None
    practitioner_ids: Ids = ()
    patient_id: UUID | None = None
    product_service_ids: Ids = ()
    statuses: tuple[AppointmentStatus, ...] = ()
    limit: int = Field(default=LIST_LIMIT, ge=1, le=LIST_LIMIT)
    offset: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.starts_before <= self.starts_from:
            raise InvalidInput("The period ends before it begins.")
        if self.patient_id is None and self.starts_before - self.starts_from > LONGEST_LIST:
            raise InvalidInput(f"The period is longer than {LONGEST_LIST.days} days; choose a shorter one.")
        return self


class ListDay(BaseModel):
    """One day on the wall of a location."""

    clinic_location_id: UUID
    day: date
    practitioner_ids: Ids = ()


class ResourceRef(BaseModel):
    """A room or a piece of equipment that an appointment takes."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    type: ResourceType
    name: str


class AppointmentRow(BaseModel):
    """One appointment as staff see it.

    `invoiced` and `patient_balance` are None for who may not see money. Of the visit only its existence and whether
    it is signed are told.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    patient_id: UUID
    patient_name: str
    patient_code: str
    patient_alerts: tuple[str, ...]
    practitioner_user_id: UUID
    practitioner: str
    clinic_location_id: UUID
    location: str
    timezone: str
    starts_at: datetime
    ends_at: datetime
    buffer_minutes: int
    status: AppointmentStatus
    status_at: datetime | None
    product_service_id: UUID | None
    service: str
    service_code: str
    service_color: str
    resources: tuple[ResourceRef, ...]
    case_id: UUID | None
    series_id: UUID | None
    original_starts_at: datetime | None
    note: str
    cancelled_by: CancelledBy | None
    cancelled_late: bool
    cancel_reason: str
    double_book_reason: str
    override_reason: str
    override_kinds: tuple[ConflictKind, ...]
    is_imported: bool
    visit_id: UUID | None
    visit_status: VisitStatus | None
    invoiced: bool | None
    patient_balance: Decimal | None
    deleted_at: datetime | None
    created_at: datetime
    version: int

    @property
    def resource_ids(self) -> tuple[UUID, ...]:
        """The ids of the rooms and equipment, for forms."""
        return tuple(resource.id for resource in self.resources)

    @property
    def has_visit(self) -> bool:
        """Whether a visit was begun for it."""
        return self.visit_id is not None

    @property
    def double_booked(self) -> bool:
        """Whether it was booked over another one on purpose."""
        return bool(self.double_book_reason)

    @property
    def overridden(self) -> bool:
        """Whether a rule was lifted for it, with a reason."""
        return bool(self.override_reason or self.double_book_reason)


class AppointmentStep(BaseModel):
    """One step in the life of an appointment (S11): what changed, by whom, when."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    at: datetime
    by: str
    from_status: AppointmentStatus | None
    to_status: AppointmentStatus
    from_starts_at: datetime | None
    to_starts_at: datetime
    from_ends_at: datetime | None
    to_ends_at: datetime
    from_practitioner: str
    to_practitioner: str
    from_location: str
    to_location: str
    is_deleted: bool


class DayCounts(BaseModel):
    """How a day at a location stands: one number per status, and how many are waiting."""

    model_config = ConfigDict(frozen=True)

    total: int
    by_status: dict[AppointmentStatus, int]
    waiting_long: int
