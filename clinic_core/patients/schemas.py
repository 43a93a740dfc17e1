"""Patients as forms send them and as pages show them; text is cleaned here, before a use case sees it."""

import re
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from clinic_core.kit.clock import now
from clinic_core.kit.text import clean, field_error
from clinic_core.vocabulary import ConsentKind, Sex

NAME_LIMIT = 200
ALERTS_LIMIT = 20
PAGE_SIZE = 50
OLDEST_BIRTH = date(1850, 1, 1)

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_PHONE = re.compile(r"\+?[0-9 ()/.\-]+(?:(?:x|ext\.?) ?[0-9]{1,6})?", re.IGNORECASE)


def _line(field: str, limit: int = NAME_LIMIT) -> AfterValidator:
    return AfterValidator(partial(clean, limit=limit, field=field))


def _email(text: str) -> str:
    email = clean(text, limit=254, field="email")
    if email and not _EMAIL.fullmatch(email):
        raise field_error("email", "must look like name@example.org")
    return email


def _phone(text: str) -> str:
    phone = clean(text, limit=40, field="phone")
    if phone and (not _PHONE.fullmatch(phone) or sum(character.isdigit() for character in phone) < 3):
        raise field_error("phone", "must be a number such as +49 30 123456")
    return phone


def _past(field: str, day: date | None) -> date | None:
    # A day of tolerance: it may already be tomorrow where the patient is.
    if day is not None and (day < OLDEST_BIRTH or (day - now().date()).days > 1):
        raise field_error(field, f"must lie between {OLDEST_BIRTH.year} and today")
    return day


def _alerts(alerts: tuple[str, ...]) -> tuple[str, ...]:
    cleaned = tuple(dict.fromkeys(alert for text in alerts if (alert := clean(text, limit=200, field="alerts"))))
    if len(cleaned) > ALERTS_LIMIT:
        raise field_error("alerts", f"must not be more than {ALERTS_LIMIT}")
    return cleaned


Email = Annotated[str, AfterValidator(_email)]
Phone = Annotated[str, AfterValidator(_phone)]


class Address(BaseModel):
    """Where a patient lives; every part may be empty."""

    model_config = ConfigDict(frozen=True)

    street: Annotated[str, _line("street")] = ""
    postal_code: Annotated[str, _line("postal_code", 20)] = ""
    city: Annotated[str, _line("city", 100)] = ""
    region: Annotated[str, _line("region", 100)] = ""
    country: Annotated[str, _line("country", 100)] = ""


class EmergencyContact(BaseModel):
    """Whom to call."""

    model_config = ConfigDict(frozen=True)

    name: Annotated[str, _line("emergency_contact")] = ""
    relation: Annotated[str, _line("relation", 100)] = ""
    phone: Phone = ""


class Insurance(BaseModel):
    """Who pays, and under which number."""

    model_config = ConfigDict(frozen=True)

    payer: Annotated[str, _line("payer")] = ""
    plan: Annotated[str, _line("plan")] = ""
    number: Annotated[str, _line("insurance_number", 60)] = ""


class ConsentDecision(BaseModel):
    """What a patient just decided; date and person are added by the use case."""

    model_config = ConfigDict(frozen=True)

    kind: ConsentKind
    granted: bool
    text_version: Annotated[str, _line("text_version", 60)] = ""


class Consent(ConsentDecision):
    """A recorded decision."""

    decided_at: datetime
    decided_by: UUID | None = None


class PatientDetails(BaseModel):
    """What a form says about a patient. One-word names have it in either field."""

    first_name: Annotated[str, _line("first_name")] = ""
    last_name: Annotated[str, _line("last_name")] = ""
    preferred_name: Annotated[str, _line("preferred_name")] = ""
    dob: Annotated[date | None, AfterValidator(partial(_past, "date_of_birth"))] = None
    sex: Sex = Sex.UNKNOWN
    gender: Annotated[str, _line("gender", 60)] = ""
    pronouns: Annotated[str, _line("pronouns", 60)] = ""
    phone: Phone = ""
    email: Email = ""
    address: Address = Address()
    emergency_contact: EmergencyContact = EmergencyContact()
    insurance: Insurance = Insurance()
    alerts: Annotated[tuple[str, ...], AfterValidator(_alerts)] = ()
    referral_source: Annotated[str, _line("referral_source")] = ""
    clinic_location_id: UUID | None = None
    consents: tuple[ConsentDecision, ...] = ()


class RegisterPatient(PatientDetails):
    """A new patient; without a location it is the actor's only one."""

    request_id: UUID | None = None


class UpdatePatient(PatientDetails):
    """Changes to a patient: only the fields given are changed; `version` is the one the form was drawn with."""

    patient_id: UUID
    version: int
    deceased_on: Annotated[date | None, AfterValidator(partial(_past, "date_of_death"))] = None
    request_id: UUID | None = None


class PatientChange(BaseModel):
    """A patient to delete, restore, archive or bring back."""

    patient_id: UUID
    version: int | None = None
    request_id: UUID | None = None


class GetPatient(BaseModel):
    """One patient."""

    patient_id: UUID


class SearchPatients(BaseModel):
    """Part of a name, a date of birth, a phone number, an e-mail address or a code."""

    text: str
    limit: int = Field(default=20, ge=1, le=100)


class ListPatients(BaseModel):
    """One page of the register, by family name; archived or deleted patients only when asked for."""

    clinic_location_id: UUID | None = None
    with_archived: bool = False
    only_deleted: bool = False
    offset: int = Field(default=0, ge=0)
    limit: int = Field(default=PAGE_SIZE, ge=1, le=500)


class FindDuplicates(BaseModel):
    """What is known of somebody who may be registered already."""

    first_name: Annotated[str, _line("first_name")] = ""
    last_name: Annotated[str, _line("last_name")] = ""
    dob: date | None = None
    phone: Phone = ""
    email: Email = ""
    except_patient_id: UUID | None = None


class PatientSummary(BaseModel):
    """One patient in a list."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    code: str
    name: str
    dob: date | None
    sex: Sex
    phone: str
    email: str
    alerts: tuple[str, ...]
    clinic_location_id: UUID | None
    location: str
    is_archived: bool
    deceased_on: date | None


class PatientPage(BaseModel):
    """One page of the register and how many there are in all."""

    model_config = ConfigDict(frozen=True)

    rows: tuple[PatientSummary, ...]
    total: int


class PossibleDuplicate(PatientSummary):
    """A patient who may be the same person, and why."""

    reasons: tuple[str, ...]


class PatientRow(PatientSummary):
    """One patient with everything but clinical content; `balance` is None for who may not see money."""

    first_name: str
    last_name: str
    preferred_name: str
    age: int | None
    gender: str
    pronouns: str
    address: Address
    emergency_contact: EmergencyContact
    insurance: Insurance
    consents: tuple[Consent, ...]
    referral_source: str
    user_id: UUID | None
    balance: Decimal | None
    archived_at: datetime | None
    deleted_at: datetime | None
    created_at: datetime
    version: int
