"""The import again: nothing twice, changes where they are allowed, and on from where it was broken off."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clinic_core.access import load_actor, perform, system_actor
from clinic_core.errors import PermissionDenied
from clinic_core.interchange.synthea.importer import finish_import
from clinic_core.interchange.synthea.report import Entity, Flag
from tests.factories import Clinic
from tests.harness import Database
from tests.interchange.conftest import Imported
from tests.interchange.synthea_files import write_clinic, write_many


def test_a_second_run_changes_nothing_and_says_the_same_about_odd_rows(imported: Imported, tmp_path: Path) -> None:
    directory = write_clinic(
        tmp_path / "csv", encounters=[{}, {"Id": "e-2", "STOP": ""}, {"Id": "e-3", "PROVIDER": ""}]
    )
    first = imported.run(directory)
    before = imported.state()
    events = "select count(*) from audit_log where organization_id = {org}"
    audited = imported.value(events)
    second = imported.run(directory)
    assert imported.state() == before
    assert imported.value(events) == int(str(audited)) + 1
    assert second.reasons == first.reasons
    for entity, counts in second.counts.items():
        assert (counts.created, counts.updated) == (0, 0), entity
        assert counts.flagged == first.counts[entity].flagged, entity


def test_a_finished_import_leaves_one_event_with_its_counts(imported: Imported, tmp_path: Path) -> None:
    imported.run(write_clinic(tmp_path / "csv"))
    assert imported.rows(
        "select entity_type, diff_json ->> 'source', diff_json -> 'counts' -> 'encounters' -> 'created' from audit_log"
        " where organization_id = {org} and action = 'imported'"
    ) == [("organization", "synthea", 1)]


def test_a_changed_encounter_is_listed_and_its_papers_stay(imported: Imported, tmp_path: Path) -> None:
    imported.run(write_clinic(tmp_path / "csv"))
    before = imported.state()
    report = imported.run(write_clinic(tmp_path / "csv", encounters=[{"TOTAL_CLAIM_COST": "50.00"}]))
    assert imported.state() == before
    assert [row.flags for row in report.listed] == [(Flag.CHANGED_AFTER_ISSUE,)]
    assert report.counts[Entity.ENCOUNTERS].unchanged == 1


def test_changed_people_and_places_follow_the_file_and_keep_what_the_clinic_added(
    imported: Imported, tmp_path: Path
) -> None:
    imported.run(write_clinic(tmp_path / "csv"))
    with imported.database.connect_owner() as connection:
        connection.execute("set clinic.use_case = 'test.arrange'")
        connection.execute(
            'update patient set contact_json = contact_json || \'{"phone": "+1 555 0100"}\' from organization o'
            " where o.id = organization_id and o.name = %s",
            [imported.name],
        )
    report = imported.run(
        write_clinic(
            tmp_path / "csv",
            patients=[{"LAST": "Reed", "ADDRESS": "9 New Road"}],
            providers=[{"SPECIALITY": "CARDIOLOGY"}],
            organizations=[{"NAME": "West Clinic"}],
        ),
        "Europe/Berlin",
    )
    assert [report.counts[entity].updated for entity in (Entity.PATIENTS, Entity.PROVIDERS, Entity.ORGANIZATIONS)] == [
        *(1, 1, 1)
    ]
    assert imported.rows(
        "select last_name, contact_json ->> 'phone', contact_json -> 'address' ->> 'street' from patient"
        " where organization_id = {org}"
    ) == [("Reed", "+1 555 0100", "9 New Road")]
    assert imported.rows("select name, timezone from clinic_location where organization_id = {org}") == [
        ("West Clinic", "UTC")
    ]
    assert imported.rows("select specialties_json from practitioner_profile where organization_id = {org}") == [
        (["Cardiology"],)
    ]


def test_new_encounters_of_known_people_join_their_case(imported: Imported, tmp_path: Path) -> None:
    imported.run(write_clinic(tmp_path / "csv"))
    earlier = {"Id": "e-2", "START": "2020-01-01T10:00:00Z", "STOP": "2020-01-01T10:30:00Z"}
    report = imported.run(write_clinic(tmp_path / "csv", encounters=[{}, earlier]))
    assert report.counts[Entity.ENCOUNTERS].created == 1
    assert imported.rows(
        "select count(distinct c.id), count(v.id), min(c.opened_at) = min(v.visited_at) from clinical_case c"
        " join visit v on v.case_id = c.id where c.organization_id = {org}"
    ) == [(1, 2, True)]


def test_one_directory_serves_two_organisations(new_import: Callable[[], Imported], tmp_path: Path) -> None:
    directory = write_clinic(tmp_path / "csv")
    for imported in (new_import(), new_import()):
        assert imported.run(directory).counts[Entity.ENCOUNTERS].created == 1
        assert imported.value("select number from invoice where organization_id = {org}") == "IMP-2023-00001"


def test_an_organisation_that_exists_takes_the_data_in_its_own_currency(
    clinic: Clinic, database: Database, tmp_path: Path
) -> None:
    imported = Imported(database, clinic.name)
    imported.run(write_clinic(tmp_path / "csv", organizations=[{"NAME": "Main street"}]))
    assert imported.value("select currency from invoice where organization_id = {org}") == "EUR"
    assert imported.value("select count(*) from clinic_location where organization_id = {org}") == 3


def test_only_who_may_import_data_may_take_a_step_of_it(clinic: Clinic) -> None:
    with pytest.raises(PermissionDenied):
        perform(load_actor(clinic.organization_id, clinic.users["manager"]), finish_import, {})
    assert perform(system_actor(clinic.name), finish_import, {}) == clinic.organization_id


@pytest.mark.race
def test_two_imports_of_one_directory_at_once_make_everything_once(imported: Imported, tmp_path: Path) -> None:
    directory = write_many(tmp_path / "csv", encounters=1200, patients=40)
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(imported.run, [directory, directory]))
    assert sum(report.counts[Entity.ENCOUNTERS].created for report in reports) == 1200
    assert imported.rows(
        "select count(*), count(distinct (series_year, sequence)) from invoice where organization_id = {org}"
    ) == [(1200, 1200)]
    assert imported.value("select count(*) from patient where organization_id = {org}") == 40


IMPORT = """
import sys
from pathlib import Path
from clinic_core.interchange.synthea import ImportSynthea, import_synthea

def told(name, done, size):
    print(name, done, size, flush=True)

import_synthea(ImportSynthea(Path(sys.argv[1]), sys.argv[2]), progress=told)
"""


def test_an_import_that_was_killed_goes_on_where_it_was(new_import: Callable[[], Imported], tmp_path: Path) -> None:
    directory = write_many(tmp_path / "csv", encounters=1600, patients=60)
    broken, whole = new_import(), new_import()
    command = [sys.executable, "-c", IMPORT, str(directory), broken.name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("encounters.csv"):
                process.send_signal(signal.SIGKILL)
                break
    done = int(str(broken.value("select count(*) from appointment where organization_id = {org}")))
    assert 500 <= done < 1600
    broken.run(directory)
    whole.run(directory)
    totals = (
        "select count(*), sum(total), sum(paid), max(sequence), count(distinct (series_year, sequence)) from invoice"
        " where organization_id = {org}"
    )
    assert broken.rows(totals) == whole.rows(totals)
    flags = "select external_id, flags_json from external_reference where organization_id = {org} order by 1, 2"
    assert [row for row in broken.rows(flags) if row[1]] == [row for row in whole.rows(flags) if row[1]]
    assert broken.value("select count(*) from visit where organization_id = {org}") == 1600
