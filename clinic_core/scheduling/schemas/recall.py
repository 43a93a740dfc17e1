"""The recall list: patients who were seen and have no next appointment (O6)."""

from datetime import date, datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from clinic_core.errors import InvalidInput
from clinic_core.vocabulary import ConsentKind

RECALL_PAGE = 50
RECALL_ROWS = 100_000


class ListRecall(BaseModel):
    """Patients whose last visit lies between two days (both included) and was with these, for this, there."""

    seen_from: date
    seen_to: date
    clinic_location_id: UUID | None = None
    practitioner_user_id: UUID | None = None
    product_service_id: UUID | None = None
    limit: int = Field(default=RECALL_PAGE, ge=1, le=RECALL_ROWS)
    offset: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.seen_to < self.seen_from:
            raise InvalidInput(f"The period ends ({self.seen_to}) before it begins ({self.seen_from}).")
        return self


class RecallRow(BaseModel):
    """A patient to be asked back; `id` is the patient, the rest is the last visit and how to reach them.

    `granted` and `refused` are the ways of contact about which the patient decided; about the others nobody asked.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    code: str
    name: str
    appointment_id: UUID
    last_visit_at: datetime
    timezone: str
    location: str
    practitioner_user_id: UUID
    practitioner: str
    service: str
    phone: str
    email: str
    granted: tuple[ConsentKind, ...]
    refused: tuple[ConsentKind, ...]

    @property
    def contact(self) -> str:
        """Which messages the patient allowed and which not, in words."""
        words = {
            kind: "allowed" if kind in self.granted else "refused" if kind in self.refused else "not asked"
            for kind in (ConsentKind.EMAIL, ConsentKind.SMS)
        }
        return f"E-mail {words[ConsentKind.EMAIL]}, SMS {words[ConsentKind.SMS]}"


class RecallPage(BaseModel):
    """One page of the recall list, the longest unseen first, and how many there are in all."""

    model_config = ConfigDict(frozen=True)

    rows: tuple[RecallRow, ...]
    count: int
