"""Which rooms and equipment are free at a time, and which of them a service would take."""

from datetime import timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.models import Appointment, AppointmentResource, LocationResource, ResourceOutage
from clinic_core.scheduling.bookable import find_bookable
from clinic_core.scheduling.conflict_facts import LONGEST_REACH
from clinic_core.scheduling.schemas import FindFreeResources, FreeResources
from clinic_core.scheduling.slots_known import choose, needs_of, things_of
from clinic_core.vocabulary import AppointmentStatus


def find_free_resources(session: Session, request: FindFreeResources) -> FreeResources:
    """What is free at the location from the start to the end of the service's buffer, rooms first.

    Raises:
        NotFound, InvalidInput: as for booking, where the place or the service cannot be booked.
    """
    bookable = find_bookable(session, request.clinic_location_id, service_id=request.product_service_id)
    buffer = bookable.service.buffer_minutes if bookable.service else 0
    until = request.ends_at + timedelta(minutes=buffer)
    used_until = col(Appointment.ends_at) + func.make_interval(0, 0, 0, 0, 0, col(Appointment.buffer_minutes))
    taken = exists().where(
        col(AppointmentResource.resource_id) == col(LocationResource.id),
        col(AppointmentResource.appointment_id) == col(Appointment.id),
        col(Appointment.id).is_distinct_from(request.appointment_id),
        col(Appointment.clinic_location_id) == bookable.location.id,
        col(Appointment.starts_at) > request.starts_at - LONGEST_REACH,
        col(Appointment.starts_at) < until,
        used_until > request.starts_at,
        col(Appointment.deleted_at).is_(None),
        col(Appointment.status) != AppointmentStatus.CANCELLED,
    )
    out = exists().where(
        col(ResourceOutage.resource_id) == col(LocationResource.id),
        col(ResourceOutage.starts_at) < until,
        col(ResourceOutage.ends_at) > request.starts_at,
    )
    statement = select(LocationResource).where(
        col(LocationResource.clinic_location_id) == bookable.location.id,
        col(LocationResource.active).is_(True),
        ~taken,
        ~out,
    )
    free = things_of(session.scalars(statement))
    chosen, missing = choose(needs_of(session, request.product_service_id), free)
    return FreeResources(
        free=tuple(thing.ref for thing in free),
        chosen=tuple(thing.ref for thing in chosen),
        missing=tuple(missing),
    )
