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
from clinic_core.notifications.service.offers import offer_with_message
from clinic_core.notifications.service.papers import cancel_batch_with_emails, make_papers
from clinic_core.notifications.service.reminders import (
    book_with_reminder,
    cancel_with_reminders,
    delete_with_reminders,
    move_with_reminders,
    plan_reminder,
    withdraw_reminders,
)
from clinic_core.notifications.service.series import (
    book_series_with_reminders,
    cancel_series_with_reminders,
    edit_series_with_reminders,
    extend_series_with_reminders,
)
from clinic_core.notifications.service.status import change_status_with_reminders
from clinic_core.notifications.service.undo import undo_with_reminders

__all__ = [
    "book_series_with_reminders",
    "book_with_reminder",
    "cancel_batch_with_emails",
    "cancel_displaced",
    "cancel_series_with_reminders",
    "cancel_with_reminders",
    "change_status_with_reminders",
    "delete_with_reminders",
    "deliver_due",
    "edit_series_with_reminders",
    "extend_series_with_reminders",
    "hand_over_displaced",
    "make_papers",
    "move_displaced",
    "move_with_reminders",
    "notify_cancelled",
    "notify_moved",
    "notify_offer",
    "offer_with_message",
    "plan_reminder",
    "settle_day",
    "undo_with_reminders",
    "withdraw_reminders",
]
