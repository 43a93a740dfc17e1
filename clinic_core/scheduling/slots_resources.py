"""Which rooms and equipment are free at a time, and which of them a service would take."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.models import Appointment, AppointmentResource, LocationResource, ResourceOutage
from clinic_core.scheduling.bookable import find_bookable
from clinic_core.scheduling.conflict_facts import LONGEST_REACH
from clinic_core.scheduling.schemas import FindFreeResources, FreeResources
from clinic_core.scheduling.slots_known import Thing, choose, needs_of, things_of
from clinic_core.vocabulary import AppointmentStatus


def find_free_resources(session: Session, request: FindFreeResources) -> FreeResources:
    """What is free at the location from the start to the end of the service's buffer, rooms first.

    Raises:
        NotFound, InvalidInput: as for booking, where the place or the service cannot be booked.
    """
    bookable = find_bookable(session, request.clinic_location_id, service_id=request.product_service_id)
    buffer = bookable.service.buffer_minutes if bookable.service else 0
    during = (request.starts_at, request.ends_at + timedelta(minutes=buffer))
    free = free_things(session, bookable.location.id, during, besides=request.appointment_id)
    chosen, missing = choose(needs_of(session, request.product_service_id), free)
    return FreeResources(
        free=tuple(thing.ref for thing in free),
        chosen=tuple(thing.ref for thing in chosen),
        missing=tuple(missing),
    )


def free_things(
    session: Session, location_id: UUID, during: tuple[datetime, datetime], *, besides: UUID | None = None
) -> tuple[Thing, ...]:
    """The rooms and equipment of a location that nothing but the appointment `besides` takes then, rooms first."""
    used_until = col(Appointment.ends_at) + func.make_interval(0, 0, 0, 0, 0, col(Appointment.buffer_minutes))
    taken = exists().where(
        col(AppointmentResource.resource_id) == col(LocationResource.id),
        col(AppointmentResource.appointment_id) == col(Appointment.id),
        col(Appointment.id).is_distinct_from(besides),
        col(Appointment.clinic_location_id) == location_id,
        col(Appointment.starts_at) > during[0] - LONGEST_REACH,
        col(Appointment.starts_at) < during[1],
        used_until > during[0],
        col(Appointment.deleted_at).is_(None),
        col(Appointment.status) != AppointmentStatus.CANCELLED,
    )
    out = exists().where(
        col(ResourceOutage.resource_id) == col(LocationResource.id),
        col(ResourceOutage.starts_at) < during[1],
        col(ResourceOutage.ends_at) > during[0],
    )
    return things_of(session.scalars(_working(location_id).where(~taken, ~out)))


def things_at(session: Session, location_id: UUID) -> tuple[Thing, ...]:
    """The rooms and equipment of a location that are in use, free or not, rooms first."""
    return things_of(session.scalars(_working(location_id)))


def _working(location_id: UUID) -> Select[LocationResource]:
    return select(LocationResource).where(
        col(LocationResource.clinic_location_id) == location_id, col(LocationResource.active).is_(True)
    )
