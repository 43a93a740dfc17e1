"""Visits: begun from an appointment, under a case, or for a patient who is simply there."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from clinic_core.access import Permission, Work, use_case
from clinic_core.clinical_docs.reach import appointment_in_reach, case_in_reach, require_row, treatable_patient
from clinic_core.clinical_docs.schemas import StartVisit, VisitRow
from clinic_core.errors import Conflict, IllegalTransition, InvalidInput
from clinic_core.kit.clock import now
from clinic_core.models import Appointment, ClinicalCase, ClinicLocation, ProductService, Visit
from clinic_core.vocabulary import AppointmentStatus, CaseStatus, Scope

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)
_WRITE = Permission.CLINICAL_WRITE


@use_case(_WRITE, name="visit.start")
def start_visit(work: Work, request: StartVisit) -> VisitRow:
    """Begins a visit; one that its appointment already has is returned as it is.

    From an appointment everything follows: the patient, the practitioner, the place, the time, and the practitioner's
    open case of that patient, opened here when there is none. The appointment's status stays as it is.

    Raises:
        NotFound: appointment, case or patient are unknown or not in reach.
        InvalidInput: none of the three is given, they contradict each other, or place or time cannot be right.
        IllegalTransition: the case is closed, or the appointment was cancelled or missed.
    """
    if request.appointment_id is not None:
        return _from_appointment(work, request, request.appointment_id)
    if request.case_id is not None:
        case = _open_one(work, request.case_id)
        if request.patient_id not in (None, case.patient_id):
            raise InvalidInput("The case belongs to another patient.")
    elif request.patient_id is not None:
        require_row(work.session, treatable_patient(work.actor, request.patient_id, _WRITE), "patient")
        case = _case_of(work, request.patient_id, _treating(work, None), title="Consultation")
    else:
        raise InvalidInput("Say for which appointment, case or patient the visit is.")
    visit = Visit(
        organization_id=work.actor.organization_id,
        case_id=case.id,
        patient_id=case.patient_id,
        practitioner_user_id=_treating(work, case.practitioner_user_id),
        clinic_location_id=_place(work, request.clinic_location_id),
        visited_at=_past(request.visited_at or now()),
    )
    return _added(work, visit)


def _from_appointment(work: Work, request: StartVisit, appointment_id: UUID) -> VisitRow:
    require_row(work.session, appointment_in_reach(work.actor, appointment_id, _WRITE), "appointment")
    appointment = work.lock(Appointment, appointment_id, called="appointment")  # two clicks start one visit
    if request.patient_id not in (None, appointment.patient_id):
        raise InvalidInput("The appointment belongs to another patient.")
    existing = _visit_of(work, appointment)
    if existing is not None:
        return VisitRow.model_validate(existing, from_attributes=True)
    if appointment.status in (AppointmentStatus.CANCELLED, AppointmentStatus.NO_SHOW):
        raise IllegalTransition(
            f"This appointment is marked “{appointment.status.label}”; change its status before you write a visit."
        )
    visit = Visit(
        organization_id=work.actor.organization_id,
        case_id=_case_for(work, appointment, request.case_id).id,
        patient_id=appointment.patient_id,
        practitioner_user_id=appointment.practitioner_user_id,
        clinic_location_id=appointment.clinic_location_id,
        appointment_id=appointment.id,
        visited_at=request.visited_at or appointment.starts_at,
    )
    return _added(work, visit)


def _visit_of(work: Work, appointment: Appointment) -> Visit | None:
    wanted = select(Visit).where(col(Visit.appointment_id) == appointment.id, col(Visit.deleted_at).is_(None))
    return work.session.execute(wanted).scalar_one_or_none()


def _case_for(work: Work, appointment: Appointment, case_id: UUID | None) -> ClinicalCase:
    """The case that was asked for, else the appointment's own, else the practitioner's open one."""
    if case_id is not None:
        asked = _open_one(work, case_id)
        if asked.patient_id != appointment.patient_id:
            raise InvalidInput("The case belongs to another patient than the appointment.")
        return asked
    linked = work.find(ClinicalCase, appointment.case_id) if appointment.case_id else None
    if linked is not None and linked.status is CaseStatus.OPEN and linked.patient_id == appointment.patient_id:
        return linked
    service = work.find(ProductService, appointment.product_service_id) if appointment.product_service_id else None
    title = service.name if service else "Consultation"
    return _case_of(work, appointment.patient_id, appointment.practitioner_user_id, title=title)


def _case_of(work: Work, patient_id: UUID, practitioner_id: UUID, *, title: str) -> ClinicalCase:
    """The newest open case of the two, or a new one under that title."""
    wanted = (
        select(ClinicalCase)
        .where(
            col(ClinicalCase.patient_id) == patient_id,
            col(ClinicalCase.practitioner_user_id) == practitioner_id,
            col(ClinicalCase.status) == CaseStatus.OPEN,
        )
        .order_by(col(ClinicalCase.opened_at).desc(), col(ClinicalCase.id).desc())
        .limit(1)
    )
    found = work.session.execute(wanted).scalar_one_or_none()
    if found is not None:
        return found
    made = ClinicalCase(
        organization_id=work.actor.organization_id,
        patient_id=patient_id,
        practitioner_user_id=practitioner_id,
        title=title,
        opened_at=now(),
    )
    work.session.add(made)
    work.session.flush()
    return made


def _open_one(work: Work, case_id: UUID) -> ClinicalCase:
    require_row(work.session, case_in_reach(work.actor, case_id, _WRITE), "case")
    case = work.lock(ClinicalCase, case_id, called="case")
    if case.status is CaseStatus.CLOSED:
        raise IllegalTransition("This case is closed; reopen it before you write another visit.")
    return case


def _treating(work: Work, otherwise: UUID | None) -> UUID:
    """Who may sign what they write treats the visit; others write for the practitioner of the case."""
    actor = work.actor
    if actor.user_id is not None and (actor.can(Permission.CLINICAL_SIGN) or otherwise is None):
        return actor.user_id
    if otherwise is None:
        raise InvalidInput("Say which practitioner treats the visit: start it under a case.")
    return otherwise


def _place(work: Work, location_id: UUID | None) -> UUID:
    actor = work.actor
    if location_id is None:
        if len(actor.location_ids) != 1:
            raise InvalidInput(
                "Say at which location the visit takes place.", fields={"location": "Choose a location."}
            )
        return next(iter(actor.location_ids))
    work.get(ClinicLocation, location_id, called="location")
    if location_id not in actor.location_ids and actor.scope(_WRITE) is not Scope.ORGANISATION:
        raise InvalidInput("You do not work at this location.", fields={"location": "Choose one of your locations."})
    return location_id


def _past(visited_at: datetime) -> datetime:
    if not EARLIEST <= visited_at <= now() + AHEAD:
        raise InvalidInput("A visit has taken place already; its time lies in the future or too far back.")
    return visited_at


def _added(work: Work, visit: Visit) -> VisitRow:
    def taken(_: Mapping[str, Any]) -> Conflict:
        return Conflict("A visit of this appointment was just started; reload to see it.")

    with work.constraints({"uq_visit_appointment": taken}):
        work.session.add(visit)
    work.session.refresh(visit)
    return VisitRow.model_validate(visit, from_attributes=True)
