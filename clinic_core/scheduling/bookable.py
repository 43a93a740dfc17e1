"""What can be booked: the place, the practitioner and the service in one look, the rooms in another."""

from collections.abc import Collection
from dataclasses import dataclass
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
from clinic_core.vocabulary import ProductType, UserStatus


@dataclass(frozen=True)
class Bookable:
    """A location that takes bookings, and of what was asked the practitioner and the service."""

    location: ClinicLocation
    practitioner: AppUser | None
    service: ProductService | None


def find_bookable(
    session: Session, location_id: UUID, *, practitioner_id: UUID | None = None, service_id: UUID | None = None
) -> Bookable:
    """The location, and where asked for the practitioner and the service, if they can be booked.

    Raises:
        NotFound: one of them does not exist, or the person is no practitioner.
        InvalidInput: one of them cannot be booked any more, or is a product.
    """
    statement = (
        select(ClinicLocation, AppUser, ProductService)
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
        .execution_options(populate_existing=True)
    )
    found = session.execute(statement).one_or_none()
    if found is None:
        raise NotFound("This location does not exist.")
    location, practitioner, service = found
    if not location.active:
        raise InvalidInput(f"{location.name} takes no bookings any more; choose another location.")
    if practitioner_id is not None:
        _check_practitioner(practitioner)
    if service_id is not None:
        _check_service(service)
    return Bookable(location, practitioner, service)


def find_resources(
    session: Session, location: ClinicLocation, resource_ids: Collection[UUID], *, kept: Collection[UUID] = ()
) -> list[LocationResource]:
    """The rooms and equipment of the location; what an appointment has already may be out of service by now.

    Raises:
        NotFound: one of them does not exist.
        InvalidInput: one of them is elsewhere or out of service.
    """
    if not resource_ids:
        return []
    statement = select(LocationResource).where(col(LocationResource.id).in_(resource_ids))
    found = {resource.id: resource for resource in session.scalars(statement)}
    for resource_id in resource_ids:
        resource = found.get(resource_id)
        if resource is None:
            raise NotFound("This room or piece of equipment does not exist.")
        if resource.clinic_location_id != location.id:
            raise InvalidInput(f"{resource.name} is not at {location.name}; choose a room there.")
        if not resource.active and resource_id not in kept:
            raise InvalidInput(f"{resource.name} is out of service; choose another.")
    return list(found.values())


def check_case(session: Session, case_id: UUID | None, patient_id: UUID) -> None:
    """Lets a case of that patient pass, or none.

    Raises:
        NotFound: there is no such case.
        InvalidInput: it belongs to another patient.
    """
    if case_id is None:
        return
    owner = session.scalars(select(col(ClinicalCase.patient_id)).where(col(ClinicalCase.id) == case_id)).one_or_none()
    if owner is None:
        raise NotFound("This case does not exist.")
    if owner != patient_id:
        raise InvalidInput("This case belongs to another patient.")


def _check_practitioner(practitioner: AppUser | None) -> None:
    if practitioner is None:
        raise NotFound("This practitioner does not exist.")
    if practitioner.status is UserStatus.INACTIVE:
        raise InvalidInput(f"{practitioner.display_name} does not work here any more; choose somebody else.")


def _check_service(service: ProductService | None) -> None:
    if service is None:
        raise NotFound("This service does not exist.")
    if service.type is not ProductType.SERVICE:
        raise InvalidInput(f"{service.name} is a product; only services are booked.")
    if not service.active:
        raise InvalidInput(f"{service.name} is not offered any more; choose another service.")
