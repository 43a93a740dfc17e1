"""When locations are open and when people work: opening hours, closures, weekly availability."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, false, or_, select, true
from sqlmodel import col

from clinic_core.access import Permission, Work, use_case
from clinic_core.kit.calendar import range_bounds, zone
from clinic_core.models import Appointment, ClinicLocation, LocationClosure, LocationHours, PractitionerProfile
from clinic_core.scheduling.displaced import count_displaced
from clinic_core.scheduling.place_rows import closure_row
from clinic_core.scheduling.reach import find_rostered_practitioner
from clinic_core.scheduling.rota import check_rules
from clinic_core.scheduling.schemas import (
    AddClosure,
    AvailabilitySaved,
    ClosureAdded,
    ClosureRow,
    OpeningHoursSaved,
    RemoveClosure,
    SetAvailability,
    SetOpeningHours,
    WeeklyAvailability,
)
from clinic_core.vocabulary import ConflictKind, Scope

_SCHEDULE = Permission.SCHEDULE_MANAGE


@use_case(Permission.SETTINGS_MANAGE, name="location.set_hours")
def set_opening_hours(work: Work, request: SetOpeningHours) -> OpeningHoursSaved:
    """Replaces the opening hours of a location by the spans given. Appointments booked stay until they are moved.

    Takes the calendar lock, so that no booking under way is missing from the count of those that lie outside. The hours
    have the version of their location, which goes up.

    Raises:
        NotFound: an unknown location.
        StaleEdit: the location or its hours were changed after the form was drawn.
    """
    work.lock_calendar()
    location = work.lock(ClinicLocation, request.clinic_location_id, called="location", version=request.version)
    work.session.execute(delete(LocationHours).where(col(LocationHours.clinic_location_id) == location.id))
    spans = tuple(sorted(request.spans, key=lambda span: (span.weekday, span.opens)))
    work.session.add_all(
        LocationHours(
            organization_id=work.actor.organization_id,
            clinic_location_id=location.id,
            weekday=span.weekday,
            opens=span.opens,
            closes=span.closes,
        )
        for span in spans
    )
    location.version += 1
    work.session.flush()
    displaced = count_displaced(work.session, work.actor, col(Appointment.clinic_location_id) == location.id)
    return OpeningHoursSaved(
        clinic_location_id=location.id,
        spans=spans,
        version=location.version,
        displaced=displaced.get(ConflictKind.OUTSIDE_HOURS, 0),
    )


@use_case(Permission.SCHEDULE_MANAGE, name="closure.add")
def add_closure(work: Work, request: AddClosure) -> ClosureAdded:
    """Closes a location, or the whole clinic, for some days. Appointments booked there stay until they are moved.

    Takes the calendar lock, so that no booking under way is missing from the count of those that lie there.

    Raises:
        NotFound: an unknown location.
        PermissionDenied: the actor decides about the own calendar only.
    """
    _check_may_close(work, "closure.add", request.clinic_location_id)
    work.lock_calendar()
    location = (
        work.get(ClinicLocation, request.clinic_location_id, called="location") if request.clinic_location_id else None
    )
    closure = LocationClosure(
        organization_id=work.actor.organization_id,
        clinic_location_id=request.clinic_location_id,
        starts_on=request.starts_on,
        ends_on=request.ends_on,
        name=request.name,
    )
    work.session.add(closure)
    work.session.flush()
    row = closure_row(closure, location.name if location else "")
    displaced = count_displaced(work.session, work.actor, _on_days(work, closure))
    return ClosureAdded(**dict(row), displaced=displaced.get(ConflictKind.CLOSED, 0))


@use_case(Permission.SCHEDULE_MANAGE, name="closure.remove")
def remove_closure(work: Work, request: RemoveClosure) -> ClosureRow:
    """Takes a closure back; returns what it was.

    Raises:
        NotFound: an unknown closure.
        PermissionDenied: the actor decides about the own calendar only.
    """
    closure = work.lock(LocationClosure, request.closure_id, called="closure")
    _check_may_close(work, "closure.remove", closure.clinic_location_id)
    location = work.find(ClinicLocation, closure.clinic_location_id) if closure.clinic_location_id else None
    row = closure_row(closure, location.name if location else "")
    work.session.delete(closure)
    return row


@use_case(Permission.SCHEDULE_MANAGE, name="availability.set")
def set_availability(work: Work, request: SetAvailability) -> AvailabilitySaved:
    """Replaces the weekly working hours of a practitioner. Appointments booked stay until they are moved.

    Takes the calendar lock, so that no booking under way is missing from the count of those that lie outside.

    Raises:
        NotFound: an unknown practitioner or location, or a calendar that is not the actor's.
        StaleEdit: the profile was changed after the form was drawn.
        InvalidInput: more than a hundred rules, or two locations at once.
    """
    work.lock_calendar()
    user, profile_id = find_rostered_practitioner(work.session, work.actor, request.practitioner_user_id)
    profile = work.lock(PractitionerProfile, profile_id, called="practitioner", version=request.version)
    availability = WeeklyAvailability(rules=request.rules)
    check_rules(work.session, work.actor, availability.rules)
    profile.availability_json = availability.to_json()
    work.session.flush()
    displaced = count_displaced(work.session, work.actor, col(Appointment.practitioner_user_id) == user.id)
    return AvailabilitySaved(
        rules=availability.rules, displaced=displaced.get(ConflictKind.OUTSIDE_HOURS, 0), version=profile.version
    )


def _on_days(work: Work, closure: LocationClosure) -> ColumnElement[bool]:
    """The appointments on the days of a closure, which are days on the wall of each location."""
    is_meant = col(ClinicLocation.id) == closure.clinic_location_id if closure.clinic_location_id else true()
    places = work.session.execute(select(col(ClinicLocation.id), col(ClinicLocation.timezone)).where(is_meant))
    conditions = []
    for location_id, timezone in places.all():
        bounds = range_bounds(closure.starts_on, closure.ends_on, zone(timezone))
        conditions.append(
            and_(
                col(Appointment.clinic_location_id) == location_id,
                col(Appointment.starts_at) < bounds.end,
                col(Appointment.ends_at) > bounds.start,
            )
        )
    return or_(false(), *conditions)


def _check_may_close(work: Work, name: str, location_id: UUID | None) -> None:
    scope = work.actor.scope(_SCHEDULE)
    if scope is Scope.ORGANISATION or (scope is Scope.LOCATION and location_id in work.actor.location_ids):
        return
    raise work.refused(name, _SCHEDULE, "You may not close this location; you decide about your own calendar.")
