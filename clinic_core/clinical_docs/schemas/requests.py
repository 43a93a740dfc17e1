"""What people ask of clinical documentation."""

from uuid import UUID

from pydantic import BaseModel, Field

from clinic_core.clinical_docs.schemas.parts import Diagnoses, Instant, Reason, SessionLimit, SoapNotes, Title
from clinic_core.vocabulary import CaseStatus


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
