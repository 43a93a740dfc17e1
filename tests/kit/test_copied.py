"""Tables as PostgreSQL copies them: the same file as of the same rows, whatever people wrote."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from clinic_core.kit.copied import CopiedColumn, CopiedTable
from clinic_core.kit.formats import person_name
from clinic_core.kit.tables import table
from clinic_core.kit.text import Cell

COLUMNS = {
    "Note": CopiedColumn(),
    "On": CopiedColumn(typed=date.fromisoformat),
    "Amount": CopiedColumn(typed=Decimal),
    "Name": CopiedColumn(fields=2, worded=person_name),
    "Kind": CopiedColumn(worded=str.capitalize),
    "Balance": CopiedColumn(typed=Decimal),
}
ESCAPES = {"\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}

written = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
risky = st.sampled_from(
    ["=1+1", "+1", "-cmd|x", "@sum", "\t=1", " =1", "\r\n=1", "\N{FULLWIDTH EQUALS SIGN}1", "-1", ""]
)
texts = written | risky
rows_of_people = st.lists(
    st.tuples(
        texts,
        st.none() | st.dates(),
        st.none() | st.decimals(-(10**9), 10**9, places=2),
        texts,
        texts,
        st.sampled_from(["invoice", "credit"]),
        st.decimals(0, 10**9, places=2),
    ),
    max_size=8,
)
Person = tuple[str, date | None, Decimal | None, str, str, str, Decimal]


def copied(rows: list[Person], lines_of_a_part: int = 3) -> CopiedTable:
    lines = [line_of(row) for row in rows]
    parts = ["".join(lines[at : at + lines_of_a_part]).encode() for at in range(0, len(lines), lines_of_a_part)]
    return CopiedTable(COLUMNS, tuple(parts), len(rows))


def line_of(person: Person) -> str:
    note, on, amount, first, last, kind, balance = person
    run = f"{on or ''},{'' if amount is None else f'{amount:f}'}"
    return "\t".join(escaped([note, run, first, last, kind, f"{balance:f}"])) + "\n"


def escaped(fields: Iterable[str]) -> list[str]:
    """As COPY does in its text format (PostgreSQL manual, COPY, file formats)."""
    return ["".join(ESCAPES.get(character, character) for character in field) for field in fields]


def plain(rows: list[Person]) -> list[list[Cell]]:
    return [
        [note, on, amount, person_name(first, last), kind.capitalize(), balance]
        for note, on, amount, first, last, kind, balance in rows
    ]


@given(rows_of_people)
def test_a_copied_table_is_the_same_csv_file_as_its_rows(rows: list[Person]) -> None:
    assert copied(rows).csv() == table(tuple(COLUMNS), plain(rows)).csv()


@given(rows_of_people)
def test_a_copied_table_has_numbers_and_dates_as_such(rows: list[Person]) -> None:
    made = copied(rows)
    assert list(made.rows) == [tuple(None if cell == "" else cell for cell in row) for row in plain(rows)]
    assert (len(made), made.header) == (len(rows), tuple(COLUMNS))


def test_a_copied_table_is_the_same_workbook_as_its_rows() -> None:
    rows: list[Person] = [
        ("=1+1", date(2026, 11, 22), Decimal("-21.50"), "Ada", "Lind", "invoice", Decimal("0.00")),
        ("two\nlines", None, None, "=cmd", "", "credit", Decimal("1234.50")),
    ]
    sheets = [
        [
            [(cell.value, cell.data_type, cell.number_format) for cell in row]
            for row in load_workbook(BytesIO(content)).worksheets[0]
        ]
        for content in (copied(rows).xlsx(), table(tuple(COLUMNS), plain(rows)).xlsx())
    ]
    assert sheets[0] == sheets[1]
