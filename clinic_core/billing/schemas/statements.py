"""A patient's account over a period: what was charged and paid, what is open, how old it is, what is asked for."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from clinic_core.billing.schemas.base import Frozen
from clinic_core.billing.schemas.documents import Party
from clinic_core.errors import InvalidInput
from clinic_core.kit.money import ZERO
from clinic_core.vocabulary import Choice, PaymentMethod


class AgeBucket(Choice):
    """How many days a receivable is old; what is not due yet is in the first."""

    TO_30 = "0-30"
    TO_60 = "31-60"
    TO_90 = "61-90"
    OVER_90 = "90+"

    @property
    def label(self) -> str:
        """The days as people read them."""
        return f"{self.value.replace('-', '–')} days"

    @property
    def most_days(self) -> int | None:
        """The highest age that is still within; None for the last, which has no end."""
        most = self.value.partition("-")[2]
        return int(most) if most else None

    @classmethod
    def of(cls, days: int) -> "AgeBucket":
        """The first that holds so many days."""
        return next(each for each in cls if each.most_days is None or days <= each.most_days)


class MovementKind(Choice):
    """What changes an account: papers and write-offs, money, and payments between locations.

    The last two exist only for readers of some locations: what such a payment came from or went to is not theirs to
    see, and without it their figures would not add up. Movements of a day stand in this order.
    """

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    WRITE_OFF = "write_off"
    WRITE_OFF_TAKEN_BACK = "write_off_taken_back"
    RECEIPT = "receipt"
    REFUND = "refund"
    PAID_ELSEWHERE = "paid_elsewhere"
    USED_ELSEWHERE = "used_elsewhere"


class StatementRequest(Frozen):
    """Whose statement, and from when to when, both days included.

    Without a first day it begins with the first movement, without a last day it ends today.
    """

    patient_id: UUID
    first_day: date | None = None
    last_day: date | None = None

    def model_post_init(self, _context: object, /) -> None:
        """Refuses a period that ends before it begins."""
        if self.first_day and self.last_day and self.last_day < self.first_day:
            raise InvalidInput(f"The period ends ({self.last_day}) before it begins ({self.first_day}).")


class Movement(Frozen):
    """One change of the account: `amount` is what it adds to what is owed, `balance` what is owed after it.

    `number` is that of the paper itself, `of_number` that of the paper it corrects or concerns; `payer_name` is empty
    where the patient pays. The paper is that of `invoice_id` or `receipt_id`.
    """

    dated_on: date
    kind: MovementKind
    number: str
    of_number: str
    invoice_id: UUID | None
    receipt_id: UUID | None
    method: PaymentMethod | None
    payer_name: str
    amount: Decimal
    balance: Decimal

    @property
    def text(self) -> str:
        """What happened, in words."""
        match self.kind:
            case MovementKind.CREDIT_NOTE:
                return f"Credit note {self.number} for {self.of_number}"
            case MovementKind.WRITE_OFF:
                return f"Write-off of {self.of_number}"
            case MovementKind.WRITE_OFF_TAKEN_BACK:
                return f"Write-off of {self.of_number} taken back"
            case MovementKind.RECEIPT:
                return f"Receipt {self.number}{self._by}"
            case MovementKind.REFUND:
                return f"Refund {self.number} of {self.of_number}{self._by}"
            case MovementKind.PAID_ELSEWHERE:
                return f"Paid at another location: {self.of_number}"
            case MovementKind.USED_ELSEWHERE:
                return f"Used at another location: {self.of_number}"
            case _:
                return f"{self.kind.label} {self.number}"

    @property
    def _by(self) -> str:
        return f", {self.method.label.lower()}" if self.method else ""

    @property
    def charged(self) -> Decimal | None:
        """The amount, where it raises what is owed."""
        return self.amount if self.amount > ZERO else None

    @property
    def settled(self) -> Decimal | None:
        """The amount without its sign, where it lowers what is owed."""
        return None if self.amount > ZERO else -self.amount


class OpenItem(Frozen):
    """An invoice that was owed at the end of the last day; `days` since it was due, below zero before that."""

    invoice_id: UUID
    number: str
    issued_on: date
    due_on: date
    days: int
    bucket: AgeBucket
    payer_name: str
    total: Decimal
    balance: Decimal


class AgedSum(Frozen):
    """What is owed at one age."""

    bucket: AgeBucket
    amount: Decimal


class StatementDetail(Frozen):
    """A patient's account as its reader may see it, at the end of `last_day`.

    `closing` is `opening` plus the movements, and also `gross` (the open items) less `credit` (money received that is
    neither applied nor paid back). `to_pay` leaves out what others pay (`others_pay`) and takes the credit off, from
    what was due first; `overdue` is the part of it that is past its due date.
    """

    patient_id: UUID
    patient_name: str
    patient_code: str
    bill_to: Party
    seller: Party
    currency: str
    first_day: date | None
    last_day: date
    opening: Decimal
    movements: tuple[Movement, ...]
    closing: Decimal
    open_items: tuple[OpenItem, ...]
    aged: tuple[AgedSum, ...]
    gross: Decimal
    credit: Decimal
    others_pay: Decimal
    overdue: Decimal
    to_pay: Decimal

    @property
    def own_open(self) -> Decimal:
        """The open invoices that the patient pays."""
        return self.gross - self.others_pay

    @property
    def credit_left(self) -> Decimal:
        """The credit above all that the patient owes."""
        return max(ZERO, self.credit - self.own_open)
