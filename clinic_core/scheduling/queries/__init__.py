"""Reading the calendar: appointments and their history, places, people, opening and working hours."""

from clinic_core.scheduling.queries.appointments import (
    appointment_history,
    count_appointments,
    day_list,
    get_appointment,
    list_appointments,
    today_counts,
)
from clinic_core.scheduling.queries.hours import get_opening_hours, list_absences, list_closures, working_hours
from clinic_core.scheduling.queries.places import (
    list_locations,
    list_practitioners,
    list_resources,
    list_services_for_booking,
)

__all__ = [
    "appointment_history",
    "count_appointments",
    "day_list",
    "get_appointment",
    "get_opening_hours",
    "list_absences",
    "list_appointments",
    "list_closures",
    "list_locations",
    "list_practitioners",
    "list_resources",
    "list_services_for_booking",
    "today_counts",
    "working_hours",
]
