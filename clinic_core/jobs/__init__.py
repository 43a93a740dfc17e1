"""Background work: the worker and the bodies of its tasks."""
