"""What weekly working hours must keep to before they are stored; what they come to is in `availability`."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.access import Actor
from clinic_core.errors import InvalidInput, NotFound
from clinic_core.kit.calendar import local_date, zone
from clinic_core.kit.clock import now
from clinic_core.kit.formats import date_text
from clinic_core.models import ClinicLocation
from clinic_core.scheduling.availability import first_clash
from clinic_core.scheduling.schemas import AvailabilityRule


def check_rules(session: Session, actor: Actor, rules: Sequence[AvailabilityRule]) -> dict[UUID, ClinicLocation]:
    """Lets rules pass that somebody can work by; returns their locations.

    Raises:
        NotFound: an unknown location.
        InvalidInput: in the two years from today they ask for two locations at once.
    """
    wanted = {rule.clinic_location_id for rule in rules}
    found = session.scalars(select(ClinicLocation).where(col(ClinicLocation.id).in_(wanted)))
    places = {location.id: location for location in found}
    if wanted - set(places):
        raise NotFound("This location does not exist.")
    zones = {location_id: zone(location.timezone) for location_id, location in places.items()}
    today = min((local_date(now(), place) for place in zones.values()), default=None)
    clash = first_clash(rules, zones, today) if today else None
    if clash is not None:
        one, other = (places[location_id].name for location_id in clash.location_ids)
        day = date_text(clash.day, actor.settings.locale)
        raise InvalidInput(f"The hours at {one} and at {other} overlap on {day}; nobody works at two places at once.")
    return places
