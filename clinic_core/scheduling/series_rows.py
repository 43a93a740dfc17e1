"""From stored and drafted series to what leaves the core, in a constant number of queries."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.access import Actor, Permission
from clinic_core.access.scope import appointments_in_scope
from clinic_core.kit.clock import now
from clinic_core.kit.recurrence import describe, occurrences, parse_rrule
from clinic_core.models import (
    Appointment,
    AppointmentSeries,
    AppointmentSeriesGap,
    AppointmentSeriesResource,
    AppUser,
    ClinicLocation,
    LocationResource,
    ProductService,
)
from clinic_core.scheduling.reach import reads_as_staff
from clinic_core.scheduling.schemas import OccurrenceRow, ResourceRef, SeriesEditRow, SeriesRow
from clinic_core.scheduling.series import Terms, can_override, status_of
from clinic_core.scheduling.series_book import number_of_dates
from clinic_core.scheduling.series_edit import DraftRow
from clinic_core.scheduling.series_gaps import OPEN_GAP
from clinic_core.scheduling.series_held import held_appointments, series_terms

_MOST_POSITIONS = 10_000
_TICK = timedelta(seconds=1)
_BEFORE = text(
    """
    with recursive earlier as (
      select s.id, s.split_from_id, s.rrule, s.starts_at_wall, s.timezone, 1 as step
      from appointment_series s join appointment_series later on later.split_from_id = s.id
      where later.id = :series_id
      union all
      select s.id, s.split_from_id, s.rrule, s.starts_at_wall, s.timezone, e.step + 1
      from appointment_series s join earlier e on e.split_from_id = s.id where e.step < 200)
    select rrule, starts_at_wall, timezone from earlier
    """
)


def series_row(
    session: Session, actor: Actor, series: AppointmentSeries, *, original: datetime | None, page: tuple[int, int]
) -> SeriesRow:
    """The series with a page (offset, limit) of its appointments in the actor's reach, and where `original` stands."""
    terms = series_terms(session, series)
    names = session.execute(
        select(col(AppUser.display_name), col(ClinicLocation.name), col(ProductService.name))
        .select_from(AppointmentSeries)
        .join(AppUser, col(AppUser.id) == col(AppointmentSeries.practitioner_user_id))
        .join(ClinicLocation, col(ClinicLocation.id) == col(AppointmentSeries.clinic_location_id))
        .outerjoin(ProductService, col(ProductService.id) == col(AppointmentSeries.product_service_id))
        .where(col(AppointmentSeries.id) == series.id)
    ).one()
    earlier = _dates_before(session, series.id)
    own = number_of_dates(terms)
    rows, positions = _occurrences(session, actor, series.id, terms, earlier, page)
    return SeriesRow(
        id=series.id,
        patient_id=series.patient_id,
        practitioner_user_id=series.practitioner_user_id,
        practitioner=names[0],
        clinic_location_id=series.clinic_location_id,
        location=names[1],
        product_service_id=series.product_service_id,
        service=names[2] or "",
        case_id=series.case_id,
        note=series.note if reads_as_staff(actor, series.practitioner_user_id) else "",
        rrule=series.rrule,
        words=describe(series.rrule),
        starts_at_wall=series.starts_at_wall,
        timezone=series.timezone,
        duration_minutes=series.duration_minutes,
        resources=_resources(session, series.id),
        skipped=terms.exdates,
        split_from_id=series.split_from_id,
        total=None if own is None else earlier + own,
        position=_position(terms, original, earlier, positions),
        occurrences=rows,
        occurrence_count=_count(session, actor, series.id),
        gap_count=_gap_count(session, series.id),
        version=series.version,
    )


