"""Changing a series: this, this and following, all future; nothing lost, nothing doubled, every clash is named."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import text

from clinic_core.access import owner_work, perform
from clinic_core.errors import BookingConflict, Conflict, InvalidInput, NotFound, PermissionDenied, StaleEdit
from clinic_core.kit.clock import frozen_at
from clinic_core.kit.ids import new_id
from clinic_core.models import ClinicLocation
from clinic_core.scheduling.queries import get_series
from clinic_core.scheduling.schemas import GetSeries
from clinic_core.vocabulary import ConflictKind, DateChoice
from tests.factories import Clinic, make_patient
from tests.scheduling.arrange import audited, book
from tests.scheduling.series_arrange import (
    FUTURE,
    THIS,
    all_series,
    call_off,
    change,
    chosen,
    extended,
    live,
    mondays,
    move,
    preview_change,
    repeat,
    rows,
    sound,
    walls,
)

wall = datetime.fromisoformat
START = datetime.fromisoformat("2031-03-01T08:00Z")
WEEK = timedelta(weeks=1)


@pytest.fixture(autouse=True)
def _on_the_first_of_march() -> Iterator[None]:
    with frozen_at(START):
        yield


def test_one_appointment_moves_and_stays_the_date_of_its_series(clinic: Clinic) -> None:
    booked = repeat(clinic).booked
    before = {row.id: row.original_starts_at for row in rows(clinic)}
    outcome = change(clinic, booked[1], THIS, time_of_day=time(15), starts_on=date(2031, 3, 11))
    assert walls(clinic) == ["03-03 10:00", "03-11 15:00", *mondays(5)[2:]]
    assert {row.id: row.original_starts_at for row in rows(clinic)} == before
    assert [one.appointment_id for one in outcome.moved] == [booked[1]]
    assert len(all_series(clinic)) == 1
    sound(clinic)


def test_this_and_following_get_another_time_in_a_series_of_their_own(clinic: Clinic) -> None:
    booked = repeat(clinic, resource_ids=(clinic.room,)).booked
    outcome = change(clinic, booked[2], time_of_day=time(11), duration_minutes=45)
    assert walls(clinic) == [*mondays(2), *mondays(5, time(11))[2:]]
    assert [row.id for row in live(clinic)] == list(booked)
    old, new = all_series(clinic)
    assert (old.rrule, new.rrule) == ("FREQ=WEEKLY;UNTIL=20310317T095959", "FREQ=WEEKLY;COUNT=3")
    assert (new.id, new.split_from_id) == (outcome.id, old.id)
    assert [row.series_id for row in live(clinic)] == [old.id] * 2 + [new.id] * 3
    assert all(row.starts_at == row.original_starts_at for row in live(clinic))
    assert {row.recurrence_json["rrule"] for row in live(clinic)[2:]} == {"FREQ=WEEKLY;COUNT=3"}
    assert extended(clinic) == 0
    sound(clinic)
    assert ("appointment", "update") in {row[:2] for row in audited(clinic, "series.edit")}


def test_a_series_may_move_into_its_own_times(clinic: Clinic) -> None:
    """Each appointment takes the time of the next: one statement, or they would be in each other's way."""
    booked = repeat(clinic, "FREQ=DAILY;COUNT=10", resource_ids=(clinic.room, clinic.laser)).booked
    change(clinic, booked[0], FUTURE, starts_on=date(2031, 3, 4))
    assert [row.id for row in live(clinic)] == list(booked)
    assert walls(clinic)[0] == "03-04 10:00"
    change(clinic, booked[0], FUTURE, starts_on=date(2031, 3, 2))
    assert walls(clinic)[0] == "03-02 10:00"
    assert len(live(clinic)) == 10
    sound(clinic)


