"""Notes: kept as drafts while they are typed, saved, signed, and amended after that."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col

from clinic_core.access import Permission, Work, use_case
from clinic_core.clinical_docs.reach import require_row, visit_in_reach
from clinic_core.clinical_docs.rows import NOTE_FORM
from clinic_core.clinical_docs.schemas import (
    AmendVisit,
    DiscardDraft,
    DraftRow,
    SaveDraft,
    SaveVisit,
    SignVisit,
    SoapNotes,
    VisitRow,
)
from clinic_core.errors import ClinicError, Conflict, IllegalTransition, Immutable, InvalidInput, PermissionDenied
from clinic_core.kit.clock import now
from clinic_core.kit.ids import new_id
from clinic_core.models import AppUser, Draft, Visit, VisitRevision
from clinic_core.vocabulary import RevisionKind, VisitStatus

_WRITE, _SIGN = Permission.CLINICAL_WRITE, Permission.CLINICAL_SIGN


@use_case(_WRITE, name="visit.draft")
def save_draft(work: Work, request: SaveDraft) -> DraftRow:
    """Keeps what the actor has typed, for the actor alone; the note itself is not touched.

    The answer tells when the visit was changed by somebody since the text was begun.

    Raises:
        NotFound: no such visit is in reach.
        PermissionDenied: the actor is no person.
    """
    _require(work, request.visit_id, _WRITE)
    body = {"notes": request.notes.model_dump(), "version": request.version}
    keys = {"organization_id": work.actor.organization_id, "user_id": _person(work), "form": NOTE_FORM}
    keep = upsert(Draft).values(id=new_id(), object_id=request.visit_id, body_json=body, saved_at=now(), **keys)
    keep = keep.on_conflict_do_update(
        index_elements=["organization_id", "user_id", "form", "object_id"],
        set_={"body_json": keep.excluded.body_json, "saved_at": keep.excluded.saved_at},
    )
    draft_id = work.session.execute(keep.returning(col(Draft.id))).scalar_one()
    visit = select(col(Visit.version), col(AppUser.display_name)).outerjoin(
        AppUser, col(AppUser.id) == col(Visit.updated_by)
    )
    found = work.session.execute(visit.where(col(Visit.id) == request.visit_id)).one()
    is_stale = request.version is not None and found.version != request.version
    return DraftRow(
        id=draft_id, saved_at=now(), is_stale=is_stale, changed_by=(found.display_name or "") if is_stale else ""
    )


@use_case(_WRITE, name="visit.discard_draft")
def discard_draft(work: Work, request: DiscardDraft) -> None:
    """Throws away what the actor typed and did not save.

    Raises: NotFound, when no such visit is in reach.
    """
    _require(work, request.visit_id, _WRITE)
    _clear_draft(work, request.visit_id)


@use_case(_WRITE, name="visit.save")
def save_visit(work: Work, request: SaveVisit) -> VisitRow:
    """Saves the note as its next version and clears the actor's draft; text that is the same makes no version.

    Raises:
        NotFound: no such visit is in reach.
        StaleEdit: somebody saved another version in the meantime; the draft is kept.
        Immutable: the note is signed.
    """
    _require(work, request.visit_id, _WRITE)
    visit = work.lock(Visit, request.visit_id, called="visit", version=request.version)
    _refuse_signed(visit)
    with work.constraints(_SIGNED):
        _write(visit, request.notes)
    _clear_draft(work, visit.id)
    return _row(work, visit)


@use_case(_SIGN, name="visit.sign")
def sign_visit(work: Work, request: SignVisit) -> VisitRow:
    """Signs the note as its next version; from then on it changes only by amendment.

    Raises:
        NotFound: no such visit is in reach.
        PermissionDenied: the actor did not treat the visit.
        StaleEdit: somebody saved another version in the meantime.
        Immutable: it is signed already.
        InvalidInput: the note is empty.
        Conflict: the actor has unsaved text, and `notes` does not say what is to be signed.
    """
    visit = _own_visit(work, request.visit_id, request.version)
    _refuse_signed(visit)
    if request.notes is not None:
        _write(visit, request.notes)
    elif _unsaved(work, visit):
        raise Conflict("You have text in this note that is not saved; save it or throw it away before you sign.")
    if SoapNotes.model_validate(visit.notes_json).is_empty:
        raise InvalidInput("The note is empty; write it before you sign.")
    with work.constraints(_SIGNED):
        visit.status = VisitStatus.SIGNED
        visit.signed_at = now()
        visit.signed_by = work.actor.user_id
    _clear_draft(work, visit.id)
    return _row(work, visit)


@use_case(_SIGN, name="visit.amend")
def amend_visit(work: Work, request: AmendVisit) -> VisitRow:
    """Adds a version with a reason to a signed note; all versions before it stay readable.

    Raises:
        NotFound: no such visit is in reach.
        PermissionDenied: the actor did not treat the visit.
        StaleEdit: somebody amended it in the meantime.
        IllegalTransition: the note is not signed yet.
        InvalidInput: the note is empty or the same as before.
    """
    visit = _own_visit(work, request.visit_id, request.version)
    if visit.signed_at is None:
        raise IllegalTransition("This note is not signed yet; save it instead of amending it.")
    if request.notes.is_empty:
        raise InvalidInput("An amendment cannot empty the note.")
    if request.notes == SoapNotes.model_validate(visit.notes_json):
        raise InvalidInput("The amendment changes nothing.")
    amendment = insert(VisitRevision).values(
        id=new_id(),
        organization_id=work.actor.organization_id,
        visit_id=visit.id,
        version=visit.revision + 1,
        kind=RevisionKind.AMEND,
        reason=request.reason,
        notes_json=request.notes.model_dump(),
        digest=b"",
    )
    with work.constraints({**_SIGNED, "visit_revision_amend": _not_amendable}):
        work.session.execute(amendment)
    _clear_draft(work, visit.id)
    return _row(work, visit)


def _require(work: Work, visit_id: UUID, permission: Permission) -> None:
    require_row(work.session, visit_in_reach(work.actor, visit_id, permission), "visit")


def _own_visit(work: Work, visit_id: UUID, version: int) -> Visit:
    """Signing is personal: whoever reaches the chart but did not treat the visit is told so."""
    _require(work, visit_id, Permission.CLINICAL_READ)
    visit = work.lock(Visit, visit_id, called="visit", version=version)
    if visit.practitioner_user_id != work.actor.user_id:
        raise PermissionDenied("Only the practitioner who treated this visit signs and amends its note.")
    return visit


def _refuse_signed(visit: Visit) -> None:
    if visit.signed_at is not None:
        raise _signed({})


def _signed(_: Mapping[str, Any]) -> Immutable:
    return Immutable("This note is signed; amend it and give the reason.")


def _not_amendable(_: Mapping[str, Any]) -> Conflict:
    return IllegalTransition("Only a signed note is amended.")


_SIGNED: Mapping[str, Callable[[Mapping[str, Any]], ClinicError]] = {"visit_signed": _signed}


def _write(visit: Visit, notes: SoapNotes) -> None:
    if notes != SoapNotes.model_validate(visit.notes_json):
        visit.notes_json = notes.model_dump()


def _unsaved(work: Work, visit: Visit) -> bool:
    wanted = select(col(Draft.body_json)).where(*_own_draft(work, visit.id))
    body = work.session.execute(wanted).scalar_one_or_none()
    return body is not None and SoapNotes.model_validate(body["notes"]) != SoapNotes.model_validate(visit.notes_json)


def _clear_draft(work: Work, visit_id: UUID) -> None:
    work.session.execute(delete(Draft).where(*_own_draft(work, visit_id)))


def _own_draft(work: Work, visit_id: UUID) -> tuple[Any, ...]:
    return (
        col(Draft.user_id) == work.actor.user_id,
        col(Draft.form) == NOTE_FORM,
        col(Draft.object_id) == visit_id,
    )


def _person(work: Work) -> UUID:
    if work.actor.user_id is None:
        raise PermissionDenied("Only a person has drafts.")
    return work.actor.user_id


def _row(work: Work, visit: Visit) -> VisitRow:
    work.session.flush()
    work.session.refresh(visit)
    return VisitRow.model_validate(visit, from_attributes=True)
