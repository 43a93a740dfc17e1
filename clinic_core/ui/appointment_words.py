"""Appointments in the words of messages: when and with whom, never for whom."""

from clinic_core.access.organization import OrganizationSettings
from clinic_core.kit.calendar import local_date, zone
from clinic_core.kit.formats import day_text, time_text
from clinic_core.scheduling.schemas import AppointmentRow


def placed_text(row: AppointmentRow, settings: OrganizationSettings) -> str:
    """When and with whom an appointment is: Mon 3 Mar 2031, 10:00, with Dr North."""
    place = zone(row.timezone)
    day = day_text(local_date(row.starts_at, place), settings.locale)
    return f"{day}, {time_text(row.starts_at, place)}, with {row.practitioner}"


def booked_text(row: AppointmentRow, settings: OrganizationSettings) -> str:
    """That it was booked."""
    return f"The appointment is booked for {placed_text(row, settings)}."


def moved_text(row: AppointmentRow, settings: OrganizationSettings) -> str:
    """That it was moved, and where to."""
    return f"The appointment is moved to {placed_text(row, settings)}."


def handed_over_text(row: AppointmentRow, settings: OrganizationSettings) -> str:
    """That a colleague does it now."""
    return f"The appointment is handed over: {placed_text(row, settings)}."


def cancelled_text(row: AppointmentRow, settings: OrganizationSettings) -> str:
    """That it was called off."""
    return f"The appointment on {placed_text(row, settings)}, is cancelled; its time is free again."
