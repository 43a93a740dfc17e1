"""What is written about messages to people: planning, telling, delivering."""

from clinic_core.notifications.service.delivery import (
    deliver_due,
)
from clinic_core.notifications.service.displaced import (
    cancel_displaced,
    hand_over_displaced,
    move_displaced,
    settle_day,
)
from clinic_core.notifications.service.notices import (
    notify_cancelled,
    notify_moved,
    notify_offer,
)
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
    "cancel_displaced",
    "cancel_with_reminders",
    "delete_with_reminders",
    "deliver_due",
    "hand_over_displaced",
    "move_displaced",
    "move_with_reminders",
    "notify_cancelled",
    "notify_moved",
    "notify_offer",
    "plan_reminder",
    "settle_day",
    "withdraw_reminders",
]
