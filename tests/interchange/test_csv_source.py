"""CSV files of other systems: every way in which they are written, and a sentence for each way to be broken."""

import gzip
from pathlib import Path

import pytest

from clinic_core.errors import InvalidInput
from clinic_core.interchange.csv_source import CsvRow, CsvSource, find_csv

TEXT = 'Id,Name\r\n1,"Quill, Ana"\r\n\r\n2, Bo \r\n'


@pytest.fixture(scope="session", autouse=True)
def database() -> None:
    """Takes the place of the worker's database."""


def read(path: Path) -> list[CsvRow]:
    return list(CsvSource(path).rows())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("packed", [False, True])
def test_marks_and_compression_make_no_difference(tmp_path: Path, encoding: str, *, packed: bool) -> None:
    content = TEXT.encode(encoding)
    path = tmp_path / "people.csv"
    path.write_bytes(gzip.compress(content, mtime=0) if packed else content)
    assert [(row.line, row.cells) for row in read(path)] == [
        (2, {"ID": "1", "NAME": "Quill, Ana"}),
        (4, {"ID": "2", "NAME": " Bo "}),
    ]


def test_headers_of_any_case_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("iD, name \n1,Ana\n")
    assert read(path)[0].text("NAME") == "Ana"


def test_missing_and_surplus_cells_are_no_error(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("id,name,city\n1\n2,Bo,Rome,more\n")
    assert [(row.text("NAME"), row.text("CITY"), row.text("STREET")) for row in read(path)] == [
        ("", "", ""),
        ("Bo", "Rome", ""),
    ]


def test_of_two_columns_with_one_name_the_first_counts(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("id,name,NAME\n1,Ana,Bo\n")
    assert read(path)[0].text("NAME") == "Ana"


def test_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(b"")
    assert read(path) == []


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"id,name\n1,Jos\xe9\n", "is not UTF-8 text"),
        (gzip.compress(TEXT.encode() * 50, mtime=0)[:40], "is damaged"),
        (b'id,name\n1,"' + b"x" * 200_000 + b'"\n', "is not CSV"),
    ],
)
def test_a_broken_file_is_named_in_a_sentence(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=f"The file people.csv {complaint}"):
        read(path)


def test_a_file_that_is_read_tells_how_far_it_got(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("id\n" + "1234567890\n" * 50_000)
    source = CsvSource(path)
    rows = source.rows()
    for _ in range(40_000):
        next(rows)
    assert 0 < source.bytes_read < source.size
    assert sum(1 for _ in rows) == 10_000
    assert source.bytes_read == source.size


def test_a_file_is_found_whatever_the_case_of_its_name(tmp_path: Path) -> None:
    assert find_csv(tmp_path, "patients") is None
    (tmp_path / "Patients.CSV.GZ").write_bytes(gzip.compress(b"id\n1\n", mtime=0))
    found = find_csv(tmp_path, "patients")
    assert found is not None
    assert len(list(found.rows())) == 1
