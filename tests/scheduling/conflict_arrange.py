"""What stands in the way of an appointment, put there for tests, and the check that sees it."""

from datetime import time
from decimal import Decimal
from uuid import UUID

from clinic_core.access import owner_work, perform
from clinic_core.errors import BookingConflict
from clinic_core.models import ProductService
from clinic_core.scheduling.queries import check_time
from clinic_core.scheduling.schemas import (
    AddAbsence,
    AvailabilityRule,
    CheckTime,
    SetAvailability,
    TimeCheck,
)
from clinic_core.scheduling.service import (
    add_absence,
    set_availability,
)
from clinic_core.vocabulary import ConflictKind, ProductType
from tests.factories import Clinic, slot
from tests.scheduling.arrange import booking


def check(clinic: Clinic, hours: float = 0, *, by: str = "assistant", **fields: object) -> TimeCheck:
    wanted = booking(clinic, hours, **fields).model_dump(
        exclude={"case_id", "note", "double_book_reason", "override_reason", "request_id"}
    )
    return perform(clinic.actor(by), check_time, CheckTime.model_validate(wanted | fields))


def kinds(found: TimeCheck | BookingConflict) -> list[ConflictKind]:
    return [obstacle.kind for obstacle in found.obstacles]


def rota(clinic: Clinic, starts: time, ends: time, *, at: UUID | None = None) -> None:
    """The practitioner works on Mondays at Main street (Berlin), in its wall time."""
    rule = AvailabilityRule(clinic_location_id=at or clinic.main, weekday=1, starts=starts, ends=ends)
    request = SetAvailability(practitioner_user_id=clinic.users["practitioner"], rules=(rule,))
    perform(clinic.actor("manager"), set_availability, request)


def away(clinic: Clinic, hours: float = 0) -> None:
    starts_at, ends_at = slot(hours)
    request = AddAbsence(user_id=clinic.users["practitioner"], starts_at=starts_at, ends_at=ends_at)
    perform(clinic.actor("manager"), add_absence, request)


def buffered_service(clinic: Clinic) -> UUID:
    service = ProductService(
        organization_id=clinic.organization_id,
        code="BUF",
        name="Buffered",
        type=ProductType.SERVICE,
        unit_price=Decimal(1),
        duration_minutes=30,
        buffer_minutes=10,
    )
    service_id = service.id
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.add(service)
    return service_id
