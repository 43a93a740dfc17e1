"""Tables that leave the clinic: one set of columns and rows, written as CSV or as an XLSX workbook."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from clinic_core.errors import InvalidInput
from clinic_core.kit.copied import CopiedTable
from clinic_core.kit.text import Cell, csv_bytes
from clinic_core.kit.workbook import workbook

Row = TypeVar("Row")

MOST_ROWS = 100_000


@dataclass(frozen=True)
class Table:
    """What a list or report holds: headings, and as many cells in every row."""

    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.rows)

    def csv(self) -> bytes:
        """The table as `csv_bytes` writes it."""
        return csv_bytes(self.header, self.rows)

    def xlsx(self) -> bytes:
        """The table as `kit.workbook.workbook` writes it."""
        return workbook(self.header, self.rows)


AnyTable = Table | CopiedTable


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


def too_many_rows() -> InvalidInput:
    """The error for a list that is too long to leave as one file."""
    return InvalidInput(f"More than {MOST_ROWS:,} rows pass these filters; choose a shorter period.")


def _bounded(rows: Iterable[tuple[Cell, ...]]) -> Iterable[tuple[Cell, ...]]:
    for number, row in enumerate(rows, start=1):
        if number > MOST_ROWS:
            raise too_many_rows()
        yield row
