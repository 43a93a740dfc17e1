"""The day of a location on paper."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from clinic_core.scheduling.schemas.appointments import AppointmentRow


class PrintDaySheet(BaseModel):
    """One day on the wall of a location, of everybody or of one practitioner."""

    clinic_location_id: UUID
    day: date
    practitioner_user_id: UUID | None = None


class DaySheetRow(BaseModel):
    """One appointment of the day with the patient's phone number; empty for who may not see patients."""

    model_config = ConfigDict(frozen=True)

    appointment: AppointmentRow
    phone: str


class DaySheet(BaseModel):
    """What is printed: the appointments that are not cancelled by time, and how many were cancelled."""

    model_config = ConfigDict(frozen=True)

    organization: str
    letterhead: str
    location: str
    address: str
    phone: str
    timezone: str
    day: date
    practitioner: str
    rows: tuple[DaySheetRow, ...]
    cancelled: int
    with_money: bool
    currency: str
    printed_by: str
    printed_at: datetime
