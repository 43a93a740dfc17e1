"""A workbook of one sheet: headings, and rows whose amounts, whole numbers and dates are typed.

openpyxl makes the book, its styles and the headings. The rows are written into its sheet here: a cell that is a line of
text costs a tenth of one that is built as a tree and taken apart again, and a list may have a million cells.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any, NamedTuple
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook
from openpyxl.cell import Cell as SheetCell
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ERROR_CODES
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from clinic_core.kit.text import Cell, safe_cell

LONGEST_TEXT = 32_767

_AMOUNT, _PRICE, _DATE, _INSTANT, _WHOLE = "0.00", "0.00####", "yyyy-mm-dd", "yyyy-mm-dd hh:mm", "0"
# Spreadsheets count days from 1900 and take that year for a leap year.
_FIRST_DAY = date(1900, 3, 1)
_ZERO_HOUR, _ONE_DAY = datetime(1899, 12, 30), timedelta(days=1)  # noqa: DTZ001 a workbook has no zones
_DAY_ZERO = _ZERO_HOUR.toordinal()
_CENT = Decimal("0.01")
_SHEET = "xl/worksheets/sheet1.xml"
_END_OF_ROWS = b"</sheetData>"
# As fast as it gets for a third more bytes, which are repetitions of a few words.
_COMPRESSION = 3
_ROWS_AT_ONCE = 1000
# What no XML file may hold (XML 1.0, 2.2).
_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Letters and digits with harmless signs between: no program takes it for a formula, nothing in it is escaped.
_PLAIN_TEXT = re.compile(r"[^\W_](?:[\w .,:;/()'-]{0,199}[\w.)])?")


def workbook(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """The rows under the headings as an XLSX file; text is always text, whatever it begins with.

    Instants are wall time of the zone in which they come; a workbook has no zones. Rows are packed as they come, so
    memory holds little more than the finished file.

    Raises: TypeError for a float or any other type.
    """
    template, styles = _template(header)
    content = BytesIO()
    with (
        ZipFile(template) as given,
        ZipFile(content, "w", ZIP_DEFLATED, compresslevel=_COMPRESSION) as made,
    ):
        for name in given.namelist():
            if name != _SHEET:
                made.writestr(name, given.read(name))
        before, end, after = given.read(_SHEET).partition(_END_OF_ROWS)
        with made.open(_SHEET, "w") as sheet:
            sheet.write(before)
            for text in _row_texts(rows, len(header), styles):
                sheet.write(text.encode())
            sheet.write(end + after)
    return content.getvalue()


class _Styles(NamedTuple):
    """The numbers of the styles in the book."""

    amount: int
    price: int
    whole: int
    date: int
    instant: int
    text: int


def _template(header: Sequence[str]) -> tuple[BytesIO, _Styles]:
    book = Workbook(write_only=True)
    book.properties.creator = "Clinicboard"
    sheet = book.create_sheet("Rows")
    sheet.freeze_panes = "A2"
    for at, label in enumerate(header, start=1):
        sheet.column_dimensions[get_column_letter(at)].width = max(12, len(label) + 2)
    content = BytesIO()
    try:
        sheet.append([_heading(sheet, label) for label in header])
        styles = _Styles(
            amount=_style(sheet, _AMOUNT),
            price=_style(sheet, _PRICE),
            whole=_style(sheet, _WHOLE),
            date=_style(sheet, _DATE),
            instant=_style(sheet, _INSTANT),
            text=_style_of_text(sheet),
        )
        book.save(content)
    finally:
        if not sheet.closed:
            sheet.close()
    return content, styles


def _heading(sheet: WriteOnlyWorksheet, label: str) -> SheetCell:
    cell = WriteOnlyCell(sheet, label)
    cell.data_type = "s"
    cell.font = Font(bold=True)
    return cell


def _style(sheet: WriteOnlyWorksheet, number_format: str) -> int:
    cell = WriteOnlyCell(sheet)
    cell.number_format = number_format
    return int(cell.style_id)


def _style_of_text(sheet: WriteOnlyWorksheet) -> int:
    cell = WriteOnlyCell(sheet)
    cell.quotePrefix = True
    return int(cell.style_id)


def _row_texts(rows: Iterable[Sequence[Cell]], width: int, styles: _Styles) -> Iterator[str]:
    """The XML of the rows, many at once: packing has its price per call."""
    written = _Cells(styles)
    letters = [get_column_letter(at) for at in range(1, width + 1)]
    lines: list[str] = []
    for number, row in enumerate(rows, start=2):
        cells = [
            f'<c r="{letter}{number}"{written[type(value)](value)}</c>'
            for letter, value in zip(letters, row, strict=True)
            if value is not None
        ]
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
        if len(lines) == _ROWS_AT_ONCE:
            yield "".join(lines)
            lines.clear()
    yield "".join(lines)


class _Cells(dict[type, Callable[[Any], str]]):
    """By the type of a value, what writes the rest of its cell: its style and itself."""

    def __init__(self, styles: _Styles) -> None:
        super().__init__()
        self._styles = styles

    def __missing__(self, kind: type) -> Callable[[Any], str]:
        self[kind] = write = self._writer(kind)
        return write

    def _writer(self, kind: type) -> Callable[[Any], str]:
        if issubclass(kind, bool):
            raise TypeError("A cell says yes or no in words, not as a truth value.")
        writers: Mapping[type, Callable[[Any], str]] = {
            str: self._text,
            int: self._whole,
            Decimal: self._decimal,
            datetime: self._instant,
            date: self._date,
        }
        for known, write in writers.items():
            if issubclass(kind, known):
                return write
        raise TypeError(f"A cell is text, Decimal, int or a date, not {kind.__name__}.")

    def _whole(self, value: int) -> str:
        return f' s="{self._styles.whole}"><v>{value:d}</v>'

    def _decimal(self, value: Decimal) -> str:
        text = f"{value:f}"
        is_amount = text[-3:-2] == "." or value == value.quantize(_CENT)
        return f' s="{self._styles.amount if is_amount else self._styles.price}"><v>{text}</v>'

    def _date(self, value: date) -> str:
        if value < _FIRST_DAY:
            return self._text(value.isoformat())
        return f' s="{self._styles.date}"><v>{value.toordinal() - _DAY_ZERO}</v>'

    def _instant(self, value: datetime) -> str:
        if value.date() < _FIRST_DAY:
            return self._text(value.isoformat())
        return f' s="{self._styles.instant}"><v>{(value.replace(tzinfo=None) - _ZERO_HOUR) / _ONE_DAY}</v>'

    def _text(self, value: str) -> str:
        """The text as it is; what a program could take for a formula or an error is marked as text."""
        if _PLAIN_TEXT.fullmatch(value):
            return f' t="inlineStr"><is><t>{value}</t></is>'
        text = _NOT_IN_XML.sub("", value)[:LONGEST_TEXT]
        is_harmless = safe_cell(text) == text and not text.startswith(("=", *ERROR_CODES))
        style = "" if is_harmless else f' s="{self._styles.text}"'
        return f'{style} t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is>'
