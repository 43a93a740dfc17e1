"""Taking a price list into the catalogue by code, in two statements for any number of rows."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, TEXT, any_, literal, select, text
from sqlmodel import col

from clinic_core.access import Permission, Work, query, use_case
from clinic_core.billing.schemas import CatalogueImported, GetImport, ImportCatalogue, ImportedItem, RefusedItem
from clinic_core.errors import Conflict, NotFound
from clinic_core.kit.ids import new_id
from clinic_core.kit.tables import Table, table
from clinic_core.models import ProductService, Request
from clinic_core.vocabulary import ProductType

IMPORT = "catalogue.import"
_COLUMNS = (
    "id uuid, code text, name text, type text, unit_price numeric, tax_rate numeric, duration_minutes int,"
    " buffer_minutes int"
)
_INSERT = text(
    f"""
    insert into product_service (organization_id, id, code, name, type, unit_price, tax_rate, duration_minutes,
      buffer_minutes)
    select :organization, id, code, name, type, unit_price, tax_rate, duration_minutes, buffer_minutes
    from jsonb_to_recordset(cast(:rows as jsonb)) as r({_COLUMNS}) order by id
    """  # noqa: S608 (the columns are named above)
)
_UPDATE = text(
    f"""
    update product_service p set name = r.name, unit_price = r.unit_price, tax_rate = r.tax_rate,
      duration_minutes = r.duration_minutes, buffer_minutes = r.buffer_minutes, version = p.version + 1
    from jsonb_to_recordset(cast(:rows as jsonb)) as r({_COLUMNS})
    where p.organization_id = :organization and p.id = r.id
    """  # noqa: S608 (the columns are named above)
)
_CODE_TAKEN = "uq_product_service_organization_id_code"


@dataclass(frozen=True)
class _Item:
    """An item as it shall be."""

    id: UUID
    code: str
    name: str
    type: ProductType
    unit_price: Decimal
    tax_rate: Decimal
    duration_minutes: int | None
    buffer_minutes: int


@dataclass
class _Plan:
    created: list[_Item] = field(default_factory=list)
    updated: list[_Item] = field(default_factory=list)
    repriced: int = 0
    unchanged: int = 0
    refused: list[RefusedItem] = field(default_factory=list)

    def outcome(self) -> CatalogueImported:
        return CatalogueImported(
            created=len(self.created),
            updated=len(self.updated),
            repriced=self.repriced,
            unchanged=self.unchanged,
            refused=tuple(sorted(self.refused, key=lambda row: (row.line, row.code))),
        )


@use_case(Permission.BILLING_MANAGE, name=IMPORT)
def import_catalogue(work: Work, request: ImportCatalogue) -> CatalogueImported:
    """Create or change items by code; rows that cannot be right are left out and named. A repeat changes nothing.

    A changed price or tax becomes a new entry of the price history; lines already written keep theirs (B1).

    Raises:
        Conflict: somebody added one of the codes at this very moment.
    """
    plan = _planned(request, _existing(work, request, is_locked=True))
    with work.constraints({_CODE_TAKEN: lambda _: Conflict("Somebody added one of these codes just now; try again.")}):
        for statement, items in ((_INSERT, plan.created), (_UPDATE, plan.updated)):
            if items:
                keys = {"organization": work.actor.organization_id, "rows": _as_json(items)}
                work.session.execute(statement, keys)
    work.session.expire_all()
    outcome = plan.outcome()
    counts = outcome.model_dump(exclude={"refused"})
    work.audit("product_service", None, "imported", **counts, refused=len(outcome.refused))
    return outcome


@use_case(Permission.BILLING_MANAGE, name="catalogue.export_refused")
def export_refused(work: Work, request: GetImport) -> Table:
    """The rows that an import left out, as its result told them; audited.

    Raises:
        NotFound: no import was done under that request id, or its result is no longer kept.
    """
    made = work.session.scalars(
        select(Request).where(
            col(Request.organization_id) == work.actor.organization_id,
            col(Request.request_id) == request.import_id,
            col(Request.use_case) == IMPORT,
        )
    ).one_or_none()
    if made is None or made.result_json is None:
        raise NotFound("This import is not on record; import the file again to see which rows are left out.")
    refused = CatalogueImported.model_validate(made.result_json["result"]).refused
    work.audit("product_service", None, "export", report="rows left out", rows=len(refused))
    return refused_rows(refused)


@query(Permission.BILLING_MANAGE, name="catalogue.preview_import")
def preview_catalogue_import(work: Work, request: ImportCatalogue) -> CatalogueImported:
    """What `import_catalogue` would do now; nothing is written."""
    return _planned(request, _existing(work, request, is_locked=False)).outcome()


def refused_rows(refused: Iterable[RefusedItem]) -> Table:
    """Rows of a price list that were left out: line, code and the sentence why."""
    return table(("Line", "Code", "Reason"), ((row.line, row.code, row.sentence) for row in refused))


def _existing(work: Work, request: ImportCatalogue, *, is_locked: bool) -> dict[str, ProductService]:
    codes = literal([item.code for item in request.items], ARRAY(TEXT))
    statement = select(ProductService).where(col(ProductService.code) == any_(codes)).order_by(col(ProductService.id))
    if is_locked:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    return {item.code: item for item in work.session.scalars(statement)}


def _planned(request: ImportCatalogue, existing: Mapping[str, ProductService]) -> _Plan:
    plan = _Plan(refused=list(request.refused))
    lines: dict[str, int] = {}
    for row in request.items:
        known = existing.get(row.code)
        complaint = (
            f"The code “{row.code}” stands on line {lines[row.code]} already."
            if row.code in lines
            else _complaint(row, known, request)
        )
        if complaint is not None:
            plan.refused.append(RefusedItem(line=row.line, code=row.code, sentence=complaint))
            continue
        lines[row.code] = row.line
        _add(plan, _wanted(row, known, request), known)
    return plan


def _add(plan: _Plan, wanted: _Item, known: ProductService | None) -> None:
    if known is None:
        plan.created.append(wanted)
    elif all(getattr(known, name) == value for name, value in vars(wanted).items()):
        plan.unchanged += 1
    else:
        plan.updated.append(wanted)
        plan.repriced += (known.unit_price, known.tax_rate) != (wanted.unit_price, wanted.tax_rate)


def _complaint(row: ImportedItem, known: ProductService | None, request: ImportCatalogue) -> str | None:
    """Why the row cannot become an item, in a sentence; None when it can."""
    kind = row.type or (known.type if known else ProductType.SERVICE)
    if known is not None and kind is not known.type:
        return f"The item “{row.code}” is a {known.type.value} and stays one; the file says {kind.value}."
    if kind is ProductType.PRODUCT and row.duration_minutes is not None:
        return "Duration minutes must stay empty for a product."
    if kind is ProductType.SERVICE and known is None and (row.duration_minutes or request.duration_minutes) is None:
        return "Duration minutes is missing: a service takes time; give one for all rows without."
    return None


def _wanted(row: ImportedItem, known: ProductService | None, request: ImportCatalogue) -> _Item:
    kind = row.type or (known.type if known else ProductType.SERVICE)
    usual = (known.duration_minutes if known else request.duration_minutes) if kind is ProductType.SERVICE else None
    return _Item(
        id=known.id if known else new_id(),
        code=row.code,
        name=row.name,
        type=kind,
        unit_price=row.unit_price,
        tax_rate=_given(row.tax_rate, known.tax_rate if known else request.tax_rate),
        duration_minutes=row.duration_minutes or usual,
        buffer_minutes=row.buffer_minutes if row.buffer_minutes is not None else known.buffer_minutes if known else 0,
    )


def _given(value: Decimal | None, otherwise: Decimal) -> Decimal:
    return otherwise if value is None else value


def _as_json(items: Sequence[_Item]) -> str:
    rows: list[dict[str, Any]] = [vars(item) for item in items]
    return json.dumps(rows, default=str)
