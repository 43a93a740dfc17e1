"""Fees for no-shows and late cancellations, proposed by the clinic's rule and waived with a reason (B9)."""

from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from clinic_core.errors import InvalidInput
from clinic_core.kit.text import clean_required
from clinic_core.scheduling.schemas.appointments import LIST_LIMIT, LONGEST_LIST, Instant
from clinic_core.vocabulary import FeeKind, FeeStatus


class WaiveFee(BaseModel):
    """A fee that is not charged, and why."""

    appointment_fee_id: UUID
    reason: Annotated[str, AfterValidator(partial(clean_required, limit=500, field="reason"))]
    version: int
    request_id: UUID | None = None


class ListFees(BaseModel):
    """Fees of a patient, of an appointment, or of the appointments that begin in a period, newest first."""

    patient_id: UUID | None = None
    appointment_id: UUID | None = None
    starts_from: Instant | None = None
    starts_before: Instant | None = None
    clinic_location_id: UUID | None = None
    statuses: tuple[FeeStatus, ...] = (FeeStatus.PROPOSED,)
    limit: int = Field(default=100, ge=1, le=LIST_LIMIT)
    offset: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if (self.starts_from is None) != (self.starts_before is None):
            raise InvalidInput("A period needs both its beginning and its end.")
        if self.starts_from is None or self.starts_before is None:
            if self.patient_id is None and self.appointment_id is None:
                raise InvalidInput("Fees are listed for a patient, an appointment or a period.")
            return self
        if self.starts_before <= self.starts_from:
            raise InvalidInput("The period ends before it begins.")
        if self.starts_before - self.starts_from > LONGEST_LIST:
            raise InvalidInput(f"The period is longer than {LONGEST_LIST.days} days; choose a shorter one.")
        return self


class FeeRow(BaseModel):
    """One fee with the appointment that it is for."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    appointment_id: UUID
    starts_at: datetime
    timezone: str
    clinic_location_id: UUID
    location: str
    practitioner_user_id: UUID
    practitioner: str
    service: str
    patient_id: UUID
    patient_name: str
    patient_code: str
    kind: FeeKind
    amount: Decimal
    status: FeeStatus
    waived_reason: str
    created_at: datetime
    version: int


class FeeCounts(BaseModel):
    """How many fees are in each status, and what they come to."""

    model_config = ConfigDict(frozen=True)

    by_status: dict[FeeStatus, int]
    amounts: dict[FeeStatus, Decimal]
