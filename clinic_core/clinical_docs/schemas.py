"""Inputs and rows of clinical documentation: cases, visits, notes and their versions.

Rows that a write returns (`CaseHead`, `VisitRow`, `GlassGrant`) carry no clinical text, because the first result of a
request is kept to answer a repeat of it.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from clinic_core.errors import InvalidInput
from clinic_core.kit.text import clean, clean_multiline, clean_required, field_error
from clinic_core.vocabulary import AppointmentStatus, CaseStatus, Choice, RevisionKind, VisitStatus

SECTION_LIMIT = 50_000
DIAGNOSES_LIMIT = 100


class Section(Choice):
    """The four parts of a note, in the order in which they are read."""

    SUBJECTIVE = "subjective"
    OBJECTIVE = "objective"
    ASSESSMENT = "assessment"
    PLAN = "plan"


def _instant(value: datetime) -> datetime:
    if value.utcoffset() is None:
        raise InvalidInput("A point in time needs a time zone.")
    return value


def _section(name: Section) -> AfterValidator:
    return AfterValidator(lambda value: clean_multiline(value, limit=SECTION_LIMIT, field=name))


def _session_limit(value: int) -> int:
    if not 1 <= value <= 1000:
        raise field_error("session_limit", "must be between 1 and 1,000")
    return value


Instant = Annotated[datetime, AfterValidator(_instant)]
Title = Annotated[str, AfterValidator(lambda value: clean(value, limit=200, field="title"))]
Reason = Annotated[str, AfterValidator(lambda value: clean_required(value, limit=500, field="reason"))]
SessionLimit = Annotated[int, AfterValidator(_session_limit)]


class SoapNotes(BaseModel):
    """A note: what the patient says, what was found, what it means, what is done. Line breaks are kept."""

    model_config = ConfigDict(frozen=True)

    subjective: Annotated[str, _section(Section.SUBJECTIVE)] = ""
    objective: Annotated[str, _section(Section.OBJECTIVE)] = ""
    assessment: Annotated[str, _section(Section.ASSESSMENT)] = ""
    plan: Annotated[str, _section(Section.PLAN)] = ""

    @property
    def is_empty(self) -> bool:
        """True when no section has text."""
        return not any(self.text(section) for section in Section)

    def text(self, section: Section) -> str:
        """The text of one section."""
        return str(getattr(self, section.value))


class Diagnosis(BaseModel):
    """A diagnosis as it is coded (system "ICD-10", code "M54.5", text "Low back pain"); the code may be missing."""

    model_config = ConfigDict(frozen=True)

    system: Annotated[str, AfterValidator(lambda value: clean(value, limit=60, field="system"))] = ""
    code: Annotated[str, AfterValidator(lambda value: clean(value, limit=40, field="code"))] = ""
    text: Annotated[str, AfterValidator(lambda value: clean(value, limit=500, field="diagnosis"))] = ""


def _diagnoses(value: tuple[Diagnosis, ...]) -> tuple[Diagnosis, ...]:
    if len(value) > DIAGNOSES_LIMIT:
        raise field_error("diagnoses", f"must not be more than {DIAGNOSES_LIMIT}")
    if any(not diagnosis.code and not diagnosis.text for diagnosis in value):
        raise field_error("diagnoses", "need a code or a text each")
    return value


Diagnoses = Annotated[tuple[Diagnosis, ...], AfterValidator(_diagnoses)]


class OpenCase(BaseModel):
    """Open a case of the patient; without `practitioner_user_id` the actor treats it."""

    patient_id: UUID
    practitioner_user_id: UUID | None = None
    title: Title = ""
    diagnoses: Diagnoses = ()
    session_limit: SessionLimit | None = None
    opened_at: Instant | None = Field(default=None, description="now, where it is not given")
    request_id: UUID | None = None


class UpdateCase(BaseModel):
    """Replace title, diagnoses and session limit of a case."""

    case_id: UUID
    title: Title
    diagnoses: Diagnoses
    session_limit: SessionLimit | None
    version: int
    request_id: UUID | None = None


class ChangeCase(BaseModel):
    """Close or reopen a case."""

    case_id: UUID
    version: int
    request_id: UUID | None = None


class StartVisit(BaseModel):
    """Begin a visit from an appointment, under a case, or for a patient; one of the three is needed."""

    case_id: UUID | None = None
    appointment_id: UUID | None = None
    patient_id: UUID | None = None
    clinic_location_id: UUID | None = Field(default=None, description="the appointment's, or the actor's only one")
    visited_at: Instant | None = Field(default=None, description="the appointment's start, or now")
    request_id: UUID | None = None


class SaveDraft(BaseModel):
    """Keep what one person has typed so far; `version` is that of the visit the text was begun on."""

    visit_id: UUID
    notes: SoapNotes
    version: int | None = None


class DiscardDraft(BaseModel):
    """Throw away what the actor has typed and not saved."""

    visit_id: UUID


class SaveVisit(BaseModel):
    """Save the note of a visit that is not signed yet."""

    visit_id: UUID
    notes: SoapNotes
    version: int
    request_id: UUID | None = None


class SignVisit(BaseModel):
    """Sign the note; `notes`, where given, is saved in the same step, so that what is on screen is what is signed."""

    visit_id: UUID
    version: int
    notes: SoapNotes | None = None
    request_id: UUID | None = None


class AmendVisit(BaseModel):
    """Change a signed note, for a stated reason."""

    visit_id: UUID
    notes: SoapNotes
    reason: Reason
    version: int
    request_id: UUID | None = None


class BreakGlass(BaseModel):
    """Open the chart of a patient outside one's care team, for a stated reason."""

    patient_id: UUID
    reason: Reason


class GetVisit(BaseModel):
    """One visit."""

    visit_id: UUID


class GetCase(BaseModel):
    """One case."""

    case_id: UUID


class GetChart(BaseModel):
    """The clinical record of one patient."""

    patient_id: UUID
    visits_offset: int = Field(default=0, ge=0)


class ListCases(BaseModel):
    """The cases of a patient, or of all patients in reach; open ones first, newest first."""

    patient_id: UUID | None = None
    status: CaseStatus | None = None
    limit: int = Field(default=100, ge=1, le=500)
    offset: int = Field(default=0, ge=0)


class ListVisits(BaseModel):
    """The visits of a patient (or of one case), newest first."""

    patient_id: UUID | None = None
    case_id: UUID | None = None
    limit: int = Field(default=50, ge=1, le=500)
    offset: int = Field(default=0, ge=0)


class ListUnsigned(BaseModel):
    """The actor's own visits that are not signed, oldest first."""

    limit: int = Field(default=100, ge=1, le=500)
    offset: int = Field(default=0, ge=0)


class ListMissing(BaseModel):
    """The actor's own attended appointments of the last `days` days that no visit documents, oldest first."""

    days: int = Field(default=90, ge=1, le=365)
    limit: int = Field(default=100, ge=1, le=500)
    offset: int = Field(default=0, ge=0)


class CountOpenNotes(BaseModel):
    """How much the actor's own work-lists hold; `days` as in `ListMissing`."""

    days: int = Field(default=90, ge=1, le=365)


class ListRevisions(BaseModel):
    """The versions of a note, newest first; `before` pages on from a version."""

    visit_id: UUID
    before: int | None = None
    limit: int = Field(default=50, ge=1, le=200)


class NoteAsOf(BaseModel):
    """The note of a visit as it read at a past instant."""

    visit_id: UUID
    instant: Instant


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
