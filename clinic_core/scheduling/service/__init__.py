"""What the clinic does with its calendar: appointments, their status, places, opening and working hours."""

from clinic_core.scheduling.service.booking import book_appointment, move_appointment
from clinic_core.scheduling.service.hours import (
    add_absence,
    add_closure,
    remove_absence,
    remove_closure,
    set_availability,
    set_opening_hours,
)
from clinic_core.scheduling.service.places import add_location, add_resource, update_location, update_resource
from clinic_core.scheduling.service.status import cancel_appointment, change_status, delete_appointment

__all__ = [
    "add_absence",
    "add_closure",
    "add_location",
    "add_resource",
    "book_appointment",
    "cancel_appointment",
    "change_status",
    "delete_appointment",
    "move_appointment",
    "remove_absence",
    "remove_closure",
    "set_availability",
    "set_opening_hours",
    "update_location",
    "update_resource",
]
