"""Reading the calendar: appointments and their history, places, people, opening and working hours."""

from clinic_core.scheduling.queries.appointments import (
    appointment_history,
    count_appointments,
    count_by_day,
    day_list,
    first_visits,
    get_appointment,
    list_appointments,
    today_counts,
)
from clinic_core.scheduling.queries.checks import check_time
from clinic_core.scheduling.queries.day import count_unclosed, day_openings, day_pulse, unclosed_appointments
from clinic_core.scheduling.queries.displaced import colleagues_free, displaced_appointments, plan_day, propose_times
from clinic_core.scheduling.queries.feeds import find_feed, list_feeds
from clinic_core.scheduling.queries.fees import count_fees, list_fees
from clinic_core.scheduling.queries.hours import get_opening_hours, list_closures, preview_availability, working_hours
from clinic_core.scheduling.queries.hours_away import list_absences, list_outages
from clinic_core.scheduling.queries.places import (
    list_locations,
    list_practitioners,
    list_resources,
    list_services_for_booking,
)
from clinic_core.scheduling.queries.recall import list_recall
from clinic_core.scheduling.queries.requirements import list_requirements
from clinic_core.scheduling.queries.rules import get_booking_rules
from clinic_core.scheduling.queries.series import (
    count_series_gaps,
    find_date_alternatives,
    get_series,
    list_series_gaps,
    preview_series,
    preview_series_cancel,
    preview_series_edit,
)
from clinic_core.scheduling.queries.slots import find_slots, free_resources
from clinic_core.scheduling.queries.undo import undoable_step
from clinic_core.scheduling.queries.waiting_list import (
    count_waiting,
    freed_slots,
    get_waiting,
    list_waiting,
    matches_for_slot,
)

__all__ = [
    "appointment_history",
    "check_time",
    "colleagues_free",
    "count_appointments",
    "count_by_day",
    "count_fees",
    "count_series_gaps",
    "count_unclosed",
    "count_waiting",
    "day_list",
    "day_openings",
    "day_pulse",
    "displaced_appointments",
    "find_date_alternatives",
    "find_feed",
    "find_slots",
    "first_visits",
    "free_resources",
    "freed_slots",
    "get_appointment",
    "get_booking_rules",
    "get_opening_hours",
    "get_series",
    "get_waiting",
    "list_absences",
    "list_appointments",
    "list_closures",
    "list_feeds",
    "list_fees",
    "list_locations",
    "list_outages",
    "list_practitioners",
    "list_recall",
    "list_requirements",
    "list_resources",
    "list_series_gaps",
    "list_services_for_booking",
    "list_waiting",
    "matches_for_slot",
    "plan_day",
    "preview_availability",
    "preview_series",
    "preview_series_cancel",
    "preview_series_edit",
    "propose_times",
    "today_counts",
    "unclosed_appointments",
    "undoable_step",
    "working_hours",
]
