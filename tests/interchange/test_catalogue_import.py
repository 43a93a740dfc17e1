"""Price lists: whatever program wrote them, good rows become items once, odd rows are named by line."""

import json
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook
from typer.testing import CliRunner

from clinic_core.access import perform
from clinic_core.billing.queries import list_catalogue
from clinic_core.billing.schemas import CatalogueImported, CatalogueRow, GetImport, ImportCatalogue, ListCatalogue
from clinic_core.billing.service import export_refused, import_catalogue, preview_catalogue_import
from clinic_core.cli.main import app
from clinic_core.errors import InvalidInput, NotFound, PermissionDenied
from clinic_core.interchange.catalogue import (
    CatalogueColumn,
    CatalogueReading,
    checked_mapping,
    guess_mapping,
    read_catalogue,
)
from clinic_core.interchange.catalogue_file import read_table
from clinic_core.kit.ids import new_id
from clinic_core.settings import PROJECT_ROOT
from clinic_core.vocabulary import ProductType
from tests.billing.arrange import audited, issued, line
from tests.factories import Clinic, make_clinic, make_patient

GERMAN = (
    "Nummer;Bezeichnung;Art;Einzelpreis (EUR);MwSt.;Dauer;Puffer\r\n"
    "A1;Größte Fußpflege;Leistung;1.234,50 €;19 %;45 min;10\r\n"
    "A2;Salbe;Artikel;12,5;7 %;;\r\n"
)
FEE_SCHEDULE = PROJECT_ROOT.parent / "shared" / "data" / "terminology" / "goae_fee_schedule_de.csv"


def reading(content: bytes, **mapping: str) -> CatalogueReading:
    table = read_table(content)
    return read_catalogue(table, checked_mapping(table.headers, mapping))


def taken_in(clinic: Clinic, content: bytes, **usual: object) -> CatalogueImported:
    values = {"items": reading(content).items, "duration_minutes": 30, **usual}
    return perform(clinic.actor("manager"), import_catalogue, ImportCatalogue.model_validate(values))


def catalogue(clinic: Clinic) -> dict[str, CatalogueRow]:
    rows = perform(clinic.actor("manager"), list_catalogue, ListCatalogue(limit=200))
    return {row.code: row for row in rows}


