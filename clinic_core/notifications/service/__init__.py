"""What is written about messages to people: planning, telling, delivering."""

from clinic_core.notifications.service.delivery import deliver_due
from clinic_core.notifications.service.notices import notify_cancelled, notify_moved, notify_offer
from clinic_core.notifications.service.reminders import (
    book_with_reminder,
    cancel_with_reminders,
    delete_with_reminders,
    move_with_reminders,
    plan_reminder,
    withdraw_reminders,
)

__all__ = [
    "book_with_reminder",
    "cancel_with_reminders",
    "delete_with_reminders",
    "deliver_due",
    "move_with_reminders",
    "notify_cancelled",
    "notify_moved",
    "notify_offer",
    "plan_reminder",
    "withdraw_reminders",
]
