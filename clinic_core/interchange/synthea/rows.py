"""The rows of Synthea's files as typed records, for the steps of the import to pass on."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from clinic_core.interchange.synthea.report import Flag
from clinic_core.kit.clock import now
from clinic_core.kit.money import ZERO
from clinic_core.vocabulary import Sex


@dataclass
class Read:
    """A row as it was read: the other system's id, a digest of its content, and what is odd about it."""

    external_id: str
    content_hash: str
    flags: list[Flag] = field(default_factory=list)


@dataclass
class OrganizationRow(Read):
    """A Synthea organization: a place where patients are seen."""

    name: str = ""
    city: str = ""
    address: str = ""
    phone: str = ""


@dataclass
class ProviderRow(Read):
    """A clinician, and the organization to which they belong."""

    name: str = ""
    speciality: str = ""
    organization: str = ""


@dataclass
class PatientRow(Read):
    """A patient with the address."""

    first_name: str = ""
    last_name: str = ""
    dob: date | None = None
    deceased_on: date | None = None
    sex: Sex = Sex.UNKNOWN
    address: dict[str, str] = field(default_factory=dict)


@dataclass
class EncounterRow(Read):
    """An encounter: who, where, when, why, its cost and what the payer covers, both in whole cents."""

    patient: str = ""
    provider: str = ""
    organization: str = ""
    payer: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    description: str = ""
    reason: str = ""
    cost: Decimal = ZERO
    covered: Decimal = ZERO

    @property
    def obstacle(self) -> Flag | None:
        """Why the row cannot be imported, or None."""
        if not self.patient:
            return Flag.NO_PATIENT
        if self.starts_at is None or self.ends_at is None:
            return Flag.NO_START
        return Flag.IN_THE_FUTURE if self.ends_at > now() else None


@dataclass
class OfEncounter(Read):
    """A row that belongs to an encounter."""

    encounter: str = ""


@dataclass
class ConditionRow(OfEncounter):
    """A diagnosis made at an encounter."""

    system: str = ""
    code: str = ""
    text: str = ""


@dataclass
class ClaimRow(OfEncounter):
    """A claim to a payer for an encounter."""
