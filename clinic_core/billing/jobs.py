"""The names under which work of this feature waits in the queue; the bodies are in `clinic_core.jobs`."""

MAKE_BATCH = "batch.make"
PURGE_BATCHES = "batch.purge"
SWEEP_BATCHES = "batch.sweep"
