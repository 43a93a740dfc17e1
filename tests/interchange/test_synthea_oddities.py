"""Odd rows are kept where they can be, listed always, and never stop the import."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from clinic_core.errors import InvalidInput
from clinic_core.interchange.synthea import ImportReport, ImportSynthea, import_synthea
from clinic_core.interchange.synthea.report import Entity, Flag
from clinic_core.kit.clock import now
from tests.interchange.conftest import Imported
from tests.interchange.synthea_files import ENCOUNTER, PATIENT, write_clinic, write_csv


def flags(report: ImportReport, entity: Entity = Entity.ENCOUNTERS) -> dict[str, set[Flag]]:
    found: dict[str, set[Flag]] = {}
    for row in report.listed:
        if row.entity is entity:
            found.setdefault(row.external_id, set()).update(row.flags)
    return found


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        ({"STOP": "2023-01-27T16:17:47Z"}, Flag.STOP_UNUSABLE),
        ({"STOP": "2023-01-27T10:00:00Z"}, Flag.STOP_UNUSABLE),
        ({"STOP": ""}, Flag.STOP_UNUSABLE),
        ({"STOP": "soon"}, Flag.STOP_UNUSABLE),
        ({"STOP": "2199-01-01T00:00:00Z"}, Flag.STOP_UNUSABLE),
        ({"STOP": "2023-01-28T16:17:48Z"}, Flag.LONGER_THAN_A_DAY),
        ({"START": "1970-01-01T08:00:00Z"}, Flag.BEFORE_BIRTH),
        ({"TOTAL_CLAIM_COST": "-5.00"}, Flag.COST_UNUSABLE),
        ({"TOTAL_CLAIM_COST": "a lot"}, Flag.COST_UNUSABLE),
        ({"TOTAL_CLAIM_COST": "NaN"}, Flag.COST_UNUSABLE),
        ({"TOTAL_CLAIM_COST": "1e300"}, Flag.COST_UNUSABLE),
        ({"TOTAL_CLAIM_COST": "10000000000.00"}, Flag.COST_UNUSABLE),
        ({"TOTAL_CLAIM_COST": ""}, Flag.COST_UNUSABLE),
        ({"PAYER_COVERAGE": "-0.01"}, Flag.COVERAGE_UNUSABLE),
        ({"PAYER_COVERAGE": "Infinity"}, Flag.COVERAGE_UNUSABLE),
        ({"PAYER_COVERAGE": "100.01"}, Flag.COVERAGE_ABOVE_COST),
        ({"PAYER_COVERAGE": "1.00", "PAYER": ""}, Flag.NO_PAYER),
        ({"PROVIDER": ""}, Flag.NO_PROVIDER),
        ({"PROVIDER": "nobody"}, Flag.PROVIDER_NOT_LISTED),
        ({"PATIENT": "nobody"}, Flag.PATIENT_NOT_LISTED),
        ({"ORGANIZATION": ""}, Flag.NO_LOCATION),
        ({"ORGANIZATION": "nowhere"}, Flag.LOCATION_NOT_LISTED),
        ({"Id": ""}, Flag.NO_ID),
        ({"DESCRIPTION": "x" * 10_000}, Flag.TEXT_CLEANED),
        ({"DESCRIPTION": "a\0b"}, Flag.TEXT_CLEANED),
    ],
)
def test_an_odd_encounter_is_kept_and_listed(
    imported: Imported, tmp_path: Path, change: dict[str, str], flag: Flag
) -> None:
    report = imported.run(write_clinic(tmp_path / "csv", encounters=[change], conditions=[], claims=[]))
    assert [{flag}] == [said - {Flag.LONGER_THAN_A_DAY} or said for said in flags(report).values()]
    assert imported.rows("select status, balance = total - paid from invoice where organization_id = {org}") == [
        ("issued", True)
    ]
    assert report.counts[Entity.ENCOUNTERS].flagged == 1


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        ({"START": ""}, Flag.NO_START),
        ({"START": "yesterday"}, Flag.NO_START),
        ({"PATIENT": ""}, Flag.NO_PATIENT),
        ({"START": "2199-01-01T08:00:00Z", "STOP": "2199-01-01T09:00:00Z"}, Flag.IN_THE_FUTURE),
    ],
)
def test_an_encounter_without_patient_or_past_time_is_listed_and_left_out(
    imported: Imported, tmp_path: Path, change: dict[str, str], flag: Flag
) -> None:
    report = imported.run(write_clinic(tmp_path / "csv", encounters=[{"Id": "odd", **change}, {}]))
    assert flag in flags(report)["odd"]
    assert report.counts[Entity.ENCOUNTERS].skipped == 1
    assert imported.value("select count(*) from appointment where organization_id = {org}") == 1


def test_a_stop_that_cannot_be_right_becomes_fifteen_minutes(imported: Imported, tmp_path: Path) -> None:
    start = (now() - timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    going_on = {"Id": "e-2", "START": start, "STOP": "2199-01-01T00:00:00Z"}
    imported.run(write_clinic(tmp_path / "csv", encounters=[{"STOP": ""}, going_on]))
    assert imported.rows("select distinct ends_at - starts_at from appointment where organization_id = {org}") == [
        (timedelta(minutes=15),)
    ]


def test_an_encounter_after_death_is_kept_and_listed_but_not_one_on_the_day(imported: Imported, tmp_path: Path) -> None:
    rows = [
        {"Id": "same-day", "START": "2023-01-27T20:00:00Z", "STOP": "2023-01-27T20:15:00Z"},
        {"Id": "later", "START": "2023-01-28T08:00:00Z", "STOP": "2023-01-28T08:15:00Z"},
    ]
    report = imported.run(write_clinic(tmp_path / "csv", patients=[{"DEATHDATE": "2023-01-27"}], encounters=rows))
    assert flags(report) == {"later": {Flag.AFTER_DEATH}}
    assert imported.value("select count(*) from visit where organization_id = {org}") == 2


def test_of_two_encounters_at_one_time_the_later_is_listed_whatever_their_order_in_the_file(
    imported: Imported, tmp_path: Path
) -> None:
    def at(row_id: str, start: str, stop: str, **who: str) -> dict[str, str]:
        return {"Id": row_id, "START": f"2023-02-0{start}Z", "STOP": f"2023-02-0{stop}Z", **who}

    rows = [
        at("late", "1T09:30:00", "1T10:00:00"),
        at("early", "1T09:00:00", "1T09:45:00"),
        at("back-to-back", "1T10:00:00", "1T10:15:00"),
        at("colleague", "1T09:50:00", "1T09:59:00", PATIENT="patient-2"),
        at("week", "2T00:00:00", "9T00:00:00", PROVIDER="provider-2"),
        at("in-the-week", "8T10:00:00", "8T10:15:00"),
    ]
    report = imported.run(
        write_clinic(
            tmp_path / "csv",
            patients=[{}, {"Id": "patient-2"}],
            providers=[{}, {"Id": "provider-2"}],
            encounters=rows,
        )
    )
    assert flags(report) == {
        "late": {Flag.OVERLAPS_PATIENT, Flag.OVERLAPS_PRACTITIONER},
        "colleague": {Flag.OVERLAPS_PRACTITIONER},
        "week": {Flag.LONGER_THAN_A_DAY},
        "in-the-week": {Flag.OVERLAPS_PATIENT},
    }
    assert report.counts[Entity.ENCOUNTERS].flagged == 4


def test_without_a_provider_column_there_is_one_unknown_practitioner(imported: Imported, tmp_path: Path) -> None:
    directory = write_clinic(tmp_path / "csv", encounters=[])
    rows = [{**ENCOUNTER, "Id": f"e-{n}"} for n in range(3)]
    write_csv(directory, "encounters", [{k: v for k, v in row.items() if k != "PROVIDER"} for row in rows])
    report = imported.run(directory)
    assert imported.rows(
        "select u.display_name, count(*) from appointment a join app_user u on u.id = a.practitioner_user_id"
        " where a.organization_id = {org} group by 1"
    ) == [("Unknown practitioner", 3)]
    assert report.reasons[Flag.NO_PROVIDER] == 3
    assert report.reasons[Flag.OVERLAPS_PRACTITIONER] == 0


def test_without_an_organization_the_place_is_where_the_provider_works_or_unknown(
    imported: Imported, tmp_path: Path
) -> None:
    rows = [{"ORGANIZATION": ""}, {"Id": "e-2", "ORGANIZATION": "", "PROVIDER": ""}]
    imported.run(write_clinic(tmp_path / "csv", encounters=rows))
    assert imported.rows(
        "select l.name from appointment a join clinic_location l on l.id = a.clinic_location_id"
        " where a.organization_id = {org} order by 1"
    ) == [("North Clinic",), ("Unknown location",)]


def test_encounters_alone_are_enough_and_later_files_name_who_they_were_about(
    imported: Imported, tmp_path: Path
) -> None:
    directory = tmp_path / "csv"
    directory.mkdir()
    write_csv(directory, "encounters", [{**ENCOUNTER, "PAYER_COVERAGE": "10.00"}])
    imported.run(directory)
    names = "select p.last_name, u.display_name, l.name from patient p, app_user u, clinic_location l" + (
        " where p.organization_id = {org} and u.organization_id = {org} and l.organization_id = {org}"
    )
    assert imported.rows(names) == [("Patient patient-", "Practitioner provider", "Location organiza")]
    assert imported.value("select reference from receipt where organization_id = {org}") == "payer-1"
    report = imported.run(write_clinic(directory, encounters=[{"PAYER_COVERAGE": "10.00"}]))
    assert imported.rows(names) == [("Quill", "Bo Marsh", "North Clinic")]
    assert [report.counts[entity].updated for entity in (Entity.PATIENTS, Entity.PROVIDERS, Entity.ORGANIZATIONS)] == [
        *(1, 1, 1)
    ]
    assert (
        imported.value("select bill_to_json ->> 'name' from invoice where organization_id = {org}")
        == "Patient patient-"
    )


def test_patients_alone_are_enough(imported: Imported, tmp_path: Path) -> None:
    directory = tmp_path / "csv"
    directory.mkdir()
    write_csv(directory, "patients", [PATIENT])
    assert imported.run(directory).counts[Entity.PATIENTS].created == 1


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        ({"BIRTHDATE": "2199-01-01"}, Flag.BIRTH_UNUSABLE),
        ({"BIRTHDATE": "1700-01-01"}, Flag.BIRTH_UNUSABLE),
        ({"BIRTHDATE": "long ago"}, Flag.BIRTH_UNUSABLE),
        ({"DEATHDATE": "1979-01-01"}, Flag.DEATH_UNUSABLE),
        ({"GENDER": "Q"}, Flag.SEX_UNKNOWN),
        ({"FIRST": "", "LAST": ""}, Flag.NO_NAME),
        ({"LAST": "y" * 10_000}, Flag.TEXT_CLEANED),
        ({"FIRST": "A\0na"}, Flag.TEXT_CLEANED),
    ],
)
def test_an_odd_patient_is_registered_and_listed(
    imported: Imported, tmp_path: Path, change: dict[str, str], flag: Flag
) -> None:
    report = imported.run(write_clinic(tmp_path / "csv", patients=[change]))
    assert flags(report, Entity.PATIENTS) == {"patient-1": {flag}}
    assert imported.value("select count(*) from patient where organization_id = {org}") == 1


def test_a_condition_or_claim_of_no_encounter_is_listed_and_left_out(imported: Imported, tmp_path: Path) -> None:
    report = imported.run(
        write_clinic(
            tmp_path / "csv",
            conditions=[{"ENCOUNTER": "gone"}, {"CODE": "", "DESCRIPTION": ""}],
            claims=[{"APPOINTMENTID": "gone"}],
        )
    )
    assert sorted(flag for said in flags(report, Entity.CONDITIONS).values() for flag in said) == [
        *(Flag.NO_CODE, Flag.NO_ENCOUNTER)
    ]
    assert flags(report, Entity.CLAIMS) == {"claim-1": {Flag.NO_ENCOUNTER}}


def test_one_id_with_two_contents_in_a_file_is_listed_and_the_first_counts(imported: Imported, tmp_path: Path) -> None:
    report = imported.run(write_clinic(tmp_path / "csv", encounters=[{}, {}, {"TOTAL_CLAIM_COST": "7.00"}]))
    assert flags(report) == {"encounter-1": {Flag.ID_TWICE}}
    assert imported.rows("select total from invoice where organization_id = {org}") == [(Decimal("100.00"),)]


def test_a_time_without_a_zone_is_wall_time_of_the_zone_given(imported: Imported, tmp_path: Path) -> None:
    row = {"START": "2023-07-01 09:00:00", "STOP": "2023-07-01 09:30:00"}
    imported.run(write_clinic(tmp_path / "csv", encounters=[row]), "Europe/Berlin")
    assert imported.value("select starts_at from appointment where organization_id = {org}") == datetime(
        2023, 7, 1, 7, tzinfo=UTC
    )


def test_what_cannot_be_an_import_is_refused_before_an_organisation_is_made(imported: Imported, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="is not a directory"):
        imported.run(tmp_path / "missing")
    with pytest.raises(InvalidInput, match="holds neither patients"):
        imported.run(tmp_path)
    with pytest.raises(InvalidInput, match="is not a time zone"):
        import_synthea(ImportSynthea(write_clinic(tmp_path / "csv"), imported.name, "Mars/Olympus"))
    with imported.database.connect_owner() as connection:
        assert connection.execute("select organization_find(%s)", [imported.name]).fetchone() == (None,)
