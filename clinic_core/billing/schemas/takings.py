"""Takings: the money of some days by how it was handed over (A6, B10)."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from clinic_core.billing.schemas.base import Frozen
from clinic_core.errors import InvalidInput
from clinic_core.vocabulary import PaymentMethod


class TakingsRequest(Frozen):
    """The days of one location, or of all that the reader reaches; both days belong to the period."""

    clinic_location_id: UUID | None = None
    first_day: date
    last_day: date

    def model_post_init(self, _context: object, /) -> None:
        """Refuses what the fields say against each other."""
        if self.last_day < self.first_day:
            raise InvalidInput(f"The period ends ({self.last_day}) before it begins ({self.first_day}).")


class MethodTakings(Frozen):
    """The money handed over in one way: what came in, what was paid back, and how many papers say so."""

    method: PaymentMethod
    received: Decimal
    paid_back: Decimal
    net: Decimal
    count: int


class Takings(Frozen):
    """The money of the period by method, and of all; methods without any are left out."""

    first_day: date
    last_day: date
    currency: str
    methods: tuple[MethodTakings, ...]
    received: Decimal
    paid_back: Decimal
    net: Decimal
    count: int
