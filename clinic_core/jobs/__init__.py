"""Background work: what is done, how often, and the worker that does it."""
