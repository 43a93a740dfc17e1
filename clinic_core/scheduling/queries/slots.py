"""Free times to choose from (S8), and what is free at a time."""

from clinic_core.access import Work, query
from clinic_core.scheduling.reach import MANAGE, find_bookable_patient, find_managed_appointment
from clinic_core.scheduling.schemas import FindFreeResources, FindSlots, FreeResources, SlotRow
from clinic_core.scheduling.slots import free_slots
from clinic_core.scheduling.slots_resources import find_free_resources


@query(MANAGE, name="appointment.find_slots")
def find_slots(work: Work, request: FindSlots) -> list[SlotRow]:
    """The next free times by start, then by the practitioner's name, on calendars that the actor may book.

    Raises:
        NotFound: an unknown location, service, practitioner, room, patient or appointment, or one out of reach.
        InvalidInput: something that cannot be booked any more, or a day outside the calendar.
        Conflict: the patient is deleted, merged or has died.
    """
    if request.patient_id is not None:
        find_bookable_patient(work.session, work.actor, request.patient_id)
    if request.moved_appointment_id is not None:
        find_managed_appointment(work.session, work.actor, request.moved_appointment_id)
    return free_slots(work.session, work.actor, request)


@query(MANAGE, name="resource.list_free")
def free_resources(work: Work, request: FindFreeResources) -> FreeResources:
    """Which rooms and equipment are free at a time, and which of them the service would take: the first by name.

    Raises:
        NotFound: an unknown location or service, or an appointment out of reach.
        InvalidInput: the location or the service cannot be booked any more.
    """
    if request.appointment_id is not None:
        find_managed_appointment(work.session, work.actor, request.appointment_id)
    return find_free_resources(work.session, request)
