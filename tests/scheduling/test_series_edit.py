"""Changing a series: this, this and following, all future; nothing lost, nothing doubled, nothing fixed is touched."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from clinic_core.access import owner_work, perform
from clinic_core.access.organization import OrganizationSettings
from clinic_core.billing.schemas import DraftInvoice, DraftLine
from clinic_core.billing.service import draft_invoice
from clinic_core.errors import BookingConflict, Conflict, InvalidInput, NotFound, PermissionDenied, StaleEdit
from clinic_core.kit.calendar import from_wall
from clinic_core.kit.clock import frozen_at
from clinic_core.kit.ids import new_id
from clinic_core.models import ClinicLocation
from clinic_core.scheduling.queries import get_series
from clinic_core.scheduling.schemas import ExtendSeries, GetSeries, MoveAppointment
from clinic_core.scheduling.service import extend_series, move_appointment
from clinic_core.vocabulary import AppointmentStatus, CancelledBy, ConflictKind, DateChoice, ItemType, SeriesStep
from tests.factories import Clinic, make_clinic, make_patient
from tests.scheduling.arrange import audited, book, drift
from tests.scheduling.series_arrange import (
    BERLIN,
    FOLLOWING,
    FUTURE,
    MONDAY_AT_TEN,
    THIS,
    all_series,
    call_off,
    change,
    chosen,
    live,
    mondays,
    preview_change,
    repeat,
    rows,
    set_status,
    walls,
)

wall = datetime.fromisoformat
START = datetime.fromisoformat("2031-03-01T08:00Z")
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)


@pytest.fixture(autouse=True)
def _on_the_first_of_march() -> Iterator[None]:
    with frozen_at(START):
        yield


def move(clinic: Clinic, row: Any, by: timedelta = HOUR, **fields: object) -> None:
    """One appointment of a series, moved by itself."""
    request = MoveAppointment.model_validate(
        {
            "appointment_id": row.id,
            "starts_at": row.starts_at + by,
            "ends_at": row.ends_at + by,
            "version": row.version,
            **fields,
        }
    )
    perform(clinic.actor("assistant"), move_appointment, request)


def extended(clinic: Clinic) -> int:
    """How many appointments the horizon job books now."""
    booked = 0
    while (step := perform(clinic.actor("admin"), extend_series, ExtendSeries())).series_id is not None:
        booked += len(step.booked)
    return booked


def sound(clinic: Clinic) -> None:
    """Reservations are what appointments ask for, and no date of a series stands for two appointments."""
    assert drift(clinic) == 0
    found = [(row.series_id, row.original_starts_at) for row in rows(clinic)]
    assert len(found) == len(set(found))


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


def test_an_exception_keeps_its_changes_unless_it_is_ticked(clinic: Clinic) -> None:
    booked = repeat(clinic).booked
    move(clinic, rows(clinic)[3], 3 * HOUR)
    kept = change(clinic, booked[1], time_of_day=time(9))
    assert walls(clinic) == ["03-03 10:00", "03-10 09:00", "03-17 09:00", "03-24 13:00", "03-31 09:00"]
    assert booked[3] not in kept.changed
    exception = next(row for row in rows(clinic) if row.id == booked[3])
    assert exception.series_id == kept.id
    assert exception.original_starts_at == from_wall(wall("2031-03-24T09:00"), BERLIN).instant
    seen = preview_change(clinic, booked[1], time_of_day=time(8))
    assert [row.step for row in seen.rows if row.is_exception] == [SeriesStep.KEEP]
    change(clinic, booked[1], time_of_day=time(8), exceptions=(booked[3],))
    assert walls(clinic)[3] == "03-24 08:00"
    sound(clinic)


def test_an_appointment_with_a_colleague_or_in_another_room_is_an_exception(clinic: Clinic) -> None:
    booked = repeat(clinic, resource_ids=(clinic.room,)).booked
    found = rows(clinic)
    move(clinic, found[1], timedelta(), practitioner_user_id=clinic.users["second_practitioner"])
    move(clinic, found[2], timedelta(), resource_ids=(clinic.second_room,))
    change(clinic, booked[0], FUTURE, time_of_day=time(11))
    assert [row[-5:] for row in walls(clinic)] == ["11:00", "10:00", "10:00", "11:00", "11:00"]
    sound(clinic)


@pytest.mark.parametrize("status", ["arrived", "in_progress", "completed", "no_show", "cancelled"])
def test_what_was_attended_missed_or_cancelled_never_changes(clinic: Clinic, status: str) -> None:
    booked = repeat(clinic).booked
    set_status(clinic, booked[2], AppointmentStatus(status))
    before = next(row for row in rows(clinic) if row.id == booked[2])
    outcome = change(clinic, booked[1], time_of_day=time(11))
    after = next(row for row in rows(clinic) if row.id == booked[2])
    assert (after.starts_at, after.status, after.series_id, after.original_starts_at) == (
        before.starts_at,
        before.status,
        before.series_id,
        before.original_starts_at,
    )
    assert set(outcome.changed) == {booked[1], booked[3], booked[4]}
    assert extended(clinic) == 0
    assert len(rows(clinic)) == 5
    sound(clinic)


def test_what_is_past_never_changes(clinic: Clinic) -> None:
    booked = repeat(clinic).booked
    with frozen_at(START + 2 * WEEK + 4 * DAY):
        outcome = change(clinic, booked[0], time_of_day=time(11))
        assert walls(clinic) == [*mondays(3), *mondays(5, time(11))[3:]]
        assert set(outcome.changed) == set(booked[3:])
        with pytest.raises(Conflict, match="is over"):
            change(clinic, booked[0], THIS, time_of_day=time(12))
    with frozen_at(START + 9 * WEEK), pytest.raises(Conflict, match="lies ahead"):
        change(clinic, booked[4], FUTURE, time_of_day=time(12))


def test_what_is_invoiced_never_changes(clinic: Clinic) -> None:
    booked = repeat(clinic).booked
    patient_id = perform(clinic.actor("assistant"), get_series, GetSeries(appointment_id=booked[0])).patient_id
    line = DraftLine(
        item_type=ItemType.FEE,
        description="Deposit",
        unit_price=Decimal(10),
        tax_rate=Decimal(0),
        appointment_id=booked[2],
    )
    perform(clinic.actor("manager"), draft_invoice, DraftInvoice(patient_id=patient_id, lines=(line,)))
    seen = preview_change(clinic, booked[1], time_of_day=time(11))
    assert [(row.step, row.why) for row in seen.rows if row.appointment_id == booked[2]] == [
        (SeriesStep.STAY, "on an invoice")
    ]
    change(clinic, booked[1], time_of_day=time(11))
    assert [row[-5:] for row in walls(clinic)] == ["10:00", "11:00", "10:00", "11:00", "11:00"]
    call_off(clinic, booked[0], FUTURE)
    call_off(clinic, booked[1], FUTURE)
    assert [row.id for row in live(clinic)] == [booked[2]]
    assert extended(clinic) == 0
    sound(clinic)


def test_a_skipped_date_stays_skipped_and_a_cancelled_one_is_not_booked_again(clinic: Clinic) -> None:
    skip = chosen(from_wall(MONDAY_AT_TEN + 3 * WEEK, BERLIN).instant, DateChoice.SKIP)
    booked = repeat(clinic, "FREQ=WEEKLY", choices=(skip,)).booked
    call_off(clinic, booked[2], THIS)
    count = len(live(clinic))
    change(clinic, booked[0], FUTURE, time_of_day=time(11))
    assert len(live(clinic)) == count
    assert walls(clinic)[:4] == ["03-03 11:00", "03-10 11:00", "03-31 11:00", "04-07 11:00"]
    assert extended(clinic) == 0
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
        late = session.execute(text("select id from appointment where cancelled_late")).scalars().all()
        fees = session.execute(text("select appointment_id from appointment_fee")).scalars().all()
    assert late == fees == [booked[0]]
    with pytest.raises(Conflict, match="called off any more"):
        call_off(clinic, booked[1], FUTURE, cancelled_by=CancelledBy.CLINIC)
