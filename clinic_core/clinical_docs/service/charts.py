"""Opening charts: every one is logged, and those outside the care team need a broken glass (I4, U2)."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, insert, select, true
from sqlmodel import col

from clinic_core.access import Permission, Work, use_case
from clinic_core.access.scope import patients_in_scope
from clinic_core.clinical_docs.queries import get_chart, get_visit
from clinic_core.clinical_docs.reach import without_glass
from clinic_core.clinical_docs.schemas import BreakGlass, Chart, GetChart, GetVisit, GlassGrant, VisitChart
from clinic_core.errors import Conflict, NotFound, PermissionDenied
from clinic_core.kit.ids import new_id
from clinic_core.models import AuditLog, BreakGlassGrant, Patient

GLASS_MINUTES = 30
LOGGED_AGAIN_AFTER = timedelta(minutes=15)


@use_case(Permission.CLINICAL_READ, name="visit.open")
def open_visit(work: Work, request: GetVisit) -> VisitChart:
    """The visit as `get_visit` reads it; that the patient's chart was opened is logged.

    Raises: NotFound, when no such visit is in reach.
    """
    visit = get_visit(work, request)
    _log_opened(work, visit.patient_id)
    return visit


@use_case(Permission.CLINICAL_READ, name="chart.open")
def open_chart(work: Work, request: GetChart) -> Chart:
    """Cases and visits of a patient as `get_chart` reads them; that the chart was opened is logged.

    Raises: NotFound, when the patient is unknown or the chart not in reach.
    """
    chart = get_chart(work, request)
    _log_opened(work, chart.patient_id)
    return chart


@use_case(Permission.CLINICAL_BREAK_GLASS, name="chart.break_glass")
def break_glass(work: Work, request: BreakGlass) -> GlassGrant:
    """Opens the chart of a patient outside the care team for thirty minutes by the database's clock.

    It takes effect at the actor's next action, and stands in the audit log with its reason.

    Raises:
        NotFound: there is no such patient.
        Conflict: the actor is of the care team, so no glass needs breaking.
        PermissionDenied: the actor is no person.
    """
    actor = work.actor
    if actor.user_id is None:
        raise PermissionDenied("Only a person breaks the glass.")
    treats = patients_in_scope(without_glass(actor), Permission.CLINICAL_READ)
    wanted = select(treats).where(col(Patient.id) == request.patient_id, col(Patient.deleted_at).is_(None))
    in_care_team = work.session.execute(wanted).scalar_one_or_none()
    if in_care_team is None:
        raise NotFound("This patient does not exist.")
    if in_care_team:
        raise Conflict("You treat this patient; the chart is open to you without a reason.")
    grant = (
        insert(BreakGlassGrant)
        .values(
            id=new_id(),
            organization_id=actor.organization_id,
            user_id=actor.user_id,
            patient_id=request.patient_id,
            reason=request.reason,
            expires_at=func.now() + timedelta(minutes=GLASS_MINUTES),
        )
        .returning(col(BreakGlassGrant.id), col(BreakGlassGrant.expires_at))
    )
    row = work.session.execute(grant).one()
    work.audit("patient", request.patient_id, "break_glass", grant_id=row.id, minutes=GLASS_MINUTES)
    return GlassGrant(id=row.id, patient_id=request.patient_id, expires_at=row.expires_at)


def _log_opened(work: Work, patient_id: UUID) -> None:
    """Once per person, patient and 15 minutes by the database's clock; under a broken glass in any case."""
    glass = {"broken_glass": patient_id in work.actor.broken_glass}
    recent = select(col(AuditLog.id)).where(
        col(AuditLog.organization_id) == work.actor.organization_id,
        col(AuditLog.entity_type) == "patient",
        col(AuditLog.entity_id) == patient_id,
        col(AuditLog.action) == "chart_opened",
        col(AuditLog.actor_user_id).is_not_distinct_from(work.actor.user_id),
        col(AuditLog.created_at) > func.now() - LOGGED_AGAIN_AFTER,
        col(AuditLog.diff_json).contains(glass) if glass["broken_glass"] else true(),
    )
    if work.session.execute(recent.limit(1)).first() is None:
        work.audit("patient", patient_id, "chart_opened", **glass)
