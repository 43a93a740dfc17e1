"""The clinical side of an encounter: a case per patient and practitioner, the appointment, the visit and its note."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy.orm import Session
from sqlmodel import col, select

from clinic_core.access import Actor
from clinic_core.clinical_docs.schemas import SoapNotes
from clinic_core.interchange.synthea.references import Kind, known_rows, remember
from clinic_core.interchange.synthea.report import Entity, Flag, Outcome
from clinic_core.interchange.synthea.rows import EncounterRow
from clinic_core.interchange.synthea.staging import insert_rows, update_rows
from clinic_core.kit.ids import new_id
from clinic_core.models import ClinicalCase
from clinic_core.vocabulary import AppointmentStatus, CaseStatus, VisitStatus

CASE_TITLE = "Imported from Synthea"


@dataclass
class Treatment:
    """An encounter with the rows it becomes; `case_key` is the same for every encounter of one case."""

    row: EncounterRow
    flags: tuple[Flag, ...]
    appointment_id: UUID
    visit_id: UUID
    patient_id: UUID
    practitioner_user_id: UUID
    clinic_location_id: UUID
    case_key: str
    starts_at: datetime
    ends_at: datetime
    case_id: UUID | None = None


def save_cases(session: Session, actor: Actor, treatments: Sequence[Treatment], outcome: Outcome) -> None:
    """Gives every treatment its case: one per patient and practitioner, opened with the earliest of its encounters."""
    first = {t.case_key: t for t in sorted(treatments, key=lambda t: t.starts_at, reverse=True)}
    known = {key: row.entity_id for key, row in known_rows(session, Kind.CASE, first).items()}
    new = {key: new_id() for key in first if key not in known}
    if new:
        insert_rows(
            session,
            "clinical_case",
            ("id", "organization_id", "patient_id", "practitioner_user_id", "title", "status", "opened_at"),
            (
                (
                    case_id,
                    actor.organization_id,
                    first[key].patient_id,
                    first[key].practitioner_user_id,
                    CASE_TITLE,
                    CaseStatus.OPEN.value,
                    first[key].starts_at,
                )
                for key, case_id in new.items()
            ),
        )
        remember(session, actor.organization_id, Kind.CASE, ((key, case_id, key, ()) for key, case_id in new.items()))
    earlier = _earlier(session, {case_id: first[key].starts_at for key, case_id in known.items()})
    if earlier:
        update_rows(session, "clinical_case", ("id", "opened_at"), sorted(earlier.items()))
    counts = outcome.of(Entity.CASES)
    counts.created, counts.updated = len(new), len(earlier)
    counts.read = counts.created + counts.updated
    for treatment in treatments:
        treatment.case_id = known.get(treatment.case_key) or new[treatment.case_key]


def _earlier(session: Session, begins: dict[UUID, datetime]) -> dict[UUID, datetime]:
    """The cases that opened after the first encounter now read, with the time at which they did open."""
    opened = session.execute(
        select(ClinicalCase.id, ClinicalCase.opened_at)
        .where(col(ClinicalCase.id).in_(begins))
        .with_for_update(key_share=True)
    )
    return {case_id: begins[case_id] for case_id, opened_at in opened if begins[case_id] < opened_at}


def save_treatments(session: Session, actor: Actor, treatments: Sequence[Treatment]) -> None:
    """Makes the completed appointments, which hold nobody's time against others, and their visits."""
    insert_rows(
        session,
        "appointment",
        (
            *("id", "organization_id", "patient_id", "practitioner_user_id", "clinic_location_id", "case_id"),
            *("starts_at", "ends_at", "status", "imported"),
        ),
        (
            (
                *(t.appointment_id, actor.organization_id, t.patient_id, t.practitioner_user_id),
                *(t.clinic_location_id, t.case_id, t.starts_at, t.ends_at, AppointmentStatus.COMPLETED.value, True),
            )
            for t in treatments
        ),
    )
    insert_rows(
        session,
        "visit",
        (
            *("id", "organization_id", "patient_id", "practitioner_user_id", "clinic_location_id", "case_id"),
            *("appointment_id", "visited_at", "status", "notes_json"),
        ),
        (
            (
                *(t.visit_id, actor.organization_id, t.patient_id, t.practitioner_user_id),
                *(t.clinic_location_id, t.case_id, t.appointment_id, t.starts_at),
                *(VisitStatus.DRAFT.value, Jsonb(_notes(t.row).model_dump())),
            )
            for t in treatments
        ),
    )


def _notes(row: EncounterRow) -> SoapNotes:
    reason = f"\nReason: {row.reason}" if row.reason else ""
    return SoapNotes(subjective=f"{row.description}{reason}")
