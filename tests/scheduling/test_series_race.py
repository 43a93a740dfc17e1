"""Many series at once: one winner, no deadlock, reservations that are always what the appointments ask for."""

import random
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import partial

import pytest

from clinic_core.access import perform
from clinic_core.access.organization import OrganizationSettings
from clinic_core.errors import BookingConflict, ClinicError
from clinic_core.kit.clock import frozen_at
from clinic_core.scheduling.schemas import BookSeries, ExtendSeries, SeriesOutcome
from clinic_core.scheduling.service import book_series, extend_series
from tests.db.test_reservation import at_once, deadlocks
from tests.factories import Clinic, make_clinic
from tests.harness import Database
from tests.scheduling.arrange import drift
from tests.scheduling.series_arrange import FOLLOWING, FUTURE, THIS, call_off, change, live, repeat, rows, wish

START = datetime.fromisoformat("2031-03-01T08:00Z")
AHEAD = OrganizationSettings(series_horizon_days=400)
SERIES = 32


@pytest.mark.race
def test_of_32_series_of_52_weeks_for_one_practitioner_exactly_one_wins(own_database: Database) -> None:
    clinic = make_clinic(AHEAD)
    resources = (clinic.room, clinic.laser)
    with frozen_at(START):
        requests = [
            BookSeries.model_validate(wish(clinic, "FREQ=WEEKLY;COUNT=52", resource_ids=resources))
            for _ in range(SERIES)
        ]
        actor = clinic.actor("assistant")
        results = at_once([partial(perform, actor, book_series, one) for one in requests])
    (winner,) = [one for one in results if isinstance(one, SeriesOutcome)]
    assert len([one for one in results if isinstance(one, BookingConflict)]) == SERIES - 1
    assert [row.id for row in live(clinic)] == list(winner.booked)
    assert len(winner.booked) == 52
    assert drift(clinic) == 0
    assert deadlocks() == 0


@pytest.mark.race
def test_edits_cancellations_and_the_job_at_once_neither_deadlock_nor_double_a_date(own_database: Database) -> None:
    clinic = make_clinic(AHEAD)
    with frozen_at(START):
        booked = [
            repeat(clinic, "FREQ=WEEKLY;COUNT=12", starts_at_wall=datetime.fromisoformat(f"2031-03-03T{hour:02d}:00"))
            for hour in range(8, 16)
        ]
        job = partial(perform, clinic.actor("admin"), extend_series, ExtendSeries())
        actions: list[Callable[[], object]] = [job] * 4
        for place, one in enumerate(booked):
            actions += [
                partial(change, clinic, one.booked[3], starts_on=date(2031, 3, 24), time_of_day=time(16 - place)),
                partial(change, clinic, one.booked[6], THIS, time_of_day=time(18)),
                partial(call_off, clinic, one.booked[9], FOLLOWING),
            ]
        at_once(actions)
    assert drift(clinic) == 0
    assert deadlocks() == 0
    found = [(row.series_id, row.original_starts_at) for row in rows(clinic)]
    assert len(found) == len(set(found)) == 8 * 12


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_done_to_series_no_appointment_is_lost_and_none_is_doubled(clinic: Clinic, seed: int) -> None:
    """Changes at random, refused ones too: appointments vanish only by being called off."""
    dice = random.Random(seed)
    instant = START
    for turn in range(14):
        instant += timedelta(days=dice.choice((0, 0, 3)))
        with frozen_at(instant):
            before = {row.id: row for row in rows(clinic)}
            _act(clinic, dice, turn)
            after = {row.id: row for row in rows(clinic)}
        assert before.keys() <= after.keys()
        for row in before.values():
            if row.starts_at <= instant or row.status == "cancelled":
                assert after[row.id][1:6] == row[1:6]
        assert drift(clinic) == 0
        found = [(row.series_id, row.original_starts_at) for row in after.values()]
        assert len(found) == len(set(found))


def _act(clinic: Clinic, dice: random.Random, turn: int) -> None:
    standing = live(clinic)
    anchor = dice.choice(standing).id if standing else None
    reach = dice.choice((THIS, FOLLOWING, FUTURE))
    try:
        if anchor is None or turn % 5 == 0:
            start = datetime.fromisoformat("2031-03-03T08:00") + timedelta(days=7 * dice.randrange(9), hours=turn)
            rule = dice.choice(("FREQ=WEEKLY;COUNT=8", "FREQ=WEEKLY;BYDAY=MO,TH", "FREQ=DAILY;COUNT=20"))
            repeat(clinic, rule, starts_at_wall=start, resource_ids=(clinic.room,))
        elif dice.random() < 0.15:
            call_off(clinic, anchor, reach)
        elif dice.random() < 0.2:
            perform(clinic.actor("admin"), extend_series, ExtendSeries(limit=5))
        else:
            changes = dice.choice(
                (
                    {"time_of_day": time(dice.randrange(7, 20))},
                    {"rrule": "FREQ=WEEKLY;BYDAY=TU,FR;COUNT=6"},
                    {"rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"},
                    {"practitioner_user_id": clinic.users["second_practitioner"]},
                    {"resource_ids": (clinic.second_room,), "duration_minutes": 45},
                    {"starts_on": date(2031, 4, 7) + timedelta(days=dice.randrange(14))},
                )
            )
            ticked = tuple(row.id for row in standing if dice.random() < 0.3)
            change(clinic, anchor, reach, exceptions=ticked, **changes)
    except ClinicError:
        return
