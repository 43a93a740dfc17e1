"""Cases: opened, described, closed and reopened."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from clinic_core.access import Permission, Work, use_case
from clinic_core.clinical_docs.reach import case_in_reach, require_row, treatable_patient
from clinic_core.clinical_docs.schemas import CaseHead, ChangeCase, Diagnoses, OpenCase, UpdateCase
from clinic_core.errors import IllegalTransition, InvalidInput
from clinic_core.kit.clock import now
from clinic_core.models import ClinicalCase, PractitionerProfile
from clinic_core.vocabulary import CaseStatus

_WRITE = Permission.CLINICAL_WRITE


@use_case(_WRITE, name="case.open")
def open_case(work: Work, request: OpenCase) -> CaseHead:
    """Begins a course of treatment; who treats becomes part of the patient's care team.

    A colleague may be named as practitioner, which is how a patient is referred.

    Raises:
        NotFound: the patient is unknown, or has a chart that is not in the actor's reach.
        InvalidInput: nobody is named who treats patients.
    """
    require_row(work.session, treatable_patient(work.actor, request.patient_id, _WRITE), "patient")
    practitioner_id = request.practitioner_user_id or work.actor.user_id
    if practitioner_id is None:
        raise InvalidInput("Say which practitioner treats the case.")
    if practitioner_id != work.actor.user_id:
        _require_practitioner(work, practitioner_id)
    case = ClinicalCase(
        organization_id=work.actor.organization_id,
        patient_id=request.patient_id,
        practitioner_user_id=practitioner_id,
        title=request.title,
        diagnosis_json=_stored(request.diagnoses),
        session_limit=request.session_limit,
        opened_at=request.opened_at or now(),
    )
    work.session.add(case)
    return _head(work, case)


@use_case(_WRITE, name="case.update")
def update_case(work: Work, request: UpdateCase) -> CaseHead:
    """Replaces title, diagnoses and session limit.

    Raises:
        NotFound: no such case is in reach.
        StaleEdit: somebody changed it after the form was drawn.
    """
    case = _locked(work, request.case_id, request.version)
    case.title = request.title
    case.diagnosis_json = _stored(request.diagnoses)
    case.session_limit = request.session_limit
    return _head(work, case)


@use_case(_WRITE, name="case.close")
def close_case(work: Work, request: ChangeCase) -> CaseHead:
    """Ends the course of treatment; unsigned notes of it can still be signed.

    Raises:
        NotFound: no such case is in reach.
        StaleEdit: somebody changed it after the form was drawn.
        IllegalTransition: it is closed already.
    """
    return _change(work, request, CaseStatus.CLOSED, now())


@use_case(_WRITE, name="case.reopen")
def reopen_case(work: Work, request: ChangeCase) -> CaseHead:
    """Takes the course of treatment up again.

    Raises:
        NotFound: no such case is in reach.
        StaleEdit: somebody changed it after the form was drawn.
        IllegalTransition: it is open.
    """
    return _change(work, request, CaseStatus.OPEN, None)


def _change(work: Work, request: ChangeCase, to: CaseStatus, closed_at: datetime | None) -> CaseHead:
    case = _locked(work, request.case_id, request.version)
    if case.status is to:
        raise IllegalTransition(f"This case is {to.value} already.")
    case.status = to
    case.closed_at = max(closed_at, case.opened_at) if closed_at else None
    return _head(work, case)


def _locked(work: Work, case_id: UUID, version: int) -> ClinicalCase:
    require_row(work.session, case_in_reach(work.actor, case_id, _WRITE), "case")
    return work.lock(ClinicalCase, case_id, called="case", version=version)


def _require_practitioner(work: Work, user_id: UUID) -> None:
    wanted = select(col(PractitionerProfile.id)).where(col(PractitionerProfile.user_id) == user_id)
    if work.session.execute(wanted).first() is None:
        raise InvalidInput("This person does not treat patients; choose a practitioner.")


def _stored(diagnoses: Diagnoses) -> list[dict[str, str]]:
    return [diagnosis.model_dump() for diagnosis in diagnoses]


def _head(work: Work, case: ClinicalCase) -> CaseHead:
    work.session.flush()
    work.session.refresh(case)
    return CaseHead.model_validate(case, from_attributes=True)