def edit_row(actor: Actor, row: DraftRow) -> SeriesEditRow:
    """One appointment of a drafted change, old to new."""
    step, held, wanted = row.step, row.step.held, row.wanted
    return SeriesEditRow(
        step=step.kind,
        appointment_id=held.id if held else None,
        is_exception=step.is_exception,
        why=step.why,
        old_starts_at=held.starts_at if held else None,
        old_ends_at=held.ends_at if held else None,
        original_starts_at=step.date.instant if step.date else None,
        starts_at=wanted.starts_at if wanted else None,
        ends_at=wanted.ends_at if wanted else None,
        shifted=bool(step.date and step.date.shifted),
        repeated=bool(step.date and step.date.repeated),
        status=status_of(row.obstacles),
        obstacles=row.obstacles,
        can_override=wanted is not None and can_override(actor, wanted, row.obstacles),
    )


def _occurrences(
    session: Session, actor: Actor, series_id: UUID, terms: Terms, earlier: int, page: tuple[int, int]
) -> tuple[tuple[OccurrenceRow, ...], dict[datetime, int]]:
    ids = select(col(Appointment.id)).where(*_shown(actor, series_id))
    ids = ids.order_by(col(Appointment.original_starts_at), col(Appointment.id)).offset(page[0]).limit(page[1])
    held = held_appointments(session, col(Appointment.id).in_(session.scalars(ids).all()))
    people = select(col(AppUser.id), col(AppUser.display_name)).where(
        col(AppUser.id).in_({one.practitioner_user_id for one in held})
    )
    names = dict(session.execute(people).all())
    last = max((one.original_starts_at for one in held), default=None)
    positions = _positions(terms, last, earlier) if last else {}
    instant = now()
    rows = tuple(
        OccurrenceRow(
            id=one.id,
            position=positions.get(one.original_starts_at),
            original_starts_at=one.original_starts_at,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            status=one.status,
            practitioner=names[one.practitioner_user_id],
            is_exception=one.differs_from(terms),
            is_fixed=bool(one.fixed_because(actor, instant)),
        )
        for one in held
    )
    return rows, positions


def _shown(actor: Actor, series_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return (
        col(Appointment.series_id) == series_id,
        col(Appointment.deleted_at).is_(None),
        appointments_in_scope(actor, Permission.APPOINTMENT_READ),
    )


def _positions(terms: Terms, last: datetime, earlier: int) -> dict[datetime, int]:
    dates = terms.dates(before=last + _TICK, limit=_MOST_POSITIONS)
    return {date.instant: earlier + place for place, date in enumerate(dates, start=1)}


def _position(terms: Terms, original: datetime | None, earlier: int, known: dict[datetime, int]) -> int | None:
    if original is None:
        return None
    return (known if original in known else _positions(terms, original, earlier)).get(original)


def _dates_before(session: Session, series_id: UUID) -> int:
    """How many dates the series from which this one was split name; each of them ends where the next begins."""
    found = session.execute(_BEFORE, {"series_id": series_id}).all()
    return sum(
        len(occurrences(rrule, starts_at_wall, place, limit=_MOST_POSITIONS))
        for rrule, starts_at_wall, place in found
        if parse_rrule(rrule).until is not None
    )


def _resources(session: Session, series_id: UUID) -> tuple[ResourceRef, ...]:
    statement = (
        select(col(LocationResource.id), col(LocationResource.type), col(LocationResource.name))
        .join(AppointmentSeriesResource, col(AppointmentSeriesResource.resource_id) == col(LocationResource.id))
        .where(col(AppointmentSeriesResource.series_id) == series_id)
        .order_by(col(LocationResource.type).desc(), col(LocationResource.name), col(LocationResource.id))
    )
    return tuple(ResourceRef(id=found, type=kind, name=name) for found, kind, name in session.execute(statement))


def _count(session: Session, actor: Actor, series_id: UUID) -> int:
    return session.execute(select(func.count()).select_from(Appointment).where(*_shown(actor, series_id))).scalar_one()


def _gap_count(session: Session, series_id: UUID) -> int:
    return session.execute(
        select(func.count())
        .select_from(AppointmentSeriesGap)
        .where(col(AppointmentSeriesGap.series_id) == series_id, OPEN_GAP)
    ).scalar_one()
