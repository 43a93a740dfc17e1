"""Identifiers of rows. What people read (patient codes, invoice numbers) is made in `kit.formats`."""

import secrets
import threading
import time
from uuid import UUID

_COUNTER_BITS = 12
_RANDOM_BITS = 62
_MILLISECOND_NS = 1_000_000


class _Sequence:
    """The last stamp given out, so that ids of one process only ever grow."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next_stamp(self) -> int:
        """48 bits of Unix milliseconds and 12 bits of counter, greater than every stamp before."""
        milliseconds = time.time_ns() // _MILLISECOND_NS
        # A start in the lower half leaves at least 2,048 ids before the counter borrows from the next millisecond.
        fresh = milliseconds << _COUNTER_BITS | secrets.randbits(_COUNTER_BITS - 1)
        with self._lock:
            same_or_earlier = milliseconds <= self._last >> _COUNTER_BITS
            self._last = self._last + 1 if same_or_earlier else fresh
            return self._last


_sequence = _Sequence()


def new_id() -> UUID:
    """A new UUID version 7 (RFC 9562, section 5.7 with the counter of section 6.2, method 1).

    Ids made by one process grow strictly, across threads and when the system clock steps back; 62 random bits
    keep processes apart, also after a fork. The real clock counts, never a frozen one: an id is no business date.
    """
    stamp = _sequence.next_stamp()
    milliseconds, counter = stamp >> _COUNTER_BITS, stamp & ((1 << _COUNTER_BITS) - 1)
    value = milliseconds << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | secrets.randbits(_RANDOM_BITS)
    return UUID(int=value)
