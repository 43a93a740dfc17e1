"""Absences of practitioners and outages of rooms and equipment; why somebody is away is told to few."""

from sqlalchemy import ColumnElement, select
from sqlmodel import col

from clinic_core.access import Permission, Work, query
from clinic_core.models import Absence, AppUser, ClinicLocation, LocationResource, ResourceOutage
from clinic_core.scheduling.place_rows import absence_row, outage_row
from clinic_core.scheduling.reach import knows_the_rota, rostered
from clinic_core.scheduling.schemas import AbsenceRow, ListAbsences, ListOutages, OutageRow

_READERS = (Permission.APPOINTMENT_READ, Permission.SCHEDULE_MANAGE, Permission.SETTINGS_MANAGE)


@query(*_READERS, name="absence.list")
def list_absences(work: Work, request: ListAbsences) -> list[AbsenceRow]:
    """Absences that touch the period by start; kind and reason are told to those who plan the rota, and to oneself.

    Patients are told of none: a time is not free, never why.
    """
    if not knows_the_rota(work.actor):
        return []
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
    found = work.session.execute(statement).all()
    known = rostered(work.session, work.actor, {absence.user_id for absence, _ in found})
    return [
        absence_row(absence, name, may_know_why=absence.user_id in known or absence.user_id == work.actor.user_id)
        for absence, name in found
    ]


@query(*_READERS, name="outage.list")
def list_outages(work: Work, request: ListOutages) -> list[OutageRow]:
    """Outages that touch the period by start, of one location or of all; patients are told of none."""
    if not knows_the_rota(work.actor):
        return []
    conditions: list[ColumnElement[bool]] = [
        col(ResourceOutage.starts_at) < request.starts_before,
        col(ResourceOutage.ends_at) > request.ends_after,
    ]
    if request.clinic_location_id is not None:
        conditions.append(col(LocationResource.clinic_location_id) == request.clinic_location_id)
    statement = (
        select(ResourceOutage, LocationResource, col(ClinicLocation.name))
        .join(LocationResource, col(LocationResource.id) == col(ResourceOutage.resource_id))
        .join(ClinicLocation, col(ClinicLocation.id) == col(LocationResource.clinic_location_id))
        .where(*conditions)
        .order_by(col(ResourceOutage.starts_at), col(ResourceOutage.id))
    )
    return [outage_row(outage, resource, location) for outage, resource, location in work.session.execute(statement)]