def test_another_weekday_maps_the_kth_date_to_the_kth(clinic: Clinic) -> None:
    booked = repeat(clinic).booked
    change(clinic, booked[1], rrule="FREQ=WEEKLY;BYDAY=TH;COUNT=4")
    assert walls(clinic) == ["03-03 10:00", "03-13 10:00", "03-20 10:00", "03-27 10:00", "04-03 10:00"]
    assert [row.id for row in live(clinic)] == list(booked)
    sound(clinic)


def test_surplus_is_cancelled_and_what_is_missing_is_booked(clinic: Clinic) -> None:
    booked = repeat(clinic, "FREQ=WEEKLY;COUNT=6").booked
    fewer = change(clinic, booked[2], rrule="FREQ=WEEKLY;COUNT=2")
    assert fewer.cancelled == booked[4:]
    assert [row.cancel_reason for row in rows(clinic) if row.status == "cancelled"] == ["The series was changed."] * 2
    more = change(clinic, booked[2], rrule="FREQ=WEEKLY;BYDAY=MO,WE;COUNT=5")
    assert len(more.booked) == 3
    assert walls(clinic) == [*mondays(3), "03-19 10:00", "03-24 10:00", "03-26 10:00", "03-31 10:00"]
    sound(clinic)


def test_a_count_keeps_its_total_over_two_splits_and_positions_go_on(clinic: Clinic) -> None:
    booked = repeat(clinic, "FREQ=WEEKLY;COUNT=10").booked
    change(clinic, booked[4], time_of_day=time(11))
    change(clinic, booked[7], time_of_day=time(12))
    change(clinic, booked[2], time_of_day=time(9))
    assert len(live(clinic)) == 10
    seen = perform(clinic.actor("assistant"), get_series, GetSeries(appointment_id=booked[8]))
    assert (seen.position, seen.total) == (9, 10)
    assert [row.position for row in seen.occurrences] == [8, 9, 10]
    middle = perform(clinic.actor("assistant"), get_series, GetSeries(appointment_id=booked[3]))
    assert [row.position for row in middle.occurrences] == [3, 4]
    assert [row[-5:] for row in walls(clinic)] == ["10:00"] * 2 + ["09:00"] * 2 + ["11:00"] * 3 + ["12:00"] * 3
    assert len(all_series(clinic)) == 4
    sound(clinic)


def test_a_rule_without_end_goes_on_after_a_change(clinic: Clinic) -> None:
    booked = repeat(clinic, "FREQ=WEEKLY").booked
    outcome = change(clinic, booked[3], rrule="FREQ=WEEKLY;INTERVAL=2;BYDAY=MO")
    assert len(live(clinic)) == len(booked)
    assert walls(clinic)[3:6] == ["03-24 10:00", "04-07 10:00", "04-21 10:00"]
    assert not outcome.booked
    back = change(clinic, booked[3], rrule="FREQ=WEEKLY;BYDAY=MO,WE")
    assert len(back.booked) > 10
    assert not back.cancelled
    last = live(clinic)[-1].starts_at
    assert last < START + timedelta(days=185)
    with frozen_at(START + 4 * WEEK):
        assert extended(clinic) == 8
    sound(clinic)


def test_times_are_wall_times_on_both_sides_of_a_clock_change(clinic: Clinic) -> None:
    booked = repeat(clinic, "FREQ=WEEKLY;COUNT=6").booked
    change(clinic, booked[1], time_of_day=time(14))
    assert walls(clinic) == [*mondays(1), *mondays(6, time(14))[1:]]
    nights = repeat(clinic, "FREQ=DAILY;COUNT=4", starts_at_wall=wall("2031-03-28T23:00"), duration_minutes=15).booked
    seen = preview_change(clinic, nights[0], FUTURE, time_of_day=time(2, 30))
    assert [row.shifted for row in seen.rows] == [False, False, True, False]
    change(clinic, nights[0], FUTURE, time_of_day=time(2, 30))
    change(clinic, nights[0], FUTURE, time_of_day=time(23))
    assert [row[-5:] for row in walls(clinic)].count("23:00") == 4
    sound(clinic)


