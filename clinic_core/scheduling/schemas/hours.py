"""When a location is open and when a practitioner works there: rules, closures, and the spans they make."""

from datetime import MAXYEAR, MINYEAR, date, datetime, time
from functools import partial
from itertools import pairwise
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_serializer, model_validator

from clinic_core.errors import InvalidInput
from clinic_core.kit.calendar import overlaps
from clinic_core.kit.text import clean_required, field_error
from clinic_core.scheduling.schemas.hours_away import AbsenceRow, OutageRow

RULES_LIMIT = 100
LONGEST_WINDOW_DAYS = 400
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _wall(clock: time) -> time:
    if clock.tzinfo is not None:
        raise InvalidInput("Working hours are times on the wall of the location, without a zone of their own.")
    return clock.replace(second=0, microsecond=0)


WallTime = Annotated[time, AfterValidator(_wall)]
Weekday = Annotated[int, Field(ge=1, le=7, description="ISO weekday: 1 Monday … 7 Sunday")]


class AvailabilityRule(BaseModel):
    """A practitioner works at a location on a weekday from … to …, every n weeks counted from the anchor's week.

    Times are wall time of the location; `ends` 00:00 means midnight at the end of the day. Both dates included.
    """

    model_config = ConfigDict(frozen=True)

    clinic_location_id: UUID
    weekday: Weekday
    starts: WallTime
    ends: WallTime
    every_weeks: int = Field(default=1, ge=1, le=52)
    anchor: date | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.ends != time() and self.ends <= self.starts:
            raise field_error("ends", f"must be after the start on {WEEKDAYS[self.weekday - 1]}")
        if self.every_weeks > 1 and self.anchor is None:
            raise field_error("anchor", "is needed where somebody does not work every week")
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise field_error("valid_to", "must not be before the first day")
        return self

    @field_serializer("starts", "ends", when_used="json")
    def _short(self, clock: time) -> str:
        return f"{clock:%H:%M}"


class WeeklyAvailability(BaseModel):
    """All working hours of one practitioner, as `practitioner_profile.availability_json` holds them."""

    model_config = ConfigDict(frozen=True)

    rules: tuple[AvailabilityRule, ...] = ()

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if len(self.rules) > RULES_LIMIT:
            raise InvalidInput(f"A practitioner has at most {RULES_LIMIT} working hours rules.")
        return self

    @classmethod
    def from_json(cls, stored: list[dict[str, object]]) -> "WeeklyAvailability":
        """The rules as they are stored."""
        return cls.model_validate({"rules": stored})

    def to_json(self) -> list[dict[str, object]]:
        """The rules as they are stored: "HH:MM" and ISO dates."""
        return [rule.model_dump(mode="json") for rule in self.rules]


class SetAvailability(BaseModel):
    """The working hours of a practitioner, all of them at once."""

    practitioner_user_id: UUID
    rules: tuple[AvailabilityRule, ...]
    version: int | None = None
    request_id: UUID | None = None


class OpeningSpan(BaseModel):
    """A location is open on a weekday from … to …, in its wall time."""

    model_config = ConfigDict(frozen=True)

    weekday: Weekday
    opens: WallTime
    closes: WallTime

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.closes <= self.opens:
            raise field_error("closes", f"must be after the opening on {WEEKDAYS[self.weekday - 1]}")
        return self


class SetOpeningHours(BaseModel):
    """The opening hours of a location, all of them at once; several spans a day must not overlap."""

    clinic_location_id: UUID
    spans: tuple[OpeningSpan, ...]
    version: int | None = None
    request_id: UUID | None = None

    @model_validator(mode="after")
    def _apart(self) -> Self:
        ordered = sorted(self.spans, key=lambda span: (span.weekday, span.opens))
        for one, other in pairwise(ordered):
            minutes = [_minutes(clock) for clock in (one.opens, one.closes, other.opens, other.closes)]
            if one.weekday == other.weekday and overlaps((minutes[0], minutes[1]), (minutes[2], minutes[3])):
                raise InvalidInput(f"The opening hours on {WEEKDAYS[one.weekday - 1]} overlap.")
        return self


