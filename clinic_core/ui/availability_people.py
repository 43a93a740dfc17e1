"""Whose rota the person at the screen plans; the use cases check again."""

from collections.abc import Iterable

from clinic_core.access import Actor, Permission
from clinic_core.scheduling.schemas import PractitionerRow
from clinic_core.vocabulary import Scope


def planned_by(actor: Actor, people: Iterable[PractitionerRow]) -> list[PractitionerRow]:
    """The practitioners whose working hours and absences the person decides about, oneself first."""
    scope = actor.scope(Permission.SCHEDULE_MANAGE)
    found = [
        row
        for row in people
        if row.id == actor.user_id
        or scope is Scope.ORGANISATION
        or (scope is Scope.LOCATION and not actor.location_ids.isdisjoint(row.location_ids))
    ]
    return sorted(found, key=lambda row: row.id != actor.user_id)