def test_an_end_date_is_kept_when_the_time_of_day_changes(clinic: Clinic) -> None:
    booked = repeat(clinic, "FREQ=WEEKLY;UNTIL=20310331T100000").booked
    change(clinic, booked[0], FUTURE, time_of_day=time(17))
    assert walls(clinic) == mondays(5, time(17))
    change(clinic, booked[3], time_of_day=time(18))
    change(clinic, booked[1], time_of_day=time(19))
    assert [row[-5:] for row in walls(clinic)] == ["17:00", "19:00", "19:00", "18:00", "18:00"]
    sound(clinic)


def test_a_location_that_changed_its_zone_leaves_the_series_in_the_old_one(clinic: Clinic) -> None:
    booked = repeat(clinic).booked
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.get_one(ClinicLocation, clinic.main).timezone = "America/New_York"
    change(clinic, booked[1], time_of_day=time(12))
    assert walls(clinic) == [*mondays(1), *mondays(5, time(12))[1:]]
    assert {row.timezone for row in all_series(clinic)} == {"Europe/Berlin"}


def test_another_location_practitioner_room_service_and_note(clinic: Clinic) -> None:
    booked = repeat(clinic, resource_ids=(clinic.room,), note="Old").booked
    change(
        clinic,
        booked[3],
        practitioner_user_id=clinic.users["second_practitioner"],
        resource_ids=(clinic.second_room, clinic.laser),
        product_service_id=clinic.service,
        note="New",
    )
    assert [row.note for row in live(clinic)] == ["Old"] * 3 + ["New"] * 2
    assert {row.practitioner_user_id for row in live(clinic)[3:]} == {clinic.users["second_practitioner"]}
    book(clinic, 21 * 24 - 1, resource_ids=(clinic.room,))
    with pytest.raises(InvalidInput, match="rooms at the new location"):
        change(clinic, booked[3], by="manager", clinic_location_id=clinic.branch)
    change(clinic, booked[3], by="manager", clinic_location_id=clinic.branch, resource_ids=())
    assert [row.starts_at.hour for row in live(clinic)[3:]] == [14, 14]
    sound(clinic)


def test_dates_that_are_not_free_are_named_and_a_choice_settles_each(clinic: Clinic) -> None:
    booked = repeat(clinic).booked
    book(clinic, 7 * 24 + 1)
    book(clinic, 14 * 24 + 1)
    patient = perform(clinic.actor("assistant"), get_series, GetSeries(appointment_id=booked[0])).patient_id
    other = clinic.users["second_practitioner"]
    book(clinic, 21 * 24 + 1, patient_id=patient, practitioner_user_id=other)
    before = rows(clinic)
    with pytest.raises(BookingConflict, match="3 dates are not free"):
        change(clinic, booked[0], FUTURE, time_of_day=time(11))
    assert rows(clinic) == before
    seen = preview_change(clinic, booked[0], FUTURE, time_of_day=time(11))
    assert [bool(row.obstacles) for row in seen.rows] == [False, True, True, True, False]
    at = [row.original_starts_at for row in seen.rows]
    assert all(at)
    change(
        clinic,
        booked[0],
        FUTURE,
        by="manager",
        time_of_day=time(11),
        version=seen.version,
        choices=(
            chosen(at[1] or START, DateChoice.SKIP),
            chosen(at[2] or START, DateChoice.OTHER_TIME, starts_at=datetime(2031, 3, 17, 14, tzinfo=UTC)),
            chosen(at[3] or START, DateChoice.OVERRIDE, override_reason="Agreed", seen=(ConflictKind.PATIENT,)),
        ),
    )
    assert walls(clinic) == ["03-03 11:00", "03-10 10:00", "03-17 15:00", "03-24 11:00", "03-31 11:00"]
    assert [row.id for row in live(clinic)] == list(booked)
    assert len({row.series_id for row in live(clinic)}) == 1
    sound(clinic)


