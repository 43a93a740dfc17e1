"""Steps of an appointment that carry its reminders along: over, they go; expected again, they are back."""

from sqlmodel import col

from clinic_core.access import Permission, Work, use_case
from clinic_core.kit.clock import now
from clinic_core.models import Notification
from clinic_core.notifications.planned import IS_REMINDER, of_appointment, planned_like, withdraw_planned
from clinic_core.notifications.rows import find_notifications
from clinic_core.scheduling.schemas import AppointmentRow, ChangeStatus
from clinic_core.scheduling.service import change_status
from clinic_core.scheduling.transitions import EXPECTED
from clinic_core.vocabulary import AppointmentStatus, WithdrawnReason

_OVER = frozenset({AppointmentStatus.COMPLETED, AppointmentStatus.NO_SHOW})
_BY_A_STEP = frozenset({WithdrawnReason.APPOINTMENT_CANCELLED, WithdrawnReason.APPOINTMENT_OVER})


@use_case(Permission.APPOINTMENT_MANAGE, name="appointment.change_status_with_reminders")
def change_status_with_reminders(work: Work, request: ChangeStatus) -> AppointmentRow:
    """Records the next status; what is over is not reminded of, and what is expected again is.

    Back come the reminders that a cancellation or the end withdrew and whose time lies ahead, never those that somebody
    withdrew by hand.

    Raises:
        ClinicError: as `change_status`.
    """
    changed = change_status(work, request.model_copy(update={"request_id": None}))
    if changed.status in _OVER:
        withdraw_planned(work.session, WithdrawnReason.APPOINTMENT_OVER, of_appointment(changed.id), IS_REMINDER)
    elif changed.status in EXPECTED:
        work.session.add_all(
            planned_like(lost, starts_at=changed.starts_at, scheduled_at=lost.scheduled_at)
            for lost in _lost(work, changed)
        )
        work.session.flush()
    return changed


def _lost(work: Work, appointment: AppointmentRow) -> list[Notification]:
    """The reminders ahead that a step of the appointment withdrew; by each way and time the last word counts."""
    ahead = (
        of_appointment(appointment.id),
        IS_REMINDER,
        col(Notification.scheduled_at) > now(),
        col(Notification.scheduled_at) < appointment.starts_at,
    )
    found = sorted(find_notifications(work.session, *ahead), key=lambda one: one.id)
    last = {(one.channel, one.scheduled_at): one for one in found}
    return [one for one in last.values() if one.withdrawn_reason in _BY_A_STEP]
