"""When somebody or something is not there: absences of practitioners, outages of rooms and equipment."""

from datetime import MAXYEAR, MINYEAR, datetime, timedelta
from functools import partial
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

from clinic_core.kit.calendar import as_utc
from clinic_core.kit.text import clean, field_error
from clinic_core.vocabulary import AbsenceKind, ResourceType

LONGEST_AWAY = timedelta(days=2 * 366)

Instant = Annotated[datetime, AfterValidator(as_utc)]
Reason = Annotated[str, AfterValidator(partial(clean, limit=200, field="reason"))]


class Away(BaseModel):
    """A span of time, at most two years long, and why."""

    starts_at: Instant
    ends_at: Instant
    reason: Reason = ""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ends_at <= self.starts_at:
            raise field_error("ends_at", "must be after the start")
        if self.ends_at - self.starts_at > LONGEST_AWAY:
            raise field_error("ends_at", "must not be more than two years after the start")
        if not MINYEAR < self.starts_at.year <= self.ends_at.year < MAXYEAR:
            raise field_error("starts_at", "is outside the calendar")
        return self


class AddAbsence(Away):
    """A time in which a practitioner is not there."""

    user_id: UUID
    kind: AbsenceKind = AbsenceKind.OTHER
    request_id: UUID | None = None


class ChangeAbsence(Away):
    """Another time, kind or reason of an absence."""

    absence_id: UUID
    kind: AbsenceKind
    version: int
    request_id: UUID | None = None


class RemoveAbsence(BaseModel):
    """An absence that does not take place."""

    absence_id: UUID
    request_id: UUID | None = None


class ListAbsences(BaseModel):
    """Absences that touch a period, of some people or of all."""

    user_ids: tuple[UUID, ...] = ()
    starts_before: Instant
    ends_after: Instant


class AbsenceRow(BaseModel):
    """An absence of a practitioner; `kind` is None and `reason` empty for who may not know why."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    user_id: UUID
    name: str
    starts_at: datetime
    ends_at: datetime
    kind: AbsenceKind | None
    reason: str
    version: int

    @property
    def label(self) -> str:
        """What it is called on the calendar; "Away" for who may not know why."""
        return self.kind.label if self.kind else "Away"


class AbsenceSaved(AbsenceRow):
    """An absence just saved, and how many booked appointments lie in it."""

    displaced: int


class AddOutage(Away):
    """A time in which a room or a piece of equipment cannot be used."""

    resource_id: UUID
    request_id: UUID | None = None


class ChangeOutage(Away):
    """Another time or reason of an outage."""

    outage_id: UUID
    version: int
    request_id: UUID | None = None


class RemoveOutage(BaseModel):
    """An outage that does not take place."""

    outage_id: UUID
    request_id: UUID | None = None


class ListOutages(BaseModel):
    """Outages that touch a period, of one location or of all."""

    clinic_location_id: UUID | None = None
    starts_before: Instant
    ends_after: Instant


class OutageRow(BaseModel):
    """An outage of a room or a piece of equipment."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    resource_id: UUID
    name: str
    type: ResourceType
    clinic_location_id: UUID
    location: str
    starts_at: datetime
    ends_at: datetime
    reason: str
    version: int


class OutageSaved(OutageRow):
    """An outage just saved, and how many booked appointments lie in it."""

    displaced: int
