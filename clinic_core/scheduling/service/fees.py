"""Waiving a fee; it is proposed and withdrawn with the step of the appointment that causes it."""

from sqlalchemy import exists, select
from sqlmodel import col

from clinic_core.access import Permission, Work, use_case
from clinic_core.access.scope import appointments_in_scope
from clinic_core.errors import Conflict, NotFound
from clinic_core.models import Appointment, AppointmentFee
from clinic_core.scheduling.fees import fee_rows, refuse_invoiced
from clinic_core.scheduling.schemas import FeeRow, WaiveFee
from clinic_core.vocabulary import FeeStatus

_MANAGE = Permission.BILLING_MANAGE


@use_case(_MANAGE, name="fee.waive")
def waive_fee(work: Work, request: WaiveFee) -> FeeRow:
    """Decides that a proposed fee is not charged; the reason is kept with it.

    Raises:
        NotFound: an unknown fee, or one of an appointment out of reach.
        StaleEdit: it was changed after the list was drawn.
        Conflict: it is not proposed (any more), or stands on an invoice.
    """
    in_reach = exists().where(
        col(AppointmentFee.id) == request.appointment_fee_id,
        col(Appointment.id) == col(AppointmentFee.appointment_id),
        appointments_in_scope(work.actor, _MANAGE),
    )
    if not work.session.execute(select(in_reach)).scalar_one():
        raise NotFound("This fee does not exist.")
    fee = work.lock(AppointmentFee, request.appointment_fee_id, called="fee", version=request.version)
    if fee.status is not FeeStatus.PROPOSED:
        raise Conflict(f"This fee is {fee.status.label.lower()} already; reload to see where it stands.")
    refuse_invoiced(work.session, fee.appointment_id)
    fee.status, fee.waived_reason = FeeStatus.WAIVED, request.reason
    work.session.flush()
    return fee_rows(work.session, work.actor, col(AppointmentFee.id) == fee.id)[0]
