"""The catalogue: inputs and rows of services and products."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from pydantic import Field, field_validator

from clinic_core.billing.schemas.base import ITEM_NAME_LIMIT, NAME_LIMIT, PAGE_LIMIT, PAGE_SIZE, Frozen
from clinic_core.billing.schemas.numbers import TaxRate, UnitPrice
from clinic_core.errors import InvalidInput
from clinic_core.kit.text import clean, clean_required, field_error
from clinic_core.vocabulary import ProductType

CODE_LIMIT = 40
MOST_IMPORTED = 50_000


class _Named(Frozen):
    code: str
    name: str
    unit_price: UnitPrice

    @field_validator("code")
    @classmethod
    def _code(cls, value: str) -> str:
        return clean_required(value, limit=CODE_LIMIT, field="code")

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        return clean_required(value, limit=ITEM_NAME_LIMIT, field="name")


class _CatalogueFields(_Named):
    tax_rate: TaxRate = Decimal(0)
    duration_minutes: int | None = None
    buffer_minutes: int = 0
    color: str = ""
    bookable_online: bool = False

    @field_validator("color")
    @classmethod
    def _color(cls, value: str) -> str:
        color = value.strip().lower()
        if color and not (len(color) == 7 and color[0] == "#" and set(color[1:]) <= set("0123456789abcdef")):
            raise field_error("color", "must be written like #1f6feb")
        return color

    @field_validator("duration_minutes")
    @classmethod
    def _duration(cls, value: int | None) -> int | None:
        return _checked_duration(value)

    @field_validator("buffer_minutes")
    @classmethod
    def _buffer(cls, value: int) -> int:
        return _checked_buffer(value)


class CreateCatalogueItem(_CatalogueFields):
    """A new service (with a duration) or product (without) under a code of its own."""

    type: ProductType
    request_id: UUID | None = None


class UpdateCatalogueItem(_CatalogueFields):
    """The item as it shall be; its type stays. Lines already written keep their price (B1)."""

    item_id: UUID
    version: int | None = None
    request_id: UUID | None = None


class SetCatalogueItemActive(Frozen):
    """Take an item off the catalogue, or bring it back."""

    item_id: UUID
    active: bool
    version: int | None = None
    request_id: UUID | None = None


class ImportedItem(_Named):
    """One row of a price list; what it leaves out stays as it is, or has the usual value where the item is new."""

    line: int
    type: ProductType | None = None
    tax_rate: TaxRate | None = None
    duration_minutes: int | None = None
    buffer_minutes: int | None = None

    @field_validator("duration_minutes")
    @classmethod
    def _duration(cls, value: int | None) -> int | None:
        return _checked_duration(value)

    @field_validator("buffer_minutes")
    @classmethod
    def _buffer(cls, value: int | None) -> int | None:
        return _checked_buffer(value) if value is not None else None


class RefusedItem(Frozen):
    """A row of a price list that was left out, and why."""

    line: int
    code: str
    sentence: str


class ImportCatalogue(Frozen):
    """A price list to be taken in by code; new items that say nothing else are services with this tax and duration.

    `refused` are rows that could not be read; the result tells them with those that could not be taken in.
    """

    items: tuple[ImportedItem, ...]
    refused: tuple[RefusedItem, ...] = ()
    tax_rate: TaxRate = Decimal(0)
    duration_minutes: int | None = None
    request_id: UUID | None = None

    @field_validator("duration_minutes")
    @classmethod
    def _duration(cls, value: int | None) -> int | None:
        return _checked_duration(value)

    @field_validator("items")
    @classmethod
    def _items(cls, value: tuple[ImportedItem, ...]) -> tuple[ImportedItem, ...]:
        if len(value) > MOST_IMPORTED:
            raise InvalidInput(f"A price list may have {MOST_IMPORTED:,} rows; split this one.")
        return value


class CatalogueImported(Frozen):
    """What a price list did, or would do, to the catalogue; `repriced` of the updated items cost something else now."""

    created: int
    updated: int
    repriced: int
    unchanged: int
    refused: tuple[RefusedItem, ...]


class GetImport(Frozen):
    """Ask for what an import left out, by the request id under which it was done."""

    import_id: UUID


class PriceHistoryRow(Frozen):
    """What an item cost from a moment on, and who said so; `changed_by` is empty for imports and jobs."""

    id: UUID
    valid_from: datetime
    unit_price: Decimal
    tax_rate: Decimal
    changed_by: str


class CatalogueFilter(Frozen):
    """The catalogue: everything or what is offered, one type or both, a part of code or name."""

    search: str = ""
    type: ProductType | None = None
    active_only: bool = True

    @field_validator("search")
    @classmethod
    def _search(cls, value: str) -> str:
        return clean(value, limit=NAME_LIMIT, field="search")


class ListCatalogue(CatalogueFilter):
    """A page of the catalogue, by code."""

    offset: int = Field(default=0, ge=0)
    limit: int = Field(default=PAGE_SIZE, ge=1, le=PAGE_LIMIT)


class GetCatalogueItem(Frozen):
    """Ask for one item of the catalogue."""

    item_id: UUID


class CatalogueRow(Frozen):
    """One service or product of the catalogue."""

    id: UUID
    code: str
    name: str
    type: ProductType
    unit_price: Decimal
    tax_rate: Decimal
    duration_minutes: int | None
    buffer_minutes: int
    color: str
    bookable_online: bool
    active: bool
    version: int


def _checked_duration(value: int | None) -> int | None:
    if value is not None and not 1 <= value <= 1440:
        raise field_error("duration_minutes", "must be between 1 and 1,440")
    return value


def _checked_buffer(value: int) -> int:
    if not 0 <= value <= 240:
        raise field_error("buffer_minutes", "must be between 0 and 240")
    return value
