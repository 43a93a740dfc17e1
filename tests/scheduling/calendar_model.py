"""A model of the calendar: what an appointment takes, what is in its way, and what a manager may do about it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from clinic_core.kit.calendar import overlaps
from clinic_core.vocabulary import ConflictKind

BUFFER = 10


@dataclass(frozen=True)
class Entry:
    """One appointment as the model has it."""

    patient: int
    practitioner: str
    resources: frozenset[str]
    starts_at: datetime
    ends_at: datetime
    buffer: int
    version: int
    live: bool = True
    basis: str | None = None

    @property
    def until(self) -> datetime:
        return self.ends_at + timedelta(minutes=self.buffer)


def obstacles(entries: dict[UUID, Entry], wanted: Entry, own: UUID | None = None) -> set[ConflictKind]:
    """What the rules of S5 say is in the way, straight from their words."""
    found = set()
    for key, other in entries.items():
        if key == own or not other.live:
            continue
        meets = overlaps((wanted.starts_at, wanted.ends_at), (other.starts_at, other.ends_at))
        near = overlaps((wanted.starts_at, wanted.until), (other.starts_at, other.until))
        if near and wanted.practitioner == other.practitioner:
            found.add(ConflictKind.PRACTITIONER if meets else ConflictKind.BUFFER)
        if near and wanted.resources & other.resources:
            found.add(ConflictKind.ROOM)
        if meets and wanted.patient == other.patient:
            found.add(ConflictKind.PATIENT)
    return found


def accepted(kinds: set[ConflictKind], *, double: bool, override: bool) -> bool:
    """Whether a manager who gives these reasons may book."""
    if ConflictKind.ROOM in kinds:
        return False
    if ConflictKind.PRACTITIONER in kinds and not double:
        return False
    if ConflictKind.BUFFER in kinds and not (override or (double and ConflictKind.PRACTITIONER in kinds)):
        return False
    return ConflictKind.PATIENT not in kinds or override


def basis(kinds: set[ConflictKind]) -> str | None:
    if ConflictKind.PRACTITIONER in kinds:
        return "double_booking"
    return "buffer_override" if ConflictKind.BUFFER in kinds else None
