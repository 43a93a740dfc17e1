"""Encounters: each becomes a completed appointment, a visit under a case, and an issued invoice with what was paid.

The visit stays unsigned: nobody here has signed it, and the other system does not say who did.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session
from sqlmodel import col, select

from clinic_core.access import Actor, Permission, Work, use_case
from clinic_core.billing.parties import address_text, seller
from clinic_core.billing.schemas import Party
from clinic_core.interchange.synthea.documents import Charge, issue_and_pay
from clinic_core.interchange.synthea.obstacles import flag_obstacles
from clinic_core.interchange.synthea.records import Treatment, save_cases, save_treatments
from clinic_core.interchange.synthea.references import UNKNOWN, Batch, Kind, Known, begin_step, remember, sort_batch
from clinic_core.interchange.synthea.register import (
    USE_CASE,
    add_workplaces,
    locations_for,
    patients_for,
    practitioners_for,
)
from clinic_core.interchange.synthea.report import Entity, Flag, Outcome
from clinic_core.interchange.synthea.rows import EncounterRow
from clinic_core.kit.calendar import local_date, zone
from clinic_core.kit.formats import person_name
from clinic_core.kit.ids import new_id
from clinic_core.models import ClinicLocation, Patient

DERIVED = (Entity.APPOINTMENTS, Entity.VISITS, Entity.INVOICES)
_WORKPLACE = text(
    "select r.external_id, min(p.external_id) from external_reference r"
    " join user_location u on u.user_id = r.entity_id"
    " join external_reference p on p.entity_id = u.clinic_location_id and p.source = r.source"
    "  and p.entity_type = 'clinic_location'"
    " where r.source = 'synthea' and r.entity_type = 'app_user' and r.external_id = any(:providers) group by 1"
)


@dataclass(frozen=True)
class Person:
    """What the import needs to know of a patient: who pays, and between which days they lived."""

    id: UUID
    payer: Party
    dob: date | None
    deceased_on: date | None


@dataclass(frozen=True)
class Place:
    """A location with its zone, and how it is printed on documents."""

    id: UUID
    timezone: str
    seller: Party


@dataclass
class _Found:
    """Our rows for the ids that the encounters of a batch name."""

    patients: dict[str, Person] = field(default_factory=dict)
    practitioners: dict[str, Known] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    placeholders: set[str] = field(default_factory=set)
    workplaces: dict[str, str] = field(default_factory=dict)

    def provider(self, row: EncounterRow) -> str:
        return row.provider or UNKNOWN

    def location(self, row: EncounterRow) -> str:
        return row.organization or self.workplaces.get(row.provider, UNKNOWN)


@use_case(Permission.DATA_IMPORT, name=USE_CASE)
def save_encounters(work: Work, rows: Sequence[EncounterRow], *, payers: Mapping[str, str], timezone: str) -> Outcome:
    """Makes what these encounters stand for; known ones stay as they are, as their invoices are issued."""
    outcome = Outcome()
    session, actor = work.session, work.actor
    begin_step(session, actor.organization_id)
    batch = sort_batch(session, Kind.APPOINTMENT, Entity.ENCOUNTERS, rows, outcome)
    _leave_changed(batch, outcome)
    accepted = _accepted(batch, outcome)
    if accepted:
        found = _find(session, actor, accepted, timezone, outcome)
        treatments = [_treatment(row, found) for row in accepted]
        save_cases(session, actor, treatments, outcome)
        save_treatments(session, actor, treatments)
        charges = [_charge(treatment, found, payers) for treatment in treatments]
        outcome.of(Entity.PAYMENTS).created += issue_and_pay(session, actor, charges)
        _remember(session, actor, treatments, outcome)
        flag_obstacles(session, actor, treatments, outcome)
    _count_derived(rows, accepted, outcome)
    return outcome


def _leave_changed(batch: Batch[EncounterRow], outcome: Outcome) -> None:
    for row, before in batch.changed:
        outcome.of(Entity.ENCOUNTERS).unchanged += 1
        outcome.flag(Entity.ENCOUNTERS, row.external_id, (*before.flags, Flag.CHANGED_AFTER_ISSUE))


def _accepted(batch: Batch[EncounterRow], outcome: Outcome) -> list[EncounterRow]:
    accepted = []
    for row in batch.new:
        if row.obstacle is None:
            accepted.append(row)
        else:
            outcome.of(Entity.ENCOUNTERS).skipped += 1
            outcome.flag(Entity.ENCOUNTERS, row.external_id, (*row.flags, row.obstacle))
    return accepted


def _find(session: Session, actor: Actor, rows: Sequence[EncounterRow], timezone: str, outcome: Outcome) -> _Found:
    found = _Found()
    patients = patients_for(session, actor, {row.patient for row in rows}, outcome)
    found.patients = _people(session, patients)
    found.practitioners = practitioners_for(session, actor, {found.provider(row) for row in rows}, outcome)
    unplaced = sorted({row.provider for row in rows if not row.organization and row.provider})
    if unplaced:
        found.workplaces = {row[0]: row[1] for row in session.execute(_WORKPLACE, {"providers": unplaced})}
    locations = locations_for(session, actor, {found.location(row) for row in rows}, timezone, outcome)
    found.places = _places(session, actor, locations)
    named = (patients, found.practitioners, locations)
    found.placeholders = {external_id for known in named for external_id, row in known.items() if row.is_placeholder}
    add_workplaces(
        session,
        actor,
        {(found.practitioners[found.provider(row)].entity_id, found.places[found.location(row)].id) for row in rows},
    )
    return found


def _people(session: Session, known: Mapping[str, Known]) -> dict[str, Person]:
    """The patients as they are now; who was merged into another record is that record."""
    rows = {patient.id: patient for patient in _patients(session, {row.entity_id for row in known.values()})}
    merged = {patient.merged_into_id for patient in rows.values() if patient.merged_into_id}
    rows |= {patient.id: patient for patient in _patients(session, merged)}
    people = {}
    for external_id, reference in known.items():
        patient = rows[reference.entity_id]
        patient = rows[patient.merged_into_id] if patient.merged_into_id else patient
        payer = Party(
            name=person_name(patient.first_name, patient.last_name),
            address=address_text(patient.contact_json.get("address")),
            reference=patient.code,
        )
        people[external_id] = Person(patient.id, payer, patient.dob, patient.deceased_on)
    return people


def _patients(session: Session, ids: Iterable[UUID]) -> Sequence[Patient]:
    return session.scalars(select(Patient).where(col(Patient.id).in_(set(ids)))).all()


def _places(session: Session, actor: Actor, known: Mapping[str, Known]) -> dict[str, Place]:
    wanted = {row.entity_id for row in known.values()}
    rows = session.scalars(select(ClinicLocation).where(col(ClinicLocation.id).in_(wanted)))
    places = {row.id: Place(row.id, row.timezone, seller(actor, row)) for row in rows}
    return {external_id: places[row.entity_id] for external_id, row in known.items()}


def _treatment(row: EncounterRow, found: _Found) -> Treatment:
    person = found.patients[row.patient]
    place = found.places[found.location(row)]
    starts_at, ends_at = _times(row)
    return Treatment(
        row=row,
        flags=(*row.flags, *_flags(row, found, person, local_date(starts_at, zone(place.timezone)))),
        appointment_id=new_id(),
        visit_id=new_id(),
        patient_id=person.id,
        practitioner_user_id=found.practitioners[found.provider(row)].entity_id,
        clinic_location_id=place.id,
        case_key=f"{person.id} {found.practitioners[found.provider(row)].entity_id}",
        starts_at=starts_at,
        ends_at=ends_at,
    )


def _times(row: EncounterRow) -> tuple[datetime, datetime]:
    if row.starts_at is None or row.ends_at is None:
        raise ValueError("An encounter without times is not accepted.")
    return row.starts_at, row.ends_at


def _flags(row: EncounterRow, found: _Found, person: Person, day: date) -> list[Flag]:
    said = {
        Flag.NO_PROVIDER: not row.provider,
        Flag.PROVIDER_NOT_LISTED: row.provider in found.placeholders,
        Flag.PATIENT_NOT_LISTED: row.patient in found.placeholders,
        Flag.NO_LOCATION: not row.organization,
        Flag.LOCATION_NOT_LISTED: row.organization in found.placeholders,
        Flag.BEFORE_BIRTH: person.dob is not None and day < person.dob,
        Flag.AFTER_DEATH: person.deceased_on is not None and day > person.deceased_on,
    }
    return [flag for flag, is_so in said.items() if is_so]


def _charge(treatment: Treatment, found: _Found, payers: Mapping[str, str]) -> Charge:
    row = treatment.row
    place = found.places[found.location(row)]
    return Charge(
        treatment=treatment,
        seller=place.seller,
        payer=found.patients[row.patient].payer,
        timezone=place.timezone,
        insurer=payers.get(row.payer, row.payer),
    )


def _remember(session: Session, actor: Actor, treatments: Sequence[Treatment], outcome: Outcome) -> None:
    made = ((t.row.external_id, t.appointment_id, t.row.content_hash, t.flags) for t in treatments)
    remember(session, actor.organization_id, Kind.APPOINTMENT, made)
    outcome.of(Entity.ENCOUNTERS).created += len(treatments)
    for treatment in treatments:
        outcome.flag(Entity.ENCOUNTERS, treatment.row.external_id, treatment.flags)


def _count_derived(rows: Sequence[EncounterRow], accepted: Sequence[EncounterRow], outcome: Outcome) -> None:
    """Appointments, visits and invoices come one for each encounter, payments where a payer covers something."""
    known = outcome.of(Entity.ENCOUNTERS).unchanged
    for entity in DERIVED:
        counts = outcome.of(entity)
        counts.created, counts.unchanged = len(accepted), known
        counts.read = counts.created + counts.unchanged
    payments = outcome.of(Entity.PAYMENTS)
    payments.read = sum(1 for row in rows if row.covered and row.obstacle is None)
    payments.unchanged = payments.read - payments.created
