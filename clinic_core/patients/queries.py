"""Reading patients: search, the register, one patient, and who may be registered twice."""

from sqlalchemy import ColumnElement, Select, and_, func, or_, text
from sqlmodel import col, select

from clinic_core.access import Permission, Work, query, use_case
from clinic_core.access.scope import patients_in_scope
from clinic_core.errors import PermissionDenied
from clinic_core.kit.text import fold
from clinic_core.models import ClinicLocation, Patient
from clinic_core.patients.rows import find_patient, is_live, patient_row, summaries
from clinic_core.patients.schemas import (
    FindDuplicates,
    GetPatient,
    ListPatients,
    PatientPage,
    PatientRow,
    PatientSummary,
    PossibleDuplicate,
    SearchPatients,
)
from clinic_core.patients.search import read_search

DUPLICATES_SHOWN = 20
SHORTEST_PHONE = 6

_READ = Permission.PATIENT_READ
_SEARCH = text("select patient_id from patient_search(:text, :dob, :digits, :limit)")


@use_case(Permission.PATIENT_READ, name="patient.search")
def search_patients(work: Work, request: SearchPatients) -> list[PatientSummary]:
    """Patients by part of a name (accents and typos forgiven), date of birth, phone, e-mail or code, best first.

    That somebody searched is audited with the number of hits, never with the text.

    Raises:
        InvalidInput: the text has control characters or more than 200 characters.
    """
    wanted = read_search(request.text)
    if not wanted.folded:
        return []
    readings: list[dict[str, object]] = [{"text": name, "dob": None, "digits": ""} for name in wanted.spaced]
    readings += [
        {"text": wanted.folded, "dob": born_on, "digits": wanted.digits} for born_on in wanted.births or (None,)
    ]
    ids = [
        patient_id
        for reading in readings
        for patient_id in work.session.scalars(_SEARCH, {**reading, "limit": request.limit})
    ]
    order = {patient_id: place for place, patient_id in reversed(list(enumerate(ids)))}
    statement = _with_location().where(col(Patient.id).in_(order), patients_in_scope(work.actor, _READ))
    found = summaries(work.session.execute(statement))
    work.audit("patient", None, "searched", results=len(found))
    return sorted(found, key=lambda row: order[row.id])[: request.limit]


@query(Permission.PATIENT_READ, name="patient.get")
def get_patient(work: Work, request: GetPatient) -> PatientRow:
    """One patient. Pages of a patient use `service.open_patient`, which leaves a trace.

    Raises:
        NotFound: unknown, out of reach, or deleted and the actor may not restore.
    """
    patient = find_patient(work.session, work.actor, _READ, request.patient_id)
    return patient_row(work.session, work.actor, patient)


@query(Permission.PATIENT_READ, name="patient.list")
def list_patients(work: Work, request: ListPatients) -> PatientPage:
    """One page of the register, ordered by folded name.

    Raises:
        PermissionDenied: deleted patients are listed for those who may restore them.
    """
    if request.only_deleted and not work.actor.can(Permission.PATIENT_WRITE):
        raise PermissionDenied("Deleted patients are listed for those who may restore them.")
    conditions = [patients_in_scope(work.actor, _READ), col(Patient.merged_into_id).is_(None)]
    conditions.append(col(Patient.deleted_at).is_not(None) if request.only_deleted else is_live())
    if request.clinic_location_id is not None:
        conditions.append(col(Patient.clinic_location_id) == request.clinic_location_id)
    if not request.with_archived:
        conditions.append(col(Patient.archived_at).is_(None))
    total = work.session.execute(select(func.count()).select_from(Patient).where(*conditions)).scalar_one()
    rows = (
        _with_location()
        .where(*conditions)
        .order_by(col(Patient.name_folded).collate("C"), col(Patient.id))
        .offset(request.offset)
        .limit(request.limit)
    )
    return PatientPage(rows=summaries(work.session.execute(rows)), total=total)


@query(Permission.PATIENT_READ, name="patient.duplicates")
def find_possible_duplicates(work: Work, request: FindDuplicates) -> list[PossibleDuplicate]:
    """Who may be the same person: the same date of birth and a name in common, the same phone, or the same e-mail.

    Without a date of birth the whole name must be the same.
    """
    names = set(fold(f"{request.last_name} {request.first_name}").split())
    digits = "".join(character for character in request.phone if character.isdigit())
    reasons: list[ColumnElement[bool]] = []
    if request.dob is not None and names:
        reasons.append(col(Patient.dob) == request.dob)
    elif names:
        reasons.append(col(Patient.name_folded) == fold(f"{request.last_name} {request.first_name}"))
    if len(digits) >= SHORTEST_PHONE:
        reasons.append(and_(col(Patient.phone_digits) == digits, col(Patient.phone_digits) != ""))
    if request.email:
        reasons.append(and_(col(Patient.email_folded) == request.email.lower(), col(Patient.email_folded) != ""))
    if not reasons:
        return []
    statement = (
        _with_location()
        .where(patients_in_scope(work.actor, _READ), is_live(), or_(*reasons))
        .order_by(col(Patient.name_folded).collate("C"), col(Patient.id))
        .limit(10 * DUPLICATES_SHOWN)
    )
    found: list[PossibleDuplicate] = []
    for patient, location in work.session.execute(statement).all():
        shared = _shared(patient, request, names, digits)
        if shared and patient.id != request.except_patient_id:
            (summary,) = summaries([(patient, location)])
            found.append(PossibleDuplicate(**dict(summary), reasons=shared))
    return found[:DUPLICATES_SHOWN]


def _with_location() -> Select[Patient, str]:
    return (
        select(Patient, col(ClinicLocation.name))
        .outerjoin(ClinicLocation, col(ClinicLocation.id) == col(Patient.clinic_location_id))
        .execution_options(populate_existing=True)
    )


def _shared(patient: Patient, request: FindDuplicates, names: set[str], digits: str) -> tuple[str, ...]:
    theirs = set((patient.name_folded or "").split())
    same_name = bool(names) and (names <= theirs if request.dob is None else bool(names & theirs))
    same_birth = request.dob is None or patient.dob == request.dob
    reasons = {
        "Same name" if request.dob is None else "Same date of birth and a name in common": same_name and same_birth,
        "Same phone number": len(digits) >= SHORTEST_PHONE and patient.phone_digits == digits,
        "Same e-mail address": bool(request.email) and patient.email_folded == request.email.lower(),
    }
    return tuple(reason for reason, is_true in reasons.items() if is_true)
