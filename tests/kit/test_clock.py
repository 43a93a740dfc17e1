import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from clinic_core.errors import InvalidInput
from clinic_core.kit.clock import frozen_at, now

_NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_now_is_aware_and_in_utc() -> None:
    assert now().tzinfo is UTC
    assert abs(datetime.now(UTC) - now()) < timedelta(minutes=1)


def test_a_frozen_clock_stands_still_until_it_is_moved() -> None:
    with frozen_at(_NOON.astimezone(ZoneInfo("Europe/Berlin"))) as clock:
        assert now() == _NOON
        assert now().tzinfo is UTC
        clock.advance(timedelta(minutes=5))
        assert now() == _NOON + timedelta(minutes=5)
        clock.move_to(_NOON)
        assert now() == clock.instant == _NOON
    assert now() != _NOON


def test_freezing_nests_and_the_innermost_counts() -> None:
    with frozen_at(_NOON):
        with frozen_at(_NOON + timedelta(days=1)):
            assert now() == _NOON + timedelta(days=1)
        assert now() == _NOON


def test_other_threads_see_the_frozen_clock() -> None:
    seen: list[datetime] = []
    with frozen_at(_NOON):
        thread = threading.Thread(target=lambda: seen.append(now()))
        thread.start()
        thread.join()
    assert seen == [_NOON]


def test_the_clock_runs_again_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), frozen_at(_NOON):
        raise ZeroDivisionError
    assert now() != _NOON


def test_a_clock_cannot_be_frozen_without_a_zone() -> None:
    with pytest.raises(InvalidInput, match="time zone"), frozen_at(datetime(2026, 3, 2, 12)):  # noqa: DTZ001
        pass
