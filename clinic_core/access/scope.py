"""How far a permission reaches, as conditions for queries (product specification I3). One place for all features."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, exists, false, or_, select, true
from sqlalchemy.orm import Mapped, aliased
from sqlmodel import col

from clinic_core.access.actor import Actor
from clinic_core.access.permissions import Permission
from clinic_core.kit.clock import now
from clinic_core.models import (
    Appointment,
    AppointmentSeries,
    ClinicalCase,
    Invoice,
    InvoiceLine,
    Patient,
    Receipt,
    Visit,
    WaitingListEntry,
)
from clinic_core.vocabulary import AppointmentStatus, CaseStatus, Scope

CARE_TEAM_BACK = timedelta(days=90)
CARE_TEAM_AHEAD = timedelta(days=365)

# Aliases: the query around a condition may read the same table, and `t.patient_id = t.patient_id` is always true.
_Treated = aliased(ClinicalCase)
_Seen = aliased(Appointment)
_Worked = aliased(InvoiceLine)


def patients_in_scope(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Which rows of `patient` the actor reaches with the permission."""
    return _by_scope(
        actor,
        permission,
        own=lambda: col(Patient.user_id) == actor.user_id,
        care_team=lambda: _in_care_team(actor, col(Patient.id)),
        location=lambda: or_(
            col(Patient.clinic_location_id).in_(actor.location_ids),
            exists().where(
                col(_Seen.organization_id) == actor.organization_id,
                col(_Seen.patient_id) == col(Patient.id),
                col(_Seen.clinic_location_id).in_(actor.location_ids),
                col(_Seen.deleted_at).is_(None),
            ),
        ),
    )


def appointments_in_scope(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Which rows of `appointment` the actor reaches; *own* is the practitioner's, or the patient's own."""
    return _by_scope(
        actor,
        permission,
        own=lambda: or_(
            col(Appointment.practitioner_user_id) == actor.user_id, _of_own_patient(actor, col(Appointment.patient_id))
        ),
        care_team=lambda: _in_care_team(actor, col(Appointment.patient_id)),
        location=lambda: or_(
            col(Appointment.clinic_location_id).in_(actor.location_ids),
            col(Appointment.practitioner_user_id) == actor.user_id,
        ),
    )


def waiting_in_scope(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Which rows of `waiting_list_entry` the actor reaches; *own* is who waits for oneself, or the patient's own."""
    own_practice = col(WaitingListEntry.practitioner_user_id) == actor.user_id
    return _by_scope(
        actor,
        permission,
        own=lambda: or_(own_practice, _of_own_patient(actor, col(WaitingListEntry.patient_id))),
        care_team=lambda: or_(own_practice, _in_care_team(actor, col(WaitingListEntry.patient_id))),
        location=lambda: or_(col(WaitingListEntry.clinic_location_id).in_(actor.location_ids), own_practice),
    )


def series_in_scope(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Which rows of `appointment_series` the actor reaches; as appointments, by what the series says of them."""
    own_practice = col(AppointmentSeries.practitioner_user_id) == actor.user_id
    return _by_scope(
        actor,
        permission,
        own=lambda: or_(own_practice, _of_own_patient(actor, col(AppointmentSeries.patient_id))),
        care_team=lambda: _in_care_team(actor, col(AppointmentSeries.patient_id)),
        location=lambda: or_(col(AppointmentSeries.clinic_location_id).in_(actor.location_ids), own_practice),
    )


def cases_in_scope(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Which rows of `clinical_case` the actor reaches."""
    return _by_scope(
        actor,
        permission,
        own=lambda: col(ClinicalCase.practitioner_user_id) == actor.user_id,
        care_team=lambda: or_(
            col(ClinicalCase.practitioner_user_id) == actor.user_id,
            _in_care_team(actor, col(ClinicalCase.patient_id)),
        ),
        location=false,
    )


def visits_in_scope(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Which rows of `visit` the actor reaches."""
    return _by_scope(
        actor,
        permission,
        own=lambda: col(Visit.practitioner_user_id) == actor.user_id,
        care_team=lambda: or_(
            col(Visit.practitioner_user_id) == actor.user_id, _in_care_team(actor, col(Visit.patient_id))
        ),
        location=lambda: col(Visit.clinic_location_id).in_(actor.location_ids),
    )


def invoices_in_scope(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Which rows of `invoice` the actor reaches; *own* is a line of one's own work, or the patient's own bill."""
    return _by_scope(
        actor,
        permission,
        own=lambda: or_(
            exists().where(
                col(_Worked.organization_id) == actor.organization_id,
                col(_Worked.invoice_id) == col(Invoice.id),
                col(_Worked.practitioner_user_id) == actor.user_id,
            ),
            _of_own_patient(actor, col(Invoice.patient_id)),
        ),
        care_team=lambda: _in_care_team(actor, col(Invoice.patient_id)),
        location=lambda: col(Invoice.clinic_location_id).in_(actor.location_ids),
    )


def receipts_in_scope(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Which rows of `receipt` the actor reaches."""
    return _by_scope(
        actor,
        permission,
        own=lambda: _of_own_patient(actor, col(Receipt.patient_id)),
        care_team=lambda: _in_care_team(actor, col(Receipt.patient_id)),
        location=lambda: col(Receipt.clinic_location_id).in_(actor.location_ids),
    )


def _by_scope(
    actor: Actor,
    permission: Permission,
    *,
    own: Callable[[], ColumnElement[bool]],
    care_team: Callable[[], ColumnElement[bool]],
    location: Callable[[], ColumnElement[bool]],
) -> ColumnElement[bool]:
    scope = actor.scope(permission)
    if scope is None:
        return false()
    reach = {Scope.OWN: own, Scope.CARE_TEAM: care_team, Scope.LOCATION: location, Scope.ORGANISATION: true}
    return reach[scope]()


def _of_own_patient(actor: Actor, patient_id: ColumnElement[UUID] | Mapped[UUID]) -> ColumnElement[bool]:
    return patient_id.in_(
        select(col(Patient.id)).where(
            col(Patient.organization_id) == actor.organization_id, col(Patient.user_id) == actor.user_id
        )
    )


def _in_care_team(actor: Actor, patient_id: ColumnElement[UUID] | Mapped[UUID]) -> ColumnElement[bool]:
    """An open case, an appointment from 90 days back to 365 ahead, or a broken glass."""
    instant = now()
    treats = exists().where(
        col(_Treated.organization_id) == actor.organization_id,
        col(_Treated.patient_id) == patient_id,
        col(_Treated.practitioner_user_id) == actor.user_id,
        col(_Treated.status) == CaseStatus.OPEN,
    )
    sees = exists().where(
        col(_Seen.organization_id) == actor.organization_id,
        col(_Seen.patient_id) == patient_id,
        col(_Seen.practitioner_user_id) == actor.user_id,
        col(_Seen.deleted_at).is_(None),
        col(_Seen.status) != AppointmentStatus.CANCELLED,
        col(_Seen.starts_at).between(instant - CARE_TEAM_BACK, instant + CARE_TEAM_AHEAD),
    )
    return or_(treats, sees, patient_id.in_(actor.broken_glass))
