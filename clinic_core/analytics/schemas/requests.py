"""What reports are asked for: filters, periods, pages, and what the filters offer."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from clinic_core.billing.schemas import AgeBucket
from clinic_core.vocabulary import Choice

PAGE_SIZE = 100
ALL_ROWS = 1_000_000


class Frozen(BaseModel):
    """A value that does not change once made."""

    model_config = ConfigDict(frozen=True)


class AgeBasis(Choice):
    """From which date a receivable is aged."""

    DUE = "due"
    ISSUED = "issued"


class Comparison(Choice):
    """Which period a figure is compared with."""

    PREVIOUS_PERIOD = "previous_period"
    PREVIOUS_YEAR = "previous_year"


class OverrideKind(Choice):
    """What was lifted for an appointment (S5): a second booking of the practitioner, or a rule."""

    DOUBLE_BOOKING = "double_booking"
    OUTSIDE_HOURS = "outside_hours"
    ABSENCE = "absence"
    BUFFER = "buffer"
    PATIENT = "patient"
    PAST = "past"
    NOTICE = "notice"

    @property
    def label(self) -> str:
        """The kind as people read it."""
        words = {"patient": "Patient booked twice", "past": "In the past", "notice": "Short notice"}
        return words.get(self.value, super().label)


class ReceivablesFilter(Frozen):
    """The filters of everything about outstanding money; `as_of` None means now, from the maintained balances."""

    as_of: date | None = None
    clinic_location_id: UUID | None = None
    practitioner_user_id: UUID | None = None


class OutstandingRequest(ReceivablesFilter):
    """Which outstanding amount is asked for."""


class AgingRequest(ReceivablesFilter):
    """Which ageing is asked for."""

    basis: AgeBasis = AgeBasis.DUE


class OutstandingRowsRequest(AgingRequest):
    """Which of the open invoices behind the figure: of one bucket, of one patient, which page."""

    bucket: AgeBucket | None = None
    patient_id: UUID | None = None
    limit: int = Field(default=PAGE_SIZE, ge=1, le=ALL_ROWS)
    offset: int = Field(default=0, ge=0)


class PeriodFilter(Frozen):
    """Days of the location's wall calendar, both included, and whose."""

    first_day: date
    last_day: date
    clinic_location_id: UUID | None = None
    practitioner_user_id: UUID | None = None


class PeriodRowsRequest(PeriodFilter):
    """The same filters with the page of rows that is shown."""

    limit: int = Field(default=PAGE_SIZE, ge=1, le=ALL_ROWS)
    offset: int = Field(default=0, ge=0)


class OverridesRequest(PeriodRowsRequest):
    """Which overrides: of one kind, by one person, which page."""

    kind: OverrideKind | None = None
    overridden_by_user_id: UUID | None = None


class OverviewRequest(PeriodFilter):
    """The dashboard's filters."""

    compare: Comparison = Comparison.PREVIOUS_PERIOD


class Choosable(Frozen):
    """A location or practitioner that reports can be narrowed to."""

    id: UUID
    name: str


class ReportChoices(Frozen):
    """What the filters of the reports offer to this reader."""

    today: date
    locations: tuple[Choosable, ...]
    practitioners: tuple[Choosable, ...]
