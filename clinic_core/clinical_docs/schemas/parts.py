"""What notes and diagnoses are made of, and the types whose text is cleaned before a use case sees it."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from clinic_core.errors import InvalidInput
from clinic_core.kit.text import clean, clean_multiline, clean_required, field_error
from clinic_core.vocabulary import Choice

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
