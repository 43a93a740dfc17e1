"""Appointments as the calendar, the day list and the patient page read them."""

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Date, and_, cast, exists, func, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from clinic_core.access import Permission, Work, query
from clinic_core.access.scope import appointments_in_scope
from clinic_core.errors import NotFound
from clinic_core.kit.calendar import day_bounds, zone
from clinic_core.kit.clock import now
from clinic_core.models import Appointment, AppointmentEvent, AppUser, ClinicLocation
from clinic_core.scheduling.reach import reads_as_staff
from clinic_core.scheduling.rows import appointment_rows
from clinic_core.scheduling.schemas import (
    AppointmentRow,
    AppointmentStep,
    CountDays,
    DayCounts,
    DayTotal,
    FindFirstVisits,
    GetAppointment,
    ListAppointments,
    ListDay,
)
from clinic_core.vocabulary import AppointmentStatus

LONG_WAIT = timedelta(minutes=15)

_READ = Permission.APPOINTMENT_READ
_THE_CLINIC = "the clinic"


@query(Permission.APPOINTMENT_READ, name="appointment.list")
def list_appointments(work: Work, request: ListAppointments) -> list[AppointmentRow]:
    """The appointments in reach that begin in the period, by start; one page of at most 500."""
    return appointment_rows(
        work.session, work.actor, *_conditions(work, request), offset=request.offset, limit=request.limit
    )


@query(Permission.APPOINTMENT_READ, name="appointment.count")
def count_appointments(work: Work, request: ListAppointments) -> int:
    """How many appointments `list_appointments` would find without its limit."""
    counted = select(func.count()).select_from(Appointment).where(*_conditions(work, request))
    return work.session.execute(counted).scalar_one()


@query(Permission.APPOINTMENT_READ, name="appointment.count_by_day")
def count_by_day(work: Work, request: CountDays) -> list[DayTotal]:
    """How many appointments of the location begin on each day of the period, on its wall, by status.

    Raises:
        NotFound: an unknown location.
    """
    location = work.get(ClinicLocation, request.clinic_location_id, called="location")
    day = cast(func.timezone(location.timezone, col(Appointment.starts_at)), Date)
    statement = (
        select(day, col(Appointment.status), func.count())
        .where(*_conditions(work, request))
        .group_by(day, col(Appointment.status))
        .order_by(day)
    )
    counts: dict[date, dict[AppointmentStatus, int]] = {}
    for found, status, count in work.session.execute(statement):
        counts.setdefault(found, {})[status] = count
    return [DayTotal(day=found, by_status=by_status) for found, by_status in counts.items()]


@query(Permission.APPOINTMENT_READ, name="appointment.first_visits")
def first_visits(work: Work, request: FindFirstVisits) -> frozenset[UUID]:
    """Which of the appointments are the first of their patient: nothing before them but no-shows and cancellations."""
    earlier = aliased(Appointment)
    has_earlier = exists().where(
        col(earlier.patient_id) == col(Appointment.patient_id),
        col(earlier.starts_at) < col(Appointment.starts_at),
        col(earlier.deleted_at).is_(None),
        col(earlier.status).not_in([AppointmentStatus.NO_SHOW, AppointmentStatus.CANCELLED]),
    )
    statement = select(col(Appointment.id)).where(
        col(Appointment.id).in_(request.appointment_ids), *_readable(work), ~has_earlier
    )
    return frozenset(work.session.scalars(statement))


@query(Permission.APPOINTMENT_READ, name="appointment.day")
def day_list(work: Work, request: ListDay) -> list[AppointmentRow]:
    """The appointments of one day on the wall of a location, by start.

    Raises:
        NotFound: an unknown location.
    """
    return appointment_rows(work.session, work.actor, *_day_conditions(work, request))


@query(Permission.APPOINTMENT_READ, name="appointment.get")
def get_appointment(work: Work, request: GetAppointment) -> AppointmentRow:
    """One appointment.

    Raises:
        NotFound: unknown, deleted, or out of reach.
    """
    conditions = (col(Appointment.id) == request.appointment_id, *_readable(work))
    for row in appointment_rows(work.session, work.actor, *conditions):
        return row
    raise NotFound("This appointment does not exist.")