def workbook(*rows: tuple[str | float | None, ...]) -> bytes:
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def test_a_number_of_a_workbook_keeps_the_digits_that_the_workbook_keeps() -> None:
    found = reading(
        workbook(
            ("Code", "Name", "Price"),
            ("A1", "A large price", 123456789.123456),
            ("A2", "A sum of the workbook", 0.1 + 0.2),
            ("A3", "A small price", 0.000001),
        )
    )
    assert [row.unit_price for row in found.items] == [Decimal("123456789.123456"), Decimal("0.3"), Decimal("0.000001")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_a_german_price_list_is_read_in_every_encoding_and_delimiter(encoding: str, delimiter: str) -> None:
    found = reading(GERMAN.replace(";", delimiter).encode(encoding))
    first, second = found.items
    assert found.refused == ()
    assert (first.code, first.name, first.type, first.unit_price, first.tax_rate) == (
        "A1", "Größte Fußpflege", ProductType.SERVICE, Decimal("1234.5"), Decimal("0.19"),
    )  # fmt: skip
    assert (first.duration_minutes, first.buffer_minutes) == (45, 10)
    assert (second.type, second.unit_price, second.tax_rate) == (ProductType.PRODUCT, Decimal("12.5"), Decimal("0.07"))
    assert (second.duration_minutes, second.buffer_minutes) == (None, None)


def test_an_english_list_is_split_at_commas_and_has_fractions_or_per_cent() -> None:
    fractions = reading(b'Code,Description,Unit price,VAT\nX,"Laser, large","1,234.50",0.19\nY,Z,80,0\n')
    assert [(row.unit_price, row.tax_rate) for row in fractions.items] == [
        (Decimal("1234.5"), Decimal("0.19")), (Decimal(80), Decimal(0)),
    ]  # fmt: skip
    per_cent = reading(b"Code,Name,Price,Tax rate\nX,Laser,80,19\nY,Z,80,0.5\n")
    assert [row.tax_rate for row in per_cent.items] == [Decimal("0.19"), Decimal("0.005")]


@pytest.mark.parametrize(
    ("cells", "prices"),
    [
        (["1.234,56", "1.234"], ["1234.56", "1234"]),
        (["1,234.56", "1,234"], ["1234.56", "1234"]),
        (["1'234.50", "CHF 2"], ["1234.50", "2"]),
        (["12,50", "0,123456"], ["12.50", "0.123456"]),
        (["1 234,50", "7"], ["1234.50", "7"]),
    ],
)
def test_prices_of_several_countries_are_read(cells: list[str], prices: list[str]) -> None:
    content = "code;name;price\n" + "".join(f"{at};n;{cell}\n" for at, cell in enumerate(cells))
    assert [row.unit_price for row in reading(content.encode()).items] == [Decimal(price) for price in prices]


def test_every_odd_row_is_named_by_line_with_a_sentence() -> None:
    rows = [
        "code;name;price;type;duration",
        "A;Good;10;;",
        "A;Again;11;;",
        "B;No number;ten;;",
        "C;No price;;;",
        f"{'x' * 41};Long;1;;",
        f"D;{'x' * 901};1;;",
        ";No code;1;;",
        "E;;1;;",
        "F;Type;1;thing;",
        "G;Time;1;;soon",
        "H;Time;1;;2000",
        "I;Debt;-1;;",
        "J;Unclear;1,234;;",
        '"K";"Two',
        'lines";1;;',
    ]
    found = reading("\n".join(rows).encode())
    assert [item.code for item in found.items] == ["A"]
    told = [(row.line, row.sentence) for row in found.refused]
    assert told == [
        (3, "The code “A” stands on line 2 already."),
        (4, "Unit price must be written in digits, for example 12.50."),
        (5, "Unit price is missing."),
        (6, "Code must not be longer than 40 characters; it has 41."),
        (7, "Name must not be longer than 900 characters; it has 901."),
        (8, "Code is missing."),
        (9, "Name is missing."),
        (10, "Type must be service or product (Leistung or Artikel)."),
        (11, "Duration minutes must be whole minutes, for example 45."),
        (12, "Duration minutes must be between 1 and 1,440."),
        (13, "Unit price must not be negative."),
        (14, "Unit price is unclear: write it without thousands separators and with a decimal point."),
        (16, "Name must be a single line."),
    ]


def test_a_workbook_is_read_with_its_numbers_and_codes() -> None:
    found = reading(
        workbook(
            ("Nr.", "Leistung", "Preis", "Dauer"), (None, None), (4711, "Röntgen", 12.3, 15.0), ("X", "Gips", 7, "")
        )
    )
    assert [(row.line, row.code, row.unit_price, row.duration_minutes) for row in found.items] == [
        (3, "4711", Decimal("12.3"), 15), (4, "X", Decimal(7), None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"code;name;price\n",
        b"\x00\x01\x02",
        b"PK\x03\x04 broken",
        b"name;price\nx;1\n",
        b'code,"name\n' * 9,
    ],
)
def test_a_file_that_is_no_price_list_is_refused_in_a_sentence(content: bytes) -> None:
    with pytest.raises(InvalidInput):
        reading(content)


def test_headings_are_guessed_and_overruled() -> None:
    headers = ("Ziffer", "Kurztext", "Leistungstext", "eur_1_0", "points")
    assert guess_mapping(headers) == {
        CatalogueColumn.CODE: "Ziffer", CatalogueColumn.NAME: "Leistungstext", CatalogueColumn.PRICE: "eur_1_0",
    }  # fmt: skip
    mapping = checked_mapping(headers, {"name": "kurztext", "price": "POINTS"})
    assert (mapping[CatalogueColumn.NAME], mapping[CatalogueColumn.PRICE]) == ("Kurztext", "points")
    for wrong in ({"colour": "Ziffer"}, {"name": "Nothing"}, {"code": ""}):
        with pytest.raises(InvalidInput):
            checked_mapping(headers, wrong)


def test_good_rows_are_written_once_and_a_second_run_changes_nothing(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    before = issued(clinic, patient, line(clinic))
    content = b"code,name,price,tax,type,duration\nFU30,Follow-up,85,,,\nNEW,New,10,19%,,20\nBAND,Band,12.00,,,\n"
    first = taken_in(clinic, content)
    assert (first.created, first.updated, first.repriced, first.unchanged) == (1, 2, 2, 0)
    rows = catalogue(clinic)
    assert (rows["FU30"].unit_price, rows["FU30"].duration_minutes, rows["FU30"].version) == (Decimal(85), 30, 2)
    assert (rows["BAND"].tax_rate, rows["BAND"].duration_minutes) == (Decimal("0.19"), None)
    assert (rows["NEW"].tax_rate, rows["NEW"].duration_minutes, rows["NEW"].active) == (Decimal("0.19"), 20, True)
    written = audited(clinic, "catalogue.import")
    assert [row[1] for row in written if row[0] == "product_price"] == ["insert"] * 3
    second = taken_in(clinic, content)
    assert second == CatalogueImported(created=0, updated=0, repriced=0, unchanged=3, refused=())
    assert catalogue(clinic) == rows
    assert len(audited(clinic, "catalogue.import")) == len(written) + 1
    assert before.total == Decimal("80.00")


def test_rows_that_do_not_fit_the_catalogue_are_refused_by_line(clinic: Clinic) -> None:
    head = b"code,name,price,type,duration\n"
    content = head + b"BAND,Band,1,service,10\nS,Service,1,,\nP,Product,1,product,5\nOK,Fine,1,product,\n"
    made = taken_in(clinic, content, duration_minutes=None)
    assert (made.created, [(row.line, row.code) for row in made.refused]) == (1, [(2, "BAND"), (3, "S"), (4, "P")])
    assert made.refused[0].sentence == "The item “BAND” is a product and stays one; the file says service."


def test_the_preview_says_what_the_import_would_do_and_writes_nothing(clinic: Clinic) -> None:
    request = ImportCatalogue(
        items=reading(b"code,name,price\nFU30,Follow-up,85\nN,New,1\n").items, duration_minutes=15
    )
    told = perform(clinic.actor("manager"), preview_catalogue_import, request)
    assert (told.created, told.updated, told.repriced) == (1, 1, 1)
    assert set(catalogue(clinic)) == {"FU30", "BAND"}
    assert perform(clinic.actor("manager"), import_catalogue, request) == told


@pytest.mark.parametrize("role", ["assistant", "practitioner"])
def test_others_take_in_no_price_list(clinic: Clinic, role: str) -> None:
    with pytest.raises(PermissionDenied):
        perform(clinic.actor(role), import_catalogue, ImportCatalogue(items=()))


def test_a_published_fee_schedule_is_taken_in_but_for_its_double_code(clinic: Clinic) -> None:
    if not FEE_SCHEDULE.is_file():
        pytest.skip("needs the German fee schedule of the shared data")
    found = reading(FEE_SCHEDULE.read_bytes())
    assert [(row.code, row.sentence) for row in found.refused] == [
        ("4114", "The code “4114” stands on line 1591 already.")
    ]
    made = taken_in(clinic, FEE_SCHEDULE.read_bytes())
    assert (made.created, made.refused) == (1921, ())
    assert taken_in(clinic, FEE_SCHEDULE.read_bytes()).unchanged == 1921
    assert catalogue(clinic)["1"].unit_price == Decimal("4.66")


def test_the_command_takes_a_mapping_and_lists_odd_rows(clinic: Clinic, tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("Key;What;Price\nA;Laser;12,50\nA;Twice;1\n", encoding="utf-8")
    odd = tmp_path / "odd.csv"
    arguments = [
        "import",
        "catalogue",
        str(path),
        "--organization",
        clinic.name,
        "--map",
        "code=Key",
        "--map",
        "name=what",
    ]
    done = CliRunner().invoke(app, [*arguments, "--tax-rate", "19", "--duration", "20", "--flagged", str(odd)])
    assert done.exit_code == 0, done.stderr
    assert "1 created, 0 updated (0 with a new price), 0 unchanged, 1 left out" in done.stdout
    assert "line 3: The code “A” stands on line 2 already." in done.stdout
    assert odd.read_text(encoding="utf-8-sig").splitlines() == [
        "Line,Code,Reason",
        "3,A,The code “A” stands on line 2 already.",
    ]
    row = catalogue(clinic)["A"]
    assert (row.unit_price, row.tax_rate, row.duration_minutes) == (Decimal("12.5"), Decimal("0.19"), 20)
    told = CliRunner().invoke(app, [*arguments, "--duration", "20", "--json"])
    assert json.loads(told.stdout)["unchanged"] == 1
    wrong = CliRunner().invoke(app, [*arguments, "--map", "price"])
    assert (wrong.exit_code, "column=heading" in wrong.stderr) == (1, True)


def test_the_rows_that_an_import_left_out_leave_as_a_file_for_the_clinic_alone(clinic: Clinic) -> None:
    found = reading(b"code,name,price,type\nA,Laser,ten,\nBAND,Band,1,service\nB,Fine,1,\n")
    request = ImportCatalogue(items=found.items, refused=found.refused, duration_minutes=30, request_id=new_id())
    done = perform(clinic.actor("manager"), import_catalogue, request)
    assert (done.created, [row.line for row in done.refused]) == (1, [2, 3])
    assert request.request_id is not None
    wanted = GetImport(import_id=request.request_id)
    made = perform(clinic.actor("owner"), export_refused, wanted)
    assert [row[:2] for row in made.rows] == [(2, "A"), (3, "BAND")]
    assert audited(clinic, "catalogue.export_refused") == [("product_service", "export", clinic.users["owner"])]
    with pytest.raises(NotFound):
        perform(make_clinic().actor("owner"), export_refused, wanted)
    with pytest.raises(NotFound):
        perform(clinic.actor("manager"), export_refused, GetImport(import_id=new_id()))
