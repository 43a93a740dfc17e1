"""Price lists: which column is what, and the rows as items of the catalogue; odd rows are named by line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from clinic_core.billing.schemas import ImportedItem, RefusedItem
from clinic_core.errors import InvalidInput
from clinic_core.interchange.catalogue_file import SourceTable
from clinic_core.interchange.catalogue_numbers import are_fractions, decimal_mark, minutes_of, price_of, rate_of
from clinic_core.kit.text import field_error, fold
from clinic_core.vocabulary import ProductType


class CatalogueColumn(StrEnum):
    """What a column of a price list may hold."""

    CODE = "code"
    NAME = "name"
    TYPE = "type"
    PRICE = "price"
    TAX = "tax"
    DURATION = "duration"
    BUFFER = "buffer"

    @property
    def label(self) -> str:
        """The word for people."""
        return self.value.capitalize()


REQUIRED = (CatalogueColumn.CODE, CatalogueColumn.NAME, CatalogueColumn.PRICE)

Mapped = Mapping[CatalogueColumn, str]

# Folded words of English and German headings; a heading that begins with one of them fits too, earlier words better.
_WORDS: dict[CatalogueColumn, tuple[str, ...]] = {
    CatalogueColumn.CODE: (
        *("code", "number", "no", "no.", "nr", "nr.", "nummer", "ziffer", "kurzel", "sku", "item code"),
        *("artikelnummer", "artikelnr", "leistungsnummer", "gebuhrenziffer", "id"),
    ),
    CatalogueColumn.NAME: (
        *("name", "description", "bezeichnung", "beschreibung", "text", "leistungstext", "leistung", "service"),
        *("item", "title", "titel", "artikel", "product"),
    ),
    CatalogueColumn.TYPE: ("type", "typ", "art", "kind", "kategorie", "category"),
    CatalogueColumn.PRICE: (
        *("price", "unit price", "preis", "einzelpreis", "net price", "nettopreis", "betrag", "amount", "eur"),
        *("euro", "gebuhr", "honorar", "fee", "rate"),
    ),
    CatalogueColumn.TAX: (
        *("tax", "tax rate", "vat", "steuersatz", "steuer", "mwst", "mwst.", "ust", "ust.", "mehrwertsteuer"),
        *("umsatzsteuer",),
    ),
    CatalogueColumn.DURATION: ("duration", "minutes", "minuten", "dauer", "zeit", "time", "length", "lange"),
    CatalogueColumn.BUFFER: ("buffer", "puffer", "pufferzeit", "nachbereitung", "pause"),
}
_TYPES: dict[ProductType, frozenset[str]] = {
    ProductType.SERVICE: frozenset(
        ("service", "services", "s", "leistung", "dienstleistung", "behandlung", "treatment", "termin", "l")
    ),
    ProductType.PRODUCT: frozenset(
        ("product", "products", "p", "produkt", "artikel", "ware", "material", "goods", "a", "medikament")
    ),
}


@dataclass(frozen=True)
class CatalogueReading:
    """The rows that can be items, and those that cannot, in the order of the file."""

    items: tuple[ImportedItem, ...]
    refused: tuple[RefusedItem, ...]


def guess_mapping(headers: Iterable[str]) -> dict[CatalogueColumn, str]:
    """Which heading fits which column best; what none fits is left out, and no heading is taken twice."""
    names = list(dict.fromkeys(header for header in headers if header))
    folded = {name: fold(name.replace("_", " ").replace("(", " ").replace(")", " ")) for name in names}
    found: dict[CatalogueColumn, str] = {}
    for fits in (_is_word, _begins_with):
        for column, words in _WORDS.items():
            free = [name for name in names if name not in found.values()]
            best = next((name for word in words for name in free if fits(folded[name], word)), None)
            if column not in found and best is not None:
                found[column] = best
    return found


def checked_mapping(headers: Iterable[str], asked: Mapping[str, str]) -> dict[CatalogueColumn, str]:
    """The guess, overruled by what is asked: headings by column, in any case; an empty heading means none.

    Raises:
        InvalidInput: no such column or heading, or a required column has no heading.
    """
    names = {fold(header): header for header in headers if header}
    columns = {column.value: column for column in CatalogueColumn}
    wanted: dict[CatalogueColumn, str] = {}
    for key, heading in asked.items():
        if key not in columns:
            raise InvalidInput(f"“{key}” is not a column of the catalogue; choose from {', '.join(columns)}.")
        if heading and fold(heading) not in names:
            raise InvalidInput(f"The file has no column “{heading}”; it has {', '.join(names.values())}.")
        wanted[columns[key]] = names.get(fold(heading), "")
    taken = set(wanted.values())
    guessed = {column: name for column, name in guess_mapping(names.values()).items() if name not in taken}
    mapping = {column: name for column, name in {**guessed, **wanted}.items() if name}
    missing = [column.value for column in REQUIRED if column not in mapping]
    if missing:
        raise InvalidInput(f"No column of the file is the {' and the '.join(missing)}; say which one is.")
    return mapping


def read_catalogue(table: SourceTable, mapping: Mapped) -> CatalogueReading:
    """The rows of the table as items, by a mapping from `checked_mapping`; a code counts where it stands first."""
    at = {column: table.headers.index(name) for column, name in mapping.items()}
    cells = {column: [row[index] for _, row in table.rows] for column, index in at.items()}
    reader = _Reader(
        price_mark=decimal_mark(cells.get(CatalogueColumn.PRICE, ())),
        tax_mark=decimal_mark(cells.get(CatalogueColumn.TAX, ())),
        tax_is_fraction=are_fractions(cells.get(CatalogueColumn.TAX, ())),
    )
    items: dict[str, ImportedItem] = {}
    refused: list[RefusedItem] = []
    for line, row in table.rows:
        given = {column: row[index] for column, index in at.items() if row[index]}
        try:
            item = reader.item(line, given)
            if item.code in items:
                raise InvalidInput(f"The code “{item.code}” stands on line {items[item.code].line} already.")
        except InvalidInput as error:
            refused.append(RefusedItem(line=line, code=given.get(CatalogueColumn.CODE, ""), sentence=error.message))
        else:
            items[item.code] = item
    return CatalogueReading(tuple(items.values()), tuple(refused))


@dataclass(frozen=True)
class _Reader:
    """How the columns of one file write their numbers."""

    price_mark: str | None
    tax_mark: str | None
    tax_is_fraction: bool

    def item(self, line: int, given: Mapped) -> ImportedItem:
        if CatalogueColumn.PRICE not in given:
            raise field_error("unit_price", "is missing")
        return ImportedItem(
            line=line,
            code=given.get(CatalogueColumn.CODE, ""),
            name=given.get(CatalogueColumn.NAME, ""),
            unit_price=price_of(given[CatalogueColumn.PRICE], self.price_mark),
            type=_type_of(given.get(CatalogueColumn.TYPE, "")),
            tax_rate=self._tax(given.get(CatalogueColumn.TAX, "")),
            duration_minutes=_minutes(given.get(CatalogueColumn.DURATION, ""), "duration_minutes"),
            buffer_minutes=_minutes(given.get(CatalogueColumn.BUFFER, ""), "buffer_minutes"),
        )

    def _tax(self, cell: str) -> Decimal | None:
        return rate_of(cell, self.tax_mark, is_fraction=self.tax_is_fraction) if cell else None


def _minutes(cell: str, field: str) -> int | None:
    return minutes_of(cell, field=field) if cell else None


def _type_of(cell: str) -> ProductType | None:
    if not cell:
        return None
    word = fold(cell)
    found = next((kind for kind, words in _TYPES.items() if word in words), None)
    if found is None:
        raise field_error("type", "must be service or product (Leistung or Artikel)")
    return found


def _is_word(heading: str, word: str) -> bool:
    return heading == word


def _begins_with(heading: str, word: str) -> bool:
    return heading.startswith(f"{word} ")
