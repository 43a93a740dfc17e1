"""Appointments that can no longer take place as booked, and what is proposed for them (S7)."""

from datetime import MAXYEAR, MINYEAR, date
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from clinic_core.errors import Obstacle
from clinic_core.kit.text import field_error
from clinic_core.scheduling.schemas.appointments import AppointmentRow, Ids
from clinic_core.scheduling.schemas.checks import SlotRow
from clinic_core.scheduling.schemas.hours_away import Instant

PAGE_OF_DISPLACED = 10


class ListDisplaced(BaseModel):
    """The work-list by start; of some practitioners, one location, a period, or all."""

    practitioner_ids: Ids = ()
    clinic_location_id: UUID | None = None
    starts_before: Instant | None = None
    limit: int = Field(default=PAGE_OF_DISPLACED, ge=1, le=50)
    offset: int = Field(default=0, ge=0)


class DisplacedRow(BaseModel):
    """An appointment of the work-list and why it is on it."""

    model_config = ConfigDict(frozen=True)

    appointment: AppointmentRow
    obstacles: tuple[Obstacle, ...]


class DisplacedList(BaseModel):
    """A page of the work-list and how many there are in all."""

    model_config = ConfigDict(frozen=True)

    rows: tuple[DisplacedRow, ...]
    total: int


class FindWays(BaseModel):
    """An appointment for which another time or another practitioner is looked for."""

    appointment_id: UUID


class Colleague(BaseModel):
    """A practitioner who is free at the time of an appointment, in the same rooms."""

    model_config = ConfigDict(frozen=True)

    practitioner_user_id: UUID
    practitioner: str


class PlanDay(BaseModel):
    """The day of a practitioner who cannot come; new times are looked for from `earliest` on, else from the next day.

    Without a location the day at all of them.
    """

    practitioner_user_id: UUID
    day: date
    clinic_location_id: UUID | None = None
    earliest: date | None = None

    @model_validator(mode="after")
    def _within(self) -> Self:
        if not all(MINYEAR < found.year < MAXYEAR for found in (self.day, self.earliest or self.day)):
            raise field_error("day", "is outside the calendar")
        return self


class PlannedRow(BaseModel):
    """An appointment of that day: the time proposed for it (no two alike), and who could see the patient that day.

    `colleague_id` is the one proposed, so that nobody is asked twice at once; None where nobody is free.
    """

    model_config = ConfigDict(frozen=True)

    appointment: AppointmentRow
    slot: SlotRow | None
    colleagues: tuple[Colleague, ...]
    colleague_id: UUID | None
