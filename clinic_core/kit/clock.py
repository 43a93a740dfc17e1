"""The clock: the only place that asks what time it is. Wall time and zones are in `kit.calendar`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from clinic_core.errors import InvalidInput


class FrozenClock:
    """A clock that stands still until it is told to move; made by `frozen_at`."""

    def __init__(self, instant: datetime) -> None:
        self._instant = _utc(instant)

    @property
    def instant(self) -> datetime:
        """The instant the clock shows, in UTC."""
        return self._instant

    def advance(self, step: timedelta) -> None:
        """Move the clock by `step`; a negative step moves it back."""
        self._instant += step

    def move_to(self, instant: datetime) -> None:
        """Set the clock to another aware instant."""
        self._instant = _utc(instant)


_frozen: list[FrozenClock] = []


def now() -> datetime:
    """The present instant, aware and in UTC."""
    return _frozen[-1].instant if _frozen else datetime.now(UTC)


@contextmanager
def frozen_at(instant: datetime) -> Iterator[FrozenClock]:
    """Stop the clock at `instant` for everything in this process until the block ends.

    Process-wide on purpose: a test's worker threads and the thread of a page script must see the same time.
    Blocks nest, the innermost counts.

    Raises: InvalidInput for an instant without a zone.
    """
    clock = FrozenClock(instant)
    _frozen.append(clock)
    try:
        yield clock
    finally:
        _frozen.remove(clock)


def _utc(instant: datetime) -> datetime:
    if instant.utcoffset() is None:
        raise InvalidInput("A point in time needs a time zone.")
    return instant.astimezone(UTC)
