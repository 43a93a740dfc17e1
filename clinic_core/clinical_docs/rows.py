"""The statements behind cases and visits as rows, without the text of notes, and how their rows are made."""

from typing import Any

from sqlalchemy import ColumnElement, Row, Select, exists, func, select
from sqlmodel import col

from clinic_core.access import Actor, Permission
from clinic_core.clinical_docs.reach import live_visits
from clinic_core.clinical_docs.schemas import CaseRow, Diagnosis, ListedVisit
from clinic_core.kit.formats import person_name
from clinic_core.models import AppUser, ClinicalCase, ClinicLocation, Draft, Patient, Visit
from clinic_core.vocabulary import CaseStatus

AnyRow = Row[*tuple[Any, ...]]
AnySelect = Select[*tuple[Any, ...]]

NOTE_FORM = "visit_note"
NAMES = (col(Patient.first_name), col(Patient.last_name), col(Patient.preferred_name))


def cases_statement(within: ColumnElement[bool]) -> AnySelect:
    """The cases within that condition, open ones first, newest first."""
    visits = (
        select(func.count())
        .where(col(Visit.case_id) == col(ClinicalCase.id), col(Visit.deleted_at).is_(None))
        .correlate(ClinicalCase)
        .scalar_subquery()
    )
    return (
        select(
            *(ClinicalCase.__table__.c[name] for name in _CASE_HEAD),  # type: ignore[attr-defined]
            col(ClinicalCase.title),
            col(ClinicalCase.diagnosis_json).label("diagnoses"),
            col(AppUser.display_name).label("practitioner_name"),
            visits.label("visits"),
            *NAMES,
        )
        .join(Patient, col(Patient.id) == col(ClinicalCase.patient_id))
        .join(AppUser, col(AppUser.id) == col(ClinicalCase.practitioner_user_id))
        .where(within)
        .order_by(
            (col(ClinicalCase.status) == CaseStatus.CLOSED),
            col(ClinicalCase.opened_at).desc(),
            col(ClinicalCase.id).desc(),
        )
    )


def case_row(row: AnyRow) -> CaseRow:
    """A case as people see it."""
    values = row._asdict()
    limit = values["session_limit"]
    return CaseRow(
        **{name: values[name] for name in (*_CASE_HEAD, "title", "practitioner_name", "visits")},
        diagnoses=tuple(Diagnosis.model_validate(diagnosis) for diagnosis in values["diagnoses"]),
        patient_name=name_of(row),
        sessions_left=None if limit is None else max(limit - values["visits"], 0),
    )


def visits_statement(actor: Actor) -> AnySelect:
    """The visits in reach that are not deleted, without their notes."""
    own_draft = exists().where(
        col(Draft.organization_id) == actor.organization_id,
        col(Draft.user_id) == actor.user_id,
        col(Draft.form) == NOTE_FORM,
        col(Draft.object_id) == col(Visit.id),
    )
    return (
        select(
            *(Visit.__table__.c[name] for name in _VISIT_HEAD),  # type: ignore[attr-defined]
            col(Patient.code).label("patient_code"),
            col(AppUser.display_name).label("practitioner_name"),
            col(ClinicLocation.name).label("location_name"),
            col(ClinicLocation.timezone),
            col(ClinicalCase.title).label("case_title"),
            own_draft.label("has_draft"),
            *NAMES,
        )
        .join(ClinicalCase, col(ClinicalCase.id) == col(Visit.case_id))
        .join(Patient, col(Patient.id) == col(Visit.patient_id))
        .join(AppUser, col(AppUser.id) == col(Visit.practitioner_user_id))
        .join(ClinicLocation, col(ClinicLocation.id) == col(Visit.clinic_location_id))
        .where(live_visits(actor, Permission.CLINICAL_READ))
    )


def listed_visit(row: AnyRow) -> ListedVisit:
    """A visit as lists show it."""
    return ListedVisit(**listed_values(row))


def listed_values(row: AnyRow) -> dict[str, Any]:
    """The fields of `ListedVisit`, for rows that carry more."""
    values = row._asdict()
    return {**{name: values[name] for name in _LISTED}, "patient_name": name_of(row)}


def name_of(row: AnyRow) -> str:
    """The patient's name of a row that selects `NAMES`."""
    return person_name(row.first_name, row.last_name, row.preferred_name)


_CASE_HEAD = (
    "id",
    "patient_id",
    "practitioner_user_id",
    "status",
    "opened_at",
    "closed_at",
    "session_limit",
    "version",
)
_VISIT_HEAD = (
    "id",
    "case_id",
    "patient_id",
    "practitioner_user_id",
    "clinic_location_id",
    "appointment_id",
    "status",
    "revision",
    "visited_at",
    "signed_at",
    "version",
)
_LISTED = (
    *_VISIT_HEAD,
    "patient_code",
    "practitioner_name",
    "location_name",
    "timezone",
    "case_title",
    "has_draft",
)
