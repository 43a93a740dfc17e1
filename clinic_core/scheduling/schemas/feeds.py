"""Secret calendar addresses, and what calendar programs read of appointments and absences (S12)."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, SecretStr

from clinic_core.vocabulary import AbsenceKind, AppointmentStatus

HIDDEN = str(SecretStr("x"))


class CreateFeed(BaseModel):
    """A new calendar address of a practitioner; with patients' names and desk notes only where that is asked for."""

    user_id: UUID
    with_names: bool = False
    request_id: UUID | None = None


class RevokeFeed(BaseModel):
    """A calendar address that shall stop working."""

    feed_id: UUID
    request_id: UUID | None = None


class ListFeeds(BaseModel):
    """Whose calendar addresses."""

    user_id: UUID


class ReadFeed(BaseModel):
    """The address that a calendar program asks for."""

    feed_id: UUID


class IssuedFeed(BaseModel):
    """A new calendar address, readable in the answer to the request that made it and never again."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    path: SecretStr

    @property
    def was_shown(self) -> bool:
        """True when this is the repeated answer to a request, which no longer holds the address."""
        return self.path.get_secret_value() == HIDDEN


class RevokedFeed(BaseModel):
    """A calendar address that no longer works."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    revoked_at: datetime


class FoundFeed(BaseModel):
    """Whose calendar an address opens."""

    model_config = ConfigDict(frozen=True)

    feed_id: UUID
    organization_id: UUID
    user_id: UUID


class FeedRow(BaseModel):
    """A calendar address that works: since when, made by whom, and when a program last asked for it."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    user_id: UUID
    with_names: bool
    created_at: datetime
    created_by: str
    last_read_at: datetime | None


class CalendarEntry(BaseModel):
    """An appointment as a calendar program gets it; `patient` and `note` are empty where names are switched off."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    starts_at: datetime
    ends_at: datetime
    timezone: str
    status: AppointmentStatus
    service: str
    practitioner: str
    location: str
    address: str
    phone: str
    rooms: tuple[str, ...]
    patient: str
    note: str
    version: int
    created_at: datetime
    updated_at: datetime


class AbsenceEntry(BaseModel):
    """A time in which the practitioner is not there; the kind only where details are switched on."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    starts_at: datetime
    ends_at: datetime
    kind: AbsenceKind | None
    version: int
    created_at: datetime
    updated_at: datetime


class FeedContent(BaseModel):
    """Everything that a calendar address shows."""

    model_config = ConfigDict(frozen=True)

    name: str
    appointments: tuple[CalendarEntry, ...]
    absences: tuple[AbsenceEntry, ...]


class AppointmentFile(BaseModel):
    """One appointment for the patient's calendar: no patient's name, no desk note."""

    model_config = ConfigDict(frozen=True)

    organization: str
    appointment: CalendarEntry
