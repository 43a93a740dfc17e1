"""Payment reminders: what is due for which step, the letters that ask for it, and what is held back (B6)."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from pydantic import Field

from clinic_core.billing.schemas.base import PAGE_LIMIT, PAGE_SIZE, Frozen
from clinic_core.billing.schemas.batches import BatchRow
from clinic_core.billing.schemas.documents import Party
from clinic_core.billing.schemas.reminder_rules import MOST_STEPS
from clinic_core.errors import InvalidInput
from clinic_core.vocabulary import BatchStatus, Choice

MOST_INVOICES = 20_000


class ReminderObstacle(Choice):
    """Why an overdue invoice is not reminded of."""

    HELD = "held"
    DECEASED = "deceased"
    ARCHIVED = "archived"
    ALL_SENT = "all_sent"
    BELOW_MINIMUM = "below_minimum"

    @property
    def label(self) -> str:
        """The reason as people read it."""
        return _OBSTACLES[self]


_OBSTACLES = {
    ReminderObstacle.HELD: "Held back",
    ReminderObstacle.DECEASED: "The patient has died",
    ReminderObstacle.ARCHIVED: "The patient is archived",
    ReminderObstacle.ALL_SENT: "All reminders went out",
    ReminderObstacle.BELOW_MINIMUM: "Below the least amount",
}


class ReminderFilter(Frozen):
    """Which letters are due: those of one step, of the invoices of one location."""

    step: int | None = Field(default=None, ge=1, le=MOST_STEPS)
    clinic_location_id: UUID | None = None


class ListDueReminders(ReminderFilter):
    """A page of the letters that are due, what is overdue longest first."""

    offset: int = Field(default=0, ge=0)
    limit: int = Field(default=PAGE_SIZE, ge=1, le=PAGE_LIMIT)


class ListUnreminded(Frozen):
    """A page of what is overdue and not reminded of, what is overdue longest first."""

    clinic_location_id: UUID | None = None
    offset: int = Field(default=0, ge=0)
    limit: int = Field(default=PAGE_SIZE, ge=1, le=PAGE_LIMIT)


class DueInvoice(Frozen):
    """One invoice of a letter: `step` is the reminder that it is due for, `last_on` the day of the one before."""

    id: UUID
    number: str
    location_name: str
    issued_on: date
    due_on: date
    total: Decimal
    balance: Decimal
    step: int
    days_overdue: int
    last_on: date | None


class DueLetter(Frozen):
    """One letter that is due: all that one payer owes for one patient and is to be reminded of today.

    Its `step` is the highest among its invoices, which are in the order of their due dates.
    """

    patient_id: UUID
    patient_name: str
    patient_code: str
    payer_name: str
    billed_to_patient: bool
    step: int
    title: str
    open: Decimal
    days_overdue: int
    last_on: date | None
    invoices: tuple[DueInvoice, ...]


class DueStep(Frozen):
    """What is due for one step: how many letters, over how many invoices, how much."""

    step: int
    title: str
    letters: int
    invoices: int
    amount: Decimal


class DueReminders(Frozen):
    """A page of the letters that are due; `count` and `total` are those of all that pass the filters.

    `steps` are all steps of the location, whatever step is filtered for.
    """

    letters: tuple[DueLetter, ...]
    count: int
    total: Decimal
    steps: tuple[DueStep, ...]


class UnremindedInvoice(DueInvoice):
    """An overdue invoice that is not reminded of, and why; `until` is the last day of a hold that ends."""

    patient_id: UUID
    patient_name: str
    patient_code: str
    obstacle: ReminderObstacle
    until: date | None
    reason: str


class UnremindedInvoices(Frozen):
    """A page of what is not reminded of; `count` and `total` are those of all."""

    rows: tuple[UnremindedInvoice, ...]
    count: int
    total: Decimal


class PreviewLetter(Frozen):
    """The letter that is due and lists the invoice, of the invoices of one location or of all."""

    invoice_id: UUID
    clinic_location_id: UUID | None = None


class StartReminders(ReminderFilter):
    """Remind of the chosen invoices, or of all that pass the filters; by `email` where the patient may be mailed."""

    invoice_ids: tuple[UUID, ...] = Field(default=(), max_length=MOST_INVOICES)
    email: bool = False
    request_id: UUID | None = None

    def model_post_init(self, _context: object, /) -> None:
        """Refuses what the fields say against each other."""
        if len(set(self.invoice_ids)) < len(self.invoice_ids):
            raise InvalidInput("An invoice is chosen twice for one run of reminders.")


class LeftOut(Frozen):
    """An invoice that was chosen and is not reminded of, and why not."""

    invoice_id: UUID
    number: str
    sentence: str


class StartedReminders(BatchRow):
    """The batch in which the letters are made, over how many invoices, and what was left out of it."""

    invoices: int
    left_out: tuple[LeftOut, ...]


class ListReminderRuns(Frozen):
    """A page of the runs, the newest first."""

    offset: int = Field(default=0, ge=0)
    limit: int = Field(default=PAGE_SIZE, ge=1, le=PAGE_LIMIT)


class ReminderRun(Frozen):
    """A run of reminders: its letters, over how many invoices, how much was asked for; `id` is the batch's."""

    id: UUID
    reminded_on: date
    started_by: str
    status: BatchStatus
    letters: int
    invoices: int
    amount: Decimal
    by_email: int


class ReminderLine(Frozen):
    """An invoice in a letter: `open` is what it owed on the day of the letter, `reminders` how many went out before."""

    invoice_id: UUID
    number: str
    issued_on: date
    due_on: date
    total: Decimal
    open: Decimal
    step: int
    reminders: int
    last_on: date | None
    reference: str


class ReminderLetter(Frozen):
    """A letter as it is printed: the words of its highest step over the invoices of one payer for one patient.

    `is_settled` when nothing of it is owed any more; then it is not printed. `is_preview` before it is sent.
    """

    patient_id: UUID
    patient_name: str
    patient_code: str
    payer: Party
    billed_to_patient: bool
    seller: Party
    step: int
    title: str
    text: str
    made_on: date
    pay_by: date
    currency: str
    lines: tuple[ReminderLine, ...]
    is_settled: bool
    is_preview: bool = False

    @property
    def total_open(self) -> Decimal:
        """What the letter asks for."""
        return sum((line.open for line in self.lines), Decimal("0.00"))
