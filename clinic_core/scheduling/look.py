"""Everything that a booking needs to know, found in one query: what can be booked, and what is in the way."""

from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from clinic_core.errors import NotFound
from clinic_core.kit.ids import new_id
from clinic_core.scheduling.bookable import Bookable, Thing, check_bookable, check_resources
from clinic_core.scheduling.conflict_facts import Facts, WantedTime, gather_facts
from clinic_core.scheduling.schemas import BookAppointment


@dataclass(frozen=True)
class Look:
    """What was found; `wanted` has the id of the new appointment and the buffer of its service."""

    facts: Facts
    bookable: Bookable
    resources: list[Thing]
    wanted: WantedTime


def look_up(session: Session, request: BookAppointment) -> Look:
    """Place, practitioner, service, rooms and everything near the time; the caller holds the calendar lock.

    Raises:
        NotFound: one of them does not exist, or the person is no practitioner.
        InvalidInput: one of them cannot be booked (any more).
    """
    wanted = WantedTime(
        appointment_id=new_id(),
        patient_id=request.patient_id,
        practitioner_user_id=request.practitioner_user_id,
        clinic_location_id=request.clinic_location_id,
        starts_at=request.starts_at,
        ends_at=request.ends_at,
        buffer_minutes=0,
        resource_ids=request.resource_ids,
    )
    facts = gather_facts(session, [wanted], service_id=request.product_service_id)
    hours = facts.places.get(request.clinic_location_id)
    if hours is None:
        raise NotFound("This location does not exist.")
    person = facts.people.get(request.practitioner_user_id)
    service = facts.services.get(request.product_service_id) if request.product_service_id else None
    bookable = Bookable(hours.place, person[0] if person else None, service)
    check_bookable(bookable, with_practitioner=True, with_service=request.product_service_id is not None)
    resources = check_resources(facts.things, hours.place, request.resource_ids)
    return Look(facts, bookable, resources, replace(wanted, buffer_minutes=service.buffer_minutes if service else 0))
