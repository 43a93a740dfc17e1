"""Repeats on the clocks of real places."""

# Wall times are naive on purpose in this file.
# ruff: noqa: DTZ001
import time
from datetime import UTC, datetime, timedelta

import pytest

from clinic_core.errors import InvalidInput, InvalidRecurrence
from clinic_core.kit import calendar
from clinic_core.kit.recurrence import MOST_DATES, MOST_UNENDING, expand, occurrences

_NINE = datetime(2026, 1, 5, 9)


def _shown(instants: list[datetime], zone: str) -> list[str]:
    return [f"{calendar.to_wall(instant, calendar.zone(zone)):%Y-%m-%d %H:%M}" for instant in instants]


@pytest.mark.parametrize(
    ("zone", "start", "rrule", "hours"),
    [
        ("Europe/Berlin", datetime(2026, 3, 16, 9), "FREQ=WEEKLY;COUNT=4", [8, 8, 7, 7]),
        ("Europe/Berlin", datetime(2026, 10, 19, 9), "FREQ=WEEKLY;COUNT=3", [7, 8, 8]),
        ("America/New_York", datetime(2026, 3, 2, 9), "FREQ=WEEKLY;COUNT=3", [14, 13, 13]),
        ("Australia/Sydney", datetime(2026, 9, 28, 9), "FREQ=WEEKLY;COUNT=3", [23, 22, 22]),
        ("Australia/Lord_Howe", datetime(2026, 9, 28, 9, 30), "FREQ=WEEKLY;COUNT=2", [23, 22.5]),
        ("America/Santiago", datetime(2026, 8, 31, 9), "FREQ=WEEKLY;COUNT=3", [13, 12, 12]),
    ],
)
def test_the_time_on_the_wall_stays_when_the_clocks_change(
    zone: str, start: datetime, rrule: str, hours: list[float]
) -> None:
    instants = expand(rrule, start, zone)
    assert [instant.hour + instant.minute / 60 for instant in instants] == hours
    assert {calendar.to_wall(instant, calendar.zone(zone)).time() for instant in instants} == {start.time()}
    assert all(instant.tzinfo is UTC for instant in instants)


@pytest.mark.parametrize(
    ("zone", "start", "shown"),
    [
        ("Europe/Berlin", datetime(2026, 3, 28, 2, 30), ["2026-03-28 02:30", "2026-03-29 03:30", "2026-03-30 02:30"]),
        ("America/New_York", datetime(2026, 3, 7, 2), ["2026-03-07 02:00", "2026-03-08 03:00", "2026-03-09 02:00"]),
        ("Australia/Sydney", datetime(2026, 10, 3, 2), ["2026-10-03 02:00", "2026-10-04 03:00", "2026-10-05 02:00"]),
        ("Australia/Lord_Howe", datetime(2026, 10, 3, 2), ["2026-10-03 02:00", "2026-10-04 02:30", "2026-10-05 02:00"]),
        ("America/Santiago", datetime(2026, 9, 5), ["2026-09-05 00:00", "2026-09-06 01:00", "2026-09-07 00:00"]),
    ],
)
def test_a_time_that_the_clocks_skip_moves_forward_and_says_so(zone: str, start: datetime, shown: list[str]) -> None:
    dates = occurrences("FREQ=DAILY;COUNT=3", start, zone, limit=10)
    assert _shown([each.instant for each in dates], zone) == shown
    assert [each.shifted for each in dates] == [False, True, False]
    assert [each.wall for each in dates] == [start + timedelta(days=day) for day in range(3)]


@pytest.mark.parametrize(
    ("zone", "start", "offset"),
    [
        ("Europe/Berlin", datetime(2026, 10, 24, 2, 30), 2),
        ("America/New_York", datetime(2026, 10, 31, 1, 30), -4),
        ("Australia/Sydney", datetime(2026, 4, 4, 2, 30), 11),
        ("Australia/Lord_Howe", datetime(2026, 4, 4, 1, 45), 11),
        ("America/Santiago", datetime(2026, 4, 3, 23, 30), -3),
    ],
)
def test_of_a_time_that_comes_twice_the_first_is_meant(zone: str, start: datetime, offset: int) -> None:
    dates = occurrences("FREQ=DAILY;COUNT=3", start, zone, limit=10)
    assert [each.repeated for each in dates] == [False, True, False]
    assert dates[1].instant.replace(tzinfo=None) == start + timedelta(days=1, hours=-offset)


def test_a_moved_time_that_meets_another_date_is_given_and_counted_once() -> None:
    start = datetime(2026, 3, 29, 1, 30)
    hourly = expand("FREQ=HOURLY;COUNT=4", start, "Europe/Berlin")
    shown = ["2026-03-29 01:30", "2026-03-29 03:30", "2026-03-29 04:30", "2026-03-29 05:30"]
    assert _shown(hourly, "Europe/Berlin") == shown
    # 2:40 moves to 3:40, behind 3:15.
    later = expand("FREQ=MINUTELY;INTERVAL=35;COUNT=4", datetime(2026, 3, 29, 2, 5), "Europe/Berlin")
    assert _shown(later, "Europe/Berlin") == [f"2026-03-29 {clock}" for clock in ("03:05", "03:15", "03:40", "03:50")]


