"""The identity of the import: what is outstanding is the rounded costs less the rounded coverages, to the cent."""

import csv
import gzip
import io
from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from random import Random
from uuid import UUID

import pytest

from clinic_core.access import perform, system_actor, unit_of_work
from clinic_core.analytics.queries import outstanding
from clinic_core.analytics.schemas import OutstandingRequest
from clinic_core.billing.statements import read_statements
from clinic_core.interchange.synthea.report import Entity
from clinic_core.kit.clock import now
from tests.billing.accounts import check_sums
from tests.interchange.conftest import Imported
from tests.interchange.synthea_files import FIRST_START, write_clinic

NATIVE = Path(__file__).resolve().parents[3] / "shared" / "data" / "synthea" / "native_27"
CENT = Decimal("0.01")


def cents(amount: str) -> Decimal:
    return Decimal(amount).quantize(CENT, ROUND_HALF_UP)


def owed(rows: Iterable[Mapping[str, str]]) -> Decimal:
    pairs = [(cents(row["TOTAL_CLAIM_COST"]), cents(row["PAYER_COVERAGE"])) for row in rows]
    return sum((cost - min(coverage, cost) for cost, coverage in pairs), Decimal(0))


def net(imported: Imported) -> Decimal:
    found = perform(system_actor(imported.name), outstanding, OutstandingRequest())
    assert found.gross == found.net
    return found.net


def test_amounts_with_float_noise_are_rounded_half_up_first_and_then_summed(imported: Imported, tmp_path: Path) -> None:
    amounts = [
        ("49112.87100000001", "16774.548999999995"),
        ("0.005", "0.004999"),
        ("0.015", "0.01"),
        ("1.0E3", "999.995"),
        ("10.004", "10.006"),
        ("0", "0.00"),
        ("2546.04", "2546.04"),
    ]
    rows = [
        {"Id": f"e-{n}", "TOTAL_CLAIM_COST": cost, "PAYER_COVERAGE": coverage}
        for n, (cost, coverage) in enumerate(amounts)
    ]
    report = imported.run(write_clinic(tmp_path / "csv", encounters=rows))
    assert net(imported) == owed(rows) == Decimal("32338.34")
    exact = [Decimal(amount) for pair in amounts for amount in pair]
    moved = [cents(str(amount)) - amount for amount in exact if cents(str(amount)) != amount]
    assert report.rounded.count == len(moved) == 8
    assert report.rounded.amount == sum(map(abs, moved))
    assert report.rounded.difference == sum(moved)


def test_the_statements_of_imported_patients_add_up_and_sum_to_the_identity(imported: Imported, tmp_path: Path) -> None:
    rows = [
        {
            "Id": f"e-{n}",
            "START": f"{FIRST_START + timedelta(days=n):%Y-%m-%dT%H:%M:%SZ}",
            "STOP": f"{FIRST_START + timedelta(days=n, minutes=15):%Y-%m-%dT%H:%M:%SZ}",
            "TOTAL_CLAIM_COST": f"{100 + n}.50",
            "PAYER_COVERAGE": f"{n * 7}.25",
        }
        for n in range(12)
    ]
    imported.run(write_clinic(tmp_path / "csv", encounters=rows))
    actor = system_actor(imported.name)
    patients = [UUID(str(row[0])) for row in imported.rows("select id from patient where organization_id = {org}")]
    with unit_of_work(actor) as work:
        found = read_statements(work, patients, first_day=None, last_day=now().date())
    for each in found.values():
        check_sums(each)
        assert not each.others_pay
    assert sum(len(each.movements) for each in found.values()) > len(rows)
    assert sum((each.closing for each in found.values()), Decimal(0)) == net(imported) == owed(rows)


def test_the_identity_holds_for_any_amounts(imported: Imported, tmp_path: Path) -> None:
    random = Random(11)
    rows = [
        {
            "Id": f"e-{n}",
            "START": f"{FIRST_START + timedelta(days=n):%Y-%m-%dT%H:%M:%SZ}",
            "STOP": f"{FIRST_START + timedelta(days=n, minutes=15):%Y-%m-%dT%H:%M:%SZ}",
            "TOTAL_CLAIM_COST": str(random.uniform(0, 5000)),
            "PAYER_COVERAGE": str(random.choice((0.0, random.uniform(0, 6000)))),
        }
        for n in range(700)
    ]
    imported.run(write_clinic(tmp_path / "csv", encounters=rows))
    assert net(imported) == owed(rows)


@pytest.mark.skipif(not NATIVE.is_dir(), reason="../shared/data/synthea/native_27 is not here")
def test_synthea_s_own_files_come_in_whole_and_only_once(imported: Imported) -> None:
    report = imported.run(NATIVE, "America/New_York")
    read = {
        entity: report.counts[entity].read
        for entity in (Entity.PATIENTS, Entity.ENCOUNTERS, Entity.CONDITIONS, Entity.CLAIMS, Entity.PAYERS)
    }
    assert list(read.values()) == [27, 604, 438, 1267, 10]
    packed = (NATIVE / "encounters.csv.gz").read_bytes()
    rows = list(csv.DictReader(io.StringIO(gzip.decompress(packed).decode("utf-8-sig"))))
    assert net(imported) == owed(rows)
    assert imported.value("select count(*) from clinical_case where organization_id = {org}") == len(
        {(row["PATIENT"], row["PROVIDER"]) for row in rows}
    )
    before = imported.state()
    again = imported.run(NATIVE, "America/New_York")
    assert imported.state() == before
    assert sum(counts.created + counts.updated for counts in again.counts.values()) == 0
