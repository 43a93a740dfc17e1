"""Who came, who did not, and what was called off (product specification A3)."""

from sqlalchemy import case, func, select
from sqlmodel import col

from clinic_core.access import Permission, Work, query
from clinic_core.analytics.filters import (
    appointments_in_period,
    patient_columns,
    period_filters,
    share,
    with_name,
)
from clinic_core.analytics.schemas import NoShow, NoShowPage, NoShowRow, PeriodFilter, PeriodRowsRequest
from clinic_core.kit.clock import now
from clinic_core.models import Appointment, AppUser, ClinicLocation, Patient
from clinic_core.scheduling.transitions import ATTENDED, EXPECTED
from clinic_core.vocabulary import AppointmentStatus, CancelledBy

DEFINITION = (
    "No-show rate is no-shows divided by attended visits plus no-shows; attended is arrived, in progress or completed. "
    "Cancellation rate is cancelled appointments divided by all that are not deleted. Past visits without a final "
    "status are counted apart and are in neither."
)
DATE_BASIS = "Start of the appointment on the location's clock."

_STATUS = col(Appointment.status)


@query(Permission.REPORT_VIEW, name="report.no_show")
def no_show_rate(work: Work, request: PeriodFilter) -> NoShow:
    """How often patients did not come in the period, and what was cancelled.

    Raises:
        InvalidInput: the period ends before it begins or is too long.
        NotFound: an unknown location or practitioner.
    """
    filters = period_filters(work.session, work.actor, Permission.REPORT_VIEW, request)
    cancelled = _STATUS == AppointmentStatus.CANCELLED
    by_clinic = col(Appointment.cancelled_by) == CancelledBy.CLINIC
    late = col(Appointment.cancelled_late)
    counts = (
        func.count().filter(_STATUS == AppointmentStatus.NO_SHOW),
        func.count().filter(_STATUS.in_(ATTENDED)),
        func.count().filter(cancelled, ~by_clinic, late),
        func.count().filter(cancelled, ~by_clinic, ~late),
        func.count().filter(cancelled, by_clinic),
        func.count().filter(_STATUS.in_(EXPECTED), col(Appointment.ends_at) < now()),
        func.count(),
    )
    statement = appointments_in_period(select(*counts).select_from(Appointment), work.actor, request, filters)
    missed, attended, cancelled_late, early, clinic, unclosed, total = work.session.execute(statement).one()
    return NoShow(
        first_day=request.first_day,
        last_day=request.last_day,
        no_show=missed,
        attended=attended,
        rate=share(missed, missed + attended),
        cancelled_late=cancelled_late,
        cancelled_early=early,
        cancelled_by_clinic=clinic,
        appointments=total,
        cancellation_rate=share(cancelled_late + early + clinic, total),
        unclosed=unclosed,
        explanation=filters.explain(DEFINITION, DATE_BASIS),
    )


@query(Permission.REPORT_VIEW, name="report.no_show_rows")
def list_no_show(work: Work, request: PeriodRowsRequest) -> NoShowPage:
    """The appointments above and below the line of the rate, no-shows first. Raises as `no_show_rate`."""
    filters = period_filters(work.session, work.actor, Permission.REPORT_VIEW, request)
    counted = _STATUS.in_((AppointmentStatus.NO_SHOW, *ATTENDED))
    summed = appointments_in_period(select(func.count()).select_from(Appointment), work.actor, request, filters).where(
        counted
    )
    rows = work.session.execute(
        appointments_in_period(
            select(
                col(Appointment.id),
                col(Appointment.starts_at),
                col(ClinicLocation.timezone),
                col(ClinicLocation.name).label("location"),
                col(AppUser.display_name).label("practitioner"),
                col(Appointment.patient_id),
                _STATUS,
                *patient_columns(work.actor),
            ).select_from(Appointment),
            work.actor,
            request,
            filters,
        )
        .join(Patient, col(Patient.id) == col(Appointment.patient_id))
        .join(AppUser, col(AppUser.id) == col(Appointment.practitioner_user_id))
        .where(counted)
        .order_by(
            case((_STATUS == AppointmentStatus.NO_SHOW, 0), else_=1), col(Appointment.starts_at), col(Appointment.id)
        )
        .limit(request.limit)
        .offset(request.offset)
    )
    return NoShowPage(
        rows=tuple(NoShowRow.model_validate(with_name(row)) for row in rows.mappings()),
        count=work.session.execute(summed).scalar_one(),
    )