def test_a_day_that_a_place_skipped_is_left_out_and_not_counted() -> None:
    daily = expand("FREQ=DAILY;COUNT=3", datetime(2011, 12, 29, 10), "Pacific/Apia")
    assert _shown(daily, "Pacific/Apia") == ["2011-12-29 10:00", "2011-12-31 10:00", "2012-01-01 10:00"]
    fridays = expand("FREQ=WEEKLY;COUNT=3", datetime(2011, 12, 23, 10), "Pacific/Apia")
    assert _shown(fridays, "Pacific/Apia") == ["2011-12-23 10:00", "2012-01-06 10:00", "2012-01-13 10:00"]
    added = expand("FREQ=DAILY;COUNT=1", datetime(2011, 12, 29, 10), "Pacific/Apia", rdates=[datetime(2011, 12, 30, 8)])
    assert len(added) == 1
    excepted = [datetime(2011, 12, 30, 10)]
    assert expand("FREQ=DAILY;COUNT=3", datetime(2011, 12, 29, 10), "Pacific/Apia", exdates=excepted) == daily


def test_exceptions_are_taken_away_and_extra_dates_added_each_once() -> None:
    start = datetime(2026, 3, 22, 2, 30)
    instants = expand(
        "FREQ=WEEKLY;COUNT=4",
        start,
        "Europe/Berlin",
        # The second date was moved by the clocks: it goes by the time that people see, too.
        exdates=[datetime(2026, 3, 29, 3, 30), datetime(2026, 1, 1)],
        rdates=[datetime(2026, 4, 5, 2, 30), datetime(2026, 3, 1, 8), datetime(2026, 3, 29, 3, 30)],
    )
    shown = ["2026-03-01 08:00", "2026-03-22 02:30", "2026-04-05 02:30", "2026-04-12 02:30"]
    assert _shown(instants, "Europe/Berlin") == shown


def test_until_is_wall_time_of_the_zone_however_it_is_written() -> None:
    start = datetime(2026, 1, 5, 20)
    for until, number in [
        ("20260112T200000", 2), ("20260112T200000Z", 2), ("20260112T195959Z", 1), ("20260112", 2), ("20260111", 1),
    ]:  # fmt: skip
        for zone in ("America/New_York", "Australia/Sydney", "UTC"):
            assert len(expand(f"FREQ=WEEKLY;UNTIL={until}", start, zone)) == number
    assert expand("FREQ=WEEKLY;UNTIL=20260101", start, "UTC") == []


def test_a_start_that_does_not_fit_its_rule_is_not_part_of_the_result() -> None:
    instants = expand("FREQ=WEEKLY;BYDAY=TU;COUNT=2", _NINE, "UTC")
    assert _shown(instants, "UTC") == ["2026-01-06 09:00", "2026-01-13 09:00"]


def test_a_rule_without_end_is_cut_and_one_with_an_end_is_not() -> None:
    assert len(expand("FREQ=DAILY", _NINE, "UTC")) == MOST_UNENDING
    assert len(expand("FREQ=DAILY", _NINE, "UTC", limit=MOST_UNENDING + 1)) == MOST_UNENDING + 1
    assert len(expand("FREQ=DAILY;COUNT=2000", _NINE, "UTC")) == 2000
    assert len(expand("FREQ=DAILY;COUNT=2000", _NINE, "UTC", limit=3)) == 3
    assert expand("FREQ=DAILY", _NINE, "UTC", limit=0) == []
    assert expand("FREQ=DAILY", datetime(9998, 12, 30), "UTC")[-1] == datetime(9998, 12, 31, tzinfo=UTC)


_ODD = [
    ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", 0),
    ("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=31", 0),
    ("FREQ=MONTHLY;BYDAY=6MO", 0),
    ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6", 0),
    ("FREQ=WEEKLY;BYDAY=MO;BYSETPOS=5", 0),
    ("FREQ=DAILY;INTERVAL=7;BYDAY=TU", 0),
    ("FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29", 0),
    ("FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6", 0),
    ("FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", 0),
    ("FREQ=SECONDLY;INTERVAL=43200;BYSECOND=2,10,18,23", 0),
    ("FREQ=SECONDLY;INTERVAL=604800;BYDAY=TU", 0),
    ("FREQ=SECONDLY;INTERVAL=604801;BYMONTH=2;BYMONTHDAY=30", 0),
    ("FREQ=MINUTELY;INTERVAL=7;BYMONTH=2;BYMONTHDAY=30;BYHOUR=3", 0),
    ("FREQ=HOURLY;INTERVAL=24;BYHOUR=10", 0),
    ("FREQ=WEEKLY;INTERVAL=999999999999", 1),
    (f"FREQ=SECONDLY;INTERVAL={'9' * 3000}", 1),
    (f"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=SU;COUNT={'9' * 30}", 259),
    ("FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR=" + ",".join(map(str, range(24))) + ";BYMINUTE="
     + ",".join(map(str, range(60))) + ";BYSECOND=" + ",".join(map(str, range(60))) + ";BYSETPOS=-1;COUNT=3", 3),
]  # fmt: skip


