"""Plans and writes the notes of the demo clinic: signed, still unsigned, amended, and the one being typed just now.

The history is written in sets, in the name of its practitioner; what happens today goes through the use cases.
"""

from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from clinic_core.access import owner_work, unit_of_work
from clinic_core.clinical_docs.schemas import AmendVisit, SaveDraft, SoapNotes, StartVisit
from clinic_core.clinical_docs.service import amend_visit, save_draft, start_visit
from clinic_core.kit.clock import frozen_at
from clinic_core.kit.ids import new_id
from clinic_core.models import Visit
from clinic_core.seed.demo_appointment import PRACTITIONERS, PlannedAppointment
from clinic_core.seed.demo_base import USE_CASE, DemoClinic
from clinic_core.seed.demo_calendar import DemoRecords, in_batches, write_in_the_name_of
from clinic_core.seed.demo_plan import DemoPlan
from clinic_core.vocabulary import AppointmentStatus, VisitStatus

RECENT = timedelta(days=3)
UNSIGNED_SHARE = 0.3
FORGOTTEN_WITHIN = timedelta(days=10)
FORGOTTEN_SHARE = 0.06
AMENDED_EVERY = 200

_PROGRESS = ("Better than last time.", "Unchanged since last time.", "Good days and bad days.", "Sleeps through again.")


@dataclass(frozen=True)
class PlannedVisit:
    """The note of an attended appointment."""

    appointment: PlannedAppointment
    notes: SoapNotes
    is_signed: bool
    is_amended: bool


def plan_visits(plan: DemoPlan, seed: int) -> list[PlannedVisit]:
    """A note for every completed appointment, but for a few of the last days that were forgotten."""
    rng = Random(f"charts {seed}")
    sessions: dict[tuple[int, str], int] = {}
    visits: list[PlannedVisit] = []
    for one in plan.appointments:
        if one.status is not AppointmentStatus.COMPLETED:
            continue
        is_recent = one.starts_at > plan.as_of - RECENT
        is_forgotten = rng.random() < FORGOTTEN_SHARE and one.starts_at > plan.as_of - FORGOTTEN_WITHIN
        is_signed = not (rng.random() < UNSIGNED_SHARE and is_recent)
        session = sessions[one.patient, one.practitioner] = sessions.get((one.patient, one.practitioner), 0) + 1
        progress = rng.choice(_PROGRESS)
        if not is_forgotten:
            is_amended = is_signed and len(visits) % AMENDED_EVERY == AMENDED_EVERY // 2
            visits.append(PlannedVisit(one, _notes(plan, one, session, progress), is_signed, is_amended))
    return visits


def write_charts(clinic: DemoClinic, plan: DemoPlan, visits: list[PlannedVisit], records: DemoRecords) -> None:
    """The notes of the past, then the amendments, then what is being written at this moment."""
    records.visits = {visit.appointment.index: new_id() for visit in visits}
    with owner_work(USE_CASE, clinic.organization_id) as session:
        for person in PRACTITIONERS:
            _write_visits(
                session, clinic, records, [one for one in visits if one.appointment.practitioner == person.sign_in]
            )
    for visit in visits:
        if visit.is_amended:
            _amend(clinic, plan, records, visit)
    for one in plan.appointments:
        if one.status is AppointmentStatus.IN_PROGRESS:
            _begin(clinic, plan, records, one)


def _notes(plan: DemoPlan, one: PlannedAppointment, session: int, progress: str) -> SoapNotes:
    complaint = plan.patients[one.patient].complaint
    return SoapNotes(
        subjective=complaint.subjective if session == 1 else f"Session {session}. {progress}",
        objective=complaint.objective,
        assessment=complaint.assessment,
        plan=complaint.plan if session == 1 else f"Continue: {complaint.plan[0].lower()}{complaint.plan[1:]}",
    )


def _write_visits(session: Session, clinic: DemoClinic, records: DemoRecords, visits: list[PlannedVisit]) -> None:
    for some in in_batches(visits):
        write_in_the_name_of(session, clinic, some[0].appointment.practitioner)
        session.execute(insert(Visit).values([_visit(clinic, records, visit) for visit in some]))


def _visit(clinic: DemoClinic, records: DemoRecords, visit: PlannedVisit) -> dict[str, Any]:
    one = visit.appointment
    practitioner = clinic.users[one.practitioner]
    return {
        "id": records.visits[one.index],
        "organization_id": clinic.organization_id,
        "case_id": records.cases[one.patient, one.practitioner],
        "patient_id": records.patients[one.patient],
        "practitioner_user_id": practitioner,
        "clinic_location_id": clinic.locations[one.location],
        "appointment_id": records.appointments[one.index],
        "notes_json": visit.notes.model_dump(),
        "visited_at": one.starts_at,
        "status": VisitStatus.SIGNED if visit.is_signed else VisitStatus.DRAFT,
        "signed_at": one.ends_at + timedelta(minutes=10) if visit.is_signed else None,
        "signed_by": practitioner if visit.is_signed else None,
    }


def _amend(clinic: DemoClinic, plan: DemoPlan, records: DemoRecords, visit: PlannedVisit) -> None:
    notes = visit.notes.model_copy(update={"objective": f"{visit.notes.objective} Left side."})
    request = AmendVisit(
        visit_id=records.visits[visit.appointment.index], notes=notes, reason="The side was missing.", version=1
    )
    with frozen_at(plan.as_of), unit_of_work(clinic.actor(visit.appointment.practitioner)) as work:
        amend_visit(work, request)


def _begin(clinic: DemoClinic, plan: DemoPlan, records: DemoRecords, one: PlannedAppointment) -> None:
    """The practitioner has the patient before them and has typed the first words, not saved yet."""
    with frozen_at(plan.as_of), unit_of_work(clinic.actor(one.practitioner)) as work:
        visit = start_visit(work, StartVisit(appointment_id=records.appointments[one.index]))
        typed = SoapNotes(subjective=plan.patients[one.patient].complaint.subjective)
        save_draft(work, SaveDraft(visit_id=visit.id, notes=typed, version=visit.version))
    records.visits[one.index] = visit.id
