"""Reading the catalogue."""

from collections.abc import Callable, Mapping

from sqlalchemy import Select
from sqlmodel import col, func, or_, select

from clinic_core.access import Permission, Work, query, use_case
from clinic_core.billing.exports import EXPORT_CHUNK, export_detail
from clinic_core.billing.rows import catalogue_row
from clinic_core.billing.schemas import CatalogueFilter, CatalogueRow, GetCatalogueItem, ListCatalogue, PriceHistoryRow
from clinic_core.billing.schemas.base import PAGE_LIMIT
from clinic_core.errors import NotFound
from clinic_core.kit.tables import Table, table_of
from clinic_core.kit.text import Cell, escape_like
from clinic_core.models import AppUser, ProductPrice, ProductService

_READERS = (Permission.BILLING_VIEW, Permission.APPOINTMENT_READ)
_CELLS: Mapping[str, Callable[[CatalogueRow], Cell]] = {
    "Code": lambda row: row.code,
    "Name": lambda row: row.name,
    "Type": lambda row: row.type.label,
    "Unit price": lambda row: row.unit_price,
    "Tax %": lambda row: row.tax_rate.scaleb(2),
    "Minutes": lambda row: row.duration_minutes,
    "Buffer": lambda row: row.buffer_minutes,
    "Active": lambda row: "Yes" if row.active else "No",
}


@query(*_READERS, name="catalogue.list")
def list_catalogue(work: Work, request: ListCatalogue) -> tuple[CatalogueRow, ...]:
    """A page of the catalogue by code; `search` finds a part of code or name, whatever the case."""
    found = work.session.scalars(_filtered(request).offset(request.offset).limit(request.limit))
    return tuple(catalogue_row(item) for item in found)


@use_case(Permission.BILLING_VIEW, name="catalogue.export")
def export_catalogue(work: Work, request: CatalogueFilter) -> Table:
    """All items that pass the filters, in the order and with the prices of the list; audited."""
    found = work.session.scalars(_filtered(request).execution_options(yield_per=EXPORT_CHUNK))
    made = table_of(_CELLS, map(catalogue_row, found))
    work.audit("product_service", None, "export", **export_detail(made, request.model_copy(update={"search": ""})))
    return made


def _filtered(request: CatalogueFilter) -> Select[ProductService]:
    statement = select(ProductService).order_by(col(ProductService.code), col(ProductService.id))
    if request.active_only:
        statement = statement.where(col(ProductService.active))
    if request.type is not None:
        statement = statement.where(col(ProductService.type) == request.type)
    if request.search:
        pattern = f"%{escape_like(request.search.lower())}%"
        statement = statement.where(
            or_(
                func.lower(col(ProductService.code)).like(pattern, escape="\\"),
                func.lower(col(ProductService.name)).like(pattern, escape="\\"),
            )
        )
    return statement


@query(*_READERS, name="catalogue.get")
def get_catalogue_item(work: Work, request: GetCatalogueItem) -> CatalogueRow:
    """One item of the catalogue.

    Raises:
        NotFound: no such item.
    """
    item = work.session.scalars(select(ProductService).where(col(ProductService.id) == request.item_id)).one_or_none()
    if item is None:
        raise NotFound("This catalogue item does not exist.")
    return catalogue_row(item)


@query(Permission.BILLING_MANAGE, name="catalogue.price_history")
def price_history(work: Work, request: GetCatalogueItem) -> tuple[PriceHistoryRow, ...]:
    """What an item cost from when on, newest first, and who changed it.

    Raises:
        NotFound: no such item.
    """
    get_catalogue_item(work, request)
    found = work.session.execute(
        select(ProductPrice, AppUser.display_name)
        .join(AppUser, col(AppUser.id) == col(ProductPrice.created_by), isouter=True)
        .where(col(ProductPrice.product_service_id) == request.item_id)
        .order_by(col(ProductPrice.valid_from).desc(), col(ProductPrice.id).desc())
        .limit(PAGE_LIMIT)
    )
    return tuple(
        PriceHistoryRow(
            id=price.id,
            valid_from=price.valid_from,
            unit_price=price.unit_price,
            tax_rate=price.tax_rate,
            changed_by=name or "",
        )
        for price, name in found
    )
