"""Tables that leave the clinic: one set of columns and rows, written as CSV or as an XLSX workbook."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import TypeVar

from openpyxl import Workbook
from openpyxl.cell import Cell as SheetCell
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ERROR_CODES, ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from clinic_core.errors import InvalidInput
from clinic_core.kit.text import Cell, csv_bytes, safe_cell

Row = TypeVar("Row")

MOST_ROWS = 100_000
LONGEST_TEXT = 32_767

_AMOUNT, _PRICE, _DATE, _INSTANT, _WHOLE = "0.00", "0.00####", "yyyy-mm-dd", "yyyy-mm-dd hh:mm", "0"
# Spreadsheets count days from 1900 and take that year for a leap year.
_FIRST_DAY = date(1900, 3, 1)


@dataclass(frozen=True)
class Table:
    """What a list or report holds: headings, and as many cells in every row."""

    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def csv(self) -> bytes:
        """The table as `csv_bytes` writes it."""
        return csv_bytes(self.header, self.rows)

    def xlsx(self) -> bytes:
        """The table as a workbook of one sheet: amounts, whole numbers and dates typed, text always text.

        Instants are wall time of the zone in which they come; a workbook has no zones. Rows go to a temporary file
        one by one, so memory holds the table and the finished file.

        Raises: TypeError for a float or any other type.
        """
        book = Workbook(write_only=True)
        book.properties.creator = "Clinicboard"
        sheet = book.create_sheet("Rows")
        sheet.freeze_panes = "A2"
        for at, label in enumerate(self.header, start=1):
            sheet.column_dimensions[get_column_letter(at)].width = max(12, len(label) + 2)
        write = _Cells(sheet)
        content = BytesIO()
        try:
            sheet.append([_heading(sheet, label) for label in self.header])
            for row in self.rows:
                sheet.append([write.cell(at, value) for at, value in enumerate(row)])
            book.save(content)
        finally:
            if not sheet.closed:
                sheet.close()
        return content.getvalue()


def table_of(columns: Mapping[str, Callable[[Row], Cell]], rows: Iterable[Row]) -> Table:
    """The rows under headings, each with the function that gives its cell.

    Raises:
        InvalidInput: more than 100,000 rows.
    """
    cells = tuple(columns.values())
    return Table(tuple(columns), tuple(_bounded(tuple(cell(row) for cell in cells) for row in rows)))


def table(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Table:
    """The rows under these headings.

    Raises:
        ValueError: a row is not as wide as the header.
        InvalidInput: more than 100,000 rows.
    """
    found = tuple(_bounded(map(tuple, rows)))
    if any(len(row) != len(header) for row in found):
        raise ValueError(f"A row has other than {len(header)} cells.")
    return Table(tuple(header), found)


def _bounded(rows: Iterable[tuple[Cell, ...]]) -> Iterable[tuple[Cell, ...]]:
    for number, row in enumerate(rows, start=1):
        if number > MOST_ROWS:
            raise InvalidInput(f"More than {MOST_ROWS:,} rows pass these filters; choose a shorter period.")
        yield row


def _heading(sheet: WriteOnlyWorksheet, label: str) -> SheetCell:
    cell = WriteOnlyCell(sheet, label)
    cell.data_type = "s"
    cell.font = Font(bold=True)
    return cell


class _Cells:
    """Cells of a sheet that writes a row and forgets it, so that one styled cell serves a whole column."""

    def __init__(self, sheet: WriteOnlyWorksheet) -> None:
        self._sheet = sheet
        self._styled: dict[tuple[int, str], SheetCell] = {}

    def cell(self, at: int, value: object) -> SheetCell | str | None:
        match value:
            case None:
                return None
            case str():
                return self._text(value)
            case bool():
                raise TypeError("A cell says yes or no in words, not as a truth value.")
            case int():
                return self._as(at, value, _WHOLE)
            case Decimal():
                return self._as(at, value, _AMOUNT if value == value.quantize(Decimal("0.01")) else _PRICE)
            case date() if (value.date() if isinstance(value, datetime) else value) < _FIRST_DAY:
                return value.isoformat()
            case datetime():
                return self._as(at, value.replace(tzinfo=None), _INSTANT)
            case date():
                return self._as(at, value, _DATE)
            case _:
                raise TypeError(f"A cell is text, Decimal, int or a date, not {type(value).__name__}.")

    def _as(self, at: int, value: Decimal | date | int, number_format: str) -> SheetCell:
        styled = self._styled.get((at, number_format))
        if styled is None:
            styled = self._styled[at, number_format] = WriteOnlyCell(self._sheet)
            styled.value = value
            styled.number_format = number_format
        else:
            styled.value = value
        return styled

    def _text(self, value: str) -> SheetCell | str:
        """The text as it is; what a program could take for a formula or an error is marked as text."""
        text = ILLEGAL_CHARACTERS_RE.sub("", value)[:LONGEST_TEXT]
        if safe_cell(text) == text and not text.startswith(("=", *ERROR_CODES)):
            return text
        cell = WriteOnlyCell(self._sheet, text)
        cell.data_type = "s"
        cell.quotePrefix = True
        return cell
