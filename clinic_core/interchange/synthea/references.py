"""Which of our rows are which of theirs: what makes the import repeatable, and sorts a batch into new and known."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.interchange.synthea.report import FLAGS, Entity, Flag, Outcome
from clinic_core.interchange.synthea.rows import Read
from clinic_core.interchange.synthea.staging import insert_rows, update_rows
from clinic_core.kit.ids import new_id
from clinic_core.models import ExternalReference
from clinic_core.vocabulary import Choice

SOURCE = "synthea"
UNKNOWN = "unknown"
_COLUMNS = ("id", "organization_id", "source", "entity_type", "external_id", "entity_id", "content_hash", "flags_json")
_FORGET_PLANS = text("discard plans")
_LOCK = text("select pg_advisory_xact_lock(hashtextextended(:organization, 2))")

R = TypeVar("R", bound=Read)


class Kind(Choice):
    """What an external id stands for: a row of that table, or a diagnosis in a case."""

    LOCATION = "clinic_location"
    PRACTITIONER = "app_user"
    PATIENT = "patient"
    CASE = "clinical_case"
    APPOINTMENT = "appointment"
    INVOICE = "invoice"
    DIAGNOSIS = "diagnosis"


@dataclass(frozen=True)
class Known:
    """What an earlier import, or an earlier step of this one, kept about an external id."""

    reference_id: UUID
    entity_id: UUID
    content_hash: str
    flags: tuple[Flag, ...]

    @property
    def is_placeholder(self) -> bool:
        """True for what other rows named before its own row was read."""
        return self.content_hash == ""


@dataclass
class Batch(Generic[R]):
    """The rows of one transaction that need work; the rest is as it was."""

    new: list[R] = field(default_factory=list)
    changed: list[tuple[R, Known]] = field(default_factory=list)


def begin_step(session: Session, organization_id: UUID) -> None:
    """Imports into one organisation take turns, transaction by transaction; each plans its look-ups anew.

    Plans made while the tables were empty, those of foreign keys and triggers included, read all rows of the
    organisation for each look-up: with 9,000 encounters a batch took eight times as long as the first.
    """
    session.execute(_LOCK, {"organization": str(organization_id)})
    session.execute(_FORGET_PLANS)


def known_rows(session: Session, kind: Kind, external_ids: Collection[str]) -> dict[str, Known]:
    """What is known about these ids; ids that are new are not in the answer."""
    found = session.execute(
        select(
            col(ExternalReference.external_id),
            col(ExternalReference.id),
            col(ExternalReference.entity_id),
            col(ExternalReference.content_hash),
            col(ExternalReference.flags_json),
        ).where(
            col(ExternalReference.source) == SOURCE,
            col(ExternalReference.entity_type) == kind.value,
            col(ExternalReference.external_id).in_(set(external_ids)),
        )
    )
    return {row[0]: Known(row[1], row[2], row[3], tuple(FLAGS[key] for key in row[4])) for row in found}


def sort_batch(session: Session, kind: Kind, entity: Entity, rows: Sequence[R], outcome: Outcome) -> Batch[R]:
    """Counts the rows as read and takes out those that are known and unchanged.

    An id that comes twice in a batch counts once as new; its second row is a change of the first, or nothing.
    """
    known = known_rows(session, kind, [row.external_id for row in rows])
    counts = outcome.of(entity)
    batch: Batch[R] = Batch()
    seen: dict[str, str] = {}
    for row in rows:
        counts.read += 1
        before = known.get(row.external_id)
        if row.external_id in seen:
            counts.unchanged += 1
            if seen[row.external_id] != row.content_hash:
                outcome.flag(entity, row.external_id, (Flag.ID_TWICE,))
            continue
        seen[row.external_id] = row.content_hash
        if before is None:
            batch.new.append(row)
        elif before.content_hash != row.content_hash:
            batch.changed.append((row, before))
        else:
            counts.unchanged += 1
            outcome.flag(entity, row.external_id, before.flags)
    return batch


def remember(
    session: Session, organization_id: UUID, kind: Kind, rows: Iterable[tuple[str, UUID, str, Iterable[Flag]]]
) -> None:
    """Keeps external id, our row, content hash and flags of rows that were just made."""
    insert_rows(
        session,
        "external_reference",
        _COLUMNS,
        (
            (new_id(), organization_id, SOURCE, kind.value, external_id, entity_id, digest, _flags(flags))
            for external_id, entity_id, digest, flags in rows
        ),
    )


def renew(session: Session, changed: Iterable[tuple[Read, Known]]) -> None:
    """Keeps the new content hash and flags of rows that were just updated."""
    update_rows(
        session,
        "external_reference",
        ("id", "content_hash", "flags_json"),
        ((before.reference_id, row.content_hash, _flags(row.flags)) for row, before in changed),
    )


def _flags(flags: Iterable[Flag]) -> Jsonb:
    return Jsonb([flag.value for flag in flags])
