"""From the tables of places and hours to what leaves the core."""

from collections.abc import Iterable
from uuid import UUID

from clinic_core.access import Actor
from clinic_core.models import Absence, ClinicLocation, LocationClosure, LocationResource, ResourceOutage
from clinic_core.scheduling.schemas import (
    AbsenceRow,
    ClosureRow,
    LocationRow,
    OutageRow,
    RequirementRow,
    ResourceNeed,
    ResourceRow,
)
from clinic_core.vocabulary import ResourceType


def location_row(actor: Actor, location: ClinicLocation) -> LocationRow:
    """A location, and whether the actor works there."""
    return LocationRow(
        id=location.id,
        name=location.name,
        address=location.address,
        timezone=location.timezone,
        phone=location.phone,
        active=location.active,
        is_mine=location.id in actor.location_ids,
        version=location.version,
    )


def resource_row(resource: LocationResource, location: str) -> ResourceRow:
    """A room or a piece of equipment of the location of that name."""
    return ResourceRow(
        id=resource.id,
        clinic_location_id=resource.clinic_location_id,
        location=location,
        type=resource.type,
        name=resource.name,
        category=resource.category,
        active=resource.active,
        version=resource.version,
    )


def closure_row(closure: LocationClosure, location: str) -> ClosureRow:
    """A closure of the location of that name; empty for the whole clinic."""
    return ClosureRow(
        id=closure.id,
        clinic_location_id=closure.clinic_location_id,
        location=location,
        starts_on=closure.starts_on,
        ends_on=closure.ends_on,
        name=closure.name,
    )


def absence_row(absence: Absence, name: str, *, may_know_why: bool) -> AbsenceRow:
    """An absence of the person of that name; kind and reason only for who may know them."""
    return AbsenceRow(
        id=absence.id,
        user_id=absence.user_id,
        name=name,
        starts_at=absence.starts_at,
        ends_at=absence.ends_at,
        kind=absence.kind if may_know_why else None,
        reason=absence.reason if may_know_why else "",
        version=absence.version,
    )


def outage_row(outage: ResourceOutage, resource: LocationResource, location: str) -> OutageRow:
    """An outage of a room or a piece of equipment of the location of that name."""
    return OutageRow(
        id=outage.id,
        resource_id=resource.id,
        name=resource.name,
        type=resource.type,
        clinic_location_id=resource.clinic_location_id,
        location=location,
        starts_at=outage.starts_at,
        ends_at=outage.ends_at,
        reason=outage.reason,
        version=outage.version,
    )


def requirement_row(service_id: UUID, needs: Iterable[ResourceNeed]) -> RequirementRow:
    """What a service needs, rooms first."""
    ordered = sorted(needs, key=lambda need: (need.type is ResourceType.EQUIPMENT, need.category.casefold()))
    return RequirementRow(product_service_id=service_id, needs=tuple(ordered))