class AddClosure(BaseModel):
    """Days on which a location, or without one the whole clinic, is closed; both days included."""

    clinic_location_id: UUID | None = None
    starts_on: date
    ends_on: date
    name: Annotated[str, AfterValidator(partial(clean_required, limit=100, field="name"))]
    request_id: UUID | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ends_on < self.starts_on:
            raise field_error("ends_on", "must not be before the first day")
        if not MINYEAR < self.starts_on.year <= self.ends_on.year < MAXYEAR:
            raise field_error("starts_on", "is outside the calendar")
        return self


class RemoveClosure(BaseModel):
    """A closure that does not take place."""

    closure_id: UUID
    request_id: UUID | None = None


class ListClosures(BaseModel):
    """Closures that touch a period, of one location (those of the whole clinic included) or of all."""

    clinic_location_id: UUID | None = None
    ends_from: date | None = None
    starts_to: date | None = None


class GetOpeningHours(BaseModel):
    """The weekly hours of one location."""

    clinic_location_id: UUID


class GetWorkingHours(BaseModel):
    """A window of local days at one location, at most 400 of them."""

    clinic_location_id: UUID
    first: date
    last: date
    practitioner_ids: tuple[UUID, ...] = ()

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if not 0 <= (self.last - self.first).days < LONGEST_WINDOW_DAYS:
            raise InvalidInput(f"The period must run forward and be shorter than {LONGEST_WINDOW_DAYS} days.")
        return self


class DayHours(BaseModel):
    """The opening hours of a location by weekday; `version` is that of the location."""

    model_config = ConfigDict(frozen=True)

    clinic_location_id: UUID
    spans: tuple[OpeningSpan, ...]
    version: int


class OpeningHoursSaved(DayHours):
    """Opening hours just saved, and how many booked appointments at the location lie outside working time."""

    displaced: int


class ClosureRow(BaseModel):
    """A closure of a location or of the whole clinic (`location` is empty then)."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    clinic_location_id: UUID | None
    location: str
    starts_on: date
    ends_on: date
    name: str


class ClosureAdded(ClosureRow):
    """A closure just added, and how many booked appointments lie on its days."""

    displaced: int


class AvailabilitySaved(WeeklyAvailability):
    """Working hours just saved, and how many booked appointments lie outside them."""

    displaced: int
    version: int


class PreviewAvailability(BaseModel):
    """Working hours that are being edited, and the first day of what is to be shown of them."""

    practitioner_user_id: UUID
    rules: tuple[AvailabilityRule, ...]
    first: date
    weeks: int = Field(default=4, ge=1, le=12)

    @model_validator(mode="after")
    def _within(self) -> Self:
        if not MINYEAR < self.first.year < MAXYEAR:
            raise field_error("first", "is outside the calendar")
        return self


class PreviewedSpan(BaseModel):
    """Working time on one day, in wall time of the location; `ends` 00:00 is midnight at the end of the day."""

    model_config = ConfigDict(frozen=True)

    day: date
    clinic_location_id: UUID
    location: str
    starts: time
    ends: time


class AvailabilityPreview(BaseModel):
    """What working hours come to: rota less absences and closures, and how many appointments would lie outside."""

    model_config = ConfigDict(frozen=True)

    spans: tuple[PreviewedSpan, ...]
    displaced: int


class WorkingSpan(BaseModel):
    """Time in which somebody works, or a location is open."""

    model_config = ConfigDict(frozen=True)

    starts_at: datetime
    ends_at: datetime


class WorkingHours(BaseModel):
    """What a calendar shades around: opening and working time as instants, and the days that are closed."""

    model_config = ConfigDict(frozen=True)

    clinic_location_id: UUID
    timezone: str
    opening: tuple[WorkingSpan, ...]
    working: dict[UUID, tuple[WorkingSpan, ...]]
    absences: tuple[AbsenceRow, ...]
    outages: tuple[OutageRow, ...]
    closures: tuple[ClosureRow, ...]


def _minutes(clock: time) -> int:
    return clock.hour * 60 + clock.minute
