"""From the tables of places to what leaves the core."""

from clinic_core.access import Actor
from clinic_core.models import ClinicLocation, LocationResource
from clinic_core.scheduling.schemas import LocationRow, ResourceRow


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
