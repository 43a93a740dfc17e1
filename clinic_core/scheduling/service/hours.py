"""When locations are open and when people work: opening hours, closures, absences, weekly availability."""

from uuid import UUID

from sqlalchemy import delete, select
from sqlmodel import col

from clinic_core.access import Permission, Work, use_case
from clinic_core.errors import NotFound
from clinic_core.models import (
    Absence,
    AppUser,
    ClinicLocation,
    LocationClosure,
    LocationHours,
    PractitionerProfile,
    UserLocation,
)
from clinic_core.scheduling.place_rows import absence_row, closure_row
from clinic_core.scheduling.reach import reaches
from clinic_core.scheduling.schemas import (
    AbsenceRow,
    AddAbsence,
    AddClosure,
    ClosureRow,
    DayHours,
    OpeningSpan,
    RemoveAbsence,
    RemoveClosure,
    SetAvailability,
    SetOpeningHours,
    WeeklyAvailability,
)
from clinic_core.vocabulary import Scope

_SCHEDULE = Permission.SCHEDULE_MANAGE


@use_case(Permission.SETTINGS_MANAGE, name="location.set_hours")
def set_opening_hours(work: Work, request: SetOpeningHours) -> DayHours:
    """Replaces the opening hours of a location by the spans given.

    Raises:
        NotFound: an unknown location.
    """
    location = work.lock(ClinicLocation, request.clinic_location_id, called="location")
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
    return DayHours(clinic_location_id=location.id, spans=tuple(OpeningSpan(**dict(span)) for span in spans))


@use_case(Permission.SCHEDULE_MANAGE, name="closure.add")
def add_closure(work: Work, request: AddClosure) -> ClosureRow:
    """Closes a location, or the whole clinic, for some days. Appointments booked there stay until they are moved.

    Raises:
        NotFound: an unknown location.
        PermissionDenied: the actor decides about the own calendar only.
    """
    _check_may_close(work, "closure.add", request.clinic_location_id)
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
    return closure_row(closure, location.name if location else "")


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


@use_case(Permission.SCHEDULE_MANAGE, name="absence.add")
def add_absence(work: Work, request: AddAbsence) -> AbsenceRow:
    """A practitioner is away for a time. Appointments booked then stay until they are moved.

    Raises:
        NotFound: an unknown practitioner, or one whose calendar is not the actor's.
    """
    practitioner, _ = _practitioner(work, request.user_id)
    absence = Absence(
        organization_id=work.actor.organization_id,
        user_id=practitioner.id,
        starts_at=request.starts_at,
        ends_at=request.ends_at,
        reason=request.reason,
    )
    work.session.add(absence)
    work.session.flush()
    return absence_row(absence, practitioner.display_name, absence.reason)


@use_case(Permission.SCHEDULE_MANAGE, name="absence.remove")
def remove_absence(work: Work, request: RemoveAbsence) -> AbsenceRow:
    """Takes an absence back; returns what it was.

    Raises:
        NotFound: an unknown absence, or one of somebody whose calendar is not the actor's.
    """
    absence = work.lock(Absence, request.absence_id, called="absence")
    practitioner, _ = _practitioner(work, absence.user_id)
    row = absence_row(absence, practitioner.display_name, absence.reason)
    work.session.delete(absence)
    return row


@use_case(Permission.SCHEDULE_MANAGE, name="availability.set")
def set_availability(work: Work, request: SetAvailability) -> WeeklyAvailability:
    """Replaces the weekly working hours of a practitioner.

    Raises:
        NotFound: an unknown practitioner or location, or a calendar that is not the actor's.
        StaleEdit: the profile was changed after the form was drawn.
        InvalidInput: more than a hundred rules.
    """
    _, profile_id = _practitioner(work, request.practitioner_user_id)
    profile = work.lock(PractitionerProfile, profile_id, called="practitioner", version=request.version)
    availability = WeeklyAvailability(rules=request.rules)
    wanted = {rule.clinic_location_id for rule in request.rules}
    known = set(work.session.scalars(select(col(ClinicLocation.id)).where(col(ClinicLocation.id).in_(wanted))))
    if wanted - known:
        raise NotFound("This location does not exist.")
    profile.availability_json = availability.to_json()
    return availability


def _practitioner(work: Work, user_id: UUID) -> tuple[AppUser, UUID]:
    """The practitioner whose calendar the actor may change, and the id of the profile."""
    statement = (
        select(AppUser, col(PractitionerProfile.id))
        .join(PractitionerProfile, col(PractitionerProfile.user_id) == col(AppUser.id))
        .where(col(AppUser.id) == user_id)
    )
    found = work.session.execute(statement).one_or_none()
    if found is None or not _reaches_person(work, user_id):
        raise NotFound("This practitioner does not exist.")
    return found[0], found[1]


def _reaches_person(work: Work, user_id: UUID) -> bool:
    """Location scope reaches those who work at one of the actor's locations."""
    if work.actor.scope(_SCHEDULE) is not Scope.LOCATION:
        return reaches(work.actor, _SCHEDULE, practitioner_id=user_id)
    statement = select(col(UserLocation.clinic_location_id)).where(col(UserLocation.user_id) == user_id)
    places = set(work.session.scalars(statement))
    return user_id == work.actor.user_id or bool(places & work.actor.location_ids)


def _check_may_close(work: Work, name: str, location_id: UUID | None) -> None:
    scope = work.actor.scope(_SCHEDULE)
    if scope is Scope.ORGANISATION or (scope is Scope.LOCATION and location_id in work.actor.location_ids):
        return
    raise work.refused(name, _SCHEDULE, "You may not close this location; you decide about your own calendar.")
