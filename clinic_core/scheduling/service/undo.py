"""Taking back the last step of an appointment: a status, a move, a cancellation, a deletion (S3)."""

from uuid import UUID

from sqlalchemy import exists, select
from sqlmodel import col

from clinic_core.access import Work, use_case
from clinic_core.access.scope import appointments_in_scope
from clinic_core.errors import Conflict, NotFound
from clinic_core.kit.calendar import zone
from clinic_core.models import Appointment, ClinicLocation, Patient, Visit
from clinic_core.scheduling.conflicts import RESERVED, find_obstacles, refusal
from clinic_core.scheduling.fees import keep_fee
from clinic_core.scheduling.reach import MANAGE, is_own_patient, reaches, refuse_gone
from clinic_core.scheduling.restore import hold_again, wanted_again
from clinic_core.scheduling.rows import appointment_row
from clinic_core.scheduling.schemas import AppointmentRow, UndoAppointment
from clinic_core.scheduling.transitions import ATTENDED
from clinic_core.scheduling.undo import LastStep, find_last_step
from clinic_core.vocabulary import AppointmentStatus

NAME = "appointment.undo"
"""Under this name the database gives the earlier status its own time stamp back."""


@use_case(MANAGE, name=NAME)
def undo_appointment(work: Work, request: UndoAppointment) -> AppointmentRow:
    """Puts an appointment back to how it stood before its last step, on the day of that step.

    A move goes back to the earlier time and practitioner if that is still free, with the rooms it has now; what was
    cancelled or deleted holds its time again. The fee that the step proposed is withdrawn. An undo is not undone.

    Raises:
        NotFound: an unknown appointment, or one out of reach.
        StaleEdit: it was changed after the list was drawn.
        PermissionDenied: patients, and an earlier calendar that is not the actor's.
        Conflict: there is no step that can be taken back, or something stands on it: a visit, an invoiced fee.
        InvalidInput: the practitioner, the place or a room takes no bookings any more.
        BookingConflict: the earlier time was given away.
    """
    work.lock_calendar()
    appointment, patient, location = _found(work, request.appointment_id)
    if is_own_patient(work.actor, patient):
        raise work.refused(NAME, MANAGE, "Please call the clinic to change this.")
    appointment = work.lock(Appointment, appointment.id, called="appointment", version=request.version)
    step = find_last_step(work.session, appointment, zone(location.timezone))
    _check(work, appointment, step)
    if step.frees:
        refuse_gone(patient)
        _hold_and_apply(work, appointment, step)
    else:
        appointment.status = step.status
        work.session.flush()
    keep_fee(work.session, work.actor, appointment)
    return appointment_row(work.session, work.actor, appointment.id)


def _found(work: Work, appointment_id: UUID) -> tuple[Appointment, Patient, ClinicLocation]:
    """The appointment, deleted ones included."""
    statement = (
        select(Appointment, Patient, ClinicLocation)
        .join(Patient, col(Patient.id) == col(Appointment.patient_id))
        .join(ClinicLocation, col(ClinicLocation.id) == col(Appointment.clinic_location_id))
        .where(col(Appointment.id) == appointment_id, appointments_in_scope(work.actor, MANAGE))
        .execution_options(populate_existing=True)
    )
    found = work.session.execute(statement).one_or_none()
    if found is None:
        raise NotFound("This appointment does not exist.")
    return found[0], found[1], found[2]


def _check(work: Work, appointment: Appointment, step: LastStep) -> None:
    place = (step.time.practitioner_user_id, step.clinic_location_id)
    if not reaches(work.actor, MANAGE, practitioner_id=place[0], location_id=place[1]):
        raise work.refused(NAME, MANAGE, "The earlier calendar is not yours to book; ask the front desk there.")
    if step.clinic_location_id != appointment.clinic_location_id:
        raise Conflict("Rooms do not follow to another location; move the appointment there and choose them.")
    documented = exists().where(col(Visit.appointment_id) == appointment.id, col(Visit.deleted_at).is_(None))
    if step.status not in ATTENDED and work.session.execute(select(documented)).scalar_one():
        raise Conflict(f"A visit was documented; the appointment cannot go back to {step.status.label.lower()}.")


def _hold_and_apply(work: Work, appointment: Appointment, step: LastStep) -> None:
    wanted = wanted_again(work.session, appointment, step.time)
    with (
        work.constraints(
            {RESERVED: lambda _: refusal(work.actor, wanted, find_obstacles(work.session, work.actor, [wanted])[0])}
        ),
        work.session.no_autoflush,
    ):
        if step.status is not AppointmentStatus.CANCELLED:
            hold_again(work.session, work.actor, appointment, wanted)
        appointment.practitioner_user_id = step.time.practitioner_user_id
        appointment.starts_at, appointment.ends_at = step.time.starts_at, step.time.ends_at
        if not step.is_deleted:
            appointment.deleted_at = None
        if step.status is not AppointmentStatus.CANCELLED:
            appointment.status = step.status
            appointment.cancelled_by, appointment.cancel_reason = None, None
            appointment.cancelled_late = False
