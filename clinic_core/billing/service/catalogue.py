"""Changing the catalogue of services and products."""

from clinic_core.access import Permission, Work, use_case
from clinic_core.billing.rows import catalogue_row
from clinic_core.billing.schemas import CatalogueRow, CreateCatalogueItem, SetCatalogueItemActive, UpdateCatalogueItem
from clinic_core.errors import Conflict
from clinic_core.kit.text import field_error
from clinic_core.models import ProductService
from clinic_core.vocabulary import ProductType

_CODE_TAKEN = "uq_product_service_organization_id_code"


@use_case(Permission.BILLING_MANAGE, name="catalogue.create")
def create_catalogue_item(work: Work, request: CreateCatalogueItem) -> CatalogueRow:
    """Add a service or product.

    Raises:
        Conflict: the code is taken, by an item that may be inactive.
        InvalidInput: a service without a duration, a product with one.
    """
    _check_duration(request.type, request.duration_minutes)
    item = ProductService(
        organization_id=work.actor.organization_id, **request.model_dump(exclude={"request_id"}), active=True
    )
    with work.constraints({_CODE_TAKEN: lambda _: _taken(request.code)}):
        work.session.add(item)
    return _saved(work, item)


@use_case(Permission.BILLING_MANAGE, name="catalogue.update")
def update_catalogue_item(work: Work, request: UpdateCatalogueItem) -> CatalogueRow:
    """Change an item; lines already written keep what they say (B1).

    Raises:
        StaleEdit: somebody changed it after the form was drawn.
        Conflict: the code is taken.
    """
    item = work.lock(ProductService, request.item_id, called="catalogue item", version=request.version)
    _check_duration(item.type, request.duration_minutes)
    with work.constraints({_CODE_TAKEN: lambda _: _taken(request.code)}):
        for name, value in request.model_dump(exclude={"item_id", "version", "request_id"}).items():
            setattr(item, name, value)
    return _saved(work, item)


@use_case(Permission.BILLING_MANAGE, name="catalogue.set_active")
def set_catalogue_item_active(work: Work, request: SetCatalogueItemActive) -> CatalogueRow:
    """Take an item off the catalogue, or bring it back; what was charged with it stays."""
    item = work.lock(ProductService, request.item_id, called="catalogue item", version=request.version)
    item.active = request.active
    return _saved(work, item)


def _check_duration(kind: ProductType, duration_minutes: int | None) -> None:
    if kind is ProductType.SERVICE and duration_minutes is None:
        raise field_error("duration_minutes", "is missing: a service takes time")
    if kind is ProductType.PRODUCT and duration_minutes is not None:
        raise field_error("duration_minutes", "must stay empty for a product")


def _taken(code: str) -> Conflict:
    return Conflict(f"The code “{code}” is taken by another item of the catalogue; choose another one.")


def _saved(work: Work, item: ProductService) -> CatalogueRow:
    work.session.flush()
    work.session.refresh(item)
    return catalogue_row(item)
