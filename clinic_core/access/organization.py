"""What an organisation sets for itself; stored in `organization.settings_json`, validated here."""

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from clinic_core.kit.formats import Locale


class FeeRule(BaseModel):
    """What a no-show or a late cancellation costs: nothing, an amount, or a share of the price of the service (B9)."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["none", "flat", "percent"] = "none"
    amount: Decimal = Field(default=Decimal(0), ge=0, le=100000, max_digits=8, decimal_places=2)
    rate: Decimal = Field(default=Decimal(0), ge=0, le=1, max_digits=7, decimal_places=6, description="1 is the whole")


class ReminderStep(BaseModel):
    """One of the reminders of an overdue invoice, in the order in which they go out (B6).

    `days_after` counts from the due date, or from the day by which the reminder before asked for payment.
    """

    model_config = ConfigDict(frozen=True)

    days_after: int = Field(ge=1, le=365)
    days_to_pay: int = Field(ge=1, le=90)
    title: str = Field(min_length=1, max_length=60)
    text: str = Field(min_length=1, max_length=2000)


REMINDER_STEPS = (
    ReminderStep(
        days_after=7,
        days_to_pay=10,
        title="Payment reminder",
        text="You may have overlooked the invoices below. Please pay the open amount by the day stated. If you have"
        " paid in the meantime, please take this letter as settled.",
    ),
    ReminderStep(
        days_after=7,
        days_to_pay=10,
        title="Second payment reminder",
        text="We have not yet received payment of the invoices below, of which we have reminded you before. Please pay"
        " the open amount by the day stated, or call us if you would like to pay in parts.",
    ),
    ReminderStep(
        days_after=7,
        days_to_pay=7,
        title="Last payment reminder",
        text="In spite of our reminders the invoices below are still open. Please pay the open amount by the day"
        " stated, or call us, so that no further steps become necessary.",
    ),
)


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
    reminder_steps: tuple[ReminderStep, ...] = Field(default=REMINDER_STEPS, max_length=9)
    reminder_minimum: Decimal = Field(
        default=Decimal(0), ge=0, le=100000, max_digits=8, decimal_places=2, description="Least owed to be reminded of"
    )
    four_eyes_refunds: bool = Field(default=False, description="Somebody else than who asks agrees to each refund")
    late_cancellation_hours: int = Field(default=24, ge=0, le=336, description="A patient who cancels later is late")
    no_show_fee: FeeRule = FeeRule()
    late_cancellation_fee: FeeRule = FeeRule()
    no_show_after_minutes: int = Field(default=20, ge=5, le=240, description="A no-show is suggested, never set")
    online_notice_minutes: int = Field(default=0, ge=0, le=20160, description="How far ahead patients must book")
    offer_minutes: int = Field(default=240, ge=5, le=10080, description="How long an offered time is kept open")
    series_horizon_days: int = Field(default=180, ge=30, le=730, description="How far ahead series are booked")
