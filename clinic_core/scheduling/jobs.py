"""The names under which work of this feature waits in the queue; the bodies are in `clinic_core.jobs.tasks`."""

EXPIRE_OFFERS = "offer.expire"
EXTEND_SERIES = "series.extend"
