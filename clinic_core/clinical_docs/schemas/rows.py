"""What clinical documentation answers.

Rows that a write returns (`CaseHead`, `VisitRow`, `DraftRow`, `GlassGrant`) carry no clinical text, because the first
result of a request is kept to answer a repeat of it.
"""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from clinic_core.clinical_docs.schemas.parts import Diagnosis, Section, SoapNotes
from clinic_core.vocabulary import AppointmentStatus, CaseStatus, Choice, RevisionKind, VisitStatus


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True)


class CaseHead(_Row):
    """What a write says about a case: where it stands, without its text."""

    id: UUID
    patient_id: UUID
    practitioner_user_id: UUID
    status: CaseStatus
    opened_at: datetime
    closed_at: datetime | None
    session_limit: int | None
    version: int


class CaseRow(CaseHead):
    """A case with its title and diagnoses, and how many of its sessions are used."""

    patient_name: str
    practitioner_name: str
    title: str
    diagnoses: tuple[Diagnosis, ...]
    visits: int
    sessions_left: int | None


class VisitRow(_Row):
    """What a write says about a visit: where it stands, without its text."""

    id: UUID
    case_id: UUID
    patient_id: UUID
    practitioner_user_id: UUID
    clinic_location_id: UUID
    appointment_id: UUID | None
    status: VisitStatus
    revision: int
    visited_at: datetime
    signed_at: datetime | None
    version: int


class ListedVisit(VisitRow):
    """A visit in a list, with the names people know it by."""

    patient_name: str
    patient_code: str
    practitioner_name: str
    location_name: str
    timezone: str
    case_title: str
    has_draft: bool


class MissingNote(_Row):
    """An attended appointment that no visit documents; `id` is the appointment's."""

    id: UUID
    patient_id: UUID
    patient_name: str
    patient_code: str
    service_name: str
    location_name: str
    timezone: str
    starts_at: datetime
    status: AppointmentStatus


class OpenNotes(_Row):
    """The length of the actor's work-lists."""

    unsigned: int
    missing: int


class DraftNote(_Row):
    """Text that the actor typed and did not save; `is_stale` when the visit was changed since it was begun."""

    notes: SoapNotes
    saved_at: datetime
    version: int | None
    is_stale: bool


class RevisionRow(_Row):
    """One version of a note without its text.

    `digest` is the SHA-256 of the stored note in hexadecimal digits; `is_intact` says whether the text still has it.
    """

    id: UUID
    version: int
    kind: RevisionKind
    reason: str
    author: str
    created_at: datetime
    digest: str
    is_intact: bool


class DiffKind(Choice):
    """What became of a piece of text from one version to the next."""

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


class DiffPart(_Row):
    """A run of words with one fate."""

    kind: DiffKind
    text: str


class SectionDiff(_Row):
    """How one section changed, word by word."""

    section: Section
    parts: tuple[DiffPart, ...]


class RevisionText(RevisionRow):
    """One version of a note with its text and, for each section that changed, the words that did."""

    notes: SoapNotes
    changes: tuple[SectionDiff, ...]


class NoteVersion(_Row):
    """A note as it read at an instant; version 0 and empty before anything was saved."""

    visit_id: UUID
    version: int
    kind: RevisionKind | None
    notes: SoapNotes


class AppointmentLine(_Row):
    """The appointment of a visit, as the visit page shows it."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    status: AppointmentStatus
    service_name: str
    note: str


class VisitChart(ListedVisit):
    """A visit with all the visit page shows: note, case, appointment, versions, and the actor's unsaved text."""

    notes: SoapNotes
    case: CaseRow
    appointment: AppointmentLine | None
    revisions: tuple[RevisionRow, ...]
    draft: DraftNote | None
    other_writers: tuple[str, ...]
    signed_by: str
    changed_by: str
    changed_at: datetime
    may_write: bool
    may_sign: bool


class DraftRow(_Row):
    """When the unsaved text was kept, and by whom the visit was changed since it was begun."""

    id: UUID
    saved_at: datetime
    is_stale: bool
    changed_by: str


class GlassGrant(_Row):
    """The chart is open until then."""

    id: UUID
    patient_id: UUID
    expires_at: datetime


class ChartAccess(_Row):
    """How far a patient's chart is open to the actor; `glass_until` while the glass is broken.

    Outside the care team `may_read` is still true for those who have a case of their own in the chart: that case is
    all they see, and breaking the glass shows the rest.
    """

    patient_id: UUID
    patient_name: str
    patient_code: str
    may_read: bool
    may_start: bool
    may_break_glass: bool
    glass_until: datetime | None


class Chart(_Row):
    """The clinical record of a patient as the actor may see it: cases and visits, without notes."""

    patient_id: UUID
    patient_name: str
    patient_code: str
    cases: tuple[CaseRow, ...]
    visits: tuple[ListedVisit, ...]
    visits_in_all: int
