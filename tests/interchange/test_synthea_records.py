"""What an encounter becomes: location, practitioner, patient, case, appointment, visit, invoice, payment."""

from datetime import date
from decimal import Decimal
from pathlib import Path

from sqlalchemy import text

from clinic_core.access import system_actor, unit_of_work
from clinic_core.interchange.synthea.report import Entity
from tests.interchange.conftest import Imported
from tests.interchange.synthea_files import write_clinic


def test_an_encounter_becomes_a_completed_appointment_of_its_patient_practitioner_and_place(
    imported: Imported, tmp_path: Path
) -> None:
    imported.run(write_clinic(tmp_path / "csv"), "America/New_York")
    assert imported.rows(
        "select a.status, a.imported, a.starts_at = '2023-01-27T16:17:47Z', p.last_name, u.display_name, l.name"
        " from appointment a join patient p on p.id = a.patient_id join app_user u on u.id = a.practitioner_user_id"
        " join clinic_location l on l.id = a.clinic_location_id where a.organization_id = {org}"
    ) == [("completed", True, True, "Quill", "Bo Marsh", "North Clinic")]
    assert imported.rows("select name, timezone, address from clinic_location where organization_id = {org}") == [
        ("North Clinic", "America/New_York", "2 Short Lane, Boston, MA")
    ]


def test_a_patient_is_registered_with_a_code_and_the_address(imported: Imported, tmp_path: Path) -> None:
    imported.run(write_clinic(tmp_path / "csv"))
    assert imported.rows(
        "select code, first_name, last_name, dob, sex, contact_json -> 'address' from patient"
        " where organization_id = {org}"
    ) == [
        (
            *("P-000001", "Ana", "Quill", date(1980, 2, 29), "female"),
            {"street": "1 Long Lane", "city": "Boston", "region": "Massachusetts", "postal_code": "02108"},
        )
    ]


def test_a_provider_becomes_a_practitioner_who_never_signs_in(imported: Imported, tmp_path: Path) -> None:
    imported.run(write_clinic(tmp_path / "csv"))
    assert imported.rows(
        "select u.display_name, u.email, u.password_hash, p.specialties_json from app_user u"
        " join practitioner_profile p on p.user_id = u.id where u.organization_id = {org}"
    ) == [("Bo Marsh", None, None, ["General practice"])]


def test_an_encounter_is_charged_by_an_issued_invoice_of_one_line(imported: Imported, tmp_path: Path) -> None:
    imported.run(write_clinic(tmp_path / "csv"))
    assert imported.rows(
        "select number, status, issued_on, due_on, currency, total, bill_to_json ->> 'name', seller_json ->> 'location'"
        " from invoice where organization_id = {org}"
    ) == [
        (
            *("IMP-2023-00001", "issued", date(2023, 1, 27), date(2023, 2, 10), "USD", Decimal("100.00")),
            *("Ana Quill", "North Clinic"),
        )
    ]
    assert imported.rows(
        "select l.description, l.qty, l.unit_price, l.tax_rate, l.net, l.item_id = v.id from invoice_line l"
        " join visit v on v.organization_id = l.organization_id where l.organization_id = {org}"
    ) == [("Encounter for symptom", Decimal(1), Decimal(100), Decimal(0), Decimal(100), True)]


def test_what_the_payer_covers_is_a_payment_by_insurance_in_its_name(imported: Imported, tmp_path: Path) -> None:
    report = imported.run(write_clinic(tmp_path / "csv", encounters=[{"PAYER_COVERAGE": "60.00"}]))
    assert imported.rows(
        "select method, reference, amount, received_on, number from receipt where organization_id = {org}"
    ) == [("insurance", "Harbor Health", Decimal("60.00"), date(2023, 1, 27), "IMPR-2023-00001")]
    assert imported.rows("select paid, balance from invoice where organization_id = {org}") == [
        (Decimal("60.00"), Decimal("40.00"))
    ]
    assert report.counts[Entity.PAYMENTS].created == 1
    assert report.listed == []


def test_the_note_says_why_the_patient_came_and_is_signed_by_nobody(imported: Imported, tmp_path: Path) -> None:
    imported.run(write_clinic(tmp_path / "csv"))
    assert imported.rows(
        "select notes_json ->> 'subjective', status, revision, signed_by from visit where organization_id = {org}"
    ) == [("Encounter for symptom\nReason: Acute viral pharyngitis", "draft", 1, None)]


def test_a_case_is_one_patient_with_one_practitioner_and_holds_the_coded_diagnoses(
    imported: Imported, tmp_path: Path
) -> None:
    directory = write_clinic(
        tmp_path / "csv",
        providers=[{}, {"Id": "provider-2", "NAME": "Cy Dunn"}],
        encounters=[
            {},
            {"Id": "encounter-2", "START": "2021-05-01T09:00:00Z", "STOP": "2021-05-01T09:30:00Z"},
            {
                "Id": "encounter-3",
                "START": "2022-05-01T09:00:00Z",
                "STOP": "2022-05-01T09:30:00Z",
                "PROVIDER": "provider-2",
            },
        ],
        conditions=[
            {},
            {"ENCOUNTER": "encounter-2"},
            {"ENCOUNTER": "encounter-3", "CODE": "444814009", "DESCRIPTION": "X"},
        ],
    )
    imported.run(directory)
    assert imported.rows(
        "select u.display_name, c.opened_at at time zone 'UTC' < '2022-01-01', c.diagnosis_json, c.status"
        " from clinical_case c join app_user u on u.id = c.practitioner_user_id"
        " where c.organization_id = {org} order by 1"
    ) == [
        (
            "Bo Marsh",
            True,
            [{"system": "http://snomed.info/sct", "code": "195662009", "text": "Acute viral pharyngitis"}],
            "open",
        ),
        ("Cy Dunn", False, [{"system": "http://snomed.info/sct", "code": "444814009", "text": "X"}], "open"),
    ]


