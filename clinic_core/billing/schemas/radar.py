"""The radar of missed charges: what is asked, and the rows of its three lists (B8)."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from pydantic import Field

from clinic_core.billing.schemas.base import PAGE_LIMIT, PAGE_SIZE, Frozen
from clinic_core.errors import InvalidInput
from clinic_core.vocabulary.choice import Choice

MOST_DAYS = 400


class RadarKind(Choice):
    """What does not match between what was attended, what was invoiced and the catalogue."""

    UNCHARGED = "attended_without_invoice"
    UNATTENDED = "invoiced_without_visit"
    MISPRICED = "price_not_of_catalogue"


class RadarFilter(Frozen):
    """A period by day at the location, both days included, and one location or all in scope."""

    first_day: date
    last_day: date
    clinic_location_id: UUID | None = None

    def model_post_init(self, _context: object, /) -> None:
        """Refuses a period that ends before it begins, or is longer than 400 days."""
        if self.last_day < self.first_day:
            raise InvalidInput(f"The period ends ({self.last_day}) before it begins ({self.first_day}).")
        if (self.last_day - self.first_day).days >= MOST_DAYS:
            raise InvalidInput(f"The period is longer than {MOST_DAYS} days; choose a shorter one.")


class RadarList(RadarFilter):
    """One of the three lists of a period."""

    kind: RadarKind


class ListRadar(RadarList):
    """A page of one of the three lists, oldest first."""

    offset: int = Field(default=0, ge=0)
    limit: int = Field(default=PAGE_SIZE, ge=1, le=PAGE_LIMIT)


class RadarRow(Frozen):
    """One finding; `id` is that of the appointment, the visit or the line of the invoice.

    `amount` is net: the price of the catalogue for what was not charged, what is left of a line without a visit, and
    what a line charges above (below: negative) the price that the catalogue had when the invoice was issued.
    """

    id: UUID
    day: date
    patient_id: UUID
    patient_name: str
    patient_code: str
    location_name: str
    practitioner_name: str
    description: str
    unit_price: Decimal
    catalogue_price: Decimal | None
    amount: Decimal
    appointment_id: UUID | None
    invoice_id: UUID | None
    invoice_number: str


class RadarSum(Frozen):
    """How many findings of a kind there are, and what their amounts sum to."""

    kind: RadarKind
    count: int
    amount: Decimal
