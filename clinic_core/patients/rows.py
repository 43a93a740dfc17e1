"""From the table `patient` to what leaves the core; shared by the writes and the reads of this feature."""

from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func
from sqlalchemy.orm import Session
from sqlmodel import col, select

from clinic_core.access import Actor, Permission
from clinic_core.access.scope import invoices_in_scope, patients_in_scope
from clinic_core.errors import NotFound
from clinic_core.kit.clock import now
from clinic_core.kit.formats import age, person_name
from clinic_core.models import ClinicLocation, Invoice, Patient
from clinic_core.patients.schemas import Consent, PatientRow, PatientSummary


def is_live() -> ColumnElement[bool]:
    """Which rows of `patient` are neither deleted nor merged into another."""
    return and_(col(Patient.deleted_at).is_(None), col(Patient.merged_into_id).is_(None))


def find_patient(session: Session, actor: Actor, permission: Permission, patient_id: UUID) -> Patient:
    """The patient as the database has it now, deleted ones for writers only.

    Raises:
        NotFound: unknown, or out of the actor's reach.
    """
    conditions = [col(Patient.id) == patient_id, patients_in_scope(actor, permission)]
    if not actor.can(Permission.PATIENT_WRITE):
        conditions.append(is_live())
    statement = select(Patient).where(*conditions).execution_options(populate_existing=True)
    patient = session.execute(statement).scalar_one_or_none()
    if patient is None:
        raise NotFound("This patient does not exist.")
    return patient


def open_balance(session: Session, actor: Actor, patient_id: UUID) -> Decimal | None:
    """What the patient owes on the invoices that the actor may see; None when the actor may see no money."""
    if not actor.can(Permission.BILLING_VIEW):
        return None
    owed = select(func.coalesce(func.sum(Invoice.balance), Decimal("0.00"))).where(
        col(Invoice.patient_id) == patient_id,
        col(Invoice.balance) > 0,
        invoices_in_scope(actor, Permission.BILLING_VIEW),
    )
    return session.execute(owed).scalar_one()


def patient_row(session: Session, actor: Actor, patient: Patient) -> PatientRow:
    """Everything about one patient but clinical content."""
    location = session.get(ClinicLocation, patient.clinic_location_id) if patient.clinic_location_id else None
    contact = patient.contact_json
    return PatientRow.model_validate(
        {
            **_summary(patient, location.name if location else ""),
            "first_name": patient.first_name,
            "last_name": patient.last_name,
            "preferred_name": patient.preferred_name or "",
            "age": age(patient.dob, max(patient.dob, patient.deceased_on or now().date())) if patient.dob else None,
            "gender": patient.gender or "",
            "pronouns": patient.pronouns or "",
            "address": contact.get("address") or {},
            "emergency_contact": contact.get("emergency_contact") or {},
            "insurance": patient.insurance_json,
            "consents": consents_of(patient),
            "referral_source": patient.referral_source or "",
            "user_id": patient.user_id,
            "balance": open_balance(session, actor, patient.id),
            "archived_at": patient.archived_at,
            "deleted_at": patient.deleted_at,
            "created_at": patient.created_at,
            "version": patient.version,
        }
    )


def consents_of(patient: Patient) -> tuple[Consent, ...]:
    """The decisions a patient took, as stored."""
    return tuple(Consent.model_validate({"kind": kind, **stored}) for kind, stored in patient.consents_json.items())


def summaries(rows: Iterable[tuple[Patient, str]]) -> tuple[PatientSummary, ...]:
    """Rows of a list from patients and the names of their locations."""
    return tuple(PatientSummary.model_validate(_summary(patient, location or "")) for patient, location in rows)


def _summary(patient: Patient, location: str) -> dict[str, object]:
    return {
        "id": patient.id,
        "code": patient.code,
        "name": person_name(patient.first_name, patient.last_name, patient.preferred_name),
        "dob": patient.dob,
        "sex": patient.sex,
        "phone": patient.contact_json.get("phone") or "",
        "email": patient.contact_json.get("email") or "",
        "alerts": tuple(patient.alerts_json),
        "clinic_location_id": patient.clinic_location_id,
        "location": location,
        "is_archived": patient.archived_at is not None,
        "deceased_on": patient.deceased_on,
    }