def test_papers_carry_the_encounters_day_on_the_wall_of_its_location(imported: Imported, tmp_path: Path) -> None:
    night = {"START": "2024-01-01T03:30:00Z", "STOP": "2024-01-01T04:00:00Z", "PAYER_COVERAGE": "1.00"}
    imported.run(write_clinic(tmp_path / "csv", encounters=[night]), "America/New_York")
    assert imported.rows(
        "select i.number, i.issued_on, r.number, r.received_on from invoice i join receipt r using (organization_id)"
        " where i.organization_id = {org}"
    ) == [("IMP-2023-00001", date(2023, 12, 31), "IMPR-2023-00001", date(2023, 12, 31))]


def test_without_a_zone_the_day_is_that_of_utc(imported: Imported, tmp_path: Path) -> None:
    night = {"START": "2024-01-01T03:30:00Z", "STOP": "2024-01-01T04:00:00Z"}
    imported.run(write_clinic(tmp_path / "csv", encounters=[night]))
    assert imported.rows("select issued_on, number from invoice where organization_id = {org}") == [
        (date(2024, 1, 1), "IMP-2024-00001")
    ]


def test_numbers_have_no_gap_across_years_and_batches(imported: Imported, tmp_path: Path) -> None:
    rows = [
        {
            "Id": f"e-{n}",
            "START": f"{2015 + n % 5}-03-{n % 28 + 1:02}T08:00:00Z",
            "STOP": f"{2015 + n % 5}-03-{n % 28 + 1:02}T09:00:00Z",
        }
        for n in range(1100)
    ]
    imported.run(write_clinic(tmp_path / "csv", encounters=rows))
    assert imported.rows(
        "select series_year, count(*), min(sequence), max(sequence), count(distinct number) from invoice"
        " where organization_id = {org} and series = 'IMP' group by 1 order by 1"
    ) == [(year, 220, 1, 220, 220) for year in range(2015, 2020)]


def test_an_imported_appointment_holds_no_time_against_others(imported: Imported, tmp_path: Path) -> None:
    imported.run(write_clinic(tmp_path / "csv", encounters=[{}, {"Id": "encounter-2"}]))
    assert imported.rows(
        "select exclusive, basis, count(*) from reservation where organization_id = {org} group by 1, 2"
    ) == [(False, "imported", 2)]


def test_practitioners_work_where_they_treated(imported: Imported, tmp_path: Path) -> None:
    directory = write_clinic(
        tmp_path / "csv",
        organizations=[{}, {"Id": "organization-2", "NAME": "South Clinic"}],
        encounters=[{"ORGANIZATION": "organization-2"}],
    )
    imported.run(directory)
    assert imported.rows(
        "select l.name from user_location u join clinic_location l on l.id = u.clinic_location_id"
        " where u.organization_id = {org} order by 1"
    ) == [("North Clinic",), ("South Clinic",)]


def test_organizations_of_one_name_become_locations_that_people_can_tell_apart(
    imported: Imported, tmp_path: Path
) -> None:
    same = [{"Id": f"organization-{n}", "NAME": "North Clinic"} for n in (1, 2, 3)]
    imported.run(write_clinic(tmp_path / "csv", organizations=same))
    names = {row[0] for row in imported.rows("select name from clinic_location where organization_id = {org}")}
    assert len(names) == 3
    assert {"North Clinic", "North Clinic (Boston)"} <= names


def test_a_claim_is_kept_as_an_id_of_its_encounters_invoice(imported: Imported, tmp_path: Path) -> None:
    imported.run(write_clinic(tmp_path / "csv"))
    assert imported.rows(
        "select r.external_id, i.number from external_reference r join invoice i on i.id = r.entity_id"
        " where r.organization_id = {org} and r.entity_type = 'invoice'"
    ) == [("claim-1", "IMP-2023-00001")]


def test_every_row_is_made_by_the_system_in_the_use_case_import_synthea(imported: Imported, tmp_path: Path) -> None:
    imported.run(write_clinic(tmp_path / "csv", encounters=[{"PAYER_COVERAGE": "1.00"}]))
    assert imported.rows(
        "select distinct actor_user_id, use_case from audit_log where organization_id = {org}"
        " and use_case <> 'organization.create'"
    ) == [(None, "import.synthea")]
    audited = {
        row[0] for row in imported.rows("select distinct entity_type from audit_log where organization_id = {org}")
    }
    assert {"patient", "appointment", "visit", "invoice", "invoice_line", "receipt", "payment"} <= audited
    with unit_of_work(system_actor(imported.name)) as work:
        assert work.session.execute(text("select count(*) from patient")).scalar() == 1
