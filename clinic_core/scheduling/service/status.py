"""Where an appointment stands: arrived, done, no-show, cancelled, or entered by mistake."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import exists, select
from sqlmodel import col

from clinic_core.access import Work, use_case
from clinic_core.errors import Conflict, InvalidInput
from clinic_core.kit.clock import now
from clinic_core.kit.text import field_error
from clinic_core.models import Appointment, InvoiceLine, Patient, Visit
from clinic_core.scheduling.charged import charging_line
from clinic_core.scheduling.conflicts import RESERVED, find_obstacles, refusal
from clinic_core.scheduling.fees import keep_fee
from clinic_core.scheduling.reach import MANAGE, find_managed_appointment, is_own_patient, refuse_gone
from clinic_core.scheduling.restore import hold_again, time_of, wanted_again
from clinic_core.scheduling.rows import appointment_row
from clinic_core.scheduling.schemas import AppointmentRow, CancelAppointment, ChangeStatus, DeleteAppointment
from clinic_core.scheduling.transitions import ATTENDED, check_transition
from clinic_core.vocabulary import AppointmentStatus, CancelledBy


@use_case(MANAGE, name="appointment.change_status")
def change_status(work: Work, request: ChangeStatus) -> AppointmentRow:
    """Records the next status; one that was cancelled may be booked again if its time is still free.

    A no-show proposes the fee of the clinic's rule, the step back withdraws it. Patients themselves may only confirm.

    Raises:
        NotFound: an unknown appointment, or one out of reach.
        StaleEdit: it was changed after the list was drawn.
        IllegalTransition: the step is not in the table of legal ones.
        InvalidInput: cancelling needs to know by whom: `cancel_appointment`; or nobody and nowhere is left for what is
            to be booked again.
        Conflict: a no-show before the start, the fee of a step to be taken back stands on an invoice, or the patient of
            what is to be confirmed or booked again is deleted, merged or has died.
        BookingConflict: the time of a cancelled appointment was given away.
    """
    if request.status is AppointmentStatus.CANCELLED:
        raise InvalidInput("Say who cancels the appointment.")
    appointment, patient = _locked(work, request.appointment_id, request.version)
    confirms = request.status is AppointmentStatus.CONFIRMED and appointment.status not in ATTENDED
    if is_own_patient(work.actor, patient) and not confirms:
        raise work.refused("appointment.change_status", MANAGE, "Only the clinic may record this.")
    check_transition(appointment.status, request.status)
    if request.status is AppointmentStatus.NO_SHOW and appointment.starts_at > now():
        raise Conflict("A no-show is recorded once the appointment has begun; until then it is cancelled.")
    if confirms or appointment.status is AppointmentStatus.CANCELLED:
        refuse_gone(patient)
    if appointment.status is AppointmentStatus.CANCELLED:
        _book_again(work, appointment)
    else:
        appointment.status = request.status
    return _saved(work, appointment)


@use_case(MANAGE, name="appointment.cancel")
def cancel_appointment(work: Work, request: CancelAppointment) -> AppointmentRow:
    """Calls an appointment off and frees its time; a late cancellation by the patient proposes the clinic's fee.

    Planned reminders are withdrawn by `notifications.service.cancel_with_reminders`.

    Raises:
        NotFound: an unknown appointment, or one out of reach.
        StaleEdit: it was changed after the list was drawn.
        IllegalTransition: it has begun, is over, or was cancelled before.
        InvalidInput: late, but called off by the clinic.
        Conflict: a visit was documented for it.
    """
    appointment, patient = _locked(work, request.appointment_id, request.version)
    check_transition(appointment.status, AppointmentStatus.CANCELLED)
    _refuse_documented(work, appointment.id, "cancelled")
    is_patient = is_own_patient(work.actor, patient)
    cancelled_by = CancelledBy.PATIENT if is_patient else request.cancelled_by
    if request.late and cancelled_by is CancelledBy.CLINIC:
        raise field_error("late", "is what a patient cancels, never the clinic")
    limit = timedelta(hours=work.actor.settings.late_cancellation_hours)
    by_rule = cancelled_by is CancelledBy.PATIENT and appointment.starts_at - now() < limit
    appointment.status = AppointmentStatus.CANCELLED
    appointment.cancelled_by = cancelled_by
    appointment.cancelled_late = by_rule if is_patient or request.late is None else request.late
    appointment.cancel_reason = request.reason or None
    return _saved(work, appointment)


@use_case(MANAGE, name="appointment.delete")
def delete_appointment(work: Work, request: DeleteAppointment) -> AppointmentRow:
    """Takes an appointment that was entered by mistake off the calendar and frees its time; the record stays.

    Raises:
        NotFound: an unknown appointment, or one out of reach.
        StaleEdit: it was changed after the list was drawn.
        PermissionDenied: patients cancel, they do not delete.
        Conflict: a visit or an invoice belongs to it.
    """
    appointment, patient = _locked(work, request.appointment_id, request.version)
    if is_own_patient(work.actor, patient):
        raise work.refused("appointment.delete", MANAGE, "Please cancel the appointment instead.")
    _refuse_documented(work, appointment.id, "deleted")
    invoiced = exists().where(col(InvoiceLine.appointment_id) == appointment.id).where(charging_line())
    if work.session.execute(select(invoiced)).scalar_one():
        raise Conflict("This appointment is on an invoice; it cannot be deleted.")
    appointment.deleted_at = now()
    return _saved(work, appointment)


def _locked(work: Work, appointment_id: UUID, version: int | None) -> tuple[Appointment, Patient]:
    work.lock_calendar()
    _, patient = find_managed_appointment(work.session, work.actor, appointment_id)
    return work.lock(Appointment, appointment_id, called="appointment", version=version), patient


def _saved(work: Work, appointment: Appointment) -> AppointmentRow:
    work.session.flush()
    keep_fee(work.session, work.actor, appointment)
    return appointment_row(work.session, work.actor, appointment.id)


def _book_again(work: Work, appointment: Appointment) -> None:
    wanted = wanted_again(work.session, appointment, time_of(appointment))
    with (
        work.constraints(
            {RESERVED: lambda _: refusal(work.actor, wanted, find_obstacles(work.session, work.actor, [wanted])[0])}
        ),
        work.session.no_autoflush,
    ):
        hold_again(work.session, work.actor, appointment, wanted)
        appointment.status = AppointmentStatus.BOOKED
        appointment.cancelled_by = None
        appointment.cancelled_late = False
        appointment.cancel_reason = None


def _refuse_documented(work: Work, appointment_id: UUID, what: str) -> None:
    documented = exists().where(col(Visit.appointment_id) == appointment_id, col(Visit.deleted_at).is_(None))
    if work.session.execute(select(documented)).scalar_one():
        raise Conflict(f"A visit was documented for this appointment; it cannot be {what}.")
