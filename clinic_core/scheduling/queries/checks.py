"""What would be in the way of a time, before somebody books it."""

from clinic_core.access import Work, query
from clinic_core.kit.ids import new_id
from clinic_core.scheduling.bookable import find_bookable, find_resources
from clinic_core.scheduling.conflicts import WantedTime, can_lift, find_obstacles
from clinic_core.scheduling.online import check_online_time
from clinic_core.scheduling.reach import (
    MANAGE,
    books_for_oneself,
    find_bookable_patient,
    find_managed_appointment,
)
from clinic_core.scheduling.resources import taken_resources
from clinic_core.scheduling.schemas import CheckTime, TimeCheck


@query(MANAGE, name="appointment.check")
def check_time(work: Work, request: CheckTime) -> TimeCheck:
    """Everything that is in the way of a time at this moment; booking asks again.

    Raises:
        NotFound, InvalidInput, Conflict: as for booking, where something cannot be booked at all, or not by patients.
    """
    if request.patient_id is not None:
        find_bookable_patient(work.session, work.actor, request.patient_id)
    bookable = find_bookable(
        work.session,
        request.clinic_location_id,
        practitioner_id=request.practitioner_user_id,
        service_id=request.product_service_id,
    )
    named = request.appointment_id
    moved = find_managed_appointment(work.session, work.actor, named)[0] if named else None
    kept = taken_resources(work.session, moved.id) if moved else ()
    find_resources(work.session, bookable.location, request.resource_ids, kept=kept)
    if books_for_oneself(work.actor):
        check_online_time(work.session, request, moved)
    buffer_minutes = bookable.service.buffer_minutes if bookable.service else 0
    wanted = WantedTime(
        appointment_id=moved.id if moved else new_id(),
        patient_id=request.patient_id or new_id(),
        practitioner_user_id=request.practitioner_user_id,
        clinic_location_id=request.clinic_location_id,
        starts_at=request.starts_at,
        ends_at=request.ends_at,
        buffer_minutes=moved.buffer_minutes if moved else buffer_minutes,
        resource_ids=request.resource_ids,
    )
    obstacles = find_obstacles(work.session, work.actor, [wanted])[0]
    return TimeCheck(obstacles=obstacles, can_override=can_lift(work.actor, wanted, obstacles))
