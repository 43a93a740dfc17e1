"""Series of appointments as forms send them (S6)."""

from datetime import date, datetime
from functools import partial
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from clinic_core.errors import InvalidInput
from clinic_core.kit.recurrence import Frequency, format_rrule, parse_rrule
from clinic_core.kit.text import clean, clean_multiline, field_error
from clinic_core.scheduling.schemas.appointments import Ids, Instant, Reason
from clinic_core.scheduling.schemas.hours import WallTime
from clinic_core.vocabulary import CancelledBy, ConflictKind, DateChoice, SeriesReach

MOST_AT_ONCE = 60
"""How many occurrences one transaction books; the horizon job books the others."""
MOST_EXDATES = 400
LIST_LIMIT = 200

_ON_DAYS = frozenset({Frequency.DAILY, Frequency.WEEKLY, Frequency.MONTHLY, Frequency.YEARLY})
_FIRST_YEAR, _LAST_YEAR = 1900, 2200


def _rrule(text: str) -> str:
    rule = parse_rrule(text)
    if rule.freq not in _ON_DAYS or rule.by_hour or rule.by_minute or rule.by_second:
        raise field_error("rrule", "must repeat on days; the time of day is that of the start")
    return format_rrule(rule)


def _wall(wall: datetime) -> datetime:
    if wall.tzinfo is not None:
        raise field_error("start", "is a time on the wall of the location, without a zone of its own")
    if not _FIRST_YEAR <= wall.year <= _LAST_YEAR:
        raise field_error("start", f"must lie in the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return wall.replace(second=0, microsecond=0, fold=0)


def _walls(walls: tuple[datetime, ...]) -> tuple[datetime, ...]:
    if len(walls) > MOST_EXDATES:
        raise field_error("exdates", f"are more than {MOST_EXDATES}; let the series begin later")
    return tuple(sorted(set(walls)))


def _day(day: date) -> date:
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise field_error("starts_on", f"must lie in the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return day


def _in_calendar(instant: datetime) -> datetime:
    if not _FIRST_YEAR <= instant.year <= _LAST_YEAR:
        raise field_error("starts_at", f"must lie in the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return instant


Start = Annotated[Instant, AfterValidator(_in_calendar)]
Rrule = Annotated[str, AfterValidator(_rrule)]
Wall = Annotated[datetime, AfterValidator(_wall)]
Minutes = Annotated[int, Field(ge=1, le=1440)]
Note = Annotated[str, AfterValidator(partial(clean_multiline, limit=2000, field="note"))]


class SeriesWish(BaseModel):
    """What every appointment of a new series is like; the start is wall time of the location and fits the rule."""

    practitioner_user_id: UUID
    clinic_location_id: UUID
    rrule: Rrule
    starts_at_wall: Wall
    duration_minutes: Minutes
    resource_ids: Ids = ()
    product_service_id: UUID | None = None
    exdates: Annotated[tuple[Wall, ...], AfterValidator(_walls)] = ()


class PreviewSeries(SeriesWish):
    """A series that somebody considers, perhaps for a patient who is not registered yet."""

    patient_id: UUID | None = None


class ChosenDate(BaseModel):
    """What shall be done about one date, named by the instant that the rule gives it.

    `seen` are the kinds of what was in the way when the choice was made: a reason lifts nothing else. Without them it
    lifts what is found.
    """

    model_config = ConfigDict(frozen=True)

    original_starts_at: Instant
    choice: DateChoice
    starts_at: Start | None = None
    resource_ids: Ids | None = None
    double_book_reason: Reason = None
    override_reason: Reason = None
    seen: tuple[ConflictKind, ...] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.choice is DateChoice.OTHER_TIME and self.starts_at is None:
            raise field_error("starts_at", "is needed where another time is chosen")
        if self.choice is DateChoice.OVERRIDE and not (self.double_book_reason or self.override_reason):
            raise field_error("reason", "is needed to book against the rules")
        return self


def _choices(choices: tuple[ChosenDate, ...]) -> tuple[ChosenDate, ...]:
    if len({chosen.original_starts_at for chosen in choices}) < len(choices):
        raise InvalidInput("There are two choices for one date of the series.")
    return choices


Choices = Annotated[tuple[ChosenDate, ...], AfterValidator(_choices)]


class BookSeries(SeriesWish):
    """A series as previewed, with a choice for each date that is not simply taken."""

    patient_id: UUID
    case_id: UUID | None = None
    note: Note = ""
    choices: Choices = ()
    request_id: UUID | None = None


class SeriesChanges(BaseModel):
    """What shall be different; None keeps what the series says. A rule is that of the rest of the series."""

    model_config = ConfigDict(frozen=True)

    rrule: Rrule | None = None
    starts_on: Annotated[date | None, AfterValidator(lambda day: day and _day(day))] = None
    time_of_day: WallTime | None = None
    duration_minutes: Minutes | None = None
    practitioner_user_id: UUID | None = None
    clinic_location_id: UUID | None = None
    resource_ids: Ids | None = None
    product_service_id: UUID | None = None
    note: Note | None = None


class PreviewSeriesEdit(BaseModel):
    """A change of a series that somebody considers; `exceptions` are the ones that lose their own changes too."""

    appointment_id: UUID
    reach: SeriesReach
    changes: SeriesChanges = SeriesChanges()
    exceptions: Ids = ()


class EditSeries(PreviewSeriesEdit):
    """The change as previewed; choices name a date by the instant that the new rule gives it.

    To skip a date leaves an appointment where it is, and does not book one that would be new.
    """

    choices: Choices = ()
    version: int | None = None
    request_id: UUID | None = None


class PreviewSeriesCancel(BaseModel):
    """Appointments of a series that somebody considers to call off, from which one on."""

    appointment_id: UUID
    reach: SeriesReach


class CancelSeries(PreviewSeriesCancel):
    """Who calls the appointments of a series off, and why."""

    cancelled_by: CancelledBy
    reason: Annotated[str, AfterValidator(partial(clean, limit=500, field="reason"))] = ""
    version: int | None = None
    request_id: UUID | None = None


class ExtendSeries(BaseModel):
    """The next series that is not booked as far ahead as the organisation wants, at most so many dates of it."""

    limit: int = Field(default=MOST_AT_ONCE, ge=1, le=MOST_AT_ONCE)


class FindDateAlternatives(BaseModel):
    """Free times instead of one date of a series, with the same practitioner, place and rooms."""

    clinic_location_id: UUID
    practitioner_user_id: UUID
    starts_at: Start
    duration_minutes: Minutes
    patient_id: UUID | None = None
    resource_ids: Ids = ()
    product_service_id: UUID | None = None
    appointment_id: UUID | None = None


class GetSeries(BaseModel):
    """One series, named by itself or by one of its appointments, with a page of its appointments."""

    series_id: UUID | None = None
    appointment_id: UUID | None = None
    limit: int = Field(default=50, ge=1, le=LIST_LIMIT)
    offset: int = Field(default=0, ge=0, le=100_000)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.series_id is None) == (self.appointment_id is None):
            raise InvalidInput("A series is asked for by its own id or by that of one of its appointments.")
        return self


class ListSeriesGaps(BaseModel):
    """Dates of series that could not be booked and wait for the desk, the next first."""

    clinic_location_id: UUID | None = None
    practitioner_ids: Ids = ()
    limit: int = Field(default=50, ge=1, le=LIST_LIMIT)
    offset: int = Field(default=0, ge=0, le=100_000)


class ResolveGap(BaseModel):
    """Another time for a date that could not be booked; without a time the date is let be."""

    gap_id: UUID
    starts_at: Start | None = None
    practitioner_user_id: UUID | None = None
    resource_ids: Ids | None = None
    double_book_reason: Reason = None
    override_reason: Reason = None
    request_id: UUID | None = None

    @model_validator(mode="after")
    def _timed(self) -> Self:
        if self.starts_at is None and (self.practitioner_user_id or self.resource_ids is not None):
            raise field_error("starts_at", "is needed to book this date")
        return self
