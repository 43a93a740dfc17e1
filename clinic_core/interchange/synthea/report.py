"""What an import tells afterwards: counts per entity, amounts that were rounded, and the rows that were odd."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from clinic_core.kit.money import EXACT, ZERO
from clinic_core.vocabulary import Choice

FLAGGED_LISTED = 1000


class Entity(Choice):
    """What the summary counts: the rows of each file, and the records that encounters become."""

    ORGANIZATIONS = "organizations"
    PROVIDERS = "providers"
    PAYERS = "payers"
    PATIENTS = "patients"
    ENCOUNTERS = "encounters"
    CONDITIONS = "conditions"
    CLAIMS = "claims"
    CASES = "cases"
    APPOINTMENTS = "appointments"
    VISITS = "visits"
    INVOICES = "invoices"
    PAYMENTS = "payments"


class Flag(Choice):
    """What is odd about a row; the value is kept with its external id, `sentence` is what people read."""

    sentence: str

    def __new__(cls, key: str, sentence: str) -> "Flag":
        """A member that is its key and carries its sentence."""
        member = str.__new__(cls, key)
        member._value_ = key
        member.sentence = sentence
        return member

    NO_ID = "no_id", "The row has no id; it is known by its content."
    ID_TWICE = "id_twice", "The id comes again with other content; the first row counts."
    NOT_LISTED = "not_listed", "Other rows name this id, but its own file does not list it."
    TEXT_CLEANED = "text_cleaned", "A text had control characters or was too long and was cleaned or cut."
    NO_NAME = "no_name", "There is no name; the id stands in its place."
    BIRTH_UNUSABLE = "birth_unusable", "The date of birth cannot be right and was left out."
    DEATH_UNUSABLE = "death_unusable", "The date of death cannot be right and was left out."
    SEX_UNKNOWN = "sex_unknown", "The gender is none of M and F."
    NO_PROVIDER = "no_provider", "No provider is named; it went to the unknown practitioner."
    PROVIDER_NOT_LISTED = "provider_not_listed", "The provider is not in providers.csv; only the id is known."
    PATIENT_NOT_LISTED = "patient_not_listed", "The patient is not in patients.csv; only the id is known."
    NO_LOCATION = "no_location", "No organization is named; the provider's or an unknown location was taken."
    LOCATION_NOT_LISTED = "location_not_listed", "The organization is not in organizations.csv; only the id is known."
    STOP_UNUSABLE = "stop_unusable", "The stop is missing, in the future or not after the start; 15 minutes were taken."
    BEFORE_BIRTH = "before_birth", "It lies before the patient's birth."
    AFTER_DEATH = "after_death", "It lies after the patient's death."
    LONGER_THAN_A_DAY = "longer_than_a_day", "It is longer than a day."
    OVERLAPS_PATIENT = "overlaps_patient", "It overlaps another appointment of the same patient."
    OVERLAPS_PRACTITIONER = "overlaps_practitioner", "It overlaps another appointment of the same practitioner."
    WITHIN_BUFFER = "within_buffer", "It lies in the time that the practitioner needs around another appointment."
    OUTSIDE_HOURS = "outside_hours", "It lies outside the hours of the practitioner or of the location."
    DURING_ABSENCE = "during_absence", "The practitioner is recorded as away."
    ON_CLOSED_DAY = "on_closed_day", "The location is recorded as closed on that day."
    COST_UNUSABLE = "cost_unusable", "The cost is missing, negative or no amount; the invoice is over 0.00."
    COVERAGE_UNUSABLE = "coverage_unusable", "The payer coverage is negative or no amount; no payment was recorded."
    COVERAGE_ABOVE_COST = "coverage_above_cost", "The payer covers more than the cost; only the cost was paid."
    NO_PAYER = "no_payer", "The coverage names no payer; the payment has no reference."
    NO_PATIENT = "no_patient", "No patient is named; the row was not imported."
    NO_START = "no_start", "The start is missing or no point in time; the row was not imported."
    IN_THE_FUTURE = "in_the_future", "It is not over yet; the row was not imported."
    CHANGED_AFTER_ISSUE = "changed_after_issue", "The row changed after its invoice was issued; nothing was altered."
    CHANGED_DIAGNOSIS = "changed_diagnosis", "The row changed after its diagnosis was recorded; nothing was altered."
    NO_CODE = "no_code", "There is neither code nor description; the row was not imported."
    NO_ENCOUNTER = "no_encounter", "Its encounter was not imported, so neither was the row."


FLAGS: Mapping[str, Flag] = MappingProxyType({flag.value: flag for flag in Flag})


class FlaggedRow(BaseModel):
    """One odd row of a file: where it stands, and why it is listed."""

    model_config = ConfigDict(frozen=True)

    entity: Entity
    external_id: str
    flags: tuple[Flag, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons as sentences."""
        return tuple(flag.sentence for flag in self.flags)


