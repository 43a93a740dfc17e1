"""Formats of the outside world, read and written through the features."""
