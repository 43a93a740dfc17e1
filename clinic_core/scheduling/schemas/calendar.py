"""What the calendar asks besides the appointments themselves."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from clinic_core.scheduling.schemas.appointments import LIST_LIMIT, Ids, ListAppointments
from clinic_core.vocabulary import AppointmentStatus


class CountDays(ListAppointments):
    """The appointments of a location that begin in a period, to be counted for each of its days."""

    clinic_location_id: UUID


class DayTotal(BaseModel):
    """How many appointments begin on one day on the wall of the location, by status; days without any are left out."""

    model_config = ConfigDict(frozen=True)

    day: date
    by_status: dict[AppointmentStatus, int]

    @property
    def total(self) -> int:
        """All of the day that were not called off."""
        return sum(count for status, count in self.by_status.items() if status is not AppointmentStatus.CANCELLED)


class FindFirstVisits(BaseModel):
    """Appointments of which the calendar marks those of new patients."""

    appointment_ids: Annotated[Ids, Field(max_length=LIST_LIMIT)]
