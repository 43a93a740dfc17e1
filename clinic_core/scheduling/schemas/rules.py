"""The clinic's own rules for booking: lateness, fees, notice, offers, how far ahead series are booked."""

from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from clinic_core.access.organization import FeeRule
from clinic_core.kit.text import field_error


class BookingRules(BaseModel):
    """The rules as they are set now; `version` is that of the organisation's row."""

    model_config = ConfigDict(frozen=True)

    late_cancellation_hours: int
    no_show_fee: FeeRule
    late_cancellation_fee: FeeRule
    no_show_after_minutes: int
    online_notice_minutes: int
    offer_minutes: int
    series_horizon_days: int
    version: int


class SetBookingRules(BaseModel):
    """All booking rules at once; limits as in `OrganizationSettings`."""

    late_cancellation_hours: int = Field(ge=0, le=336)
    no_show_fee: FeeRule
    late_cancellation_fee: FeeRule
    no_show_after_minutes: int = Field(ge=5, le=240)
    online_notice_minutes: int = Field(ge=0, le=20160)
    offer_minutes: int = Field(ge=5, le=10080)
    series_horizon_days: int = Field(ge=30, le=730)
    version: int
    request_id: UUID | None = None

    @model_validator(mode="after")
    def _meant(self) -> Self:
        for name in ("no_show_fee", "late_cancellation_fee"):
            rule: FeeRule = getattr(self, name)
            if (rule.kind == "flat" and not rule.amount) or (rule.kind == "percent" and not rule.rate):
                raise field_error(name, "must be more than nothing, or none")
        return self
