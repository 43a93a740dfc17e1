"""What an organisation sets for itself; stored in `organization.settings_json`, validated here."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from clinic_core.kit.formats import Locale


class OrganizationSettings(BaseModel):
    """The settings of one organisation with the defaults of a new one."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$", description="ISO 4217, two decimals")
    locale: Locale = Locale.EN
    first_weekday: Literal[1, 6, 7] = Field(default=1, description="ISO weekday on which a calendar week begins")
    idle_minutes: int = Field(default=15, ge=1, le=240)
    session_hours: int = Field(default=12, ge=1, le=24)
    invoice_prefix: str = Field(default="INV", pattern=r"^[A-Z]{1,8}$")
    receipt_prefix: str = Field(default="RCT", pattern=r"^[A-Z]{1,8}$")
    credit_note_prefix: str = Field(default="CRN", pattern=r"^[A-Z]{1,8}$")
    due_days: int = Field(default=14, ge=0, le=365)
    letterhead: str = Field(default="", max_length=1000, description="Lines printed at the top of every document")
    tax_number: str = Field(default="", max_length=60)
