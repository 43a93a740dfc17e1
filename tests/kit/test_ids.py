import threading
import time
from itertools import count
from uuid import UUID

import pytest

from clinic_core.kit.ids import new_id


def test_an_id_is_a_uuid_of_version_7_that_carries_the_time() -> None:
    before = time.time_ns() // 1_000_000
    made = new_id()
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert before <= made.int >> 80 <= before + 60_000


def test_ids_grow_within_a_process() -> None:
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_ids_grow_in_every_thread_and_never_meet() -> None:
    made: list[list[UUID]] = [[] for _ in range(8)]
    start = threading.Barrier(len(made))

    def make(into: list[UUID]) -> None:
        start.wait()
        into.extend(new_id() for _ in range(3_000))

    threads = [threading.Thread(target=make, args=(into,)) for into in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(ids == sorted(ids) for ids in made)
    assert len({each for ids in made for each in ids}) == 24_000


def test_ids_grow_when_the_system_clock_steps_back(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = count(time.time_ns(), -3_600_000_000_000)
    monkeypatch.setattr("time.time_ns", lambda: next(readings))
    made = [new_id() for _ in range(10)]
    assert made == sorted(made)