@query(Permission.APPOINTMENT_READ, name="appointment.history")
def appointment_history(work: Work, request: GetAppointment) -> list[AppointmentStep]:
    """Who booked, moved, cancelled or deleted an appointment, from where to where, oldest first (S11).

    Patients learn what they did themselves, and of the rest that the clinic did it.

    Raises:
        NotFound: unknown, or out of reach; for patients a deleted one too.
    """
    reachable = select(col(Appointment.practitioner_user_id), col(Appointment.deleted_at)).where(
        col(Appointment.id) == request.appointment_id, appointments_in_scope(work.actor, _READ)
    )
    found = work.session.execute(reachable).one_or_none()
    is_staff = found is not None and reads_as_staff(work.actor, found[0])
    if found is None or (found[1] is not None and not is_staff):
        raise NotFound("This appointment does not exist.")
    steps = (
        select(AppointmentEvent)
        .where(col(AppointmentEvent.appointment_id) == request.appointment_id)
        .order_by(col(AppointmentEvent.created_at), col(AppointmentEvent.id))
    )
    events = list(work.session.scalars(steps))
    people = dict(work.session.execute(select(col(AppUser.id), col(AppUser.display_name)).where(_named(events))).all())
    places = dict(work.session.execute(select(col(ClinicLocation.id), col(ClinicLocation.name))).all())
    return [
        AppointmentStep.model_validate(
            {
                **event.model_dump(),
                "at": event.created_at,
                "by": _doer(people, event) if is_staff or event.created_by == work.actor.user_id else _THE_CLINIC,
                "from_practitioner": _name(people, event.from_practitioner_user_id),
                "to_practitioner": people[event.to_practitioner_user_id],
                "from_location": _name(places, event.from_clinic_location_id),
                "to_location": places[event.to_clinic_location_id],
                "is_deleted": event.deleted,
            }
        )
        for event in events
    ]


@query(Permission.APPOINTMENT_READ, name="appointment.counts")
def today_counts(work: Work, request: ListDay) -> DayCounts:
    """How a day at a location stands: how many in each status, how many wait longer than 15 minutes.

    Raises:
        NotFound: an unknown location.
    """
    waits_long = and_(
        col(Appointment.status) == AppointmentStatus.ARRIVED, col(Appointment.status_at) < now() - LONG_WAIT
    )
    statement = (
        select(col(Appointment.status), func.count(), func.count().filter(waits_long))
        .where(*_day_conditions(work, request))
        .group_by(col(Appointment.status))
    )
    found = work.session.execute(statement).all()
    return DayCounts(
        total=sum(count for _, count, _ in found),
        by_status=dict.fromkeys(AppointmentStatus, 0) | {status: count for status, count, _ in found},
        waiting_long=sum(waiting for _, _, waiting in found),
    )


def _readable(work: Work) -> tuple[ColumnElement[bool], ...]:
    return col(Appointment.deleted_at).is_(None), appointments_in_scope(work.actor, _READ)


def _conditions(work: Work, request: ListAppointments) -> list[ColumnElement[bool]]:
    conditions = [
        *_readable(work),
        col(Appointment.starts_at) >= request.starts_from,
        col(Appointment.starts_at) < request.starts_before,
    ]
    if request.clinic_location_id is not None:
        conditions.append(col(Appointment.clinic_location_id) == request.clinic_location_id)
    if request.practitioner_ids:
        conditions.append(col(Appointment.practitioner_user_id).in_(request.practitioner_ids))
    if request.patient_id is not None:
        conditions.append(col(Appointment.patient_id) == request.patient_id)
    if request.product_service_ids:
        conditions.append(col(Appointment.product_service_id).in_(request.product_service_ids))
    if request.statuses:
        conditions.append(col(Appointment.status).in_(request.statuses))
    return conditions


def _day_conditions(work: Work, request: ListDay) -> list[ColumnElement[bool]]:
    location = work.get(ClinicLocation, request.clinic_location_id, called="location")
    day = day_bounds(request.day, zone(location.timezone))
    conditions = [
        *_readable(work),
        col(Appointment.clinic_location_id) == location.id,
        col(Appointment.starts_at) >= day.start,
        col(Appointment.starts_at) < day.end,
    ]
    if request.practitioner_ids:
        conditions.append(col(Appointment.practitioner_user_id).in_(request.practitioner_ids))
    return conditions


def _named(events: list[AppointmentEvent]) -> ColumnElement[bool]:
    ids = {
        user_id
        for event in events
        for user_id in (event.created_by, event.from_practitioner_user_id, event.to_practitioner_user_id)
        if user_id is not None
    }
    return col(AppUser.id).in_(ids)


def _doer(people: dict[UUID, str], event: AppointmentEvent) -> str:
    return _name(people, event.created_by) or "system"


def _name(names: dict[UUID, str], row_id: UUID | None) -> str:
    return names.get(row_id, "") if row_id else ""
