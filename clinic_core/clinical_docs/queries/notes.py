"""Notes: one visit with all its page shows, its versions, and how it read at a past instant."""

from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import Text, cast, func, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from clinic_core.access import Permission, Work, query
from clinic_core.clinical_docs.diff import note_diff
from clinic_core.clinical_docs.reach import live_visits, require_row, visit_in_reach
from clinic_core.clinical_docs.rows import (
    NOTE_FORM,
    AnyRow,
    AnySelect,
    case_row,
    cases_statement,
    listed_values,
    visits_statement,
)
from clinic_core.clinical_docs.schemas import (
    AppointmentLine,
    DraftNote,
    GetVisit,
    ListRevisions,
    NoteAsOf,
    NoteVersion,
    RevisionRow,
    RevisionText,
    SoapNotes,
    VisitChart,
)
from clinic_core.errors import NotFound
from clinic_core.kit.clock import now
from clinic_core.models import Appointment, AppUser, ClinicalCase, Draft, ProductService, Visit, VisitRevision
from clinic_core.vocabulary import VisitStatus

WRITING_STILL = timedelta(minutes=10)
_READ = Permission.CLINICAL_READ
_Changer = aliased(AppUser)


@query(_READ, name="visit.get")
def get_visit(work: Work, request: GetVisit) -> VisitChart:
    """The visit with its note, case, appointment, versions and the actor's unsaved text.

    Use `open_visit` where a person reads it: that logs the opening.

    Raises: NotFound, when no such visit is in reach.
    """
    actor, session = work.actor, work.session
    changed_by = select(col(_Changer.display_name)).where(col(_Changer.id) == col(Visit.updated_by)).scalar_subquery()
    statement = visits_statement(actor).add_columns(
        col(Visit.notes_json),
        col(Visit.updated_at),
        changed_by.label("changed_by"),
        live_visits(actor, Permission.CLINICAL_WRITE).label("writable"),
    )
    row = session.execute(statement.where(col(Visit.id) == request.visit_id)).one_or_none()
    if row is None:
        raise NotFound("This visit does not exist.")
    # A colleague's case need not be in scope for the visit's own practitioner: the visit opens it.
    case = session.execute(cases_statement(col(ClinicalCase.id) == row.case_id)).one()
    revisions = session.execute(_revisions(request.visit_id))
    draft, other_writers = _drafts(work, row)
    is_signed = row.status is VisitStatus.SIGNED
    return VisitChart(
        **listed_values(row),
        notes=SoapNotes.model_validate(row.notes_json),
        case=case_row(case),
        appointment=_appointment(work, row.appointment_id),
        revisions=tuple(RevisionRow(**_revision_values(revision)) for revision in revisions),
        draft=draft,
        other_writers=() if is_signed else other_writers,
        signed_by=row.practitioner_name if is_signed else "",
        changed_by=row.changed_by or "",
        changed_at=row.updated_at,
        may_write=row.writable,
        may_sign=actor.can(Permission.CLINICAL_SIGN) and row.practitioner_user_id == actor.user_id,
    )


@query(_READ, name="visit.list_revisions")
def list_revisions(work: Work, request: ListRevisions) -> tuple[RevisionText, ...]:
    """The versions of a note with text, newest first, each with the words that changed since the one before.

    Raises: NotFound, when no such visit is in reach.
    """
    require_row(work.session, visit_in_reach(work.actor, request.visit_id, _READ), "visit")
    # One more than asked for: the oldest shown is compared with it.
    statement = _with_text(_revisions(request.visit_id)).limit(request.limit + 1)
    if request.before is not None:
        statement = statement.where(col(VisitRevision.version) < request.before)
    read = [(row, SoapNotes.model_validate(row.notes_json)) for row in work.session.execute(statement)]
    ended = [*read, (None, SoapNotes())]
    versions = [
        RevisionText(**_revision_values(row), notes=notes, changes=note_diff(before, notes))
        for (row, notes), (_, before) in pairwise(ended)
        if row is not None
    ]
    return tuple(versions[: request.limit])


@query(_READ, name="visit.note_as_of")
def note_as_of(work: Work, request: NoteAsOf) -> NoteVersion:
    """The note as it read at that instant; version 0 and empty before anything was saved.

    Raises: NotFound, when no such visit is in reach.
    """
    require_row(work.session, visit_in_reach(work.actor, request.visit_id, _READ), "visit")
    statement = _with_text(_revisions(request.visit_id)).where(col(VisitRevision.created_at) <= request.instant)
    row = work.session.execute(statement.limit(1)).one_or_none()
    if row is None:
        return NoteVersion(visit_id=request.visit_id, version=0, kind=None, notes=SoapNotes())
    return NoteVersion(
        visit_id=request.visit_id,
        version=row.version,
        kind=row.kind,
        notes=SoapNotes.model_validate(row.notes_json),
    )


def _revisions(visit_id: UUID) -> AnySelect:
    """The versions of the visit, newest first; `is_intact` compares the stored text with its digest."""
    stored = func.sha256(func.convert_to(cast(col(VisitRevision.notes_json), Text), "UTF8"))
    return (
        select(
            col(VisitRevision.id),
            col(VisitRevision.version),
            col(VisitRevision.kind),
            col(VisitRevision.reason),
            col(VisitRevision.created_at),
            func.encode(col(VisitRevision.digest), "hex").label("digest"),
            (stored == col(VisitRevision.digest)).label("is_intact"),
            func.coalesce(col(AppUser.display_name), "system").label("author"),
        )
        .outerjoin(AppUser, col(AppUser.id) == col(VisitRevision.created_by))
        .where(col(VisitRevision.visit_id) == visit_id)
        .order_by(col(VisitRevision.version).desc())
    )


def _with_text(statement: AnySelect) -> AnySelect:
    return statement.add_columns(col(VisitRevision.notes_json))


def _revision_values(row: AnyRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in RevisionRow.model_fields}


def _drafts(work: Work, row: AnyRow) -> tuple[DraftNote | None, tuple[str, ...]]:
    """The actor's unsaved text of this visit, and the names of others who are writing."""
    statement = (
        select(col(Draft.user_id), col(Draft.body_json), col(Draft.saved_at), col(AppUser.display_name))
        .join(AppUser, col(AppUser.id) == col(Draft.user_id))
        .where(col(Draft.form) == NOTE_FORM, col(Draft.object_id) == row.id)
        .order_by(col(AppUser.display_name), col(AppUser.id))
    )
    own: DraftNote | None = None
    others: list[str] = []
    for draft in work.session.execute(statement):
        if draft.user_id == work.actor.user_id:
            version = draft.body_json["version"]
            own = DraftNote(
                notes=SoapNotes.model_validate(draft.body_json["notes"]),
                saved_at=draft.saved_at,
                version=version,
                is_stale=version is not None and version != row.version,
            )
        elif draft.saved_at > now() - WRITING_STILL:
            others.append(draft.display_name)
    return own, tuple(others)


def _appointment(work: Work, appointment_id: UUID | None) -> AppointmentLine | None:
    if appointment_id is None:
        return None
    statement = (
        select(
            col(Appointment.id),
            col(Appointment.starts_at),
            col(Appointment.ends_at),
            col(Appointment.status),
            col(Appointment.note),
            func.coalesce(col(ProductService.name), "").label("service_name"),
        )
        .outerjoin(ProductService, col(ProductService.id) == col(Appointment.product_service_id))
        .where(col(Appointment.id) == appointment_id)
    )
    return AppointmentLine.model_validate(work.session.execute(statement).one(), from_attributes=True)
