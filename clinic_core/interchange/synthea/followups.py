"""What refers to encounters: conditions become diagnoses of their cases, claims are kept as ids of their invoices."""

from collections.abc import Container, Sequence
from typing import TypeVar
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy.orm import Session
from sqlmodel import col, select

from clinic_core.access import Permission, Work, use_case
from clinic_core.clinical_docs.schemas import Diagnosis
from clinic_core.interchange.synthea.references import Kind, begin_step, known_rows, remember, renew, sort_batch
from clinic_core.interchange.synthea.register import USE_CASE
from clinic_core.interchange.synthea.report import Entity, Flag, Outcome
from clinic_core.interchange.synthea.rows import ClaimRow, ConditionRow, OfEncounter
from clinic_core.interchange.synthea.staging import update_rows
from clinic_core.models import Appointment, ClinicalCase, InvoiceLine

R = TypeVar("R", bound=OfEncounter)


@use_case(Permission.DATA_IMPORT, name=USE_CASE)
def save_conditions(work: Work, rows: Sequence[ConditionRow]) -> Outcome:
    """Adds the diagnoses to the cases of their encounters, each code once; one recorded before is not altered."""
    outcome = Outcome()
    session = work.session
    begin_step(session, work.actor.organization_id)
    batch = sort_batch(session, Kind.DIAGNOSIS, Entity.CONDITIONS, rows, outcome)
    for row, before in batch.changed:
        outcome.of(Entity.CONDITIONS).unchanged += 1
        outcome.flag(Entity.CONDITIONS, row.external_id, (*before.flags, Flag.CHANGED_DIAGNOSIS))
    coded = _with_code(batch.new, outcome)
    appointments = known_rows(session, Kind.APPOINTMENT, {row.encounter for row in coded})
    cases = _cases(session, [known.entity_id for known in appointments.values()])
    kept = _of_encounters(coded, Entity.CONDITIONS, appointments.keys(), outcome)
    case_of = {row.external_id: cases[appointments[row.encounter].entity_id] for row in kept}
    if kept:
        _add_diagnoses(session, [(case_of[row.external_id], row) for row in kept])
        remember(
            session,
            work.actor.organization_id,
            Kind.DIAGNOSIS,
            ((row.external_id, case_of[row.external_id], row.content_hash, row.flags) for row in kept),
        )
    _count_created(kept, Entity.CONDITIONS, outcome)
    return outcome


@use_case(Permission.DATA_IMPORT, name=USE_CASE)
def save_claims(work: Work, rows: Sequence[ClaimRow]) -> Outcome:
    """Keeps the ids of the claims with the invoices of their encounters, so that a payer's letter finds its invoice."""
    outcome = Outcome()
    session = work.session
    begin_step(session, work.actor.organization_id)
    batch = sort_batch(session, Kind.INVOICE, Entity.CLAIMS, rows, outcome)
    if batch.changed:
        renew(session, batch.changed)
        outcome.of(Entity.CLAIMS).updated += len(batch.changed)
    appointments = known_rows(session, Kind.APPOINTMENT, {row.encounter for row in batch.new})
    invoices = _invoices(session, [known.entity_id for known in appointments.values()])
    kept = _of_encounters(batch.new, Entity.CLAIMS, appointments.keys(), outcome)
    if kept:
        remember(
            session,
            work.actor.organization_id,
            Kind.INVOICE,
            (
                (row.external_id, invoices[appointments[row.encounter].entity_id], row.content_hash, row.flags)
                for row in kept
            ),
        )
    _count_created(kept, Entity.CLAIMS, outcome)
    return outcome


def _with_code(rows: Sequence[ConditionRow], outcome: Outcome) -> list[ConditionRow]:
    for row in rows:
        if not row.code and not row.text:
            outcome.of(Entity.CONDITIONS).skipped += 1
            outcome.flag(Entity.CONDITIONS, row.external_id, (*row.flags, Flag.NO_CODE))
    return [row for row in rows if row.code or row.text]


def _of_encounters(rows: Sequence[R], entity: Entity, known: Container[str], outcome: Outcome) -> list[R]:
    """The rows whose encounter was imported; the others are skipped and listed."""
    kept: list[R] = []
    for row in rows:
        if row.encounter in known:
            kept.append(row)
        else:
            outcome.of(entity).skipped += 1
            outcome.flag(entity, row.external_id, (*row.flags, Flag.NO_ENCOUNTER))
    return kept


def _cases(session: Session, appointment_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    rows = session.execute(select(Appointment.id, Appointment.case_id).where(col(Appointment.id).in_(appointment_ids)))
    return {appointment_id: case_id for appointment_id, case_id in rows if case_id is not None}


def _invoices(session: Session, appointment_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    rows = session.execute(
        select(InvoiceLine.appointment_id, InvoiceLine.invoice_id).where(
            col(InvoiceLine.appointment_id).in_(appointment_ids)
        )
    )
    return {appointment_id: invoice_id for appointment_id, invoice_id in rows if appointment_id is not None}


def _add_diagnoses(session: Session, found: Sequence[tuple[UUID, ConditionRow]]) -> None:
    """Appends what a case does not have yet, in the order of the file."""
    case_ids = {case_id for case_id, _ in found}
    lists = {
        case_id: list(diagnoses)
        for case_id, diagnoses in session.execute(
            select(ClinicalCase.id, ClinicalCase.diagnosis_json)
            .where(col(ClinicalCase.id).in_(case_ids))
            .order_by(col(ClinicalCase.id))
            .with_for_update(key_share=True)
        )
    }
    longer = set()
    for case_id, row in found:
        present = {(one.get("system"), one.get("code") or one.get("text")) for one in lists[case_id]}
        if (row.system, row.code or row.text) not in present:
            lists[case_id].append(Diagnosis(system=row.system, code=row.code, text=row.text).model_dump())
            longer.add(case_id)
    if longer:
        update_rows(
            session,
            "clinical_case",
            ("id", "diagnosis_json"),
            ((case_id, Jsonb(lists[case_id])) for case_id in sorted(longer)),
        )


def _count_created(rows: Sequence[OfEncounter], entity: Entity, outcome: Outcome) -> None:
    outcome.of(entity).created += len(rows)
    for row in rows:
        outcome.flag(entity, row.external_id, row.flags)
