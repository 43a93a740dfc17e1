"""Free times to choose from (S8), and what is free at a time."""

from clinic_core.access import Work, query
from clinic_core.scheduling.online import check_online, online_search
from clinic_core.scheduling.reach import (
    MANAGE,
    books_for_oneself,
    find_bookable_patient,
    find_managed_appointment,
    is_own_patient,
)
from clinic_core.scheduling.schemas import FindFreeResources, FindSlots, FreeResources, SlotRow
from clinic_core.scheduling.slots import other_slots
from clinic_core.scheduling.slots_resources import find_free_resources


@query(MANAGE, name="appointment.find_slots")
def find_slots(work: Work, request: FindSlots) -> list[SlotRow]:
    """The next free times by start, then by the practitioner's name, on calendars that the actor may book.

    The time that an appointment which is to be moved has already is none of them.

    Raises:
        NotFound: an unknown location, service, practitioner, room, patient or appointment, or one out of reach.
        InvalidInput: something that cannot be booked any more, or that patients do not book themselves, or a day
            outside the calendar.
        Conflict: the patient is deleted, merged or has died.
    """
    patient = find_bookable_patient(work.session, work.actor, request.patient_id) if request.patient_id else None
    named = request.moved_appointment_id
    moved = find_managed_appointment(work.session, work.actor, named)[0] if named else None
    if patient is not None and is_own_patient(work.actor, patient):
        request = online_search(work.session, request, moved)
    return other_slots(work.session, work.actor, request)


@query(MANAGE, name="resource.list_free")
def free_resources(work: Work, request: FindFreeResources) -> FreeResources:
    """Which rooms and equipment are free at a time, and which of them the service would take: the first by name.

    Patients see no more than what a service that is booked online would take.

    Raises:
        NotFound: an unknown location or service, or an appointment out of reach.
        InvalidInput: the location or the service cannot be booked any more, or not by patients.
    """
    if request.appointment_id is not None:
        find_managed_appointment(work.session, work.actor, request.appointment_id)
    if not books_for_oneself(work.actor):
        return find_free_resources(work.session, request)
    check_online(work.session, request.product_service_id)
    found = find_free_resources(work.session, request)
    return found.model_copy(update={"free": found.chosen})
