"""Whether the last step of an appointment can be taken back."""

from sqlalchemy import select
from sqlmodel import col

from clinic_core.access import Work, query
from clinic_core.access.scope import appointments_in_scope
from clinic_core.errors import Conflict, NotFound
from clinic_core.kit.calendar import zone
from clinic_core.models import Appointment, ClinicLocation
from clinic_core.scheduling.reach import MANAGE
from clinic_core.scheduling.schemas import GetAppointment, UndoableStep
from clinic_core.scheduling.undo import find_last_step


@query(MANAGE, name="appointment.undoable")
def undoable_step(work: Work, request: GetAppointment) -> UndoableStep | None:
    """The last step of an appointment, deleted ones included, if it can be taken back; None if not.

    Whether the earlier time is still free is only known when it is tried.

    Raises:
        NotFound: an unknown appointment, or one out of reach.
    """
    statement = (
        select(Appointment, col(ClinicLocation.timezone))
        .join(ClinicLocation, col(ClinicLocation.id) == col(Appointment.clinic_location_id))
        .where(col(Appointment.id) == request.appointment_id, appointments_in_scope(work.actor, MANAGE))
        .execution_options(populate_existing=True)
    )
    found = work.session.execute(statement).one_or_none()
    if found is None:
        raise NotFound("This appointment does not exist.")
    appointment, timezone = found
    try:
        step = find_last_step(work.session, appointment, zone(timezone))
    except Conflict:
        return None
    return UndoableStep(appointment_id=appointment.id, what=step.what, at=step.step.at, version=appointment.version)
