"""Where an unexpected error came from, for logs: never its message, which may quote personal data."""

import traceback

_FRAMES = 8


def describe_fault(error: BaseException) -> str:
    """The kind of an error and the places it passed, the innermost first."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames[-_FRAMES:]))
    return f"{type(error).__name__} at {places}"
