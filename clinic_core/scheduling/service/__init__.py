"""What the clinic does with its calendar: appointments, their status, places, opening and working hours."""

from clinic_core.scheduling.service.booking import book_appointment, move_appointment
from clinic_core.scheduling.service.day_sheet import print_day_sheet
from clinic_core.scheduling.service.details import edit_appointment
from clinic_core.scheduling.service.feeds import create_feed, open_appointment_file, read_feed, revoke_feed
from clinic_core.scheduling.service.fees import waive_fee
from clinic_core.scheduling.service.hours import add_closure, remove_closure, set_availability, set_opening_hours
from clinic_core.scheduling.service.hours_away import (
    add_absence,
    add_outage,
    change_absence,
    change_outage,
    remove_absence,
    remove_outage,
)
from clinic_core.scheduling.service.offers import accept_offer, decline_offer, expire_offers, offer_slot, withdraw_offer
from clinic_core.scheduling.service.places import add_location, add_resource, update_location, update_resource
from clinic_core.scheduling.service.recall import export_recall
from clinic_core.scheduling.service.requirements import set_requirements
from clinic_core.scheduling.service.rules import set_booking_rules
from clinic_core.scheduling.service.series import book_series, cancel_series
from clinic_core.scheduling.service.series_edit import edit_series
from clinic_core.scheduling.service.series_horizon import extend_series, resolve_gap
from clinic_core.scheduling.service.status import cancel_appointment, change_status, delete_appointment
from clinic_core.scheduling.service.undo import undo_appointment
from clinic_core.scheduling.service.waiting_list import (
    add_to_waiting_list,
    book_from_waiting_list,
    change_waiting,
    remove_from_waiting_list,
)

__all__ = [
    "accept_offer",
    "add_absence",
    "add_closure",
    "add_location",
    "add_outage",
    "add_resource",
    "add_to_waiting_list",
    "book_appointment",
    "book_from_waiting_list",
    "book_series",
    "cancel_appointment",
    "cancel_series",
    "change_absence",
    "change_outage",
    "change_status",
    "change_waiting",
    "create_feed",
    "decline_offer",
    "delete_appointment",
    "edit_appointment",
    "edit_series",
    "expire_offers",
    "export_recall",
    "extend_series",
    "move_appointment",
    "offer_slot",
    "open_appointment_file",
    "print_day_sheet",
    "read_feed",
    "remove_absence",
    "remove_closure",
    "remove_from_waiting_list",
    "remove_outage",
    "resolve_gap",
    "revoke_feed",
    "set_availability",
    "set_booking_rules",
    "set_opening_hours",
    "set_requirements",
    "undo_appointment",
    "update_location",
    "update_resource",
    "waive_fee",
    "withdraw_offer",
]
