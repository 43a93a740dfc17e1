"""A price list as a table of text: CSV as programs of several countries write it, or the first sheet of a workbook."""

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from clinic_core.billing.schemas.catalogue import MOST_IMPORTED
from clinic_core.errors import InvalidInput
from clinic_core.interchange.csv_source import encoding_of, records

DELIMITERS = (",", ";", "\t", "|")
MOST_COLUMNS = 200
MOST_UNPACKED = 200_000_000
_ZIP_MAGIC = b"PK\x03\x04"

Record = tuple[int, list[str]]


@dataclass(frozen=True)
class SourceTable:
    """The headings of a file, and its rows with their line numbers; cells are text without spaces around it."""

    headers: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def read_table(content: bytes) -> SourceTable:
    """The table in a file: XLSX by its first bytes, CSV otherwise.

    CSV may be split by comma, semicolon, tab or bar, whichever gives the first line most columns; it is UTF-8,
    what its byte-order mark says, or else Windows-1252, which older spreadsheets write.

    Raises:
        InvalidInput: the file is neither, has no heading, no row, or more rows or columns than can be meant.
    """
    lines = _workbook(content) if content.startswith(_ZIP_MAGIC) else _csv(content)
    found = ((line, [cell.strip() for cell in cells]) for line, cells in lines)
    filled = (record for record in found if any(record[1]))
    headers = next(filled, (0, []))[1]
    if not headers:
        raise InvalidInput("The file is empty; its first line should name the columns.")
    if len(headers) > MOST_COLUMNS:
        raise InvalidInput(f"The file has more than {MOST_COLUMNS} columns.")
    rows = tuple(_bounded((line, _as_wide(cells, len(headers))) for line, cells in filled))
    if not rows:
        raise InvalidInput("The file has no row below its headings.")
    return SourceTable(tuple(headers), rows)


def _bounded(rows: Iterator[tuple[int, tuple[str, ...]]]) -> Iterator[tuple[int, tuple[str, ...]]]:
    for number, row in enumerate(rows, start=1):
        if number > MOST_IMPORTED:
            raise InvalidInput(f"A price list may have {MOST_IMPORTED:,} rows; split this one.")
        yield row


def _as_wide(cells: list[str], width: int) -> tuple[str, ...]:
    return tuple(cells[:width] + [""] * (width - len(cells)))


def _csv(content: bytes) -> Iterator[Record]:
    text = _decoded(content)
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(DELIMITERS, key=lambda sign: len(next(csv.reader([first], delimiter=sign), [])))
    try:
        yield from records(io.StringIO(text, newline=""), delimiter)
    except csv.Error as error:
        raise InvalidInput(f"The file is not CSV: {error}.") from error


def _decoded(content: bytes) -> str:
    try:
        text = content.decode(encoding_of(content[:4]))
    except UnicodeDecodeError:
        try:
            text = content.decode("cp1252")
        except UnicodeDecodeError as error:
            raise InvalidInput("The file is neither UTF-8 nor Windows-1252 text, nor an XLSX workbook.") from error
    if "\0" in text:
        raise InvalidInput("The file is neither CSV nor an XLSX workbook.")
    return text


def _workbook(content: bytes) -> Iterator[Record]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > MOST_UNPACKED:
                raise InvalidInput("The workbook is too large; save its first sheet alone, or as CSV.")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        for line, cells in enumerate(book.worksheets[0].iter_rows(values_only=True), start=1):
            yield line, [_cell(value) for value in cells]
    except (zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, IndexError, ValueError) as error:
        raise InvalidInput("The workbook cannot be read; save it anew as XLSX, or as CSV.") from error


def _cell(value: object) -> str:
    """A cell as text; numbers to the 15 digits that a workbook keeps, with a decimal point, whole ones without."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.0f}" if value.is_integer() else format(Decimal(f"{value:.15g}"), "f")
        case datetime() | date():
            return value.isoformat()
        case _:
            return str(value)
