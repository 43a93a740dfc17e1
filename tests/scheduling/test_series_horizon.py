"""The horizon job: adds what is missing up to the horizon, nothing twice, nothing forced; and the dates that failed."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from clinic_core.access import owner_work, perform
from clinic_core.access.organization import OrganizationSettings
from clinic_core.errors import BookingConflict, Conflict, NotFound
from clinic_core.kit.clock import frozen_at
from clinic_core.models import Absence, AppointmentSeries, AppUser, ClinicLocation, LocationResource, Patient
from clinic_core.scheduling.queries import count_series_gaps, list_series_gaps
from clinic_core.scheduling.schemas import ExtendSeries, ListSeriesGaps, ResolveGap, SeriesGapRow
from clinic_core.scheduling.service import extend_series, resolve_gap
from clinic_core.vocabulary import ConflictKind, UserStatus
from tests.db.test_reservation import at_once
from tests.factories import Clinic, make_clinic, make_patient
from tests.harness import Database
from tests.scheduling.arrange import book, drift
from tests.scheduling.series_arrange import (
    FUTURE,
    MONDAY_AT_TEN,
    THIS,
    all_series,
    call_off,
    live,
    mondays,
    repeat,
    rows,
    walls,
)

START = datetime.fromisoformat("2031-03-01T08:00Z")
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
SHORT = OrganizationSettings(series_horizon_days=30)


@pytest.fixture(autouse=True)
def _on_the_first_of_march() -> Iterator[None]:
    with frozen_at(START):
        yield


@pytest.fixture
def near() -> Clinic:
    """A clinic that books series 30 days ahead."""
    return make_clinic(SHORT)


def extend(clinic: Clinic, limit: int = 60) -> tuple[int, int]:
    """How many appointments and gaps the job makes until nothing is left."""
    booked = gaps = 0
    while (step := perform(clinic.actor("admin"), extend_series, ExtendSeries(limit=limit))).series_id is not None:
        booked, gaps = booked + len(step.booked), gaps + step.gaps
    return booked, gaps


def gaps_of(clinic: Clinic, by: str = "assistant", **fields: Any) -> list[SeriesGapRow]:
    return perform(clinic.actor(by), list_series_gaps, ListSeriesGaps(**fields))


def away(clinic: Clinic, day: date) -> None:
    """The practitioner is away on that day."""
    starts_at = datetime.combine(day, datetime.min.time(), UTC)
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.add(
            Absence(
                organization_id=clinic.organization_id,
                user_id=clinic.users["practitioner"],
                starts_at=starts_at,
                ends_at=starts_at + DAY,
            )
        )


def test_a_series_is_booked_up_to_the_horizon_and_the_job_adds_the_rest(near: Clinic) -> None:
    assert len(repeat(near, "FREQ=WEEKLY;COUNT=10", resource_ids=(near.room,)).booked) == 5
    assert extend(near) == (0, 0)
    with frozen_at(START + 3 * WEEK):
        assert extend(near) == (2, 0)
    with frozen_at(START + 20 * WEEK):
        assert extend(near) == (0, 0)
    with frozen_at(START + 6 * WEEK):
        assert extend(near) == (0, 0)
    assert walls(near) == mondays(7)
    assert drift(near) == 0


def test_the_job_ends_although_the_clock_runs_on(near: Clinic) -> None:
    repeat(near, "FREQ=WEEKLY")
    later = START + 3 * WEEK
    with frozen_at(later):
        assert perform(near.actor("admin"), extend_series, ExtendSeries()).series_id is not None
    with frozen_at(later + timedelta(seconds=1)):
        assert perform(near.actor("admin"), extend_series, ExtendSeries()).series_id is None


def test_the_job_goes_on_to_the_end_of_the_rule_and_leaves_it_at_that(near: Clinic) -> None:
    repeat(near, "FREQ=WEEKLY;COUNT=10")
    for week in range(8):
        with frozen_at(START + week * WEEK):
            extend(near)
    assert walls(near) == mondays(10)
    assert perform(near.actor("admin"), extend_series, ExtendSeries()).series_id is None


def test_running_twice_or_in_small_steps_adds_nothing_twice(near: Clinic) -> None:
    repeat(near, "FREQ=DAILY")
    with frozen_at(START + 2 * WEEK):
        assert extend(near, limit=3) == (11, 0)
        with owner_work("test.arrange", near.organization_id) as session:
            session.get_one(AppointmentSeries, all_series(near)[0].id).materialised_until = None
        assert extend(near) == (0, 0)
    assert len(rows(near)) == 42


@pytest.mark.race
def test_jobs_at_once_add_nothing_twice(own_database: Database) -> None:
    clinic = make_clinic(SHORT)
    with frozen_at(START):
        for hour in range(4):
            repeat(clinic, "FREQ=WEEKLY", starts_at_wall=MONDAY_AT_TEN + timedelta(hours=hour))
    actor = clinic.actor("admin")
    with frozen_at(START + 4 * WEEK):
        results = at_once([partial(perform, actor, extend_series, ExtendSeries()) for _ in range(16)])
        assert not any(isinstance(one, Exception) for one in results)
        assert extend(clinic) == (0, 0)
    found = [(row.series_id, row.original_starts_at) for row in rows(clinic)]
    assert len(found) == len(set(found)) == 32
    assert drift(clinic) == 0


def test_dates_of_the_past_are_left_alone(near: Clinic) -> None:
    repeat(near, "FREQ=WEEKLY")
    with frozen_at(START + 10 * WEEK):
        booked, gaps = extend(near)
    assert (booked, gaps) == (4, 0)
    assert walls(near) == [*mondays(5), *mondays(14)[10:]]


def test_a_date_that_is_not_free_becomes_a_gap_and_is_not_forced(near: Clinic) -> None:
    repeat(near, "FREQ=WEEKLY", resource_ids=(near.room,))
    book(near, 35 * 24 - 1, resource_ids=(near.room,), practitioner_user_id=near.users["second_practitioner"])
    away(near, date(2031, 4, 14))
    with frozen_at(START + 2 * WEEK):
        assert extend(near) == (0, 1)
    with frozen_at(START + 3 * WEEK):
        assert extend(near) == (0, 1)
        assert extend(near) == (0, 0)
        found = gaps_of(near)
    assert [(one.original_starts_at.date(), one.kinds) for one in found] == [
        (date(2031, 4, 7), (ConflictKind.ROOM,)),
        (date(2031, 4, 14), (ConflictKind.ABSENCE,)),
    ]
    assert (found[0].patient_name, found[0].practitioner) == ("Ada Demo", "Practitioner")


def test_a_room_that_is_out_of_service_makes_gaps(near: Clinic) -> None:
    repeat(near, "FREQ=WEEKLY", resource_ids=(near.room,))
    with owner_work("test.arrange", near.organization_id) as session:
        session.get_one(LocationResource, near.room).active = False
    with frozen_at(START + 2 * WEEK):
        assert extend(near) == (0, 1)
        assert {one.kinds for one in gaps_of(near)} == {(ConflictKind.OUT_OF_SERVICE,)}


def make_gap(clinic: Clinic) -> SeriesGapRow:
    repeat(clinic, "FREQ=WEEKLY", resource_ids=(clinic.room,))
    away(clinic, date(2031, 4, 7))
    with frozen_at(START + 2 * WEEK):
        extend(clinic)
        (gap,) = gaps_of(clinic)
    return gap


def resolve(clinic: Clinic, gap_id: UUID, by: str = "assistant", **fields: Any) -> SeriesGapRow:
    return perform(clinic.actor(by), resolve_gap, ResolveGap(gap_id=gap_id, **fields))


def test_a_gap_is_booked_at_another_time_and_stays_the_date_of_its_series(near: Clinic) -> None:
    gap = make_gap(near)
    with pytest.raises(BookingConflict, match="is away"):
        resolve(near, gap.id, starts_at=gap.original_starts_at + timedelta(hours=1))
    done = resolve(near, gap.id, starts_at=gap.original_starts_at + DAY)
    made = next(row for row in rows(near) if row.id == done.appointment_id)
    assert (made.series_id, made.original_starts_at) == (gap.series_id, gap.original_starts_at)
    assert gaps_of(near) == []
    with pytest.raises(Conflict, match="dealt with"):
        resolve(near, gap.id)
    assert drift(near) == 0


def test_a_gap_is_handed_to_a_colleague_or_booked_against_the_rules_or_let_be(near: Clinic) -> None:
    gap = make_gap(near)
    other = near.users["second_practitioner"]
    done = resolve(near, gap.id, starts_at=gap.original_starts_at, practitioner_user_id=other, resource_ids=())
    assert next(row for row in rows(near) if row.id == done.appointment_id).practitioner_user_id == other
    second = make_clinic(SHORT)
    gap = make_gap(second)
    done = resolve(second, gap.id, "manager", starts_at=gap.original_starts_at, override_reason="Comes in for it")
    assert next(row for row in rows(second) if row.id == done.appointment_id).override_reason == "Comes in for it"
    third = make_clinic(SHORT)
    gap = make_gap(third)
    assert resolve(third, gap.id).appointment_id is None
    with frozen_at(START + 3 * WEEK):
        extend(third)
    assert gap.original_starts_at not in {row.original_starts_at for row in rows(third)}


def test_gaps_are_those_of_calendars_in_reach(near: Clinic) -> None:
    gap = make_gap(near)
    assert [one.id for one in gaps_of(near, "practitioner")] == [gap.id]
    assert gaps_of(near, "second_practitioner") == []
    assert gaps_of(near, clinic_location_id=near.branch) == []
    assert gaps_of(near, practitioner_ids=(near.users["practitioner"],)) == [gap]
    assert perform(near.actor("second_practitioner"), count_series_gaps, ListSeriesGaps()) == 0
    assert perform(near.actor("assistant"), count_series_gaps, ListSeriesGaps()) == 1
    with pytest.raises(NotFound):
        resolve(near, gap.id, "second_practitioner")
    with pytest.raises(NotFound):
        resolve(make_clinic(), gap.id, "owner")


def test_calling_a_series_off_closes_its_gaps(near: Clinic) -> None:
    make_gap(near)
    with frozen_at(START + 2 * WEEK):
        call_off(near, live(near)[-1].id, FUTURE)
        assert gaps_of(near) == []
        assert extend(near) == (0, 0)
        assert live(near) == [row for row in live(near) if row.starts_at < START + 2 * WEEK]


def test_a_cancelled_or_deleted_date_is_not_booked_again(near: Clinic) -> None:
    booked = repeat(near, "FREQ=WEEKLY").booked
    call_off(near, booked[1], THIS)
    with owner_work("test.arrange", near.organization_id) as session:
        session.get_one(AppointmentSeries, all_series(near)[0].id).materialised_until = None
    assert extend(near) == (0, 0)
    assert len(live(near)) == 4


@pytest.mark.parametrize("what", ["died", "archived", "deleted", "inactive", "closed"])
def test_a_series_without_patient_practitioner_or_place_waits(near: Clinic, what: str) -> None:
    patient_id = make_patient(near)
    repeat(near, "FREQ=WEEKLY", patient_id=patient_id)
    with owner_work("test.arrange", near.organization_id) as session:
        patient = session.get_one(Patient, patient_id)
        match what:
            case "died":
                patient.deceased_on = date(2031, 3, 1)
            case "archived":
                patient.archived_at = START
            case "deleted":
                patient.deleted_at = START
            case "inactive":
                session.get_one(AppUser, near.users["practitioner"]).status = UserStatus.INACTIVE
            case _:
                session.get_one(ClinicLocation, near.main).active = False
    with frozen_at(START + 2 * WEEK):
        assert extend(near) == (0, 0)
