"""The chart of a patient: its cases, its visits, and whether it is open to the actor."""

from sqlalchemy import func, select
from sqlmodel import col

from clinic_core.access import Permission, Work, query
from clinic_core.access.scope import cases_in_scope, patients_in_scope
from clinic_core.clinical_docs.reach import chart_in_reach, treatable_patient, without_glass
from clinic_core.clinical_docs.rows import NAMES, case_row, cases_statement, listed_visit, name_of, visits_statement
from clinic_core.clinical_docs.schemas import (
    CaseRow,
    Chart,
    ChartAccess,
    GetCase,
    GetChart,
    ListCases,
    ListedVisit,
    ListVisits,
)
from clinic_core.errors import NotFound
from clinic_core.models import BreakGlassGrant, ClinicalCase, Patient, Visit

CHART_VISITS = 50
_READ = Permission.CLINICAL_READ


@query(_READ, name="case.list")
def list_cases(work: Work, request: ListCases) -> tuple[CaseRow, ...]:
    """The cases in reach, open ones first, newest first."""
    statement = cases_statement(cases_in_scope(work.actor, _READ)).limit(request.limit).offset(request.offset)
    if request.patient_id is not None:
        statement = statement.where(col(ClinicalCase.patient_id) == request.patient_id)
    if request.status is not None:
        statement = statement.where(col(ClinicalCase.status) == request.status)
    return tuple(case_row(row) for row in work.session.execute(statement))


@query(_READ, name="case.get")
def get_case(work: Work, request: GetCase) -> CaseRow:
    """One case.

    Raises: NotFound, when no such case is in reach.
    """
    statement = cases_statement(cases_in_scope(work.actor, _READ)).where(col(ClinicalCase.id) == request.case_id)
    row = work.session.execute(statement).one_or_none()
    if row is None:
        raise NotFound("This case does not exist.")
    return case_row(row)


@query(_READ, name="visit.list")
def list_visits(work: Work, request: ListVisits) -> tuple[ListedVisit, ...]:
    """The visits in reach, newest first, without their notes."""
    statement = visits_statement(work.actor)
    if request.patient_id is not None:
        statement = statement.where(col(Visit.patient_id) == request.patient_id)
    if request.case_id is not None:
        statement = statement.where(col(Visit.case_id) == request.case_id)
    statement = statement.order_by(col(Visit.visited_at).desc(), col(Visit.id).desc())
    rows = work.session.execute(statement.limit(request.limit).offset(request.offset))
    return tuple(listed_visit(row) for row in rows)


@query(_READ, name="chart.get")
def get_chart(work: Work, request: GetChart) -> Chart:
    """The cases of a patient and 50 of the visits, newest first; use `open_chart` where a person reads it.

    Raises: NotFound, when the patient is unknown or the chart not in reach.
    """
    wanted = select(col(Patient.code), *NAMES).where(
        col(Patient.id) == request.patient_id, chart_in_reach(work.actor, _READ)
    )
    patient = work.session.execute(wanted).one_or_none()
    if patient is None:
        raise NotFound("This patient does not exist.")
    in_all = visits_statement(work.actor).where(col(Visit.patient_id) == request.patient_id).subquery()
    visits = ListVisits(patient_id=request.patient_id, limit=CHART_VISITS, offset=request.visits_offset)
    return Chart(
        patient_id=request.patient_id,
        patient_name=name_of(patient),
        patient_code=patient.code,
        cases=list_cases(work, ListCases(patient_id=request.patient_id)),
        visits=list_visits(work, visits),
        visits_in_all=work.session.execute(select(func.count()).select_from(in_all)).scalar_one(),
    )


@query(_READ, Permission.CLINICAL_BREAK_GLASS, name="chart.access")
def chart_access(work: Work, request: GetChart) -> ChartAccess:
    """Whether the chart of a patient is open to the actor, could be opened by breaking the glass, and until when it is.

    Raises: NotFound, when the patient is unknown or out of the actor's reach as a patient.
    """
    actor = work.actor
    treats = patients_in_scope(without_glass(actor), _READ)
    glass = (
        select(func.max(col(BreakGlassGrant.expires_at)))
        .where(
            col(BreakGlassGrant.user_id) == actor.user_id,
            col(BreakGlassGrant.patient_id) == request.patient_id,
            col(BreakGlassGrant.expires_at) > func.now(),
        )
        .scalar_subquery()
    )
    start = treatable_patient(actor, request.patient_id, Permission.CLINICAL_WRITE).exists()
    wanted = select(
        col(Patient.code),
        *NAMES,
        chart_in_reach(actor, _READ).label("may_read"),
        treats.label("treats"),
        start.label("may_start"),
        glass.label("glass_until"),
    ).where(
        col(Patient.id) == request.patient_id,
        col(Patient.deleted_at).is_(None),
        patients_in_scope(actor, Permission.PATIENT_READ) | chart_in_reach(actor, _READ),
    )
    row = work.session.execute(wanted).one_or_none()
    if row is None:
        raise NotFound("This patient does not exist.")
    return ChartAccess(
        patient_id=request.patient_id,
        patient_name=name_of(row),
        patient_code=row.code,
        may_read=row.may_read,
        may_start=row.may_start and actor.can(Permission.CLINICAL_WRITE),
        may_break_glass=actor.can(Permission.CLINICAL_BREAK_GLASS) and not row.treats,
        glass_until=None if row.treats else row.glass_until,
    )