def test_only_the_note_changes_although_a_time_is_no_longer_open(clinic: Clinic) -> None:
    booked = repeat(clinic).booked
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.execute(
            text(
                "insert into absence (id, organization_id, user_id, starts_at, ends_at)"
                " values (gen_random_uuid(), :org, :who, '2031-03-10', '2031-03-11')"
            ),
            {"org": clinic.organization_id, "who": clinic.users["practitioner"]},
        )
    assert set(change(clinic, booked[0], FUTURE, note="Bring shoes").changed) == set(booked)
    assert walls(clinic) == mondays(5)


def test_a_start_outside_the_new_rule_is_refused_and_the_next_named(clinic: Clinic) -> None:
    booked = repeat(clinic).booked
    with pytest.raises(InvalidInput, match="Thu 20 Mar 2031"):
        change(clinic, booked[1], rrule="FREQ=WEEKLY;BYDAY=TH", starts_on=date(2031, 3, 14))
    with pytest.raises(InvalidInput, match="has passed"):
        change(clinic, booked[1], starts_on=date(2031, 2, 24))
    with pytest.raises(InvalidInput, match="several appointments"):
        change(clinic, booked[1], THIS, rrule="FREQ=DAILY")


def test_a_stale_preview_changes_nothing_and_a_double_click_changes_once(clinic: Clinic) -> None:
    booked = repeat(clinic).booked
    version = preview_change(clinic, booked[1], time_of_day=time(11)).version
    request_id = new_id()
    first = change(clinic, booked[1], time_of_day=time(11), version=version, request_id=request_id)
    assert change(clinic, booked[1], time_of_day=time(11), version=version, request_id=request_id) == first
    assert len(all_series(clinic)) == 2
    with pytest.raises(StaleEdit):
        change(clinic, booked[0], time_of_day=time(12), version=version)
    with pytest.raises(Conflict, match="have changed"):
        change(clinic, booked[0], time_of_day=time(12), choices=(chosen(START, DateChoice.SKIP),))


def test_a_practitioner_does_not_change_a_colleagues_series_nor_hand_over_to_one(clinic: Clinic) -> None:
    booked = repeat(clinic).booked
    with pytest.raises(NotFound):
        change(clinic, booked[1], by="second_practitioner", time_of_day=time(11))
    with pytest.raises(PermissionDenied):
        change(clinic, booked[1], by="practitioner", practitioner_user_id=clinic.users["second_practitioner"])
    with pytest.raises(PermissionDenied):
        preview_change(clinic, booked[1], by="practitioner", practitioner_user_id=clinic.users["second_practitioner"])
    move(clinic, rows(clinic)[2], timedelta(), practitioner_user_id=clinic.users["second_practitioner"])
    with pytest.raises(PermissionDenied):
        change(clinic, booked[2], by="second_practitioner", time_of_day=time(11))
    assert change(clinic, booked[2], THIS, by="second_practitioner", time_of_day=time(11)).changed == (booked[2],)
    outcome = change(clinic, booked[0], FUTURE, by="practitioner", time_of_day=time(9), exceptions=(booked[2],))
    assert booked[2] not in outcome.changed
    sound(clinic)


def test_patients_do_not_change_their_series(clinic: Clinic) -> None:
    booked = repeat(clinic, patient_id=make_patient(clinic, user_id=clinic.users["patient"])).booked
    with pytest.raises(PermissionDenied, match="front desk"):
        change(clinic, booked[1], by="patient", time_of_day=time(11))
    with pytest.raises(PermissionDenied, match="front desk"):
        call_off(clinic, booked[1], FUTURE, by="patient")


def test_an_appointment_without_a_series_is_not_changed_here(clinic: Clinic) -> None:
    row = book(clinic)
    with pytest.raises(InvalidInput, match="not part of a series"):
        change(clinic, row.id)
    with pytest.raises(InvalidInput, match="not part of a series"):
        call_off(clinic, row.id, FUTURE)
