"""The audit log: what is read from it, and how it is sealed."""
