"""Statements of account for all who owe: whose, over which days, on which way."""

from datetime import date
from uuid import UUID

from pydantic import Field

from clinic_core.analytics.schemas.requests import AgeBasis, Frozen
from clinic_core.billing.schemas import AgeBucket
from clinic_core.errors import InvalidInput

MOST_STATEMENTS = 10_000


class StatementsWanted(Frozen):
    """The patients who owe today by these filters of the page, or the chosen ones alone, whether they owe or not."""

    clinic_location_id: UUID | None = None
    practitioner_user_id: UUID | None = None
    basis: AgeBasis = AgeBasis.DUE
    bucket: AgeBucket | None = None
    patient_id: UUID | None = None
    patient_ids: tuple[UUID, ...] = Field(default=(), max_length=MOST_STATEMENTS)

    def model_post_init(self, _context: object, /) -> None:
        """Refuses what the fields say against each other."""
        if len(set(self.patient_ids)) < len(self.patient_ids):
            raise InvalidInput("A patient is chosen twice for one statement.")


class StartStatements(StatementsWanted):
    """Print their statements from `first_day` (None: from the first movement) up to today.

    With `email` those whom the clinic may write to get theirs as an attachment.
    """

    first_day: date | None = None
    email: bool = False
    request_id: UUID | None = None


class StatementsCount(Frozen):
    """How many statements there would be, and how many of these patients can be written to by e-mail."""

    statements: int
    by_email: int
