"""What may be in the way of a time, asked before booking; and free times instead."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from clinic_core.errors import Obstacle
from clinic_core.kit.text import clean, field_error
from clinic_core.scheduling.schemas.appointments import Ids, Instant, ResourceRef, Timed
from clinic_core.scheduling.schemas.hours import WallTime, Weekday
from clinic_core.vocabulary import ResourceType, Severity

SLOT_DAYS = 60
SLOT_LIMIT = 50


class CheckTime(Timed):
    """A time that somebody considers; `appointment_id` is that of the appointment to be moved, if it is one.

    Without a patient what is in the way of any is found.
    """

    patient_id: UUID | None = None
    practitioner_user_id: UUID
    clinic_location_id: UUID
    resource_ids: Ids = ()
    product_service_id: UUID | None = None
    appointment_id: UUID | None = None


class TimeCheck(BaseModel):
    """Everything that is in the way of a time, the gravest first."""

    model_config = ConfigDict(frozen=True)

    obstacles: tuple[Obstacle, ...]
    can_override: bool

    @property
    def is_free(self) -> bool:
        """Whether it can be booked as it is; what is only said does not count."""
        return all(obstacle.severity is Severity.INFO for obstacle in self.obstacles)


class ResourceNeed(BaseModel):
    """A room or a piece of equipment of one category, or with an empty one of any."""

    model_config = ConfigDict(frozen=True)

    type: ResourceType
    category: Annotated[str, AfterValidator(lambda text: clean(text, limit=60, field="category"))] = ""


class FindSlots(BaseModel):
    """Free times of a location from an instant on, soonest first (S8).

    Without practitioners everybody who works there counts; `needs` None means what the service requires, and
    `buffer_minutes` None that of the moved appointment, else of the service; `resource_ids` are rooms that must be
    those. Times of day are wall time of the location; the whole visit lies between them.
    """

    clinic_location_id: UUID
    product_service_id: UUID | None = None
    duration_minutes: int | None = Field(default=None, ge=1, le=1440)
    buffer_minutes: int | None = Field(default=None, ge=0, le=240)
    practitioner_ids: Ids = ()
    resource_ids: Ids = ()
    needs: tuple[ResourceNeed, ...] | None = None
    starts_from: Instant
    days: int = Field(default=SLOT_DAYS, ge=1, le=366)
    weekdays: tuple[Weekday, ...] = ()
    time_from: WallTime | None = None
    time_to: WallTime | None = None
    step_minutes: int = Field(default=15, ge=5, le=240)
    patient_id: UUID | None = None
    moved_appointment_id: UUID | None = None
    limit: int = Field(default=5, ge=1, le=SLOT_LIMIT)

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.time_from and self.time_to and self.time_to <= self.time_from:
            raise field_error("time_to", "must be after the earliest time")
        if self.product_service_id is None and self.duration_minutes is None:
            raise field_error("duration_minutes", "is needed where no service is chosen")
        return self


class SlotRow(BaseModel):
    """A free time with its practitioner and the rooms and equipment that are free then."""

    model_config = ConfigDict(frozen=True)

    practitioner_user_id: UUID
    practitioner: str
    clinic_location_id: UUID
    timezone: str
    starts_at: datetime
    ends_at: datetime
    resources: tuple[ResourceRef, ...]

    @property
    def resource_ids(self) -> tuple[UUID, ...]:
        """The ids of the rooms and equipment, for forms."""
        return tuple(resource.id for resource in self.resources)
