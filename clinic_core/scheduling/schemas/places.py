"""Locations, rooms and equipment, and who and what can be booked there."""

from functools import partial
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict

from clinic_core.kit.calendar import zone
from clinic_core.kit.text import clean, clean_multiline, clean_required
from clinic_core.scheduling.schemas.hours import AvailabilityRule
from clinic_core.vocabulary import ResourceType

Category = Annotated[str, AfterValidator(partial(clean, limit=60, field="category"))]
Name = Annotated[str, AfterValidator(partial(clean_required, limit=100, field="name"))]


class AddLocation(BaseModel):
    """A new place where patients are seen."""

    name: Name
    timezone: Annotated[str, AfterValidator(lambda name: zone(name).key)]
    address: Annotated[str, AfterValidator(partial(clean_multiline, limit=500, field="address"))] = ""
    phone: Annotated[str, AfterValidator(partial(clean, limit=40, field="phone"))] = ""
    request_id: UUID | None = None


class UpdateLocation(AddLocation):
    """A location's details, and whether it can be booked."""

    clinic_location_id: UUID
    active: bool = True
    version: int


class AddResource(BaseModel):
    """A new room or piece of equipment; `category` is the clinic's own word for what it is good for."""

    clinic_location_id: UUID
    type: ResourceType
    name: Name
    category: Category = ""
    request_id: UUID | None = None


class UpdateResource(BaseModel):
    """A room's or a piece of equipment's name and category, and whether it can be booked."""

    resource_id: UUID
    name: Name
    category: Category = ""
    active: bool = True
    version: int
    request_id: UUID | None = None


class ListLocations(BaseModel):
    """The locations of the organisation; with the inactive ones for administration."""

    with_inactive: bool = False


class ListResources(BaseModel):
    """Rooms and equipment, of one location or of all."""

    clinic_location_id: UUID | None = None
    with_inactive: bool = False


class ListPractitioners(BaseModel):
    """People with a practitioner's profile, of one location or of all."""

    clinic_location_id: UUID | None = None
    with_inactive: bool = False


class ListServices(BaseModel):
    """The services that can be booked, or only those that patients book themselves."""

    online_only: bool = False


class LocationRow(BaseModel):
    """A location; `is_mine` when the actor works there."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    name: str
    address: str
    timezone: str
    phone: str
    active: bool
    is_mine: bool
    version: int


class ResourceRow(BaseModel):
    """A room or a piece of equipment."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    clinic_location_id: UUID
    location: str
    type: ResourceType
    name: str
    category: str
    active: bool
    version: int


class PractitionerRow(BaseModel):
    """A practitioner with where and when they work; `id` is the user's id."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    name: str
    specialties: tuple[str, ...]
    license_number: str
    location_ids: tuple[UUID, ...]
    availability: tuple[AvailabilityRule, ...]
    active: bool
    profile_version: int


class BookableService(BaseModel):
    """A service as the booking form offers it."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    code: str
    name: str
    duration_minutes: int
    buffer_minutes: int
    color: str
    bookable_online: bool
