"""Which rows of the chart an actor reaches: the scopes of `access.scope`, with deleted rows left out."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.access import Actor, Permission
from clinic_core.access.scope import appointments_in_scope, cases_in_scope, patients_in_scope, visits_in_scope
from clinic_core.errors import NotFound
from clinic_core.models import Appointment, ClinicalCase, Patient, Visit


def live_visits(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """The visits in reach that are not deleted."""
    return and_(col(Visit.deleted_at).is_(None), visits_in_scope(actor, permission))


def chart_in_reach(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """The patients whose chart is in reach: by care team, by a case of one's own, or by a broken glass."""
    return and_(
        col(Patient.deleted_at).is_(None),
        or_(
            patients_in_scope(actor, permission),
            exists().where(
                col(ClinicalCase.organization_id) == actor.organization_id,
                col(ClinicalCase.patient_id) == col(Patient.id),
                cases_in_scope(actor, permission),
            ),
        ),
    )


def without_glass(actor: Actor) -> Actor:
    """The actor as far as the care team alone carries."""
    return replace(actor, broken_glass=frozenset())


def visit_in_reach(actor: Actor, visit_id: UUID, permission: Permission) -> Select[UUID]:
    """The id of that visit, if it is in reach."""
    return select(col(Visit.id)).where(col(Visit.id) == visit_id, live_visits(actor, permission))


def case_in_reach(actor: Actor, case_id: UUID, permission: Permission) -> Select[UUID]:
    """The id of that case, if it is in reach."""
    return select(col(ClinicalCase.id)).where(col(ClinicalCase.id) == case_id, cases_in_scope(actor, permission))


def appointment_in_reach(actor: Actor, appointment_id: UUID, permission: Permission) -> Select[UUID]:
    """The id of that appointment, if it is in reach; one's own is, whatever its age: its note may still be missing."""
    return select(col(Appointment.id)).where(
        col(Appointment.id) == appointment_id,
        col(Appointment.deleted_at).is_(None),
        or_(appointments_in_scope(actor, permission), col(Appointment.practitioner_user_id) == actor.user_id),
    )


def treatable_patient(actor: Actor, patient_id: UUID, permission: Permission) -> Select[UUID]:
    """The id of a patient whose chart is in reach, or who has none yet: a first case opens nothing to anybody."""
    has_chart = exists().where(
        col(ClinicalCase.organization_id) == actor.organization_id, col(ClinicalCase.patient_id) == col(Patient.id)
    )
    return select(col(Patient.id)).where(
        col(Patient.id) == patient_id,
        col(Patient.deleted_at).is_(None),
        or_(chart_in_reach(actor, permission), ~has_chart),
    )


def require_row(session: Session, wanted: Select[UUID], called: str) -> None:
    """Raises: NotFound, when the statement finds nothing; `called` is the row's word in the sentence."""
    if session.execute(wanted).first() is None:
        raise NotFound(f"This {called} does not exist.")
