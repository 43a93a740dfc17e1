"""The steps of a batch: papers are made a few at a time, each step a transaction of its own under the batch's lock.

Files are written before the rows that tell of them: a step that dies is done again and writes the same files. Two
workers at one batch take turns, so each paper is made once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import exists
from sqlmodel import col, select

from clinic_core.access import Permission, Work, use_case
from clinic_core.auth.logo import find_logo
from clinic_core.billing.archive import (
    PAPERS_OF_PART,
    Member,
    part_of,
    relative_name,
    write_joined,
    write_papers,
    write_zip,
)
from clinic_core.billing.batches import batch_row, is_under_way, locked_batch
from clinic_core.billing.details import read_details
from clinic_core.billing.documents import invoices_pdf
from clinic_core.billing.reminder_paper import reminder_pdf
from clinic_core.billing.reminders import read_letters
from clinic_core.billing.schemas.batches import (
    BatchRow,
    FinishBatch,
    MadePaper,
    MadeStep,
    MakePapers,
)
from clinic_core.billing.statement_paper import statement_pdf
from clinic_core.billing.statements import read_statements
from clinic_core.errors import Conflict
from clinic_core.kit.clock import now
from clinic_core.models import DocumentBatch, DocumentBatchItem, Patient
from clinic_core.vocabulary import BatchKind, BatchStatus

KEPT = timedelta(days=7)
OUT_OF_REACH = "This is no longer within the reach of who asked for it."
SETTLED = "Everything that this letter asks for was paid meanwhile."
NOTHING_OWED = "Everything that was owed was paid meanwhile."
NOTHING_MADE = "There is nothing to print; why is said for each paper."


@dataclass
class _Papers:
    """PDFs by the position under which they are kept, items without one and why, items the patient has to pay."""

    files: dict[int, bytes] = field(default_factory=dict)
    problems: dict[UUID, str] = field(default_factory=dict)
    for_patient: set[UUID] = field(default_factory=set)


@use_case(Permission.BILLING_VIEW, name="batch.make")
def make_next_papers(work: Work, request: MakePapers) -> MadeStep:
    """Makes the next papers of one's own batch, unless it was stopped.

    Raises:
        NotFound: no such batch, or not one's own, or the permission for its kind is gone.
        OSError: the papers cannot be written.
    """
    session, actor = work.session, work.actor
    batch = locked_batch(session, actor, request.batch_id, own=True)
    items = _next_items(work, batch, request.limit) if is_under_way(batch) else []
    papers = _PAPERS[batch.kind](work, batch, items) if items else _Papers()
    write_papers(actor.organization_id, batch.id, papers.files)
    for item in items:
        item.made_at, item.problem = now(), papers.problems.get(item.id, "")
    if items:
        batch.status, batch.started_at = BatchStatus.RUNNING, batch.started_at or now()
        batch.done += len(items)
    session.flush()
    return MadeStep(
        batch_id=batch.id,
        made=tuple(
            MadePaper(
                item_id=item.id,
                position=item.position,
                patient_id=item.patient_id,
                problem=item.problem,
                for_patient=item.id in papers.for_patient,
            )
            for item in items
        ),
        is_finished=not is_under_way(batch) or not _is_any_waiting(work, batch),
        wants_email=bool(batch.parameters_json.get("email")),
    )


@use_case(Permission.BILLING_VIEW, name="batch.finish")
def finish_batch(work: Work, request: FinishBatch) -> BatchRow:
    """Puts the papers of one's own batch into one file, kept for seven days; a batch that has ended stays as it is.

    Raises:
        Conflict: papers of it are still to be made.
        NotFound: as `make_next_papers`.
        OSError: a paper is missing, or the file cannot be written.
    """
    session = work.session
    batch = locked_batch(session, work.actor, request.batch_id, own=True)
    if not is_under_way(batch):
        return batch_row(batch)
    if _is_any_waiting(work, batch):
        raise Conflict("Papers of this print run are still to be made.")
    made = session.execute(
        select(col(DocumentBatchItem.position), col(DocumentBatchItem.by_email), col(Patient.code))
        .join(Patient, col(Patient.id) == col(DocumentBatchItem.patient_id))
        .where(col(DocumentBatchItem.document_batch_id) == batch.id, col(DocumentBatchItem.problem) == "")
        .order_by(col(DocumentBatchItem.position))
    ).all()
    if made:
        path = _write_file(batch, [(found[0], found[1], found[2]) for found in made])
        batch.status, batch.expires_at = BatchStatus.DONE, now() + KEPT
        batch.file_name, batch.file_bytes = relative_name(path), path.stat().st_size
    else:
        batch.status, batch.problem = BatchStatus.FAILED, NOTHING_MADE
    batch.finished_at = now()
    session.flush()
    return batch_row(batch)


def _next_items(work: Work, batch: DocumentBatch, limit: int) -> list[DocumentBatchItem]:
    """The next ones to be made; documents by parts, because each part is one file."""
    waiting = (
        select(DocumentBatchItem)
        .where(col(DocumentBatchItem.document_batch_id) == batch.id, col(DocumentBatchItem.made_at).is_(None))
        .order_by(col(DocumentBatchItem.position))
        .limit(PAPERS_OF_PART if batch.kind is BatchKind.DOCUMENTS else limit)
    )
    items = list(work.session.scalars(waiting))
    if batch.kind is not BatchKind.DOCUMENTS:
        return items
    return [item for item in items if part_of(item.position) == part_of(items[0].position)]


def _is_any_waiting(work: Work, batch: DocumentBatch) -> bool:
    waiting = exists().where(
        col(DocumentBatchItem.document_batch_id) == batch.id, col(DocumentBatchItem.made_at).is_(None)
    )
    return bool(work.session.execute(select(waiting)).scalar_one())


def _documents(work: Work, _batch: DocumentBatch, items: Sequence[DocumentBatchItem]) -> _Papers:
    wanted = {item.id: item.invoice_id for item in items if item.invoice_id is not None}
    found = read_details(work.session, work.actor, tuple(wanted.values()))
    papers = _Papers()
    details = [found[invoice_id] for invoice_id in wanted.values() if invoice_id in found]
    if details:
        papers.files[part_of(items[0].position)] = invoices_pdf(details, work.actor.settings.locale, _logo(work))
    for item in items:
        detail = found.get(item.invoice_id) if item.invoice_id is not None else None
        if detail is None:
            papers.problems[item.id] = OUT_OF_REACH
        elif detail.billed_to_patient:
            papers.for_patient.add(item.id)
    return papers


def _statements(work: Work, batch: DocumentBatch, items: Sequence[DocumentBatchItem]) -> _Papers:
    asked = batch.parameters_json
    found = read_statements(
        work,
        [item.patient_id for item in items],
        first_day=date.fromisoformat(asked["first_day"]) if asked.get("first_day") else None,
        last_day=date.fromisoformat(asked["last_day"]),
    )
    papers, logo = _Papers(), _logo(work)
    for item in items:
        statement = found.get(item.patient_id)
        if statement is None or (asked.get("debtors") and not statement.open_items):
            papers.problems[item.id] = OUT_OF_REACH if statement is None else NOTHING_OWED
            continue
        papers.files[item.position] = statement_pdf(statement, work.actor.settings.locale, logo)
        if statement.to_pay > 0 or not statement.others_pay:
            papers.for_patient.add(item.id)
    return papers


def _reminders(work: Work, _batch: DocumentBatch, items: Sequence[DocumentBatchItem]) -> _Papers:
    letters = read_letters(work, [item.id for item in items])
    papers, logo = _Papers(), _logo(work)
    for item in items:
        letter = letters.get(item.id)
        if letter is None or letter.is_settled:
            papers.problems[item.id] = OUT_OF_REACH if letter is None else SETTLED
            continue
        papers.files[item.position] = reminder_pdf(letter, work.actor.settings.locale, logo)
        if letter.billed_to_patient:
            papers.for_patient.add(item.id)
    return papers


def _logo(work: Work) -> bytes | None:
    logo = find_logo(work)
    return logo.content if logo is not None else None


_PAPERS: Mapping[BatchKind, Callable[[Work, DocumentBatch, Sequence[DocumentBatchItem]], _Papers]] = {
    BatchKind.DOCUMENTS: _documents,
    BatchKind.REMINDERS: _reminders,
    BatchKind.STATEMENTS: _statements,
}


def _write_file(batch: DocumentBatch, made: Sequence[tuple[int, bool, str]]) -> Path:
    if batch.kind is BatchKind.DOCUMENTS:
        parts = sorted({part_of(position) for position, _, _ in made})
        return write_joined(batch.organization_id, batch.id, "invoices.pdf", parts, "Invoices")
    members = [
        Member(f"{'e-mailed' if by_email else 'post'}/{_member(position, code)}", position)
        for position, by_email, code in made
    ]
    return write_zip(batch.organization_id, batch.id, f"{batch.kind.value}.zip", members)


def _member(position: int, code: str) -> str:
    plain = "".join(letter for letter in code if letter.isascii() and (letter.isalnum() or letter in "-_"))
    return f"{position:05d}-{plain}.pdf"
