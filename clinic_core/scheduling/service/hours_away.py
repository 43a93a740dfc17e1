"""Who and what is not there: absences of practitioners, outages of rooms and equipment.

Adding and changing take the calendar lock: a booking under way either is in the count of what lies there, or was not
yet made and is refused.
"""

from uuid import UUID

from sqlalchemy import ColumnElement, exists
from sqlmodel import col

from clinic_core.access import Permission, Work, use_case
from clinic_core.models import (
    Absence,
    Appointment,
    AppointmentResource,
    ClinicLocation,
    LocationResource,
    ResourceOutage,
)
from clinic_core.scheduling.conflict_facts import LONGEST_REACH
from clinic_core.scheduling.displaced import count_displaced
from clinic_core.scheduling.place_rows import absence_row, outage_row
from clinic_core.scheduling.reach import find_rostered_practitioner
from clinic_core.scheduling.schemas import (
    AbsenceRow,
    AbsenceSaved,
    AddAbsence,
    AddOutage,
    ChangeAbsence,
    ChangeOutage,
    OutageRow,
    OutageSaved,
    RemoveAbsence,
    RemoveOutage,
)
from clinic_core.vocabulary import ConflictKind, Scope

_SCHEDULE = Permission.SCHEDULE_MANAGE


@use_case(Permission.SCHEDULE_MANAGE, name="absence.add")
def add_absence(work: Work, request: AddAbsence) -> AbsenceSaved:
    """A practitioner is away for a time. Appointments booked then stay until they are moved; they are counted.

    Raises:
        NotFound: an unknown practitioner, or one whose calendar is not the actor's.
    """
    work.lock_calendar()
    practitioner, _ = find_rostered_practitioner(work.session, work.actor, request.user_id)
    absence = Absence(
        organization_id=work.actor.organization_id,
        user_id=practitioner.id,
        starts_at=request.starts_at,
        ends_at=request.ends_at,
        kind=request.kind,
        reason=request.reason,
    )
    work.session.add(absence)
    return _absence_saved(work, absence, practitioner.display_name)


@use_case(Permission.SCHEDULE_MANAGE, name="absence.change")
def change_absence(work: Work, request: ChangeAbsence) -> AbsenceSaved:
    """Another time, kind or reason; the appointments booked in the new time are counted.

    Raises:
        NotFound: an unknown absence, or one of somebody whose calendar is not the actor's.
        StaleEdit: it was changed after the form was drawn.
    """
    work.lock_calendar()
    absence = work.get(Absence, request.absence_id, called="absence")
    practitioner, _ = find_rostered_practitioner(work.session, work.actor, absence.user_id)
    absence = work.lock(Absence, request.absence_id, called="absence", version=request.version)
    absence.starts_at, absence.ends_at = request.starts_at, request.ends_at
    absence.kind, absence.reason = request.kind, request.reason
    return _absence_saved(work, absence, practitioner.display_name)


@use_case(Permission.SCHEDULE_MANAGE, name="absence.remove")
def remove_absence(work: Work, request: RemoveAbsence) -> AbsenceRow:
    """Takes an absence back; returns what it was.

    Raises:
        NotFound: an unknown absence, or one of somebody whose calendar is not the actor's.
    """
    absence = work.lock(Absence, request.absence_id, called="absence")
    practitioner, _ = find_rostered_practitioner(work.session, work.actor, absence.user_id)
    row = absence_row(absence, practitioner.display_name, may_know_why=True)
    work.session.delete(absence)
    return row


