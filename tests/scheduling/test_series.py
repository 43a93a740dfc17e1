"""Booking a series: the dates of its rule on the wall, what is in their way, a choice for each, all or nothing."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from clinic_core.access import owner_work, perform
from clinic_core.access.organization import OrganizationSettings
from clinic_core.errors import BookingConflict, ClinicError, Conflict, InvalidInput, NotFound, PermissionDenied
from clinic_core.kit.calendar import from_wall, to_wall
from clinic_core.kit.clock import frozen_at
from clinic_core.kit.ids import new_id
from clinic_core.models import Absence, LocationHours, ProductService
from clinic_core.scheduling.queries import find_date_alternatives, get_series, preview_series
from clinic_core.scheduling.schemas import BookSeries, FindDateAlternatives, GetSeries, PreviewSeries
from clinic_core.scheduling.series import FOREVER
from clinic_core.scheduling.service import book_series
from clinic_core.vocabulary import ConflictKind, DateChoice, DateStatus
from tests.factories import MONDAY, Clinic, make_clinic, make_patient, slot
from tests.scheduling.arrange import audited, book, drift
from tests.scheduling.series_arrange import (
    BERLIN,
    MONDAY_AT_TEN,
    all_series,
    chosen,
    live,
    mondays,
    preview,
    repeat,
    rows,
    walls,
    wish,
)

wall = datetime.fromisoformat
AHEAD = OrganizationSettings(series_horizon_days=400)
WEEK = timedelta(weeks=1)


@pytest.fixture(autouse=True)
def _on_the_first_of_march() -> Iterator[None]:
    with frozen_at(datetime.fromisoformat("2031-03-01T08:00Z")):
        yield


def test_every_date_of_the_rule_becomes_an_appointment_with_room_and_rule(clinic: Clinic) -> None:
    outcome = repeat(clinic, resource_ids=(clinic.room,), note="Bring scans")
    found = live(clinic)
    assert [row.id for row in found] == list(outcome.booked)
    assert walls(clinic) == mondays(5)
    assert {row.note for row in found} == {"Bring scans"}
    assert {row.recurrence_json["rrule"] for row in found} == {"FREQ=WEEKLY;COUNT=5"}
    assert all(row.starts_at == row.original_starts_at for row in found)
    (series,) = all_series(clinic)
    assert series.materialised_until == FOREVER
    assert drift(clinic) == 0
    assert ("appointment_series", "insert") in {row[:2] for row in audited(clinic, "series.book")}


def test_the_time_on_the_wall_is_kept_when_the_clocks_change(clinic: Clinic) -> None:
    repeat(clinic, "FREQ=WEEKLY;COUNT=6")
    assert {row.starts_at.hour for row in live(clinic)} == {8, 9}
    assert walls(clinic) == mondays(6)


def test_a_time_that_the_clocks_skip_is_flagged_and_moves_forward(clinic: Clinic) -> None:
    seen = preview(clinic, "FREQ=DAILY;COUNT=3", starts_at_wall=wall("2031-03-29T02:30"))
    assert [date.shifted for date in seen.dates] == [False, True, False]
    assert [to_wall(date.starts_at, BERLIN).hour for date in seen.dates] == [2, 3, 2]
    autumn = preview(clinic, "FREQ=DAILY;COUNT=3", starts_at_wall=wall("2031-10-25T02:30"))
    assert [date.repeated for date in autumn.dates] == [False, True, False]


def test_a_preview_says_of_each_date_whether_it_is_free_taken_or_nobody_is_there(clinic: Clinic) -> None:
    book(clinic, 7 * 24, resource_ids=(clinic.room,))
    with owner_work("test.arrange", clinic.organization_id) as session:
        starts_at, _ = slot(14 * 24 - 2)
        session.add(
            Absence(
                organization_id=clinic.organization_id,
                user_id=clinic.users["practitioner"],
                starts_at=starts_at,
                ends_at=starts_at + timedelta(hours=6),
            )
        )
    seen = preview(clinic, resource_ids=(clinic.room,))
    assert [date.status for date in seen.dates] == [
        DateStatus.FREE,
        DateStatus.CONFLICT,
        DateStatus.NOT_AVAILABLE,
        DateStatus.FREE,
        DateStatus.FREE,
    ]
    assert {one.kind for one in seen.dates[1].obstacles} == {ConflictKind.PRACTITIONER, ConflictKind.ROOM}
    assert (seen.dates[1].can_override, seen.total, seen.has_more) == (False, 5, False)
    assert seen.words == "weekly, 5 times"


def test_dates_that_run_into_each_other_are_in_their_own_way(clinic: Clinic) -> None:
    seen = preview(clinic, "FREQ=DAILY;COUNT=3", duration_minutes=1440)
    assert [date.status for date in seen.dates] == [DateStatus.FREE] * 3
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.get_one(ProductService, clinic.service).buffer_minutes = 15
    tight = preview(clinic, "FREQ=DAILY;COUNT=3", duration_minutes=1440, product_service_id=clinic.service)
    assert [date.status for date in tight.dates] == [DateStatus.FREE, DateStatus.CONFLICT, DateStatus.CONFLICT]
    assert not tight.dates[1].can_override
    with pytest.raises(BookingConflict):
        repeat(clinic, "FREQ=DAILY;COUNT=3", duration_minutes=1440, product_service_id=clinic.service)
    assert rows(clinic) == []


def test_a_choice_for_each_date_take_skip_override_another_time(clinic: Clinic) -> None:
    book(clinic, 7 * 24)
    book(clinic, 14 * 24)
    patient = make_patient(clinic)
    book(clinic, 21 * 24, patient_id=patient, practitioner_user_id=clinic.users["second_practitioner"])
    dates = [from_wall(MONDAY_AT_TEN + n * WEEK, BERLIN).instant for n in range(5)]
    outcome = repeat(
        clinic,
        by="manager",
        patient_id=patient,
        choices=(
            chosen(dates[1], DateChoice.SKIP),
            chosen(dates[2], DateChoice.OTHER_TIME, starts_at=dates[2] + timedelta(hours=2)),
            chosen(dates[3], DateChoice.OVERRIDE, override_reason="Both in one go", seen=(ConflictKind.PATIENT,)),
        ),
    )
    assert len(outcome.booked) == 4
    assert walls(clinic) == ["03-03 10:00", "03-17 12:00", "03-24 10:00", "03-31 10:00"]
    moved = live(clinic)[1]
    assert moved.original_starts_at == dates[2]
    assert [row.override_reason for row in live(clinic)] == [None, None, "Both in one go", None]
    (series,) = all_series(clinic)
    assert series.exdates_json == ["2031-03-10T10:00:00"]
    seen = perform(clinic.actor("manager"), get_series, GetSeries(series_id=outcome.id))
    assert [(row.position, row.is_exception) for row in seen.occurrences] == [
        (1, False),
        (3, True),
        (4, True),
        (5, False),
    ]
    assert (seen.total, seen.occurrence_count) == (5, 4)
    assert drift(clinic) == 0


def test_dates_taken_since_the_preview_are_named_and_nothing_is_saved(clinic: Clinic) -> None:
    values = wish(clinic)
    perform(clinic.actor("assistant"), preview_series, PreviewSeries.model_validate(values))
    book(clinic, 7 * 24)
    book(clinic, 21 * 24)
    with pytest.raises(BookingConflict, match=r"2 dates are not free.*10 Mar 2031.*24 Mar 2031") as refused:
        perform(clinic.actor("assistant"), book_series, BookSeries.model_validate(values))
    assert len(refused.value.obstacles) == 2
    assert rows(clinic) == []
    assert all_series(clinic) == []


def test_a_reason_lifts_only_what_was_seen_when_it_was_given(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    book(clinic, 7 * 24, patient_id=patient, practitioner_user_id=clinic.users["second_practitioner"])
    date = from_wall(MONDAY_AT_TEN + WEEK, BERLIN).instant
    choice = chosen(date, DateChoice.OVERRIDE, override_reason="Fine", seen=(ConflictKind.OUTSIDE_HOURS,))
    with pytest.raises(BookingConflict, match="another appointment"):
        repeat(clinic, by="manager", patient_id=patient, choices=(choice,))
    seen = choice.model_copy(update={"seen": (ConflictKind.PATIENT,)})
    assert len(repeat(clinic, by="manager", patient_id=patient, choices=(seen,)).booked) == 5


def test_no_reason_lifts_a_room(clinic: Clinic) -> None:
    book(clinic, 7 * 24, resource_ids=(clinic.room,), practitioner_user_id=clinic.users["second_practitioner"])
    date = from_wall(MONDAY_AT_TEN + WEEK, BERLIN).instant
    choice = chosen(date, DateChoice.OVERRIDE, override_reason="Please", double_book_reason="Please")
    with pytest.raises(BookingConflict, match="Room 1"):
        repeat(clinic, by="manager", resource_ids=(clinic.room,), choices=(choice,))


def test_a_start_outside_its_own_rule_is_refused_and_the_next_date_named(clinic: Clinic) -> None:
    with pytest.raises(InvalidInput, match="Thu 6 Mar 2031") as refused:
        preview(clinic, "FREQ=WEEKLY;BYDAY=TH")
    assert set(refused.value.fields) == {"starts_at_wall"}


@pytest.mark.parametrize(
    "rrule",
    [
        "",
        "Text",
        "FREQ=HOURLY",
        "FREQ=DAILY;BYHOUR=9,10",
        "FREQ=WEEKLY;INTERVAL=0",
        "FREQ=WEEKLY;BYMONTHDAY=3",
        "FREQ=MONTHLY;BYMONTHDAY=30;BYMONTH=2",
        "FREQ=WEEKLY;UNTIL=20200101",
    ],
)
def test_a_rule_that_means_nothing_is_a_sentence(clinic: Clinic, rrule: str) -> None:
    with pytest.raises(ClinicError) as refused:
        preview(clinic, rrule)
    assert refused.value.message.endswith(".")


@pytest.mark.parametrize(
    "fields",
    [
        {"starts_at_wall": datetime.fromisoformat("2031-03-03T10:00Z")},
        {"starts_at_wall": datetime.min},  # noqa: DTZ901 (what can be typed)
        {"starts_at_wall": datetime.max},  # noqa: DTZ901
        {"exdates": tuple(MONDAY_AT_TEN + timedelta(days=n) for n in range(401))},
        {"exdates": tuple(MONDAY_AT_TEN + n * WEEK for n in range(5))},
    ],
)
def test_a_start_or_skipped_dates_that_mean_nothing_are_a_sentence(clinic: Clinic, fields: dict[str, Any]) -> None:
    with pytest.raises(ClinicError):
        preview(clinic, **fields)


def test_a_choice_for_a_date_that_is_none_is_refused(clinic: Clinic) -> None:
    with pytest.raises(Conflict, match="have changed"):
        repeat(clinic, choices=(chosen(MONDAY + timedelta(hours=1), DateChoice.SKIP),))
    every = tuple(chosen(from_wall(MONDAY_AT_TEN + n * WEEK, BERLIN).instant, DateChoice.SKIP) for n in range(5))
    with pytest.raises(InvalidInput, match="nothing would be booked"):
        repeat(clinic, choices=every)
    with pytest.raises(InvalidInput, match="two choices"):
        repeat(clinic, choices=(every[0], every[0]))


def test_at_most_sixty_are_booked_at_once_and_only_up_to_the_horizon() -> None:
    clinic = make_clinic(AHEAD)
    assert len(repeat(clinic, "FREQ=DAILY").booked) == 60
    (series,) = all_series(clinic)
    assert series.materialised_until == from_wall(MONDAY_AT_TEN + timedelta(days=60), BERLIN).instant
    near = make_clinic()
    assert len(repeat(near, "FREQ=WEEKLY;COUNT=52").booked) == 26


def test_the_end_date_of_a_rule_holds_whatever_the_time_of_day(clinic: Clinic) -> None:
    repeat(clinic, "FREQ=WEEKLY;UNTIL=20310317T090000Z")
    assert walls(clinic) == mondays(2)
    (series,) = all_series(clinic)
    assert series.rrule == "FREQ=WEEKLY;UNTIL=20310316T235959"


def test_a_double_click_books_one_series(clinic: Clinic) -> None:
    values, request_id = wish(clinic), new_id()
    request = BookSeries.model_validate({**values, "request_id": request_id})
    first = perform(clinic.actor("assistant"), book_series, request)
    assert perform(clinic.actor("assistant"), book_series, request) == first
    assert len(all_series(clinic)) == 1


def test_nobody_makes_a_series_on_a_calendar_out_of_reach(clinic: Clinic) -> None:
    mine: dict[str, Any] = {"patient_id": book(clinic, 200).patient_id}
    assert len(repeat(clinic, by="practitioner", **mine).booked) == 5
    with pytest.raises(PermissionDenied):
        repeat(clinic, by="practitioner", practitioner_user_id=clinic.users["second_practitioner"], **mine)
    own = make_patient(clinic, user_id=clinic.users["patient"])
    with pytest.raises(PermissionDenied, match="front desk"):
        repeat(clinic, by="patient", patient_id=own)
    assert [row[1] for row in audited(clinic, "series.book") if row[1] == "refused"] == ["refused", "refused"]


def test_rows_of_another_clinic_do_not_exist(clinic: Clinic) -> None:
    other = make_clinic()
    for fields in (
        {"patient_id": make_patient(other)},
        {"practitioner_user_id": other.users["practitioner"]},
        {"clinic_location_id": other.main},
        {"resource_ids": (other.room,)},
        {"product_service_id": other.service},
    ):
        with pytest.raises(NotFound):
            preview(clinic, by="owner", **fields)
    theirs = repeat(other)
    with pytest.raises(NotFound):
        perform(clinic.actor("owner"), get_series, GetSeries(series_id=theirs.id))


def test_the_nearest_free_times_stand_in_for_a_date(clinic: Clinic) -> None:
    here: dict[str, Any] = {"organization_id": clinic.organization_id, "clinic_location_id": clinic.main}
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.add_all(LocationHours(weekday=day, opens=time(8), closes=time(18), **here) for day in range(1, 8))
    book(clinic)
    found = perform(
        clinic.actor("assistant"),
        find_date_alternatives,
        FindDateAlternatives(
            clinic_location_id=clinic.main,
            practitioner_user_id=clinic.users["practitioner"],
            starts_at=MONDAY,
            duration_minutes=30,
        ),
    )
    assert [f"{to_wall(slot.starts_at, BERLIN):%d %H:%M}" for slot in found] == ["03 09:30", "03 10:30", "03 09:15"]
