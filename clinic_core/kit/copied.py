"""Tables that PostgreSQL wrote by COPY: kept as they came, made into cells when a file is asked for.

A hundred thousand invoices are a dozen megabytes this way. As objects they would be ten times as much, made for nothing
where numbers and dates go into a file as PostgreSQL writes them.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any

from clinic_core.kit.text import Cell, csv_bytes, csv_text, csv_texts
from clinic_core.kit.workbook import workbook

_Fields = Sequence[Sequence[str]]
_Make = Callable[[_Fields], Iterable[Iterable[Cell]]]

_LINES_AT_ONCE = 2000
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_MEANT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


@dataclass(frozen=True)
class CopiedColumn:
    """How a column is made of the next `fields` of a copied line.

    With `typed` it is a number, a date or a code that PostgreSQL wrote, without comma or quote, and that function reads
    it. Else it is text of people: the field itself, or what `worded` makes of the fields.
    """

    fields: int = 1
    worded: Callable[..., str] | None = None
    typed: Callable[[str], Cell] | None = None


def is_typed(column: CopiedColumn) -> bool:
    """Whether the column comes in one field with the typed ones beside it."""
    return column.typed is not None


@dataclass(frozen=True)
class CopiedTable:
    """As `kit.tables.Table`: headings with their columns, and `parts` of whole lines in COPY's text format.

    Typed columns side by side are one field, with commas between them, as they stand in a CSV file. What is not known
    is written as nothing, so it reads as an empty text does.
    """

    columns: Mapping[str, CopiedColumn]
    parts: tuple[bytes, ...]
    count: int

    def __len__(self) -> int:
        """How many rows there are."""
        return self.count

    @property
    def header(self) -> tuple[str, ...]:
        """The headings."""
        return tuple(self.columns)

    @property
    def rows(self) -> Iterator[tuple[Cell, ...]]:
        """The rows one after the other, numbers and dates as such."""
        return self._made(_typed, _text)

    def csv(self) -> bytes:
        """The table as `kit.text.csv_bytes` writes the rows."""
        lines = map(",".join, self._made(_as_written, _csv_text))
        content = [csv_bytes(self.header, ())]
        while chunk := "\r\n".join((*islice(lines, _LINES_AT_ONCE), "")):
            content.append(chunk.encode())
        return b"".join(content)

    def xlsx(self) -> bytes:
        """The table as `kit.workbook.workbook` writes the rows."""
        return workbook(self.header, self.rows)

    def _made(
        self, typed: Callable[[Sequence[CopiedColumn]], _Make], text: Callable[[CopiedColumn], _Make]
    ) -> Iterator[tuple[Any, ...]]:
        """The rows, made column by column: a cell costs no step of its own where nothing is to be done with it."""
        makers: list[tuple[int, _Make]] = []
        for together, columns in groupby(self.columns.values(), is_typed):
            run = tuple(columns)
            makers += [(1, typed(run))] if together else [(each.fields, text(each)) for each in run]
        for part in self.parts:
            fields = iter(_fields(part, sum(taken for taken, _ in makers)))
            made = (column for taken, make in makers for column in make(list(islice(fields, taken))))
            yield from zip(*made, strict=True)


def _fields(part: bytes, width: int) -> list[list[str]]:
    """The fields of the lines, first to last of a line."""
    text = part.decode()
    flat = text.replace("\n", "\t").split("\t")
    flat.pop()  # nothing follows the last line break
    if "\\" in text:
        flat = [_ESCAPED.sub(_meant, field) if "\\" in field else field for field in flat]
    return [flat[at::width] for at in range(width)]


def _meant(escaped: re.Match[str]) -> str:
    return _MEANT.get(escaped[1], escaped[1])


def _typed(run: Sequence[CopiedColumn]) -> _Make:
    """What makes typed cells of a field with several."""
    known = [_Known(_unless_empty(column.typed)) for column in run]

    def make(fields: _Fields) -> Iterable[Iterable[Cell]]:
        columns = zip(*(field.split(",") for field in fields[0]), strict=True)
        return [map(each.__getitem__, column) for each, column in zip(known, columns, strict=True)]

    return make


def _as_written(_run: Sequence[CopiedColumn]) -> _Make:
    """What makes the cells of a CSV file of a field with several: nothing is to be done."""
    return lambda fields: fields


def _text(column: CopiedColumn) -> _Make:
    """What makes text of people, as `Table` has it."""
    worded = column.worded
    if worded is None:
        return lambda fields: [[field or None for field in fields[0]]]
    known = _Known(lambda fields: worded(*fields) or None)
    return lambda fields: [map(known.__getitem__, zip(*fields, strict=True))]


def _csv_text(column: CopiedColumn) -> _Make:
    """What makes text of people as a CSV file has it."""
    worded = column.worded
    if worded is None:
        return lambda fields: [csv_texts(fields[0])]
    known = _Known(lambda fields: csv_text(worded(*fields)))
    return lambda fields: [map(known.__getitem__, zip(*fields, strict=True))]


def _unless_empty(typed: Callable[[str], Cell] | None) -> Callable[[str], Cell]:
    return lambda field: typed(field) if field and typed else None


class _Known(dict[Any, Cell]):
    """What was made of fields, for the next row that says the same."""

    def __init__(self, make: Callable[[Any], Cell]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, fields: object) -> Cell:
        self[fields] = cell = self._make(fields)
        return cell
