"""Two readings in turns, so that a busy machine is busy for both."""

import time
from collections.abc import Callable
from statistics import median
from typing import TypeVar

from benchmarks.result import settle

TURNS = 20
WARM_UP = 5

Read = TypeVar("Read")
Bare = TypeVar("Bare")


def in_turns(
    read: Callable[[], Read], bare: Callable[[], Bare], same: Callable[[Read, Bare], bool], *, turns: int = TURNS
) -> tuple[float, float]:
    """The medians of both in milliseconds, after a warm-up.

    Raises:
        RuntimeError: they did not read the same.
    """
    figures: list[float] = []
    floors: list[float] = []
    settle()
    for _ in range(WARM_UP + turns):
        started = time.perf_counter()
        found = read()
        figures.append((time.perf_counter() - started) * 1000)
        started = time.perf_counter()
        known = bare()
        floors.append((time.perf_counter() - started) * 1000)
        if not same(found, known):
            raise RuntimeError("The figure and its floor do not read the same.")
    return round(median(figures[WARM_UP:]), 3), round(median(floors[WARM_UP:]), 3)
