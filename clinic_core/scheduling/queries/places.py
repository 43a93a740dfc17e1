"""What can be booked: locations, rooms and equipment, practitioners, services. Reference data of the organisation."""

from sqlalchemy import ColumnElement, exists, func, select, true
from sqlmodel import col

from clinic_core.access import Permission, Work, query
from clinic_core.models import (
    AppUser,
    ClinicLocation,
    LocationResource,
    PractitionerProfile,
    ProductService,
    UserLocation,
)
from clinic_core.scheduling.place_rows import location_row, resource_row
from clinic_core.scheduling.reach import knows_the_rota
from clinic_core.scheduling.schemas import (
    BookableService,
    ListLocations,
    ListPractitioners,
    ListResources,
    ListServices,
    LocationRow,
    PractitionerRow,
    ResourceRow,
    WeeklyAvailability,
)
from clinic_core.vocabulary import ProductType, UserStatus


@query(name="location.list")
def list_locations(work: Work, request: ListLocations) -> list[LocationRow]:
    """The locations of the organisation by name; everybody who signs in may know them."""
    statement = (
        select(ClinicLocation)
        .where(true() if request.with_inactive else col(ClinicLocation.active))
        .order_by(func.lower(ClinicLocation.name), col(ClinicLocation.id))
    )
    return [location_row(work.actor, location) for location in work.session.scalars(statement)]


@query(Permission.APPOINTMENT_READ, Permission.SETTINGS_MANAGE, name="resource.list")
def list_resources(work: Work, request: ListResources) -> list[ResourceRow]:
    """Rooms, then equipment, by location and name; patients see none, as theirs are chosen by what is needed."""
    if not knows_the_rota(work.actor):
        return []
    conditions: list[ColumnElement[bool]] = []
    if not request.with_inactive:
        conditions.append(col(LocationResource.active).is_(True))
    if request.clinic_location_id is not None:
        conditions.append(col(LocationResource.clinic_location_id) == request.clinic_location_id)
    statement = (
        select(LocationResource, col(ClinicLocation.name))
        .join(ClinicLocation, col(ClinicLocation.id) == col(LocationResource.clinic_location_id))
        .where(*conditions)
        .order_by(
            func.lower(ClinicLocation.name),
            col(LocationResource.type).desc(),
            func.lower(LocationResource.name),
            col(LocationResource.id),
        )
    )
    return [resource_row(resource, location) for resource, location in work.session.execute(statement).all()]


@query(Permission.APPOINTMENT_READ, Permission.SCHEDULE_MANAGE, Permission.USER_MANAGE, name="practitioner.list")
def list_practitioners(work: Work, request: ListPractitioners) -> list[PractitionerRow]:
    """People with a practitioner's profile by name, with where they work and their weekly hours.

    Patients learn who practises what and where, not the licence and the rota.
    """
    is_patient = not knows_the_rota(work.actor)
    conditions: list[ColumnElement[bool]] = []
    if is_patient or not request.with_inactive:
        conditions.append(col(AppUser.status) != UserStatus.INACTIVE)
    if request.clinic_location_id is not None:
        conditions.append(
            exists().where(
                col(UserLocation.user_id) == col(AppUser.id),
                col(UserLocation.clinic_location_id) == request.clinic_location_id,
            )
        )
    statement = (
        select(AppUser, PractitionerProfile)
        .join(PractitionerProfile, col(PractitionerProfile.user_id) == col(AppUser.id))
        .where(*conditions)
        .order_by(func.lower(AppUser.display_name), col(AppUser.id))
    )
    found = work.session.execute(statement).all()
    works_at = select(col(UserLocation.user_id), col(UserLocation.clinic_location_id)).where(
        col(UserLocation.user_id).in_([user.id for user, _ in found])
    )
    places = work.session.execute(works_at.order_by(col(UserLocation.created_at), col(UserLocation.id))).all()
    return [
        PractitionerRow(
            id=user.id,
            name=user.display_name,
            specialties=tuple(profile.specialties_json),
            license_number="" if is_patient else profile.license_number,
            location_ids=tuple(location_id for user_id, location_id in places if user_id == user.id),
            availability=() if is_patient else WeeklyAvailability.from_json(profile.availability_json).rules,
            active=user.status is not UserStatus.INACTIVE,
            profile_version=profile.version,
        )
        for user, profile in found
    ]


@query(Permission.APPOINTMENT_READ, name="service.list_bookable")
def list_services_for_booking(work: Work, request: ListServices) -> list[BookableService]:
    """The active services of the catalogue by name."""
    conditions = [col(ProductService.active), col(ProductService.type) == ProductType.SERVICE]
    if request.online_only:
        conditions.append(col(ProductService.bookable_online))
    statement = (
        select(ProductService).where(*conditions).order_by(func.lower(ProductService.name), col(ProductService.id))
    )
    return [
        BookableService(
            id=service.id,
            code=service.code,
            name=service.name,
            duration_minutes=service.duration_minutes or 0,
            buffer_minutes=service.buffer_minutes,
            color=service.color,
            bookable_online=service.bookable_online,
        )
        for service in work.session.scalars(statement)
    ]
