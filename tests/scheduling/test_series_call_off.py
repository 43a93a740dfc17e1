"""Calling off a series: this, this and following, all future; what is late, and what the horizon job books no more."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from clinic_core.access import owner_work
from clinic_core.access.organization import OrganizationSettings
from clinic_core.errors import Conflict
from clinic_core.kit.clock import frozen_at
from clinic_core.vocabulary import CancelledBy
from tests.factories import Clinic, make_clinic
from tests.scheduling.series_arrange import (
    FOLLOWING,
    FUTURE,
    THIS,
    call_off,
    change,
    extended,
    live,
    mondays,
    repeat,
    sound,
    walls,
)

START = datetime.fromisoformat("2031-03-01T08:00Z")
WEEK = timedelta(weeks=1)


@pytest.fixture(autouse=True)
def _on_the_first_of_march() -> Iterator[None]:
    with frozen_at(START):
        yield


@pytest.mark.parametrize(
    ("reach", "left"), [(THIS, [0, 2, 3, 4]), (FOLLOWING, [0]), (FUTURE, [])], ids=["this", "following", "future"]
)
def test_calling_off_reaches_this_the_following_or_all(clinic: Clinic, reach: Any, left: list[int]) -> None:
    booked = repeat(clinic, "FREQ=WEEKLY").booked
    count = len(booked)
    if reach is THIS:
        left = [0, *range(2, count)]
    outcome = call_off(clinic, booked[1], reach, reason="Moves away")
    assert [row.id for row in live(clinic)] == [booked[n] for n in left]
    assert set(outcome.cancelled) == set(booked) - {booked[n] for n in left}
    assert extended(clinic) == 0
    if reach is not THIS:
        with frozen_at(START + 20 * WEEK):
            assert extended(clinic) == 0
    sound(clinic)


def test_changed_then_called_off(clinic: Clinic) -> None:
    booked = repeat(clinic, "FREQ=WEEKLY").booked
    change(clinic, booked[4], time_of_day=time(11))
    call_off(clinic, booked[6], FOLLOWING)
    assert walls(clinic) == [*mondays(4), *mondays(6, time(11))[4:]]
    assert extended(clinic) == 0
    sound(clinic)


def test_what_a_patient_calls_off_late_is_late_and_may_cost_a_fee() -> None:
    clinic = make_clinic(
        OrganizationSettings.model_validate({"late_cancellation_fee": {"kind": "flat", "amount": "20.00"}})
    )
    booked = repeat(clinic).booked
    with frozen_at(datetime.fromisoformat("2031-03-02T20:00Z")):
        call_off(clinic, booked[0], FUTURE)
    with owner_work("test.arrange", clinic.organization_id) as session:
        ours = {"org": clinic.organization_id}
        late_ones = text("select id from appointment where cancelled_late and organization_id = :org")
        proposed = text("select appointment_id from appointment_fee where organization_id = :org")
        late = session.execute(late_ones, ours).scalars().all()
        fees = session.execute(proposed, ours).scalars().all()
    assert late == fees == [booked[0]]
    with pytest.raises(Conflict, match="called off any more"):
        call_off(clinic, booked[1], FUTURE, cancelled_by=CancelledBy.CLINIC)
