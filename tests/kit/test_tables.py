"""Tables as files: typed cells in the workbook, the same rows in both forms, nothing that runs."""

import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from clinic_core.errors import InvalidInput
from clinic_core.kit import tables
from clinic_core.kit.tables import Table, table, table_of
from clinic_core.kit.text import Cell

RISKY = ("=1+1", '=HYPERLINK("http://x")', "+1", "-cmd|x", "@sum", "#N/A", "#REF!", "\t=1", "'=1", "=")


def sheet_of(made: Table) -> Worksheet:
    book = load_workbook(BytesIO(made.xlsx()))
    assert len(book.worksheets) == 1
    found: Worksheet = book.worksheets[0]
    return found


def test_amounts_numbers_and_dates_are_typed_and_text_is_text() -> None:
    row: list[Cell] = [
        "P-000017", Decimal("1234.50"), Decimal("-0.10"), Decimal("33.333333"), 3, date(2026, 11, 22),
        datetime(2026, 11, 22, 8, 5, tzinfo=ZoneInfo("Europe/Berlin")), None, "007", date(1850, 1, 1),
    ]  # fmt: skip
    header, cells = sheet_of(table([str(at) for at in range(len(row))], [row])).iter_rows()
    assert [(cell.value, cell.data_type, cell.number_format) for cell in cells] == [
        ("P-000017", "s", "General"),
        (1234.5, "n", "0.00"),
        (-0.1, "n", "0.00"),
        (33.333333, "n", "0.00####"),
        (3, "n", "0"),
        (datetime(2026, 11, 22), "d", "yyyy-mm-dd"),  # noqa: DTZ001
        (datetime(2026, 11, 22, 8, 5), "d", "yyyy-mm-dd hh:mm"),  # noqa: DTZ001
        (None, "n", "General"),
        ("007", "s", "General"),
        ("1850-01-01", "s", "General"),
    ]
    assert all(cell.font.b for cell in header)


def test_no_cell_can_run_as_a_formula_or_stand_for_an_error() -> None:
    made = table(["=head", *["text"] * (len(RISKY) - 1)], [RISKY])
    for cells in sheet_of(made).iter_rows():
        assert {cell.data_type for cell in cells} == {"s"}
    assert [cell.value for cell in list(sheet_of(made).iter_rows())[1]] == list(RISKY)
    with ZipFile(BytesIO(made.xlsx())) as packed:
        assert b"<f>" not in packed.read("xl/worksheets/sheet1.xml")
    assert made.csv().decode("utf-8-sig").splitlines()[1].startswith("'=1+1,")


def test_what_a_workbook_cannot_hold_is_left_out_of_the_text() -> None:
    cells = list(sheet_of(table(["a", "b"], [["x\x07y", "z" * 40_000]])).iter_rows())[1]
    assert (cells[0].value, len(str(cells[1].value))) == ("xy", 32_767)


@given(st.lists(st.text(max_size=20) | st.text("=+-@#& <>;\"'\tA1\n", max_size=6), min_size=1, max_size=8))
def test_every_text_reads_back_from_a_workbook_as_text(texts: list[str]) -> None:
    cells = list(sheet_of(table([str(at) for at in range(len(texts))], [texts])).iter_rows())[1]
    kept = ["".join(character for character in text if is_in_xml(character)) for text in texts]
    assert [cell.value or "" for cell in cells] == [text.replace("\r\n", "\n").replace("\r", "\n") for text in kept]
    assert {cell.data_type for cell in cells if cell.value} <= {"s"}


def is_in_xml(character: str) -> bool:
    code = ord(character)
    return character in "\t\n\r" or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or code > 0xFFFF


def test_a_column_is_styled_row_by_row() -> None:
    rows: list[list[Cell]] = [[Decimal(at), date(2026, 1, at)] for at in range(1, 20)]
    found = [[cell.value for cell in row] for row in sheet_of(table(["n", "d"], rows)).iter_rows(min_row=2)]
    assert found == [[at, datetime(2026, 1, at)] for at in range(1, 20)]  # noqa: DTZ001


@pytest.mark.parametrize("cell", [1.5, True, b"x"])
def test_other_types_are_a_programming_error(cell: object) -> None:
    with pytest.raises(TypeError):
        Table(("a",), ((cell,),)).xlsx()  # type: ignore[arg-type]


def test_rows_and_headings_are_equally_wide_and_not_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="other than 2 cells"):
        table(["a", "b"], [["x"]])
    monkeypatch.setattr(tables, "MOST_ROWS", 2)
    assert len(table_of({"n": lambda n: n}, range(2)).rows) == 2
    with pytest.raises(InvalidInput, match="choose a shorter period"):
        table_of({"n": lambda n: n}, range(3))


def test_a_workbook_of_many_rows_takes_little_more_memory_than_its_rows() -> None:
    made = table(
        ["n", "amount", "at"], [[f"INV-{n}", Decimal(n), datetime(2026, 1, 1, tzinfo=UTC)] for n in range(5000)]
    )
    tracemalloc.start()
    content = made.xlsx()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * len(content) + 4_000_000
