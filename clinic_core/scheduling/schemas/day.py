"""A day at a location as the front desk follows it (S10): what is free, what was left open, when it last changed."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from clinic_core.scheduling.schemas.appointments import LIST_LIMIT, Ids


class FreeGap(BaseModel):
    """A time in which a practitioner works and has nothing."""

    model_config = ConfigDict(frozen=True)

    practitioner_user_id: UUID
    practitioner: str
    starts_at: datetime
    ends_at: datetime

    @property
    def minutes(self) -> int:
        """How long it is, in whole minutes."""
        return int((self.ends_at - self.starts_at).total_seconds()) // 60


class DayOpenings(BaseModel):
    """What is still free on a day from now on, and how many of those who wait it would be right for."""

    model_config = ConfigDict(frozen=True)

    gaps: tuple[FreeGap, ...]
    matching: int

    @property
    def free_minutes(self) -> int:
        """All free time of the practitioners together, in whole minutes."""
        return sum(gap.minutes for gap in self.gaps)


class ListUnclosed(BaseModel):
    """Appointments of the days before a day that have no final status yet; the location's wall decides the day."""

    clinic_location_id: UUID
    before: date = Field(ge=date(1900, 1, 1))
    days_back: int = Field(default=30, ge=1, le=366)
    practitioner_ids: Ids = ()
    limit: int = Field(default=100, ge=1, le=LIST_LIMIT)


class UnclosedCount(BaseModel):
    """How many appointments lack a final status, and on how many of them the day before."""

    model_config = ConfigDict(frozen=True)

    total: int
    day_before: int


class DayPulse(BaseModel):
    """When a day was last written to: another pulse means that something changed."""

    model_config = ConfigDict(frozen=True)

    appointments: int
    changed_at: datetime | None
