"""People who are away and rooms that are out of service, for tests."""

from datetime import timedelta
from typing import Any

from clinic_core.access import owner_work, perform
from clinic_core.auth.baseline import role_id
from clinic_core.models import RolePermission
from clinic_core.scheduling.schemas import AbsenceSaved, AddAbsence, AddOutage, OutageSaved
from clinic_core.scheduling.service import add_absence, add_outage
from clinic_core.vocabulary import BaselineRole, Scope
from tests.factories import MONDAY, Clinic

AROUND: dict[str, Any] = {"starts_before": MONDAY + timedelta(days=5), "ends_after": MONDAY - timedelta(days=5)}
HOURS = timedelta(hours=1)


def away(clinic: Clinic, hours: float = 0, length: float = 8, *, by: str = "manager", **fields: Any) -> AbsenceSaved:
    fields = {"user_id": clinic.users["practitioner"], **fields}
    request = AddAbsence(starts_at=MONDAY + hours * HOURS, ends_at=MONDAY + (hours + length) * HOURS, **fields)
    return perform(clinic.actor(by), add_absence, request)


def broken(clinic: Clinic, hours: float = 0, length: float = 8, *, by: str = "manager", **fields: Any) -> OutageSaved:
    fields = {"resource_id": clinic.room, **fields}
    request = AddOutage(starts_at=MONDAY + hours * HOURS, ends_at=MONDAY + (hours + length) * HOURS, **fields)
    return perform(clinic.actor(by), add_outage, request)


def rescope(clinic: Clinic, scope: Scope) -> None:
    """Gives the manager every permission at another scope."""
    with owner_work("test.arrange", clinic.organization_id) as session:
        role = role_id(session, clinic.organization_id, BaselineRole.MANAGER)
        for row in session.query(RolePermission).filter_by(role_id=role):
            row.scope = scope
