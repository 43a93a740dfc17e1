"""Messages to people: reminders, confirmations and their delivery."""
