"""Locations, rooms and equipment: made, renamed, taken out of service. Nothing is deleted, appointments point here."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from sqlalchemy import ColumnElement, exists, select
from sqlmodel import col

from clinic_core.access import Permission, Work, use_case
from clinic_core.errors import ClinicError, Conflict, InvalidInput
from clinic_core.kit.clock import now
from clinic_core.models import Appointment, AppointmentResource, ClinicLocation, LocationResource
from clinic_core.scheduling.place_rows import location_row, resource_row
from clinic_core.scheduling.schemas import (
    AddLocation,
    AddResource,
    LocationRow,
    ResourceRow,
    UpdateLocation,
    UpdateResource,
)
from clinic_core.vocabulary import AppointmentStatus

_Place = TypeVar("_Place", ClinicLocation, LocationResource)


@use_case(Permission.SETTINGS_MANAGE, name="location.add")
def add_location(work: Work, request: AddLocation) -> LocationRow:
    """A new location.

    Raises:
        Conflict: another location has that name.
    """
    location = ClinicLocation(
        organization_id=work.actor.organization_id,
        name=request.name,
        timezone=request.timezone,
        address=request.address,
        phone=request.phone,
    )
    return location_row(work.actor, _saved(work, location))


@use_case(Permission.SETTINGS_MANAGE, name="location.update")
def update_location(work: Work, request: UpdateLocation) -> LocationRow:
    """Changes a location's details, or takes it out of use.

    Raises:
        NotFound: an unknown location.
        StaleEdit: it was changed after the form was drawn.
        Conflict: another location has that name, or appointments ahead would lose their place or wall time.
    """
    work.lock_calendar()
    location = work.lock(ClinicLocation, request.clinic_location_id, called="location", version=request.version)
    if (location.active and not request.active) or location.timezone != request.timezone:
        _refuse_if_booked(work, col(Appointment.clinic_location_id) == location.id, location.name)
    location.name = request.name
    location.timezone = request.timezone
    location.address = request.address
    location.phone = request.phone
    location.active = request.active
    return location_row(work.actor, _saved(work, location))


@use_case(Permission.SETTINGS_MANAGE, name="resource.add")
def add_resource(work: Work, request: AddResource) -> ResourceRow:
    """A new room or piece of equipment at a location.

    Raises:
        NotFound: an unknown location.
        InvalidInput: the location is out of use.
        Conflict: the location has one of that name.
    """
    location = work.get(ClinicLocation, request.clinic_location_id, called="location")
    if not location.active:
        raise InvalidInput(f"{location.name} is out of use; choose another location.")
    resource = LocationResource(
        organization_id=work.actor.organization_id,
        clinic_location_id=location.id,
        type=request.type,
        name=request.name,
        category=request.category,
    )
    return resource_row(_saved(work, resource), location.name)


@use_case(Permission.SETTINGS_MANAGE, name="resource.update")
def update_resource(work: Work, request: UpdateResource) -> ResourceRow:
    """Changes the name or category of a room or piece of equipment, or takes it out of use.

    Raises:
        NotFound: an unknown room or piece of equipment.
        StaleEdit: it was changed after the form was drawn.
        Conflict: the location has another of that name, or appointments ahead need it.
    """
    work.lock_calendar()
    resource = work.lock(
        LocationResource, request.resource_id, called="room or piece of equipment", version=request.version
    )
    if resource.active and not request.active:
        needs = exists().where(
            col(AppointmentResource.appointment_id) == col(Appointment.id),
            col(AppointmentResource.resource_id) == resource.id,
        )
        _refuse_if_booked(work, needs, resource.name)
    resource.name = request.name
    resource.category = request.category
    resource.active = request.active
    location = work.get(ClinicLocation, resource.clinic_location_id, called="location")
    return resource_row(_saved(work, resource), location.name)


def _saved(work: Work, place: _Place) -> _Place:
    name = place.name
    taken = partial(_name_taken, name)
    owned: Mapping[str, Callable[[Mapping[str, object]], ClinicError]] = {
        "uq_clinic_location_name": taken,
        "uq_location_resource_name": taken,
    }
    with work.constraints(owned):
        work.session.add(place)
    work.session.refresh(place)
    return place


def _name_taken(name: str, _detail: Mapping[str, object]) -> Conflict:
    return Conflict(f"“{name}” exists already; choose another name.")


def _refuse_if_booked(work: Work, where: ColumnElement[bool], name: str) -> None:
    ahead = exists().where(
        where,
        col(Appointment.deleted_at).is_(None),
        col(Appointment.status) != AppointmentStatus.CANCELLED,
        col(Appointment.ends_at) > now(),
    )
    if work.session.execute(select(ahead)).scalar_one():
        raise Conflict(f"Appointments lie ahead at {name}; move or cancel them first.")
