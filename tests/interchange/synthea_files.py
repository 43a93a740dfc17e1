"""Synthea's CSV files written small or large for tests and benchmarks; every value is invented and deterministic."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

FIRST_START = datetime(2004, 1, 5, 13, 0, tzinfo=UTC)
CODES = ("185345009 Encounter for symptom", "410620009 Well child visit", "162673000 General examination of patient")
DIAGNOSES = ("195662009 Acute viral pharyngitis", "444814009 Viral sinusitis", "59621000 Essential hypertension")

PATIENT = {
    "Id": "patient-1",
    "BIRTHDATE": "1980-02-29",
    "DEATHDATE": "",
    "FIRST": "Ana",
    "LAST": "Quill",
    "GENDER": "F",
    "ADDRESS": "1 Long Lane",
    "CITY": "Boston",
    "STATE": "Massachusetts",
    "ZIP": "02108",
}
ENCOUNTER = {
    "Id": "encounter-1",
    "START": "2023-01-27T16:17:47Z",
    "STOP": "2023-01-27T16:32:47Z",
    "PATIENT": "patient-1",
    "ORGANIZATION": "organization-1",
    "PROVIDER": "provider-1",
    "PAYER": "payer-1",
    "ENCOUNTERCLASS": "ambulatory",
    "CODE": "185345009",
    "DESCRIPTION": "Encounter for symptom",
    "BASE_ENCOUNTER_COST": "77.49",
    "TOTAL_CLAIM_COST": "100.00",
    "PAYER_COVERAGE": "0.00",
    "REASONCODE": "195662009",
    "REASONDESCRIPTION": "Acute viral pharyngitis",
}
ORGANIZATION = {
    "Id": "organization-1",
    "NAME": "North Clinic",
    "ADDRESS": "2 Short Lane",
    "CITY": "Boston",
    "STATE": "MA",
}
PROVIDER = {"Id": "provider-1", "ORGANIZATION": "organization-1", "NAME": "Bo Marsh", "SPECIALITY": "GENERAL PRACTICE"}
PAYER = {"Id": "payer-1", "NAME": "Harbor Health"}
CONDITION = {
    "START": "2023-01-27",
    "STOP": "",
    "PATIENT": "patient-1",
    "ENCOUNTER": "encounter-1",
    "CODE": "195662009",
    "DESCRIPTION": "Acute viral pharyngitis",
}
CLAIM = {"Id": "claim-1", "PATIENTID": "patient-1", "APPOINTMENTID": "encounter-1"}
TEMPLATES = {
    "patients": PATIENT,
    "encounters": ENCOUNTER,
    "organizations": ORGANIZATION,
    "providers": PROVIDER,
    "payers": PAYER,
    "conditions": CONDITION,
    "claims": CLAIM,
}

Rows = Sequence[Mapping[str, str]]


def write_csv(directory: Path, name: str, rows: Iterable[Mapping[str, str]], *, encoding: str = "utf-8") -> Path:
    """One file whose columns are those of the first row; answers its path."""
    path = directory / f"{name}.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        writer: csv.DictWriter[str] | None = None
        for row in rows:
            if writer is None:
                writer = csv.DictWriter(file, list(row))
                writer.writeheader()
            writer.writerow(row)
    return path


def write_clinic(directory: Path, **files: Rows) -> Path:
    """A directory with one row in each file, or with the changes given: `encounters=[{"Id": "e-2"}]`."""
    directory.mkdir(exist_ok=True)
    for name, template in TEMPLATES.items():
        rows = files.get(name, [{}])
        if rows:
            write_csv(directory, name, [{**template, **row} for row in rows])
    return directory


def write_many(directory: Path, *, encounters: int, patients: int, seed: int = 7) -> Path:
    """A population in the proportions of Synthea's own: about 25 encounters a patient, 2 claims an encounter."""
    directory.mkdir(exist_ok=True)
    places = [f"organization-{number}" for number in range(max(2, patients // 20))]
    write_csv(
        directory, "organizations", ({**ORGANIZATION, "Id": place, "NAME": f"Clinic {place}"} for place in places)
    )
    write_csv(
        directory,
        "providers",
        (
            {**PROVIDER, "Id": f"provider-{place}-{number}", "ORGANIZATION": place, "NAME": f"Doctor {place} {number}"}
            for place in places
            for number in range(3)
        ),
    )
    write_csv(directory, "payers", ({"Id": f"payer-{number}", "NAME": f"Payer {number}"} for number in range(10)))
    write_csv(directory, "patients", (_patient(number) for number in range(patients)))
    write_csv(directory, "encounters", _encounters(encounters, patients, places, Random(seed)))
    write_csv(directory, "conditions", (_condition(number) for number in range(0, encounters, 2)))
    write_csv(
        directory,
        "claims",
        ({"Id": f"claim-{n}", "PATIENTID": "", "APPOINTMENTID": f"encounter-{n // 2}"} for n in range(2 * encounters)),
    )
    return directory


def _patient(number: int) -> dict[str, str]:
    return {**PATIENT, "Id": f"patient-{number}", "FIRST": f"Given{number}", "LAST": f"Family{number % 97}"}


def _encounters(count: int, patients: int, places: Sequence[str], random: Random) -> Iterator[dict[str, str]]:
    each = -(-count // patients)
    for number in range(count):
        patient = number // each
        place = places[patient % len(places)]
        starts_at = FIRST_START + timedelta(days=(number % each) * 7200 // each, minutes=random.randrange(10_000))
        cost = random.randrange(0, 50_000_000)
        minutes = 3000 if number % 50 == 0 else random.choice((15, 15, 30, 60))
        code, _, description = CODES[number % len(CODES)].partition(" ")
        yield {
            **ENCOUNTER,
            "Id": f"encounter-{number}",
            "START": f"{starts_at:%Y-%m-%dT%H:%M:%SZ}",
            "STOP": f"{starts_at + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}",
            "PATIENT": f"patient-{patient}",
            "ORGANIZATION": place,
            "PROVIDER": f"provider-{place}-{random.randrange(3)}",
            "PAYER": f"payer-{patient % 10}",
            "CODE": code,
            "DESCRIPTION": description,
            "TOTAL_CLAIM_COST": f"{cost // 1000}.{cost % 1000:03}",
            "PAYER_COVERAGE": f"{cost // 1000 // 2}.00" if number % 3 else "0.00",
        }


def _condition(number: int) -> dict[str, str]:
    code, _, description = DIAGNOSES[number // 2 % len(DIAGNOSES)].partition(" ")
    return {**CONDITION, "ENCOUNTER": f"encounter-{number}", "CODE": code, "DESCRIPTION": description}
