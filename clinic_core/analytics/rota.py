"""The working time of a period, read from weekly rules, absences, opening hours and closures; spans by scheduling."""

from collections import defaultdict
from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.access import Actor, Permission
from clinic_core.analytics.filters import Filters
from clinic_core.analytics.occupancy import Cell, Spans
from clinic_core.kit.calendar import Span, zone
from clinic_core.models import Absence, LocationClosure, LocationHours, LocationResource, PractitionerProfile
from clinic_core.scheduling.availability import ClosedDays, opening_spans, working_spans
from clinic_core.scheduling.schemas import AvailabilityRule, OpeningSpan, WeeklyAvailability
from clinic_core.vocabulary import ResourceType, Scope


def people_at_work(
    session: Session,
    actor: Actor,
    filters: Filters,
    bounds: Mapping[UUID, Span],
    *,
    practitioner_user_id: UUID | None,
) -> dict[Cell, Spans]:
    """Working time by practitioner and location: weekly hours less absences and closures, within the reader's scope."""
    profiles = select(col(PractitionerProfile.user_id), col(PractitionerProfile.availability_json)).where(
        col(PractitionerProfile.organization_id) == actor.organization_id
    )
    if practitioner_user_id is not None:
        profiles = profiles.where(col(PractitionerProfile.user_id) == practitioner_user_id)
    if actor.scope(Permission.REPORT_VIEW) in {Scope.OWN, Scope.CARE_TEAM}:
        profiles = profiles.where(col(PractitionerProfile.user_id) == actor.user_id)
    closures = _closures(session, actor, filters)
    absences = _absences(session, actor, bounds)
    zones = {place.id: zone(place.timezone) for place in filters.places}
    found: dict[Cell, Spans] = {}
    for user_id, stored in session.execute(profiles):
        rules: dict[UUID, list[AvailabilityRule]] = defaultdict(list)
        for rule in WeeklyAvailability.from_json(stored).rules:
            rules[rule.clinic_location_id].append(rule)
        for location_id in rules.keys() & zones.keys():
            spans = working_spans(
                rules[location_id],
                zones[location_id],
                closures=closures[location_id],
                absences=absences[user_id],
                during=bounds[location_id],
            )
            found |= {(user_id, location_id): spans} if spans else {}
    return found


def rooms_open(session: Session, actor: Actor, filters: Filters, bounds: Mapping[UUID, Span]) -> dict[Cell, Spans]:
    """Working time by active room and location: the location's opening hours less its closures."""
    if actor.scope(Permission.REPORT_VIEW) in {Scope.OWN, Scope.CARE_TEAM}:
        return {}
    hours: dict[UUID, list[OpeningSpan]] = defaultdict(list)
    stored = select(LocationHours).where(col(LocationHours.organization_id) == actor.organization_id)
    for row in session.scalars(stored):
        hours[row.clinic_location_id].append(OpeningSpan(weekday=row.weekday, opens=row.opens, closes=row.closes))
    closures = _closures(session, actor, filters)
    spans = {
        place.id: opening_spans(
            hours[place.id], zone(place.timezone), closures=closures[place.id], during=bounds[place.id]
        )
        for place in filters.places
    }
    rooms = select(col(LocationResource.id), col(LocationResource.clinic_location_id)).where(
        col(LocationResource.organization_id) == actor.organization_id,
        col(LocationResource.type) == ResourceType.ROOM,
        col(LocationResource.active),
    )
    return {
        (room_id, location_id): spans[location_id]
        for room_id, location_id in session.execute(rooms)
        if spans.get(location_id)
    }


def _closures(session: Session, actor: Actor, filters: Filters) -> Mapping[UUID, list[ClosedDays]]:
    """The closures of each location; one of the whole clinic is one of every location."""
    found: dict[UUID, list[ClosedDays]] = defaultdict(list)
    stored = select(
        col(LocationClosure.clinic_location_id), col(LocationClosure.starts_on), col(LocationClosure.ends_on)
    ).where(col(LocationClosure.organization_id) == actor.organization_id)
    for location_id, starts_on, ends_on in session.execute(stored):
        for closed_id in [location_id] if location_id else [place.id for place in filters.places]:
            found[closed_id].append(ClosedDays(starts_on, ends_on))
    return found


def _absences(session: Session, actor: Actor, bounds: Mapping[UUID, Span]) -> Mapping[UUID, list[Span]]:
    found: dict[UUID, list[Span]] = defaultdict(list)
    if not bounds:
        return found
    stored = select(col(Absence.user_id), col(Absence.starts_at), col(Absence.ends_at)).where(
        col(Absence.organization_id) == actor.organization_id,
        col(Absence.starts_at) < max(span.end for span in bounds.values()),
        col(Absence.ends_at) > min(span.start for span in bounds.values()),
    )
    for user_id, starts_at, ends_at in session.execute(stored):
        found[user_id].append(Span(starts_at, ends_at))
    return found
