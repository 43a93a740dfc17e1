"""Registering patients and changing their details; clinical content is not kept here."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import Exists, exists, func, text
from sqlmodel import col, select

from clinic_core.access import Permission, Work, use_case
from clinic_core.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from clinic_core.kit.clock import now
from clinic_core.kit.formats import patient_code
from clinic_core.models import Appointment, AuditLog, ClinicLocation, Invoice, Patient
from clinic_core.patients.rows import find_patient, patient_row
from clinic_core.patients.schemas import (
    Consent,
    GetPatient,
    PatientChange,
    PatientDetails,
    PatientRow,
    RegisterPatient,
    UpdatePatient,
)
from clinic_core.vocabulary import AppointmentStatus, Scope

CHART_OPENED_AGAIN = timedelta(minutes=15)
PORTAL_FIELDS = frozenset({"phone", "email", "address", "emergency_contact", "consents"})

_COLUMNS = ("first_name", "last_name", "dob", "sex", "clinic_location_id", "deceased_on")
_OPTIONAL_TEXTS = ("preferred_name", "gender", "pronouns", "referral_source")
_CONTACTS = ("phone", "email", "address", "emergency_contact")
_DETAILS = frozenset(PatientDetails.model_fields) | {"deceased_on"}
_WRITE = Permission.PATIENT_WRITE
_NEXT_NUMBER = text("select next_number('patient', 0)")


@use_case(Permission.PATIENT_WRITE, name="patient.register")
def register_patient(work: Work, request: RegisterPatient) -> PatientRow:
    """A new patient with the next free code (P-004217). A number that was given up is never used again.

    Raises:
        InvalidInput: no name, or a location that takes no patients.
        NotFound: an unknown location.
        PermissionDenied: a location outside the actor's reach; patients do not register others.
    """
    if work.actor.scope(_WRITE) is Scope.OWN:
        raise _refused(work, "patient.register", "Patients are registered by the clinic.")
    location_id = request.clinic_location_id or _only_location(work)
    if location_id is None and work.actor.scope(_WRITE) is Scope.LOCATION:
        raise InvalidInput("Choose the location.", fields={"clinic_location_id": "Choose the location."})
    if location_id is not None:
        _check_location(work, "patient.register", location_id)
    patient = Patient(organization_id=work.actor.organization_id, code=_next_code(work))
    _apply(work, patient, request, _DETAILS.intersection(RegisterPatient.model_fields))
    patient.clinic_location_id = location_id
    work.session.add(patient)
    work.session.flush()
    work.session.refresh(patient)
    return patient_row(work.session, work.actor, patient)


@use_case(Permission.PATIENT_WRITE, name="patient.update")
def update_patient(work: Work, request: UpdatePatient) -> PatientRow:
    """Changes the fields given. Patients themselves change only their contact details and consents.

    Raises:
        NotFound: an unknown patient, or one out of reach.
        StaleEdit: somebody changed the patient after the form was drawn.
        PermissionDenied: the field or the new location is not the actor's to change.
        InvalidInput: no name is left.
    """
    patient = _locked(work, request.patient_id, request.version)
    given = _DETAILS.intersection(request.model_fields_set)
    if work.actor.scope(_WRITE) is Scope.OWN:
        _check_portal_fields(work, patient, request, given)
    if "clinic_location_id" in given and request.clinic_location_id != patient.clinic_location_id:
        if request.clinic_location_id is None:
            raise InvalidInput("Choose the location.", fields={"clinic_location_id": "Choose the location."})
        _check_location(work, "patient.update", request.clinic_location_id)
    _apply(work, patient, request, given)
    return _saved(work, patient)


@use_case(Permission.PATIENT_WRITE, name="patient.delete")
def delete_patient(work: Work, request: PatientChange) -> PatientRow:
    """Takes a patient out of the register; the record stays and can be restored.

    Raises:
        NotFound: an unknown patient, or one out of reach.
        Conflict: a balance is open, or appointments lie ahead.
    """
    _refuse_patients_themselves(work, "patient.delete")
    work.lock_calendar()
    patient = _locked(work, request.patient_id, request.version)
    owed = select(func.count()).where(col(Invoice.patient_id) == patient.id, col(Invoice.balance) > 0)
    if work.session.execute(owed).scalar_one():
        raise Conflict("This patient still has an open balance; settle it first.")
    if work.session.execute(select(_appointments_ahead(patient.id))).scalar_one():
        raise Conflict("This patient has appointments ahead; move or cancel them first.")
    patient.deleted_at = now()
    return _saved(work, patient)


@use_case(Permission.PATIENT_WRITE, name="patient.restore")
def restore_patient(work: Work, request: PatientChange) -> PatientRow:
    """Brings a deleted patient back.

    Raises:
        NotFound: an unknown patient, or one out of reach.
        Conflict: the patient is not deleted.
    """
    _refuse_patients_themselves(work, "patient.restore")
    patient = _locked(work, request.patient_id, request.version, deleted=True)
    patient.deleted_at = None
    return _saved(work, patient)


@use_case(Permission.PATIENT_WRITE, name="patient.archive")
def archive_patient(work: Work, request: PatientChange) -> PatientRow:
    """Marks a patient who does not come any more: out of lists and reminders, still found by search.

    Raises:
        NotFound: an unknown patient, or one out of reach.
    """
    _refuse_patients_themselves(work, "patient.archive")
    patient = _locked(work, request.patient_id, request.version)
    patient.archived_at = patient.archived_at or now()
    return _saved(work, patient)


@use_case(Permission.PATIENT_WRITE, name="patient.unarchive")
def unarchive_patient(work: Work, request: PatientChange) -> PatientRow:
    """Takes an archived patient back into the lists.

    Raises:
        NotFound: an unknown patient, or one out of reach.
    """
    _refuse_patients_themselves(work, "patient.unarchive")
    patient = _locked(work, request.patient_id, request.version)
    patient.archived_at = None
    return _saved(work, patient)


@use_case(Permission.PATIENT_READ, name="patient.open")
def open_patient(work: Work, request: GetPatient) -> PatientRow:
    """One patient for the patient page; that the chart was opened is audited once per person and quarter of an hour.

    Raises:
        NotFound: unknown, out of reach, or deleted and the actor may not restore.
    """
    patient = find_patient(work.session, work.actor, Permission.PATIENT_READ, request.patient_id)
    seen = exists().where(
        col(AuditLog.organization_id) == work.actor.organization_id,
        col(AuditLog.entity_type) == "patient",
        col(AuditLog.entity_id) == patient.id,
        col(AuditLog.action) == "chart_opened",
        col(AuditLog.actor_user_id) == work.actor.user_id,
        col(AuditLog.created_at) > now() - CHART_OPENED_AGAIN,
    )
    if not work.session.execute(select(seen)).scalar_one():
        work.audit("patient", patient.id, "chart_opened")
    return patient_row(work.session, work.actor, patient)


def _apply(work: Work, patient: Patient, request: PatientDetails, given: frozenset[str]) -> None:
    for name in given.intersection(_COLUMNS):
        setattr(patient, name, getattr(request, name))
    for name in given.intersection(_OPTIONAL_TEXTS):
        setattr(patient, name, getattr(request, name) or None)
    contacts = request.model_dump(mode="json", include=set(given.intersection(_CONTACTS)))
    if contacts:
        patient.contact_json = {**patient.contact_json, **contacts}
    if "insurance" in given:
        patient.insurance_json = request.insurance.model_dump(mode="json")
    if "alerts" in given:
        patient.alerts_json = list(request.alerts)
    if "consents" in given:
        patient.consents_json = {**patient.consents_json, **_decided(work, request)}
    if not f"{patient.first_name}{patient.last_name}":
        raise InvalidInput("A patient needs a name.", fields={"last_name": "A patient needs a name."})


def _decided(work: Work, request: PatientDetails) -> dict[str, dict[str, object]]:
    decided = [
        Consent(**dict(decision), decided_at=now(), decided_by=work.actor.user_id) for decision in request.consents
    ]
    return {consent.kind.value: consent.model_dump(mode="json", exclude={"kind"}) for consent in decided}


def _saved(work: Work, patient: Patient) -> PatientRow:
    work.session.flush()
    work.session.refresh(patient)
    return patient_row(work.session, work.actor, patient)


def _locked(work: Work, patient_id: UUID, version: int | None, *, deleted: bool = False) -> Patient:
    """The patient in reach, locked; live ones, or with `deleted` deleted ones."""
    find_patient(work.session, work.actor, _WRITE, patient_id)
    patient = work.lock(Patient, patient_id, called="patient", version=version)
    if patient.merged_into_id is not None:
        raise Conflict("This record was merged into another; open that one.")
    if deleted and patient.deleted_at is None:
        raise Conflict("This patient is not deleted.")
    if not deleted and patient.deleted_at is not None:
        raise Conflict("This patient is deleted; restore the record first.")
    return patient


def _check_portal_fields(work: Work, patient: Patient, request: UpdatePatient, given: frozenset[str]) -> None:
    present = patient_row(work.session, work.actor, patient)
    changed = {name for name in given - PORTAL_FIELDS if getattr(request, name) != getattr(present, name)}
    if changed:
        raise _refused(work, "patient.update", "Please ask the clinic to change this; contacts and consents are yours.")


def _refuse_patients_themselves(work: Work, name: str) -> None:
    if work.actor.scope(_WRITE) is Scope.OWN:
        raise _refused(work, name, "Only the clinic may do this.")


def _check_location(work: Work, name: str, location_id: UUID) -> None:
    location = work.find(ClinicLocation, location_id)
    if location is None:
        raise NotFound("This location does not exist.")
    if work.actor.scope(_WRITE) is not Scope.ORGANISATION and location_id not in work.actor.location_ids:
        raise _refused(work, name, f"You do not work at {location.name}; register patients at your own locations.")
    if not location.active:
        raise InvalidInput(f"{location.name} is closed for good; choose another location.")


def _refused(work: Work, name: str, sentence: str) -> PermissionDenied:
    return work.refused(name, _WRITE, sentence)


def _only_location(work: Work) -> UUID | None:
    return next(iter(work.actor.location_ids)) if len(work.actor.location_ids) == 1 else None


def _next_code(work: Work) -> str:
    """The next code that no imported patient has; colleagues who register at this moment wait for the commit."""
    while True:
        code = patient_code(work.session.execute(_NEXT_NUMBER).scalar_one())
        taken = select(exists().where(col(Patient.code) == code))
        if not work.session.execute(taken).scalar_one():
            return code


def _appointments_ahead(patient_id: UUID) -> Exists:
    return exists().where(
        col(Appointment.patient_id) == patient_id,
        col(Appointment.deleted_at).is_(None),
        col(Appointment.status) != AppointmentStatus.CANCELLED,
        col(Appointment.ends_at) > now(),
    )
