"""What services need besides a practitioner."""

from uuid import UUID

from sqlalchemy import select, true
from sqlmodel import col

from clinic_core.access import Permission, Work, query
from clinic_core.models import ServiceRequirement
from clinic_core.scheduling.place_rows import requirement_row
from clinic_core.scheduling.schemas import ListRequirements, RequirementRow, ResourceNeed


@query(Permission.APPOINTMENT_READ, Permission.BILLING_VIEW, name="service.requirements")
def list_requirements(work: Work, request: ListRequirements) -> list[RequirementRow]:
    """The services that need a room or equipment, and what."""
    asked = request.product_service_ids
    statement = (
        select(
            col(ServiceRequirement.product_service_id),
            col(ServiceRequirement.resource_type),
            col(ServiceRequirement.category),
        )
        .where(col(ServiceRequirement.product_service_id).in_(asked) if asked else true())
        .order_by(col(ServiceRequirement.product_service_id))
    )
    needs: dict[UUID, list[ResourceNeed]] = {}
    for service_id, kind, category in work.session.execute(statement):
        needs.setdefault(service_id, []).append(ResourceNeed(type=kind, category=category))
    return [requirement_row(service_id, found) for service_id, found in needs.items()]