@dataclass
class Counts:
    """What became of the rows of one entity. `skipped` rows were not imported; they are flagged too."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    flagged: int = 0

    def add(self, other: "Counts") -> None:
        """Adds the counts of another part of the same entity."""
        for name, number in vars(other).items():
            setattr(self, name, getattr(self, name) + number)


@dataclass
class Rounding:
    """How many amounts had more than two decimals, and what rounding moved: absolutely, and on balance."""

    count: int = 0
    amount: Decimal = Decimal(0)
    difference: Decimal = Decimal(0)

    def note(self, exact: Decimal, rounded: Decimal) -> None:
        """Notes one amount beside what it was rounded to."""
        if rounded != exact:
            moved = EXACT.subtract(rounded, exact)
            self.count += 1
            self.amount = EXACT.add(self.amount, abs(moved))
            self.difference = EXACT.add(self.difference, moved)


@dataclass
class Outcome:
    """What one step of the import did: one transaction, or a part of it."""

    counts: dict[Entity, Counts] = field(default_factory=dict)
    flagged: list[FlaggedRow] = field(default_factory=list)

    def of(self, entity: Entity) -> Counts:
        """The counts of an entity."""
        return self.counts.setdefault(entity, Counts())

    def flag(self, entity: Entity, external_id: str, flags: Iterable[Flag], *, again: bool = False) -> None:
        """Lists a row if there is anything to say; `again` for more about a row that is counted already."""
        said = tuple(flags)
        if said:
            self.flagged.append(FlaggedRow(entity=entity, external_id=external_id, flags=said))
            self.of(entity).flagged += 0 if again else 1


FlagSink = Callable[[FlaggedRow], None]


@dataclass
class ImportReport:
    """The whole import. Memory stays bounded: the first thousand odd rows are kept, all go to `sink` as they come."""

    organization: str
    organization_id: UUID
    currency: str
    sink: FlagSink | None = None
    counts: dict[Entity, Counts] = field(default_factory=lambda: {entity: Counts() for entity in Entity})
    rounded: Rounding = field(default_factory=Rounding)
    reasons: Counter[Flag] = field(default_factory=Counter)
    listed: list[FlaggedRow] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Takes over what one committed step did."""
        for entity, counts in outcome.counts.items():
            self.counts[entity].add(counts)
        for row in outcome.flagged:
            self.reasons.update(row.flags)
            if len(self.listed) < FLAGGED_LISTED:
                self.listed.append(row)
            if self.sink is not None:
                self.sink(row)

    def as_json(self) -> dict[str, object]:
        """The report for scripts: counts by entity, amounts as decimal strings, odd rows by external id."""
        return {
            "organization": self.organization,
            "organization_id": str(self.organization_id),
            "currency": self.currency,
            **self.counts_json(),
            "rounded": {
                "count": self.rounded.count,
                "amount": f"{self.rounded.amount + ZERO:f}",
                "difference": f"{self.rounded.difference + ZERO:f}",
            },
            "reasons": {flag.value: number for flag, number in self.reasons.most_common()},
            "flagged": [
                {"entity": row.entity.value, "id": row.external_id, "reasons": list(row.reasons)} for row in self.listed
            ],
            "flagged_not_listed": max(0, sum(c.flagged for c in self.counts.values()) - len(self.listed)),
        }

    def counts_json(self) -> dict[str, dict[str, int]]:
        """The counts by entity."""
        return {entity.value: dict(vars(self.counts[entity])) for entity in Entity}
