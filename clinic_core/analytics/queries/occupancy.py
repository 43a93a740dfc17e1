"""How full working time was or will be (product specification A2)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlmodel import col

from clinic_core.access import Actor, Permission, Work, query
from clinic_core.access.scope import appointments_in_scope
from clinic_core.analytics.filters import (
    AnySelect,
    Filters,
    at_places,
    period_filters,
    period_values,
    share,
)
from clinic_core.analytics.occupancy import Cell, Occupied, Spans, by_hour, occupied
from clinic_core.analytics.rota import people_at_work, rooms_open
from clinic_core.analytics.schemas import PeriodFilter, Utilization, WorkedMinutes
from clinic_core.kit.calendar import Span, clip, range_bounds, zone
from clinic_core.models import Appointment, AppointmentResource, AppUser, ClinicLocation, LocationResource
from clinic_core.vocabulary import AppointmentStatus, ResourceType

DEFINITION = (
    "Utilization is booked minutes inside working time divided by working time. Working time is the weekly hours less "
    "absences and closures; booked is every appointment that is neither cancelled nor deleted, no-shows included, time "
    "booked twice counted once and buffers left out; both are cut at the ends of the period. Booked minutes outside "
    "working time are given apart. A room's working time is that of its location. Where there is no working time the "
    "rate is n/a."
)
DATE_BASIS = "Time on the location's clock; an appointment that began over 31 days before the period is left out."
LOOK_BACK = timedelta(days=31)


@query(Permission.REPORT_VIEW, name="report.utilization")
def utilization(work: Work, request: PeriodFilter) -> Utilization:
    """How much of the working time of the period is booked, by practitioner, room, location, weekday and hour.

    Raises:
        InvalidInput: the period ends before it begins or is too long.
        NotFound: an unknown location or practitioner.
    """
    filters = period_filters(work.session, work.actor, Permission.REPORT_VIEW, request)
    zones = {place.id: zone(place.timezone) for place in filters.places}
    bounds = {place: range_bounds(request.first_day, request.last_day, at) for place, at in zones.items()}
    working = people_at_work(
        work.session, work.actor, filters, bounds, practitioner_user_id=request.practitioner_user_id
    )
    people = _parts(_booked_people(work, request, filters), working, bounds)
    rooms = _parts(_booked_rooms(work, request, filters), rooms_open(work.session, work.actor, filters, bounds), bounds)
    names = {place.id: place.name for place in filters.places} | _names(work, people, rooms)
    total = _minutes(work.actor.organization_id, "", people.values())
    return Utilization(
        first_day=request.first_day,
        last_day=request.last_day,
        booked_minutes=total.booked_minutes,
        available_minutes=total.available_minutes,
        outside_minutes=total.outside_minutes,
        rate=total.rate,
        by_practitioner=_grouped(people, 0, names),
        by_location=_grouped(people, 1, names),
        by_room=_grouped(rooms, 0, names),
        by_hour=by_hour((part, zones[cell[1]]) for cell, part in people.items()),
        explanation=filters.explain(DEFINITION, DATE_BASIS),
    )


def _booked_people(work: Work, request: PeriodFilter, filters: Filters) -> dict[Cell, Spans]:
    columns = select(
        col(Appointment.practitioner_user_id),
        col(Appointment.clinic_location_id),
        col(Appointment.starts_at),
        col(Appointment.ends_at),
    ).select_from(Appointment)
    return _cells(work, _booked(columns, work.actor, request, filters))


def _booked_rooms(work: Work, request: PeriodFilter, filters: Filters) -> dict[Cell, Spans]:
    columns = (
        select(
            col(AppointmentResource.resource_id),
            col(Appointment.clinic_location_id),
            col(Appointment.starts_at),
            col(Appointment.ends_at),
        )
        .select_from(Appointment)
        .join(AppointmentResource, col(AppointmentResource.appointment_id) == col(Appointment.id))
        .join(LocationResource, col(LocationResource.id) == col(AppointmentResource.resource_id))
        .where(
            col(AppointmentResource.organization_id) == work.actor.organization_id,
            col(LocationResource.type) == ResourceType.ROOM,
        )
    )
    return _cells(work, _booked(columns, work.actor, request, filters))


def _cells(work: Work, statement: AnySelect) -> dict[Cell, Spans]:
    found: dict[Cell, list[Span]] = defaultdict(list)
    for subject_id, location_id, starts_at, ends_at in work.session.execute(statement):
        found[subject_id, location_id].append(Span(starts_at, ends_at))
    return dict(found)


def _booked(statement: AnySelect, actor: Actor, request: PeriodFilter, filters: Filters) -> AnySelect:
    """The appointments that touch the period at their location; read by the index on location and start."""
    period = period_values(filters.zones, request.first_day, request.last_day)
    touching = statement.join(ClinicLocation, col(ClinicLocation.id) == col(Appointment.clinic_location_id)).join(
        period,
        and_(
            period.c.timezone == col(ClinicLocation.timezone),
            col(Appointment.starts_at) >= period.c.begins_at - LOOK_BACK,
            col(Appointment.starts_at) < period.c.ends_at,
            col(Appointment.ends_at) > period.c.begins_at,
        ),
    )
    conditions: list[ColumnElement[bool]] = [
        col(Appointment.organization_id) == actor.organization_id,
        col(Appointment.deleted_at).is_(None),
        col(Appointment.status) != AppointmentStatus.CANCELLED,
        appointments_in_scope(actor, Permission.REPORT_VIEW),
        at_places(col(Appointment.clinic_location_id), filters),
    ]
    if request.practitioner_user_id is not None:
        conditions.append(col(Appointment.practitioner_user_id) == request.practitioner_user_id)
    return touching.where(*conditions)


def _parts(
    booked: Mapping[Cell, Spans], working: Mapping[Cell, Spans], bounds: Mapping[UUID, Span]
) -> dict[Cell, Occupied]:
    """Booked against working time, both cut at the ends of the period."""
    return {
        cell: occupied(clip(booked.get(cell, ()), bounds[cell[1]]), clip(working.get(cell, ()), bounds[cell[1]]))
        for cell in sorted({*booked, *working})
        if cell[1] in bounds
    }


def _grouped(parts: Mapping[Cell, Occupied], side: int, names: Mapping[UUID, str]) -> tuple[WorkedMinutes, ...]:
    groups: dict[UUID, list[Occupied]] = defaultdict(list)
    for cell, part in parts.items():
        groups[cell[side]].append(part)
    rows = (_minutes(group, names[group], found) for group, found in groups.items())
    return tuple(sorted(rows, key=lambda row: (row.name, row.id)))


def _minutes(group: UUID, name: str, parts: Iterable[Occupied]) -> WorkedMinutes:
    found: Sequence[Occupied] = tuple(parts)
    booked = sum(part.booked_minutes for part in found)
    available = sum(part.available_minutes for part in found)
    return WorkedMinutes(
        id=group,
        name=name,
        booked_minutes=booked,
        available_minutes=available,
        outside_minutes=sum(part.outside_minutes for part in found),
        rate=share(booked, available),
    )


def _names(work: Work, people: Iterable[Cell], rooms: Iterable[Cell]) -> dict[UUID, str]:
    users = select(col(AppUser.id), col(AppUser.display_name)).where(col(AppUser.id).in_({cell[0] for cell in people}))
    resources = select(col(LocationResource.id), col(LocationResource.name)).where(
        col(LocationResource.id).in_({cell[0] for cell in rooms})
    )
    return {row[0]: row[1] for statement in (users, resources) for row in work.session.execute(statement)}