@use_case(Permission.SCHEDULE_MANAGE, name="outage.add")
def add_outage(work: Work, request: AddOutage) -> OutageSaved:
    """A room or a piece of equipment cannot be used for a time. Appointments booked there stay; they are counted.

    Raises:
        NotFound: an unknown room or piece of equipment.
        PermissionDenied: the actor decides about the own calendar only, or about other locations.
    """
    resource = work.get(LocationResource, request.resource_id, called="room or piece of equipment")
    _check_may_block(work, "outage.add", resource)
    work.lock_calendar()
    outage = ResourceOutage(
        organization_id=work.actor.organization_id,
        resource_id=resource.id,
        starts_at=request.starts_at,
        ends_at=request.ends_at,
        reason=request.reason,
    )
    work.session.add(outage)
    return _outage_saved(work, outage, resource)


@use_case(Permission.SCHEDULE_MANAGE, name="outage.change")
def change_outage(work: Work, request: ChangeOutage) -> OutageSaved:
    """Another time or reason; the appointments booked in the new time are counted.

    Raises:
        NotFound: an unknown outage.
        PermissionDenied: as for adding one.
        StaleEdit: it was changed after the form was drawn.
    """
    resource = _resource_of(work, request.outage_id)
    _check_may_block(work, "outage.change", resource)
    work.lock_calendar()
    outage = work.lock(ResourceOutage, request.outage_id, called="outage", version=request.version)
    outage.starts_at, outage.ends_at, outage.reason = request.starts_at, request.ends_at, request.reason
    return _outage_saved(work, outage, resource)


@use_case(Permission.SCHEDULE_MANAGE, name="outage.remove")
def remove_outage(work: Work, request: RemoveOutage) -> OutageRow:
    """Takes an outage back; returns what it was.

    Raises:
        NotFound: an unknown outage.
        PermissionDenied: as for adding one.
    """
    resource = _resource_of(work, request.outage_id)
    _check_may_block(work, "outage.remove", resource)
    outage = work.lock(ResourceOutage, request.outage_id, called="outage")
    row = outage_row(outage, resource, _location_of(work, resource).name)
    work.session.delete(outage)
    return row


def _absence_saved(work: Work, absence: Absence, name: str) -> AbsenceSaved:
    work.session.flush()
    work.session.refresh(absence)
    displaced = count_displaced(
        work.session, work.actor, col(Appointment.practitioner_user_id) == absence.user_id, *_within(absence)
    )
    row = absence_row(absence, name, may_know_why=True)
    return AbsenceSaved(**dict(row), displaced=displaced[ConflictKind.ABSENCE])


def _outage_saved(work: Work, outage: ResourceOutage, resource: LocationResource) -> OutageSaved:
    work.session.flush()
    work.session.refresh(outage)
    takes_it = exists().where(
        col(AppointmentResource.appointment_id) == col(Appointment.id),
        col(AppointmentResource.resource_id) == resource.id,
    )
    displaced = count_displaced(work.session, work.actor, takes_it, *_within(outage))
    row = outage_row(outage, resource, _location_of(work, resource).name)
    return OutageSaved(**dict(row), displaced=displaced[ConflictKind.OUT_OF_SERVICE])


def _within(away: Absence | ResourceOutage) -> tuple[ColumnElement[bool], ...]:
    """Appointments that may reach into the time; which of them do is decided with their buffers."""
    return (
        col(Appointment.starts_at) < away.ends_at,
        col(Appointment.starts_at) > away.starts_at - LONGEST_REACH,
    )


def _resource_of(work: Work, outage_id: UUID) -> LocationResource:
    outage = work.get(ResourceOutage, outage_id, called="outage")
    return work.get(LocationResource, outage.resource_id, called="room or piece of equipment")


def _location_of(work: Work, resource: LocationResource) -> ClinicLocation:
    return work.get(ClinicLocation, resource.clinic_location_id, called="location")


def _check_may_block(work: Work, name: str, resource: LocationResource) -> None:
    scope, location_id = work.actor.scope(_SCHEDULE), resource.clinic_location_id
    if scope is Scope.ORGANISATION or (scope is Scope.LOCATION and location_id in work.actor.location_ids):
        return
    raise work.refused(name, _SCHEDULE, "You may not block this room; you decide about your own calendar.")
