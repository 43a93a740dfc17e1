"""The plan of the demo clinic is pure; what is written of it needs a database of its own."""

from datetime import UTC, datetime

import pytest

from clinic_core.seed.demo_plan import DemoPlan, plan_weeks

AS_OF = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def plan() -> DemoPlan:
    return plan_weeks(7, AS_OF)