@pytest.mark.parametrize(("rrule", "number"), _ODD)
def test_rules_that_hardly_ever_or_never_occur_end_soon(rrule: str, number: int) -> None:
    started = time.process_time()
    assert len(expand(rrule, _NINE, "Europe/Berlin")) == number
    assert time.process_time() - started < 2


@pytest.mark.parametrize("rrule", ["FREQ=SECONDLY;COUNT=1000000000", f"FREQ=DAILY;COUNT={'9' * 30}"])
def test_a_rule_of_more_dates_than_anybody_can_use_is_refused_soon(rrule: str) -> None:
    started = time.process_time()
    with pytest.raises(InvalidRecurrence, match="100,000"):
        expand(rrule, _NINE, "UTC")
    assert len(expand(rrule, _NINE, "UTC", limit=5)) == 5
    with pytest.raises(InvalidRecurrence, match="100,000"):
        occurrences(rrule, _NINE, "UTC", after=datetime(2500, 1, 1, tzinfo=UTC), limit=1)
    assert time.process_time() - started < 4


def test_a_series_that_began_long_ago_is_continued_at_once() -> None:
    start, after = datetime(2016, 1, 4, 9), datetime(2026, 1, 1, tzinfo=UTC)
    started = time.process_time()
    for rrule in ("FREQ=WEEKLY;BYDAY=MO,TH", "FREQ=SECONDLY;INTERVAL=43200", "FREQ=DAILY", "FREQ=MONTHLY;BYDAY=1MO"):
        dates = occurrences(rrule, start, "Europe/Berlin", after=after, before=after + timedelta(days=183), limit=1000)
        assert after <= dates[0].instant <= dates[-1].instant < after + timedelta(days=183)
    assert time.process_time() - started < 0.5


def test_bounds_are_instants_also_where_the_wall_jumps() -> None:
    # Before the gap on the wall, after the bound in time.
    moved = occurrences(
        "FREQ=DAILY;BYHOUR=2;BYMINUTE=30",
        datetime(2026, 3, 20, 9),
        "Europe/Berlin",
        after=datetime(2026, 3, 29, 1, 10, tzinfo=UTC),
        limit=1,
    )
    assert [(each.wall, each.shifted) for each in moved] == [(datetime(2026, 3, 29, 2, 30), True)]
    # 2:10 for the second time: the first 2:40 was before.
    first = occurrences(
        "FREQ=DAILY;BYHOUR=2;BYMINUTE=40",
        datetime(2026, 10, 25),
        "Europe/Berlin",
        before=datetime(2026, 10, 25, 1, 10, tzinfo=UTC),
        limit=9,
    )
    assert [(each.wall, each.repeated) for each in first] == [(datetime(2026, 10, 25, 2, 40), True)]
    bound = datetime(2026, 1, 6, 9, tzinfo=UTC)
    after = occurrences("FREQ=DAILY", _NINE, "UTC", after=bound, before=bound + timedelta(days=1), limit=9)
    assert [each.instant for each in after] == [bound]


def test_the_dates_of_a_thousand_weekly_series_over_a_year_take_less_than_a_second() -> None:
    started = time.process_time()
    dates = [expand("FREQ=WEEKLY;COUNT=52", _NINE + timedelta(minutes=5 * n), "Europe/Berlin") for n in range(1_000)]
    assert time.process_time() - started < 1
    assert sum(map(len, dates)) == 52_000


def test_what_is_no_wall_time_zone_or_limit_is_refused() -> None:
    aware = datetime(2026, 1, 5, 9, tzinfo=UTC)
    for refused in (
        lambda: expand("FREQ=DAILY", aware, "UTC"),
        lambda: expand("FREQ=DAILY", _NINE, "UTC", exdates=[aware]),
        lambda: expand("FREQ=DAILY", _NINE, "UTC", rdates=[aware]),
        lambda: expand("FREQ=DAILY", _NINE, "Europe/Nowhere"),
        lambda: expand("FREQ=DAILY", _NINE, "UTC", limit=-1),
        lambda: expand("FREQ=DAILY", _NINE, "UTC", limit=MOST_DATES + 1),
        lambda: expand("FREQ=DAILY", datetime(1, 1, 1), "UTC"),
        lambda: expand("FREQ=DAILY", datetime(9999, 1, 1), "UTC"),
        lambda: occurrences("FREQ=DAILY", _NINE, "UTC", after=_NINE, limit=1),
        lambda: occurrences("FREQ=DAILY", _NINE, "UTC", after=datetime.min.replace(tzinfo=UTC), limit=1),
    ):
        with pytest.raises(InvalidInput) as error:
            refused()
        assert error.value.message.endswith(".")
