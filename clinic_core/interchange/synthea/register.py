"""Locations, practitioners and patients: made from their own files, or as placeholders where another row names them."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import text
from sqlalchemy.orm import Session
from sqlmodel import col, select

from clinic_core.access import Actor, Permission, Work, use_case
from clinic_core.auth.baseline import role_id
from clinic_core.interchange.synthea.reading import NAME_LIMIT, placeholder_name
from clinic_core.interchange.synthea.references import (
    UNKNOWN,
    Batch,
    Kind,
    Known,
    begin_step,
    known_rows,
    remember,
    renew,
    sort_batch,
)
from clinic_core.interchange.synthea.report import Entity, Flag, Outcome
from clinic_core.interchange.synthea.rows import OrganizationRow, PatientRow, ProviderRow
from clinic_core.interchange.synthea.staging import Value, insert_rows, update_rows
from clinic_core.kit.formats import patient_code
from clinic_core.kit.ids import new_id
from clinic_core.kit.text import fold
from clinic_core.models import ClinicLocation, Patient, UserLocation
from clinic_core.vocabulary import BaselineRole, UserStatus

USE_CASE = "import.synthea"
_FILES = {
    Kind.LOCATION: Entity.ORGANIZATIONS,
    Kind.PRACTITIONER: Entity.PROVIDERS,
    Kind.PATIENT: Entity.PATIENTS,
}
_PATIENT_CODES = text("select next_numbers('patient', 0, :count)")
_PATIENT_COLUMNS = ("id", "first_name", "last_name", "dob", "sex", "contact_json", "deceased_on")


@use_case(Permission.DATA_IMPORT, name=USE_CASE)
def save_organizations(work: Work, rows: Sequence[OrganizationRow], *, timezone: str) -> Outcome:
    """Makes or updates the locations of these organizations; new ones are in `timezone`, known ones keep theirs."""
    outcome = Outcome()
    begin_step(work.session, work.actor.organization_id)
    batch = sort_batch(work.session, Kind.LOCATION, Entity.ORGANIZATIONS, rows, outcome)
    _add_locations(work.session, work.actor, batch.new, timezone, outcome)
    _change_locations(work.session, batch, outcome)
    return outcome


@use_case(Permission.DATA_IMPORT, name=USE_CASE)
def save_providers(work: Work, rows: Sequence[ProviderRow], *, timezone: str) -> Outcome:
    """Makes or updates the practitioners of these providers, at the locations of their organizations."""
    outcome = Outcome()
    session, actor = work.session, work.actor
    begin_step(session, actor.organization_id)
    batch = sort_batch(session, Kind.PRACTITIONER, Entity.PROVIDERS, rows, outcome)
    _add_practitioners(session, actor, batch.new, outcome)
    _change_practitioners(session, batch, outcome)
    touched = [*batch.new, *(row for row, _ in batch.changed)]
    places = locations_for(session, actor, {row.organization for row in touched if row.organization}, timezone, outcome)
    people = known_rows(session, Kind.PRACTITIONER, [row.external_id for row in touched])
    add_workplaces(
        session,
        actor,
        (
            (people[row.external_id].entity_id, places[row.organization].entity_id)
            for row in touched
            if row.organization
        ),
    )
    return outcome


@use_case(Permission.DATA_IMPORT, name=USE_CASE)
def save_patients(work: Work, rows: Sequence[PatientRow]) -> Outcome:
    """Registers these patients or updates what the file says about them; what the clinic added stays."""
    outcome = Outcome()
    begin_step(work.session, work.actor.organization_id)
    batch = sort_batch(work.session, Kind.PATIENT, Entity.PATIENTS, rows, outcome)
    _add_patients(work.session, work.actor, batch.new, outcome)
    _change_patients(work.session, batch, outcome)
    return outcome


def locations_for(
    session: Session, actor: Actor, external_ids: Collection[str], timezone: str, outcome: Outcome
) -> dict[str, Known]:
    """The locations of these organizations; one that no file listed, or `UNKNOWN`, is made as a placeholder."""
    missing = set(external_ids) - known_rows(session, Kind.LOCATION, external_ids).keys()
    placeholders = [
        OrganizationRow(missed, "", [Flag.NOT_LISTED], name=placeholder_name("Location", missed))
        if missed != UNKNOWN
        else OrganizationRow(UNKNOWN, "", name="Unknown location")
        for missed in sorted(missing)
    ]
    _add_locations(session, actor, placeholders, timezone, outcome)
    return known_rows(session, Kind.LOCATION, external_ids)


def practitioners_for(
    session: Session, actor: Actor, external_ids: Collection[str], outcome: Outcome
) -> dict[str, Known]:
    """The practitioners of these providers; one that no file listed, or `UNKNOWN`, is made as a placeholder."""
    missing = set(external_ids) - known_rows(session, Kind.PRACTITIONER, external_ids).keys()
    placeholders = [
        ProviderRow(missed, "", [Flag.NOT_LISTED], name=placeholder_name("Practitioner", missed))
        if missed != UNKNOWN
        else ProviderRow(UNKNOWN, "", name="Unknown practitioner")
        for missed in sorted(missing)
    ]
    _add_practitioners(session, actor, placeholders, outcome)
    return known_rows(session, Kind.PRACTITIONER, external_ids)


def patients_for(session: Session, actor: Actor, external_ids: Collection[str], outcome: Outcome) -> dict[str, Known]:
    """The patients with these ids; one that no file listed is made as a placeholder."""
    missing = set(external_ids) - known_rows(session, Kind.PATIENT, external_ids).keys()
    placeholders = [
        PatientRow(missed, "", [Flag.NOT_LISTED], last_name=placeholder_name("Patient", missed))
        for missed in sorted(missing)
    ]
    _add_patients(session, actor, placeholders, outcome)
    return known_rows(session, Kind.PATIENT, external_ids)


def add_workplaces(session: Session, actor: Actor, pairs: Iterable[tuple[UUID, UUID]]) -> None:
    """Lets practitioners (first) work at locations (second), where they do not already."""
    wanted = set(pairs)
    people = {user_id for user_id, _ in wanted}
    present = session.execute(
        select(UserLocation.user_id, UserLocation.clinic_location_id).where(col(UserLocation.user_id).in_(people))
    )
    missing = sorted(wanted - {(user_id, location_id) for user_id, location_id in present})
    if missing:
        columns = ("id", "organization_id", "user_id", "clinic_location_id")
        insert_rows(session, "user_location", columns, ((new_id(), actor.organization_id, *pair) for pair in missing))


def _add_locations(
    session: Session, actor: Actor, rows: Sequence[OrganizationRow], timezone: str, outcome: Outcome
) -> None:
    if not rows:
        return
    taken = {fold(name) for name in session.scalars(select(ClinicLocation.name))}
    ids = {row.external_id: new_id() for row in rows}
    insert_rows(
        session,
        "clinic_location",
        ("id", "organization_id", "name", "address", "timezone", "phone"),
        ((ids[r.external_id], actor.organization_id, _free_name(r, taken), r.address, timezone, r.phone) for r in rows),
    )
    _made(session, actor, Kind.LOCATION, [(row, ids[row.external_id]) for row in rows], outcome)


def _change_locations(session: Session, batch: Batch[OrganizationRow], outcome: Outcome) -> None:
    if not batch.changed:
        return
    own = {before.entity_id for _, before in batch.changed}
    others = select(ClinicLocation.name).where(col(ClinicLocation.id).not_in(own))
    taken = {fold(name) for name in session.scalars(others)}
    update_rows(
        session,
        "clinic_location",
        ("id", "name", "address", "phone"),
        ((before.entity_id, _free_name(row, taken), row.address, row.phone) for row, before in batch.changed),
    )
    _renewed(session, Kind.LOCATION, batch.changed, outcome)


def _free_name(row: OrganizationRow, taken: set[str]) -> str:
    """Locations of one name are told apart by city, or else by the beginning of the id, or all of it."""
    name = row.name[: NAME_LIMIT // 2]
    marks = [f"{name} ({mark})" for mark in (row.city, row.external_id[:8], row.external_id) if mark]
    chosen = next(candidate for candidate in (row.name, *marks, f"{name} {new_id()}") if fold(candidate) not in taken)
    taken.add(fold(chosen))
    return chosen


def _add_practitioners(session: Session, actor: Actor, rows: Sequence[ProviderRow], outcome: Outcome) -> None:
    if not rows:
        return
    organization_id = actor.organization_id
    ids = {row.external_id: new_id() for row in rows}
    insert_rows(
        session,
        "app_user",
        ("id", "organization_id", "display_name", "status"),
        ((ids[row.external_id], organization_id, row.name, UserStatus.ACTIVE.value) for row in rows),
    )
    insert_rows(
        session,
        "practitioner_profile",
        ("id", "organization_id", "user_id", "specialties_json"),
        ((new_id(), organization_id, ids[row.external_id], _specialities(row)) for row in rows),
    )
    role = role_id(session, organization_id, BaselineRole.PRACTITIONER)
    insert_rows(
        session,
        "user_role",
        ("id", "organization_id", "user_id", "role_id"),
        ((new_id(), organization_id, ids[row.external_id], role) for row in rows),
    )
    _made(session, actor, Kind.PRACTITIONER, [(row, ids[row.external_id]) for row in rows], outcome)


def _change_practitioners(session: Session, batch: Batch[ProviderRow], outcome: Outcome) -> None:
    if not batch.changed:
        return
    update_rows(
        session, "app_user", ("id", "display_name"), ((before.entity_id, row.name) for row, before in batch.changed)
    )
    people = {before.entity_id: row for row, before in batch.changed}
    profiles = session.execute(
        text("select id, user_id from practitioner_profile where user_id = any(:ids)"), {"ids": list(people)}
    ).all()
    update_rows(
        session,
        "practitioner_profile",
        ("id", "specialties_json"),
        ((profile_id, _specialities(people[user_id])) for profile_id, user_id in profiles),
    )
    _renewed(session, Kind.PRACTITIONER, batch.changed, outcome)


def _specialities(row: ProviderRow) -> Jsonb:
    return Jsonb([row.speciality] if row.speciality else [])


def _add_patients(session: Session, actor: Actor, rows: Sequence[PatientRow], outcome: Outcome) -> None:
    if not rows:
        return
    first = session.execute(_PATIENT_CODES, {"count": len(rows)}).scalar_one()
    ids = {row.external_id: new_id() for row in rows}
    insert_rows(
        session,
        "patient",
        (*_PATIENT_COLUMNS, "organization_id", "code"),
        (
            (*_patient_values(row, ids[row.external_id], {}), actor.organization_id, patient_code(number))
            for number, row in enumerate(rows, start=first)
        ),
    )
    _made(session, actor, Kind.PATIENT, [(row, ids[row.external_id]) for row in rows], outcome)


def _change_patients(session: Session, batch: Batch[PatientRow], outcome: Outcome) -> None:
    if not batch.changed:
        return
    ids = [before.entity_id for _, before in batch.changed]
    stored = session.execute(
        select(Patient.id, Patient.contact_json).where(col(Patient.id).in_(ids)).with_for_update(key_share=True)
    )
    contacts = {row[0]: row[1] for row in stored}
    update_rows(
        session,
        "patient",
        _PATIENT_COLUMNS,
        (_patient_values(row, before.entity_id, contacts[before.entity_id]) for row, before in batch.changed),
    )
    _renewed(session, Kind.PATIENT, batch.changed, outcome)


def _patient_values(row: PatientRow, patient_id: UUID, contact: dict[str, object]) -> tuple[Value, ...]:
    address = {"address": row.address} if row.address else {}
    values = (patient_id, row.first_name, row.last_name, row.dob, row.sex.value)
    return (*values, Jsonb({**contact, **address}), row.deceased_on)


def _made(
    session: Session,
    actor: Actor,
    kind: Kind,
    made: Sequence[tuple[OrganizationRow | ProviderRow | PatientRow, UUID]],
    outcome: Outcome,
) -> None:
    rows = ((row.external_id, row_id, row.content_hash, row.flags) for row, row_id in made)
    remember(session, actor.organization_id, kind, rows)
    outcome.of(_FILES[kind]).created += len(made)
    for row, _ in made:
        outcome.flag(_FILES[kind], row.external_id, row.flags)


def _renewed(
    session: Session,
    kind: Kind,
    changed: Sequence[tuple[OrganizationRow | ProviderRow | PatientRow, Known]],
    outcome: Outcome,
) -> None:
    renew(session, changed)
    outcome.of(_FILES[kind]).updated += len(changed)
    for row, _ in changed:
        outcome.flag(_FILES[kind], row.external_id, row.flags)
