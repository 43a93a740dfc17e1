"""What can be booked: the place, the practitioner and the service in one look, the rooms in another."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.errors import InvalidInput, NotFound
from clinic_core.models import (
    AppUser,
    ClinicalCase,
    ClinicLocation,
    LocationResource,
    PractitionerProfile,
    ProductService,
)
from clinic_core.vocabulary import ProductType, ResourceType, UserStatus


@dataclass(frozen=True)
class Place:
    """A location as a booking needs it."""

    id: UUID
    name: str
    timezone: str
    active: bool


@dataclass(frozen=True)
class Person:
    """A practitioner as a booking needs them."""

    id: UUID
    display_name: str
    status: UserStatus


@dataclass(frozen=True)
class Treatment:
    """A service of the catalogue as a booking needs it; a product never passes the check."""

    id: UUID
    name: str
    code: str
    color: str
    type: ProductType
    active: bool
    duration_minutes: int | None
    buffer_minutes: int


@dataclass(frozen=True)
class Thing:
    """A room or a piece of equipment as a booking needs it."""

    id: UUID
    name: str
    type: ResourceType
    category: str
    clinic_location_id: UUID
    active: bool


@dataclass(frozen=True)
class Bookable:
    """A location that takes bookings, and of what was asked the practitioner and the service."""

    location: Place
    practitioner: Person | None
    service: Treatment | None


_PLACE = (col(ClinicLocation.id), col(ClinicLocation.name), col(ClinicLocation.timezone), col(ClinicLocation.active))
_PERSON = (col(AppUser.id), col(AppUser.display_name), col(AppUser.status))
_TREATMENT = (
    col(ProductService.id),
    col(ProductService.name),
    col(ProductService.code),
    col(ProductService.color),
    col(ProductService.type),
    col(ProductService.active),
    col(ProductService.duration_minutes),
    col(ProductService.buffer_minutes),
)
_THING = (
    col(LocationResource.id),
    col(LocationResource.name),
    col(LocationResource.type),
    col(LocationResource.category),
    col(LocationResource.clinic_location_id),
    col(LocationResource.active),
)


def find_bookable(
    session: Session, location_id: UUID, *, practitioner_id: UUID | None = None, service_id: UUID | None = None
) -> Bookable:
    """The location, and where asked for the practitioner and the service, if they can be booked.

    Raises:
        NotFound: one of them does not exist, or the person is no practitioner.
        InvalidInput: one of them cannot be booked any more, or is a product.
    """
    statement = (
        select(*_PLACE, *_PERSON, *_TREATMENT)
        .select_from(ClinicLocation)
        .outerjoin(
            AppUser,
            and_(
                col(AppUser.id) == practitioner_id,
                col(AppUser.id).in_(select(col(PractitionerProfile.user_id))),
            ),
        )
        .outerjoin(ProductService, col(ProductService.id) == service_id)
        .where(col(ClinicLocation.id) == location_id)
    )
    found = session.execute(statement).one_or_none()
    if found is None:
        raise NotFound("This location does not exist.")
    values: tuple[Any, ...] = tuple(found)
    place, person, treatment = values[:4], values[4:7], values[7:]
    bookable = Bookable(
        Place(*place),
        Person(*person) if person[0] is not None else None,
        Treatment(*treatment) if treatment[0] is not None else None,
    )
    check_bookable(bookable, with_practitioner=practitioner_id is not None, with_service=service_id is not None)
    return bookable


def check_bookable(bookable: Bookable, *, with_practitioner: bool, with_service: bool) -> None:
    """Lets pass what can be booked; the practitioner and the service are looked at where they were asked for.

    Raises:
        NotFound: one of them does not exist, or the person is no practitioner.
        InvalidInput: one of them cannot be booked any more, or is a product.
    """
    if not bookable.location.active:
        raise InvalidInput(f"{bookable.location.name} takes no bookings any more; choose another location.")
    if with_practitioner:
        _check_practitioner(bookable.practitioner)
    if with_service:
        _check_service(bookable.service)


def find_resources(
    session: Session, location: Place | ClinicLocation, resource_ids: Collection[UUID], *, kept: Collection[UUID] = ()
) -> list[Thing]:
    """The rooms and equipment of the location; what an appointment has already may be out of service by now.

    Raises:
        NotFound: one of them does not exist.
        InvalidInput: one of them is elsewhere or out of service.
    """
    if not resource_ids:
        return []
    statement = select(*_THING).where(col(LocationResource.id).in_(resource_ids))
    found = {row[0]: Thing(*row) for row in session.execute(statement)}
    return check_resources(found, location, resource_ids, kept=kept)


def check_resources(
    found: Mapping[UUID, Thing],
    location: Place | ClinicLocation,
    resource_ids: Collection[UUID],
    *,
    kept: Collection[UUID] = (),
) -> list[Thing]:
    """The rooms and equipment asked for, of those that were found.

    Raises:
        NotFound, InvalidInput: as `find_resources`.
    """
    for resource_id in resource_ids:
        resource = found.get(resource_id)
        if resource is None:
            raise NotFound("This room or piece of equipment does not exist.")
        if resource.clinic_location_id != location.id:
            raise InvalidInput(f"{resource.name} is not at {location.name}; choose a room there.")
        if not resource.active and resource_id not in kept:
            raise InvalidInput(f"{resource.name} is out of service; choose another.")
    return [found[resource_id] for resource_id in resource_ids]


def check_case(session: Session, case_id: UUID | None, patient_id: UUID) -> None:
    """Lets a case of that patient pass, or none.

    Raises:
        NotFound: the patient has no such case; another patient's answers like an unknown one.
    """
    if case_id is None:
        return
    own = select(col(ClinicalCase.id)).where(
        col(ClinicalCase.id) == case_id, col(ClinicalCase.patient_id) == patient_id
    )
    if session.execute(own).scalar_one_or_none() is None:
        raise NotFound("This case does not exist.")


def _check_practitioner(practitioner: Person | None) -> None:
    if practitioner is None:
        raise NotFound("This practitioner does not exist.")
    if practitioner.status is UserStatus.INACTIVE:
        raise InvalidInput(f"{practitioner.display_name} does not work here any more; choose somebody else.")


def _check_service(service: Treatment | None) -> None:
    if service is None:
        raise NotFound("This service does not exist.")
    if service.type is not ProductType.SERVICE:
        raise InvalidInput(f"{service.name} is a product; only services are booked.")
    if not service.active:
        raise InvalidInput(f"{service.name} is not offered any more; choose another service.")
