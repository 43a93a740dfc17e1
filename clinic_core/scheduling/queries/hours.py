"""Opening hours, closures, and the working time that the calendar shades around."""

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlmodel import col

from clinic_core.access import Permission, Work, query
from clinic_core.kit.calendar import Span, clip, day_bounds, local_date, range_bounds, to_wall, zone
from clinic_core.models import (
    Appointment,
    AppUser,
    ClinicLocation,
    LocationClosure,
    LocationHours,
    PractitionerProfile,
)
from clinic_core.scheduling.availability import ClosedDays, opening_spans, working_spans
from clinic_core.scheduling.displaced import count_displaced
from clinic_core.scheduling.place_rows import closure_row
from clinic_core.scheduling.queries.hours_away import list_absences, list_outages
from clinic_core.scheduling.reach import find_rostered_practitioner, knows_the_rota
from clinic_core.scheduling.rota import check_rules
from clinic_core.scheduling.schemas import (
    AvailabilityPreview,
    ClosureRow,
    DayHours,
    GetOpeningHours,
    GetWorkingHours,
    ListAbsences,
    ListClosures,
    ListOutages,
    OpeningSpan,
    PreviewAvailability,
    PreviewedSpan,
    WeeklyAvailability,
    WorkingHours,
    WorkingSpan,
)
from clinic_core.vocabulary import ConflictKind, UserStatus

_READERS = (Permission.APPOINTMENT_READ, Permission.SCHEDULE_MANAGE, Permission.SETTINGS_MANAGE)


@query(*_READERS, name="location.hours")
def get_opening_hours(work: Work, request: GetOpeningHours) -> DayHours:
    """The weekly opening hours of a location.

    Raises:
        NotFound: an unknown location.
    """
    location = work.get(ClinicLocation, request.clinic_location_id, called="location")
    return DayHours(clinic_location_id=location.id, spans=_opening(work, location.id), version=location.version)


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
    if request.starts_to is not None:
        conditions.append(col(LocationClosure.starts_on) <= request.starts_to)
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


@query(*_READERS, name="schedule.working_hours")
def working_hours(work: Work, request: GetWorkingHours) -> WorkingHours:
    """When a location is open and who works there when, as instants; six queries however long the period.

    Patients learn when it is open.

    Raises:
        NotFound: an unknown location.
    """
    location = work.get(ClinicLocation, request.clinic_location_id, called="location")
    place = zone(location.timezone)
    during = range_bounds(request.first, request.last, place)
    closures = list_closures(
        work, ListClosures(clinic_location_id=location.id, ends_from=request.first, starts_to=request.last)
    )
    closed = [ClosedDays(closure.starts_on, closure.ends_on) for closure in closures]
    profiles = _profiles(work, request.practitioner_ids) if knows_the_rota(work.actor) else {}
    absences = list_absences(
        work, ListAbsences(user_ids=tuple(profiles), starts_before=during.end, ends_after=during.start)
    )
    outages = list_outages(
        work, ListOutages(clinic_location_id=location.id, starts_before=during.end, ends_after=during.start)
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
        outages=tuple(outages),
        closures=tuple(closures),
    )


@query(Permission.SCHEDULE_MANAGE, name="availability.preview")
def preview_availability(work: Work, request: PreviewAvailability) -> AvailabilityPreview:
    """What working hours that are being edited come to on the next days, and whose appointments would lie outside.

    Raises:
        NotFound: an unknown practitioner or location, or a calendar that is not the actor's.
        InvalidInput: the rules ask for two locations at once.
    """
    user, _ = find_rostered_practitioner(work.session, work.actor, request.practitioner_user_id)
    last = request.first + timedelta(weeks=request.weeks, days=-1)
    spans = [
        span
        for location in check_rules(work.session, work.actor, request.rules).values()
        for span in _previewed(work, request, location, last)
    ]
    booked = count_displaced(
        work.session,
        work.actor,
        col(Appointment.practitioner_user_id) == user.id,
        rota={user.id: request.rules},
    )
    return AvailabilityPreview(
        spans=tuple(sorted(spans, key=lambda span: (span.day, span.starts))),
        displaced=booked[ConflictKind.OUTSIDE_HOURS],
    )


def _previewed(
    work: Work, request: PreviewAvailability, location: ClinicLocation, last: date
) -> Iterator[PreviewedSpan]:
    place = zone(location.timezone)
    during = range_bounds(request.first, last, place)
    closures = list_closures(
        work, ListClosures(clinic_location_id=location.id, ends_from=request.first, starts_to=last)
    )
    user_ids = (request.practitioner_user_id,)
    away = list_absences(work, ListAbsences(user_ids=user_ids, starts_before=during.end, ends_after=during.start))
    for span in working_spans(
        [rule for rule in request.rules if rule.clinic_location_id == location.id],
        place,
        closures=[ClosedDays(closure.starts_on, closure.ends_on) for closure in closures],
        absences=[(absence.starts_at, absence.ends_at) for absence in away],
        during=during,
    ):
        day = local_date(span.start, place)
        while (bounds := day_bounds(day, place)).start < span.end:
            for start, end in clip([span], bounds):
                yield PreviewedSpan(
                    day=day,
                    clinic_location_id=location.id,
                    location=location.name,
                    starts=to_wall(start, place).time(),
                    ends=to_wall(end, place).time(),
                )
            day += timedelta(days=1)


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
