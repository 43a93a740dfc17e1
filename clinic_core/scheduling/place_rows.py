"""From the tables of places and hours to what leaves the core."""

from clinic_core.access import Actor
from clinic_core.models import Absence, ClinicLocation, LocationClosure, LocationResource
from clinic_core.scheduling.schemas import AbsenceRow, ClosureRow, LocationRow, ResourceRow


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


def absence_row(absence: Absence, name: str, reason: str) -> AbsenceRow:
    """An absence of the person of that name, with the reason as far as it may be told."""
    return AbsenceRow(
        id=absence.id,
        user_id=absence.user_id,
        name=name,
        starts_at=absence.starts_at,
        ends_at=absence.ends_at,
        reason=reason,
    )
