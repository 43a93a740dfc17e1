"""What services need besides a practitioner, set by who keeps the catalogue."""

from sqlalchemy import delete, select
from sqlmodel import col

from clinic_core.access import Permission, Work, use_case
from clinic_core.errors import InvalidInput
from clinic_core.models import ProductService, ServiceRequirement
from clinic_core.scheduling.place_rows import requirement_row
from clinic_core.scheduling.schemas import RequirementRow, ResourceNeed, SetRequirements
from clinic_core.vocabulary import ProductType


@use_case(Permission.BILLING_MANAGE, name="service.set_requirements")
def set_requirements(work: Work, request: SetRequirements) -> RequirementRow:
    """What a service needs from now on; what is booked keeps its rooms.

    Raises:
        NotFound: an unknown service.
        InvalidInput: it is a product.
    """
    service = work.lock(ProductService, request.product_service_id, called="service")
    if service.type is not ProductType.SERVICE:
        raise InvalidInput(f"{service.name} is a product; only services need rooms.")
    of_service = col(ServiceRequirement.product_service_id) == service.id
    present = {
        ResourceNeed(type=row.resource_type, category=row.category): row.id
        for row in work.session.scalars(select(ServiceRequirement).where(of_service))
    }
    dropped = [row_id for need, row_id in present.items() if need not in request.needs]
    if dropped:
        work.session.execute(delete(ServiceRequirement).where(col(ServiceRequirement.id).in_(dropped)))
    work.session.add_all(
        ServiceRequirement(
            organization_id=work.actor.organization_id,
            product_service_id=service.id,
            resource_type=need.type,
            category=need.category,
        )
        for need in request.needs
        if need not in present
    )
    work.session.flush()
    return requirement_row(service.id, request.needs)
