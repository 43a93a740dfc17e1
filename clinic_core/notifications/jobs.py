"""The names under which work of this feature waits in the queue; the bodies are in `clinic_core.jobs.tasks`."""

DELIVER_DUE = "notification.deliver_due"
PURGE_OUTBOX = "notification.purge_outbox"
