"""Fees of no-shows and late cancellations. Whoever sees the money of an appointment sees its fee."""

from sqlalchemy import ColumnElement, func, select
from sqlmodel import col

from clinic_core.access import Permission, Work, query
from clinic_core.access.scope import appointments_in_scope
from clinic_core.kit.money import ZERO
from clinic_core.models import Appointment, AppointmentFee
from clinic_core.scheduling.fees import fee_rows
from clinic_core.scheduling.schemas import FeeCounts, FeeRow, ListFees
from clinic_core.vocabulary import FeeStatus


@query(Permission.BILLING_VIEW, name="fee.list")
def list_fees(work: Work, request: ListFees) -> list[FeeRow]:
    """The fees of appointments in reach, newest appointment first; one page."""
    statuses = col(AppointmentFee.status).in_(request.statuses)
    conditions = _conditions(work, request)
    return fee_rows(work.session, work.actor, statuses, *conditions, offset=request.offset, limit=request.limit)


@query(Permission.BILLING_VIEW, name="fee.count")
def count_fees(work: Work, request: ListFees) -> FeeCounts:
    """How many fees there are in each status and what they come to, whatever statuses the request names."""
    statement = (
        select(col(AppointmentFee.status), func.count(), func.sum(AppointmentFee.amount))
        .join(Appointment, col(Appointment.id) == col(AppointmentFee.appointment_id))
        .where(*_conditions(work, request))
        .group_by(col(AppointmentFee.status))
    )
    found = work.session.execute(statement).all()
    return FeeCounts(
        by_status=dict.fromkeys(FeeStatus, 0) | {status: count for status, count, _ in found},
        amounts=dict.fromkeys(FeeStatus, ZERO) | {status: amount for status, _, amount in found},
    )


def _conditions(work: Work, request: ListFees) -> list[ColumnElement[bool]]:
    conditions = [appointments_in_scope(work.actor, Permission.BILLING_VIEW)]
    if request.patient_id is not None:
        conditions.append(col(AppointmentFee.patient_id) == request.patient_id)
    if request.appointment_id is not None:
        conditions.append(col(AppointmentFee.appointment_id) == request.appointment_id)
    if request.clinic_location_id is not None:
        conditions.append(col(Appointment.clinic_location_id) == request.clinic_location_id)
    if request.starts_from is not None:
        conditions.append(col(Appointment.starts_at) >= request.starts_from)
    if request.starts_before is not None:
        conditions.append(col(Appointment.starts_at) < request.starts_before)
    return conditions
