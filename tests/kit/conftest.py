"""Money, calendars and text are pure: their tests start no server."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def database() -> None:
    """Takes the place of the worker's database."""
