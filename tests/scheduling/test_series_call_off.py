"""Calling off a series: this, this and following, all future; what is late, and what the horizon job books no more."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from clinic_core.access import owner_work, perform
from clinic_core.access.organization import OrganizationSettings
from clinic_core.errors import Conflict, NotFound, PermissionDenied
from clinic_core.kit.clock import frozen_at
from clinic_core.scheduling.queries import preview_series_cancel
from clinic_core.scheduling.schemas import PreviewSeriesCancel, SeriesCancelPreview
from clinic_core.vocabulary import CancelledBy
from tests.factories import Clinic, make_clinic, make_patient
from tests.scheduling.series_arrange import (
    FOLLOWING,
    FUTURE,
    THIS,
    all_series,
    call_off,
    change,
    extended,
    live,
    mondays,
    preview_change,
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


def preview_call_off(clinic: Clinic, appointment_id: UUID, reach: Any, *, by: str = "assistant") -> SeriesCancelPreview:
    request = PreviewSeriesCancel(appointment_id=appointment_id, reach=reach)
    return perform(clinic.actor(by), preview_series_cancel, request)


def counted(number: int) -> str:
    return "1 appointment is" if number == 1 else f"{number} appointments are"


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


@pytest.mark.parametrize(
    ("anchor", "reach", "left"),
    [(0, FUTURE, []), (4, FUTURE, []), (1, FOLLOWING, [0]), (2, FOLLOWING, [0, 1]), (2, THIS, [0, 1, 3, 4])],
    ids=["future of the first part", "future of the last part", "following", "following of a later part", "this"],
)
def test_calling_off_reaches_over_the_parts_that_changes_split_off(
    clinic: Clinic, anchor: int, reach: Any, left: list[int]
) -> None:
    booked = repeat(clinic, "FREQ=WEEKLY;COUNT=5").booked
    change(clinic, booked[2], time_of_day=time(11))
    change(clinic, booked[4], time_of_day=time(12))
    shown = preview_call_off(clinic, booked[anchor], reach)
    outcome = call_off(clinic, booked[anchor], reach, version=shown.version)
    gone = [one for place, one in enumerate(booked) if place not in left]
    assert [row.id for row in shown.rows] == gone
    assert (set(outcome.cancelled), outcome.summary) == (set(gone), f"{counted(len(gone))} cancelled")
    assert [row.id for row in live(clinic)] == [booked[place] for place in left]
    sound(clinic)


def test_a_part_without_end_is_not_booked_on_after_it_was_called_off_from_an_older_one(clinic: Clinic) -> None:
    booked = repeat(clinic, "FREQ=WEEKLY").booked
    change(clinic, booked[3], time_of_day=time(11))
    call_off(clinic, booked[0], FUTURE)
    with frozen_at(START + 20 * WEEK):
        assert extended(clinic) == 0
    assert live(clinic) == []


def test_a_part_on_a_colleagues_calendar_stays(clinic: Clinic) -> None:
    booked = repeat(clinic).booked
    change(clinic, booked[3], by="manager", practitioner_user_id=clinic.users["second_practitioner"])
    call_off(clinic, booked[0], FUTURE, by="practitioner")
    assert [row.id for row in live(clinic)] == [booked[3], booked[4]]
    before = all_series(clinic)[-1].rrule
    assert before == "FREQ=WEEKLY;COUNT=2"


def test_a_change_says_how_many_appointments_of_other_parts_stay(clinic: Clinic) -> None:
    booked = repeat(clinic).booked
    change(clinic, booked[3], time_of_day=time(11))
    counts = {
        (anchor, reach): preview_change(clinic, booked[anchor], reach, time_of_day=time(9)).elsewhere
        for anchor, reach in ((0, FUTURE), (1, FOLLOWING), (1, THIS), (4, FUTURE), (4, FOLLOWING))
    }
    assert list(counts.values()) == [2, 2, 0, 3, 0]
    changed = change(clinic, booked[0], FUTURE, time_of_day=time(9)).changed
    assert set(changed) == set(booked[:3])


def test_patients_look_at_no_calling_off_of_a_series(clinic: Clinic) -> None:
    booked = repeat(clinic, patient_id=make_patient(clinic, user_id=clinic.users["patient"])).booked
    with pytest.raises(PermissionDenied, match="front desk"):
        preview_call_off(clinic, booked[1], FUTURE, by="patient")
    with pytest.raises(NotFound):
        preview_call_off(clinic, booked[1], FUTURE, by="second_practitioner")


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
