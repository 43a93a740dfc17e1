"""Closing days and months: what is asked, what has to be looked at first, and the figures that are signed (B10)."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from pydantic import Field, field_validator

from clinic_core.billing.schemas.base import PAGE_LIMIT, PAGE_SIZE, TEXT_LIMIT, Frozen
from clinic_core.billing.schemas.numbers import CountedAmount
from clinic_core.errors import InvalidInput
from clinic_core.kit.text import clean, clean_required
from clinic_core.vocabulary import AppointmentStatus, ClosingKind, PaymentMethod

_NOTHING = Decimal("0.00")


class DayToClose(Frozen):
    """Ask what a day at a location comes to."""

    clinic_location_id: UUID
    day: date


class CloseDay(DayToClose):
    """Sign a day at a location with what was counted; `counted` is (method, amount) pairs, cash among them."""

    counted: tuple[tuple[PaymentMethod, CountedAmount], ...]
    note: str = ""
    request_id: UUID | None = None

    @field_validator("note")
    @classmethod
    def _note(cls, value: str) -> str:
        return clean(value, limit=TEXT_LIMIT, field="note")

    def model_post_init(self, _context: object, /) -> None:
        """Refuses what the fields say against each other."""
        methods = [method for method, _ in self.counted]
        if len(set(methods)) < len(methods):
            raise InvalidInput("A method is counted twice.")
        if PaymentMethod.CASH not in methods:
            raise InvalidInput("Count the cash; without any it is 0.", fields={"counted": "Count the cash."})


class MonthToClose(Frozen):
    """Ask what a month of the organisation comes to."""

    year: int = Field(ge=2000, le=9000)
    month: int = Field(ge=1, le=12)


class CloseMonth(MonthToClose):
    """Sign a month of the whole organisation."""

    note: str = ""
    request_id: UUID | None = None

    @field_validator("note")
    @classmethod
    def _note(cls, value: str) -> str:
        return clean(value, limit=TEXT_LIMIT, field="note")


class ReopenClosing(Frozen):
    """Open a closed day or month again; the reason stays with it."""

    closing_id: UUID
    reason: str
    version: int | None = None
    request_id: UUID | None = None

    @field_validator("reason")
    @classmethod
    def _reason(cls, value: str) -> str:
        return clean_required(value, limit=TEXT_LIMIT, field="reason")


class ClosingFilter(Frozen):
    """Which closings; every filter narrows."""

    kind: ClosingKind | None = None
    clinic_location_id: UUID | None = None
    first_day: date | None = None
    last_day: date | None = None


class ListClosings(ClosingFilter):
    """A page of the closings, the latest period first, each with who signed it when."""

    offset: int = Field(default=0, ge=0, le=1_000_000)
    limit: int = Field(default=PAGE_SIZE, ge=1, le=PAGE_LIMIT)


class OpenPointKind(StrEnum):
    """Why something of a day is to be looked at before it is closed."""

    UNFINISHED = "unfinished"
    UNINVOICED = "uninvoiced"
    DRAFT = "draft"

    @property
    def label(self) -> str:
        """In words."""
        return {
            OpenPointKind.UNFINISHED: "No final status",
            OpenPointKind.UNINVOICED: "Attended, not invoiced",
            OpenPointKind.DRAFT: "Draft, not issued",
        }[self]


class OpenPoint(Frozen):
    """An appointment, visit or draft that the day leaves open; `at` is its time. The id is that of the row."""

    id: UUID
    kind: OpenPointKind
    patient_id: UUID
    patient_name: str
    patient_code: str
    at: datetime
    status: AppointmentStatus | None = None


class CountedMethod(Frozen):
    """One way of paying on a day: what the books expect, and what was counted above or below it, if it was counted."""

    method: PaymentMethod
    received: Decimal = _NOTHING
    paid_back: Decimal = _NOTHING
    count: int = 0
    expected: Decimal = _NOTHING
    counted: Decimal | None = None
    difference: Decimal | None = None


class DayFigures(Frozen):
    """What stands in a closed day, or would stand in it: the money by method and how much is left open.

    `counted` and `difference` are of the methods that were counted.
    """

    currency: str = ""
    methods: tuple[CountedMethod, ...] = ()
    expected: Decimal = _NOTHING
    counted: Decimal = _NOTHING
    difference: Decimal = _NOTHING
    unfinished: int = 0
    uninvoiced: int = 0
    drafts: int = 0


class RollStep(Frozen):
    """One line of a roll-forward, with the sign by which it counts."""

    label: str
    amount: Decimal


class MonthFigures(Frozen):
    """The roll-forward of a month: what is owed and what patients have as credit, from its first to its last day."""

    currency: str = ""
    opening: Decimal = _NOTHING
    invoiced: Decimal = _NOTHING
    credited: Decimal = _NOTHING
    paid: Decimal = _NOTHING
    released: Decimal = _NOTHING
    written_off: Decimal = _NOTHING
    taken_back: Decimal = _NOTHING
    closing: Decimal = _NOTHING
    credit_opening: Decimal = _NOTHING
    received: Decimal = _NOTHING
    refunded: Decimal = _NOTHING
    applied: Decimal = _NOTHING
    credit_closing: Decimal = _NOTHING
    drafts: int = 0
    open_days: int = 0

    @property
    def owed_steps(self) -> tuple[RollStep, ...]:
        """What patients owe, from the first day to the last; the steps between sum to the end."""
        return (
            RollStep(label="At the beginning", amount=self.opening),
            RollStep(label="Invoiced", amount=self.invoiced),
            RollStep(label="Credited", amount=-self.credited),
            RollStep(label="Paid", amount=-self.paid),
            RollStep(label="Released to credit", amount=self.released),
            RollStep(label="Written off", amount=-self.written_off),
            RollStep(label="Write-offs taken back", amount=self.taken_back),
            RollStep(label="At the end", amount=self.closing),
        )

    @property
    def credit_steps(self) -> tuple[RollStep, ...]:
        """Patient credit, from the first day to the last; the steps between sum to the end."""
        return (
            RollStep(label="At the beginning", amount=self.credit_opening),
            RollStep(label="Received", amount=self.received),
            RollStep(label="Refunded", amount=-self.refunded),
            RollStep(label="Applied to invoices", amount=-self.applied),
            RollStep(label="At the end", amount=self.credit_closing),
        )


class ClosingHead(Frozen):
    """A closed day or month: what a write returns."""

    id: UUID
    kind: ClosingKind
    clinic_location_id: UUID | None
    starts_on: date
    ends_on: date
    note: str
    figures: DayFigures | MonthFigures
    version: int


class ClosingRow(ClosingHead):
    """One closing in a list, with who signed it and who opened it again."""

    location_name: str
    closed_at: datetime
    closed_by: str
    reopened_at: datetime | None
    reopened_by: str
    reopen_reason: str


class DayBeforeClosing(Frozen):
    """A day at a location as its page shows it: what is open, the money, and the closing that holds, if one does."""

    day: date
    location_name: str
    timezone: str
    has_come: bool
    points: tuple[OpenPoint, ...]
    figures: DayFigures
    closing: ClosingRow | None


class MonthBeforeClosing(Frozen):
    """A month of the organisation as its page shows it."""

    starts_on: date
    ends_on: date
    is_over: bool
    figures: MonthFigures
    closing: ClosingRow | None
