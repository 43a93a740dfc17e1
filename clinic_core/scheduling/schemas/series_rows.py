"""Series of appointments as previews show them, and as they stand (S6)."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from clinic_core.errors import Obstacle
from clinic_core.scheduling.schemas.appointments import ResourceRef
from clinic_core.vocabulary import AppointmentStatus, ConflictKind, DateStatus, SeriesStep


class SeriesDate(BaseModel):
    """One date of a series before it is booked.

    `wall` is what the rule names; `shifted`: the clocks skip it, so the appointment begins later on the wall;
    `repeated`: it comes twice, this is the first.
    """

    model_config = ConfigDict(frozen=True)

    position: int
    wall: datetime
    original_starts_at: datetime
    starts_at: datetime
    ends_at: datetime
    shifted: bool
    repeated: bool
    status: DateStatus
    obstacles: tuple[Obstacle, ...]
    can_override: bool


class SeriesPreview(BaseModel):
    """The dates of a series that would be booked now; `total` None has no end, `has_more` are booked later."""

    model_config = ConfigDict(frozen=True)

    rrule: str
    words: str
    timezone: str
    total: int | None
    has_more: bool
    dates: tuple[SeriesDate, ...]


class SeriesEditRow(BaseModel):
    """What a change does with one appointment, old to new; `why` says it of one that stays."""

    model_config = ConfigDict(frozen=True)

    step: SeriesStep
    appointment_id: UUID | None
    is_exception: bool
    why: str
    old_starts_at: datetime | None
    old_ends_at: datetime | None
    original_starts_at: datetime | None
    starts_at: datetime | None
    ends_at: datetime | None
    shifted: bool
    repeated: bool
    status: DateStatus
    obstacles: tuple[Obstacle, ...]
    can_override: bool


class SeriesEditPreview(BaseModel):
    """A change of a series, old to new; `version` is that of the series the rows were made from.

    `elsewhere` counts the appointments ahead that an earlier change gave a rule of their own: they stay as they are.
    """

    model_config = ConfigDict(frozen=True)

    series_id: UUID
    version: int
    words: str
    timezone: str
    starts_at_wall: datetime
    rows: tuple[SeriesEditRow, ...]
    elsewhere: int


class CalledOffRow(BaseModel):
    """One appointment that would be called off."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    starts_at: datetime
    practitioner: str


class SeriesCancelPreview(BaseModel):
    """What calling off would reach, over all parts of the series; `version` is that of the series itself."""

    model_config = ConfigDict(frozen=True)

    series_id: UUID
    version: int
    timezone: str
    rows: tuple[CalledOffRow, ...]


class MovedOccurrence(BaseModel):
    """An appointment that got another time with its series."""

    model_config = ConfigDict(frozen=True)

    appointment_id: UUID
    old_starts_at: datetime
    starts_at: datetime


class SeriesOutcome(BaseModel):
    """What became of a series; `id` is the one that goes on."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    split_from_id: UUID | None = None
    booked: tuple[UUID, ...] = ()
    moved: tuple[MovedOccurrence, ...] = ()
    changed: tuple[UUID, ...] = ()
    cancelled: tuple[UUID, ...] = ()
    summary: str = ""


class SeriesExtension(BaseModel):
    """What one step of the horizon job did; no series means that none is left to extend."""

    model_config = ConfigDict(frozen=True)

    series_id: UUID | None = None
    booked: tuple[UUID, ...] = ()
    gaps: int = 0


class OccurrenceRow(BaseModel):
    """One appointment of a series; `position` counts the dates of the rule, over splits."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    position: int | None
    original_starts_at: datetime
    starts_at: datetime
    ends_at: datetime
    status: AppointmentStatus
    practitioner: str
    is_exception: bool
    is_fixed: bool


class SeriesRow(BaseModel):
    """A series as it stands; `position` is that of the appointment by which it was asked for."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    patient_id: UUID
    practitioner_user_id: UUID
    practitioner: str
    clinic_location_id: UUID
    location: str
    product_service_id: UUID | None
    service: str
    case_id: UUID | None
    note: str
    rrule: str
    words: str
    starts_at_wall: datetime
    timezone: str
    duration_minutes: int
    resources: tuple[ResourceRef, ...]
    skipped: tuple[datetime, ...]
    split_from_id: UUID | None
    total: int | None
    position: int | None
    occurrences: tuple[OccurrenceRow, ...]
    occurrence_count: int
    gap_count: int
    version: int

    @property
    def resource_ids(self) -> tuple[UUID, ...]:
        """The ids of the rooms and equipment, for forms."""
        return tuple(resource.id for resource in self.resources)


class SeriesGapRow(BaseModel):
    """A date of a series that could not be booked, and what was in the way; `appointment_id` once it was booked."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    series_id: UUID
    patient_id: UUID
    patient_name: str
    patient_code: str
    practitioner_user_id: UUID
    practitioner: str
    clinic_location_id: UUID
    timezone: str
    service: str
    product_service_id: UUID | None
    duration_minutes: int
    resource_ids: tuple[UUID, ...]
    original_starts_at: datetime
    kinds: tuple[ConflictKind, ...]
    resolved_at: datetime | None
    appointment_id: UUID | None
