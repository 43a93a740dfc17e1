"""`clinic import synthea`: what an operator types, and the report that scripts read."""

import csv
import json
from decimal import Decimal
from pathlib import Path

from typer.testing import CliRunner, Result

from clinic_core.cli.main import app
from tests.interchange.conftest import Imported
from tests.interchange.synthea_files import write_clinic


def clinic(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_the_report_for_scripts_counts_by_entity(imported: Imported, tmp_path: Path) -> None:
    directory = write_clinic(
        tmp_path / "csv", encounters=[{"TOTAL_CLAIM_COST": "10.005", "PAYER_COVERAGE": "4.00", "STOP": ""}]
    )
    done = clinic("import", "synthea", str(directory), "--organization", imported.name, "--json")
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert told["encounters"] == {"read": 1, "created": 1, "updated": 0, "unchanged": 0, "skipped": 0, "flagged": 1}
    assert {told[name]["created"] for name in ("patients", "providers", "organizations", "cases", "payments")} == {1}
    assert told["rounded"] == {"count": 1, "amount": "0.005", "difference": "0.005"}
    assert told["flagged"] == [
        {
            "entity": "encounters",
            "id": "encounter-1",
            "reasons": ["The stop is missing, in the future or not after the start; 15 minutes were taken."],
        }
    ]
    assert told["flagged_not_listed"] == 0
    reported = clinic("report", "outstanding", "--organization", imported.name, "--json")
    figures = json.loads(reported.stdout)
    assert (Decimal(figures["net"]), Decimal(figures["gross"])) == (Decimal("6.01"), Decimal("6.01"))


def test_the_report_for_people_names_the_odd_rows(imported: Imported, tmp_path: Path) -> None:
    directory = write_clinic(tmp_path / "csv", encounters=[{"PROVIDER": ""}])
    done = clinic("import", "synthea", str(directory), "--organization", imported.name)
    assert done.exit_code == 0
    assert "encounters encounter-1: No provider is named; it went to the unknown practitioner." in done.stdout
    assert "0 amounts were rounded half up to cents" in done.stdout


def test_every_odd_row_goes_to_the_file_that_is_asked_for(imported: Imported, tmp_path: Path) -> None:
    directory = write_clinic(tmp_path / "csv", encounters=[{"Id": "=1+1", "PROVIDER": "", "STOP": ""}])
    path = tmp_path / "odd.csv"
    clinic("import", "synthea", str(directory), "--organization", imported.name, "--flagged", str(path))
    rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    assert rows[0] == ["entity", "id", "reason"]
    assert [row[:2] for row in rows if "=1+1" in row[1]] == [["encounters", "'=1+1"]] * 2


def test_a_directory_without_files_is_refused_in_a_sentence(imported: Imported, tmp_path: Path) -> None:
    refused = clinic("import", "synthea", str(tmp_path), "--organization", imported.name)
    assert refused.exit_code == 1
    assert "holds neither patients.csv nor encounters.csv" in refused.stderr


def test_an_organisation_must_be_named(tmp_path: Path) -> None:
    assert clinic("import", "synthea", str(tmp_path)).exit_code == 2
