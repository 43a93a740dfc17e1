"""What is done about appointments that cannot take place: move, hand over or cancel, and one message to the patient.

In one transaction each: an appointment is never moved without its message, and a second press changes nothing.
"""

from uuid import UUID, uuid5

from clinic_core.access import Actor, Permission, Work, perform, use_case
from clinic_core.errors import ClinicError, NotSignedIn, Unavailable
from clinic_core.notifications.schemas import (
    CancelDisplaced,
    HandOverDisplaced,
    MoveDisplaced,
    NotifyAppointment,
    Rebooked,
    SettleDay,
    StepOutcome,
)
from clinic_core.notifications.service.notices import notify_cancelled, notify_moved
from clinic_core.notifications.service.reminders import cancel_with_reminders, move_with_reminders
from clinic_core.scheduling.reach import find_managed_appointment
from clinic_core.scheduling.schemas import CancelAppointment, ChangeStatus, MoveAppointment
from clinic_core.scheduling.service import change_status
from clinic_core.vocabulary import AppointmentStatus, CancelledBy

Step = MoveDisplaced | HandOverDisplaced | CancelDisplaced


@use_case(Permission.APPOINTMENT_MANAGE, name="displaced.move")
def move_displaced(work: Work, request: MoveDisplaced) -> Rebooked:
    """Moves an appointment to a free time and tells the patient; who had arrived is expected anew.

    Raises:
        ClinicError: as `move_with_reminders` and `notify_moved`.
    """
    work.lock_calendar()
    booked, _ = find_managed_appointment(work.session, work.actor, request.appointment_id)
    had_arrived, started_at = booked.status is AppointmentStatus.ARRIVED, booked.starts_at
    move = MoveAppointment(**request.model_dump(exclude={"request_id"}))
    moved = move_with_reminders(work, move).appointment
    if had_arrived and moved.starts_at != started_at:
        expected = ChangeStatus(appointment_id=moved.id, status=AppointmentStatus.BOOKED, version=moved.version)
        moved = change_status(work, expected)
    message = notify_moved(work, NotifyAppointment(appointment_id=moved.id))
    return Rebooked(id=moved.id, appointment=moved, message=message)


@use_case(Permission.APPOINTMENT_MANAGE, name="displaced.hand_over")
def hand_over_displaced(work: Work, request: HandOverDisplaced) -> Rebooked:
    """Gives an appointment to a colleague at the same time in the same rooms and tells the patient.

    Raises:
        ClinicError: as `move_with_reminders` and `notify_moved`.
    """
    work.lock_calendar()
    booked, _ = find_managed_appointment(work.session, work.actor, request.appointment_id)
    handed = MoveAppointment(
        appointment_id=booked.id,
        starts_at=booked.starts_at,
        ends_at=booked.ends_at,
        practitioner_user_id=request.practitioner_user_id,
        version=request.version,
    )
    moved = move_with_reminders(work, handed).appointment
    message = notify_moved(work, NotifyAppointment(appointment_id=moved.id))
    return Rebooked(id=moved.id, appointment=moved, message=message)


@use_case(Permission.APPOINTMENT_MANAGE, name="displaced.cancel")
def cancel_displaced(work: Work, request: CancelDisplaced) -> Rebooked:
    """Calls an appointment off by the clinic and tells the patient.

    Raises:
        ClinicError: as `cancel_with_reminders` and `notify_cancelled`.
    """
    cancelled = cancel_with_reminders(
        work,
        CancelAppointment(
            appointment_id=request.appointment_id,
            cancelled_by=CancelledBy.CLINIC,
            reason=request.reason,
            version=request.version,
        ),
    )
    message = notify_cancelled(work, NotifyAppointment(appointment_id=cancelled.id))
    return Rebooked(id=cancelled.id, appointment=cancelled, message=message)


def settle_day(actor: Actor, request: SettleDay) -> list[StepOutcome]:
    """All steps of a day in one go, each in a transaction of its own: one that is refused leaves the others alone.

    Sent again with the same request id it answers the same and tells nobody twice.

    Raises:
        NotSignedIn, Unavailable: nothing more can be done now; what was answered before is done.
    """
    return [_settled(actor, step, request.request_id) for step in request.steps]


def _settled(actor: Actor, step: Step, request_id: UUID | None) -> StepOutcome:
    own_id = uuid5(request_id, str(step.appointment_id)) if request_id else None
    try:
        rebooked = _perform(actor, step, own_id)
    except (NotSignedIn, Unavailable):
        raise
    except ClinicError as refused:
        return StepOutcome(appointment_id=step.appointment_id, refusal=refused.message)
    return StepOutcome(appointment_id=step.appointment_id, rebooked=rebooked)


def _perform(actor: Actor, step: Step, request_id: UUID | None) -> Rebooked:
    match step:
        case MoveDisplaced():
            return perform(actor, move_displaced, step.model_copy(update={"request_id": request_id}))
        case HandOverDisplaced():
            return perform(actor, hand_over_displaced, step.model_copy(update={"request_id": request_id}))
        case CancelDisplaced():
            return perform(actor, cancel_displaced, step.model_copy(update={"request_id": request_id}))
