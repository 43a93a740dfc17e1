"""Opening hours, closures, absences, and the working time that the calendar shades around."""

from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlmodel import col

from clinic_core.access import Permission, Work, query
from clinic_core.kit.calendar import Span, range_bounds, zone
from clinic_core.models import Absence, AppUser, ClinicLocation, LocationClosure, LocationHours, PractitionerProfile
from clinic_core.scheduling.availability import ClosedDays, opening_spans, working_spans
from clinic_core.scheduling.place_rows import absence_row, closure_row
from clinic_core.scheduling.reach import reaches
from clinic_core.scheduling.schemas import (
    AbsenceRow,
    ClosureRow,
    DayHours,
    GetOpeningHours,
    GetWorkingHours,
    ListAbsences,
    ListClosures,
    OpeningSpan,
    WeeklyAvailability,
    WorkingHours,
    WorkingSpan,
)
from clinic_core.vocabulary import UserStatus

_READERS = (Permission.APPOINTMENT_READ, Permission.SCHEDULE_MANAGE, Permission.SETTINGS_MANAGE)


@query(*_READERS, name="location.hours")
def get_opening_hours(work: Work, request: GetOpeningHours) -> DayHours:
    """The weekly opening hours of a location.

    Raises:
        NotFound: an unknown location.
    """
    location = work.get(ClinicLocation, request.clinic_location_id, called="location")
    return DayHours(clinic_location_id=location.id, spans=_opening(work, location.id))


@query(*_READERS, name="closure.list")
def list_closures(work: Work, request: ListClosures) -> list[ClosureRow]:
    """Closures by first day; those of the whole clinic are part of every location's."""
    conditions: list[ColumnElement[bool]] = []
    if request.clinic_location_id is not None:
        conditions.append(
            or_(
                col(LocationClosure.clinic_location_id) == request.clinic_location_id,
                col(LocationClosure.clinic_location_id).is_(None),
            )
        )
    if request.ends_from is not None:
        conditions.append(col(LocationClosure.ends_on) >= request.ends_from)
    statement = (
        select(LocationClosure, col(ClinicLocation.name))
        .outerjoin(ClinicLocation, col(ClinicLocation.id) == col(LocationClosure.clinic_location_id))
        .where(*conditions)
        .order_by(col(LocationClosure.starts_on), col(LocationClosure.id))
    )
    return [
        closure_row(closure, location if closure.clinic_location_id else "")
        for closure, location in work.session.execute(statement).all()
    ]


@query(*_READERS, name="absence.list")
def list_absences(work: Work, request: ListAbsences) -> list[AbsenceRow]:
    """Absences that touch the period by start; the reason is told to those who plan the rota, and to oneself."""
    conditions = [
        col(Absence.starts_at) < request.starts_before,
        col(Absence.ends_at) > request.ends_after,
    ]
    if request.user_ids:
        conditions.append(col(Absence.user_id).in_(request.user_ids))
    statement = (
        select(Absence, col(AppUser.display_name))
        .join(AppUser, col(AppUser.id) == col(Absence.user_id))
        .where(*conditions)
        .order_by(col(Absence.starts_at), col(Absence.id))
    )
    return [
        absence_row(absence, name, absence.reason if _may_know_why(work, absence.user_id) else "")
        for absence, name in work.session.execute(statement).all()
    ]


@query(*_READERS, name="schedule.working_hours")
def working_hours(work: Work, request: GetWorkingHours) -> WorkingHours:
    """When a location is open and who works there when, as instants; five queries however long the period.

    Raises:
        NotFound: an unknown location.
    """
    location = work.get(ClinicLocation, request.clinic_location_id, called="location")
    place = zone(location.timezone)
    during = range_bounds(request.first, request.last, place)
    closures = [
        closure
        for closure in list_closures(work, ListClosures(clinic_location_id=location.id, ends_from=request.first))
        if closure.starts_on <= request.last
    ]
    closed = [ClosedDays(closure.starts_on, closure.ends_on) for closure in closures]
    profiles = _profiles(work, request.practitioner_ids)
    absences = list_absences(
        work, ListAbsences(user_ids=tuple(profiles), starts_before=during.end, ends_after=during.start)
    )
    working = {
        user_id: working_spans(
            [rule for rule in availability.rules if rule.clinic_location_id == location.id],
            place,
            closures=closed,
            absences=[(absence.starts_at, absence.ends_at) for absence in absences if absence.user_id == user_id],
            during=during,
        )
        for user_id, availability in profiles.items()
    }
    return WorkingHours(
        clinic_location_id=location.id,
        timezone=location.timezone,
        opening=_spans(opening_spans(_opening(work, location.id), place, closures=closed, during=during)),
        working={user_id: _spans(spans) for user_id, spans in working.items()},
        absences=tuple(absences),
        closures=tuple(closures),
    )


def _spans(spans: list[Span]) -> tuple[WorkingSpan, ...]:
    return tuple(WorkingSpan(starts_at=span.start, ends_at=span.end) for span in spans)


def _opening(work: Work, location_id: UUID) -> tuple[OpeningSpan, ...]:
    statement = (
        select(LocationHours)
        .where(col(LocationHours.clinic_location_id) == location_id)
        .order_by(col(LocationHours.weekday), col(LocationHours.opens), col(LocationHours.id))
    )
    return tuple(
        OpeningSpan(weekday=hours.weekday, opens=hours.opens, closes=hours.closes)
        for hours in work.session.scalars(statement)
    )


def _profiles(work: Work, practitioner_ids: tuple[UUID, ...]) -> dict[UUID, WeeklyAvailability]:
    statement = (
        select(col(PractitionerProfile.user_id), col(PractitionerProfile.availability_json))
        .join(AppUser, col(AppUser.id) == col(PractitionerProfile.user_id))
        .where(col(AppUser.status) != UserStatus.INACTIVE)
        .order_by(col(PractitionerProfile.user_id))
    )
    if practitioner_ids:
        statement = statement.where(col(PractitionerProfile.user_id).in_(practitioner_ids))
    return {user_id: WeeklyAvailability.from_json(stored) for user_id, stored in work.session.execute(statement).all()}


def _may_know_why(work: Work, user_id: UUID) -> bool:
    return reaches(work.actor, Permission.SCHEDULE_MANAGE, practitioner_id=user_id)
