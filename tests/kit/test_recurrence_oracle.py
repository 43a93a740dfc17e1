"""Random rules against a slow and simple second reading of RFC 5545."""

# Wall times are naive on purpose in this file.
# ruff: noqa: DTZ001
from datetime import date, datetime, timedelta
from itertools import count, islice, pairwise, takewhile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_core.kit import calendar
from clinic_core.kit.recurrence import (
    Frequency,
    NthWeekday,
    Recurrence,
    Weekday,
    expand,
    format_rrule,
    next_match,
    occurrences,
    parse_rrule,
)
from clinic_core.kit.recurrence_periods import wall_times
from tests.kit.recurrence_oracle import dates_of, first_week, week_of

_SLOW = (Frequency.YEARLY, Frequency.MONTHLY)
_FINE = (Frequency.HOURLY, Frequency.MINUTELY, Frequency.SECONDLY)
_WINDOWS = {
    Frequency.YEARLY: timedelta(days=1_200),
    Frequency.MONTHLY: timedelta(days=800),
    Frequency.WEEKLY: timedelta(days=300),
    Frequency.DAILY: timedelta(days=200),
    Frequency.HOURLY: timedelta(days=20),
    Frequency.MINUTELY: timedelta(days=3),
    Frequency.SECONDLY: timedelta(hours=1),
}
_ZONES = st.sampled_from(
    [
        "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Australia/Sydney", "America/Santiago",
        "Pacific/Apia", "Africa/Casablanca", "Asia/Kathmandu", "America/Havana", "Antarctica/Troll", "UTC",
    ]
)  # fmt: skip


def _some(least: int, most: int, *, from_end: bool = False, size: int = 4) -> st.SearchStrategy[tuple[int, ...]]:
    number = st.integers(least, most)
    return st.lists(number | number.map(lambda n: -n) if from_end else number, min_size=1, max_size=size).map(tuple)


def _maybe(numbers: st.SearchStrategy[tuple[int, ...]]) -> st.SearchStrategy[tuple[int, ...]]:
    return st.just(()) | st.just(()) | numbers


@st.composite
def _rules(draw: st.DrawFn, frequencies: tuple[Frequency, ...] = tuple(Frequency)) -> Recurrence:
    freq = draw(st.sampled_from(frequencies))
    weeknos = draw(_maybe(_some(1, 53, from_end=True))) if freq is Frequency.YEARLY else ()
    nth: st.SearchStrategy[int | None] = st.none()
    if freq in _SLOW and not weeknos:
        nth = st.one_of(
            st.none(), st.sampled_from([1, 2, 3, 4, 5, -1, -2, -3, -4, -5]), _some(1, 53, from_end=True).map(min)
        )
    weekdays = st.lists(st.builds(NthWeekday, st.sampled_from(Weekday), nth), min_size=1, max_size=5).map(tuple)
    yeardays = freq is Frequency.YEARLY or freq in _FINE
    parts = {
        "by_month": draw(_maybe(_some(1, 12))),
        "by_weekno": weeknos,
        "by_yearday": draw(_maybe(_some(1, 366, from_end=True, size=9))) if yeardays else (),
        "by_monthday": draw(_maybe(_some(1, 31, from_end=True))) if freq is not Frequency.WEEKLY else (),
        "by_hour": draw(_maybe(_some(0, 23))),
        "by_minute": draw(_maybe(_some(0, 59))),
        "by_second": draw(_maybe(_some(0, 60))),
    }
    by_weekday = draw(st.just(()) | weekdays)
    positions = draw(_maybe(_some(1, 8, from_end=True))) if by_weekday or any(parts.values()) else ()
    return Recurrence(
        freq=freq,
        interval=draw(st.integers(1, 4) | st.integers(1, 100)),
        count=None,
        until=None,
        week_start=draw(st.sampled_from(Weekday)),
        by_weekday=by_weekday,
        by_setpos=positions,
        **parts,
    )


_starts = st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1)).map(lambda wall: wall.replace(microsecond=0))


@settings(max_examples=150)
@given(_rules(), _starts)
def test_the_dates_of_any_rule_are_those_that_pass_every_part(rule: Recurrence, start: datetime) -> None:
    end = start + _WINDOWS[rule.freq]
    assert list(wall_times(rule, start, high=end)) == dates_of(rule, start, end)


@pytest.mark.parametrize("year", [1999, 2003, 2008, 2019])
@pytest.mark.parametrize(
    "rrule",
    [
        "FREQ=YEARLY;BYMONTH=3,11;BYDAY=2SU,-1MO",
        "FREQ=YEARLY;BYDAY=20MO,-1FR,53SA",
        "FREQ=YEARLY;BYMONTHDAY=1,-1;BYDAY=1MO,FR",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1,29",
        "FREQ=YEARLY;BYYEARDAY=60,366,-1,-366",
        "FREQ=YEARLY;BYYEARDAY=1,59,60,-60;BYDAY=MO,TU",
        "FREQ=YEARLY;BYWEEKNO=1,52,53,-1;WKST=SU",
        "FREQ=YEARLY;BYWEEKNO=1,53;BYYEARDAY=1,2,-1,-2,-365,-366",
        "FREQ=YEARLY;BYWEEKNO=1,-1;BYDAY=MO,SU;BYSETPOS=1,-1;INTERVAL=2",
        "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=9,17;BYSETPOS=-1,3",
        "FREQ=MONTHLY;BYDAY=5FR,-5FR;INTERVAL=3",
        "FREQ=MONTHLY;BYMONTHDAY=31,-31",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "FREQ=WEEKLY;BYDAY=MO,TH,SU;BYSETPOS=2;INTERVAL=2;WKST=WE",
        "FREQ=WEEKLY;BYMONTH=1,12;BYDAY=SA,SU,MO;BYSETPOS=-1",
    ],
)
def test_the_corners_of_the_calendar_are_those_of_the_slow_reading(rrule: str, year: int) -> None:
    for start in (datetime(year, 1, 1, 9), datetime(year, 7, 15, 9, 30), datetime(year, 12, 31, 9)):
        end = start + timedelta(days=1_900)
        assert list(wall_times(parse_rrule(rrule), start, high=end)) == dates_of(parse_rrule(rrule), start, end)


def test_years_of_the_same_shape_differ_where_weeks_reach_into_their_neighbours() -> None:
    rule = parse_rrule("FREQ=YEARLY;BYWEEKNO=1,-1;BYYEARDAY=1,2,364,365,366,-1,-363,-364,-365,-366")
    start = datetime(1996, 1, 1, 9)
    end = start + timedelta(days=12_000)
    assert list(wall_times(rule, start, high=end)) == dates_of(rule, start, end)


@settings(max_examples=60)
@given(_rules(_FINE), _starts, st.integers(500, 200_000), st.integers(0, 40))
def test_long_steps_keep_their_turn_over_midnight(rule: Recurrence, start: datetime, interval: int, days: int) -> None:
    rule = Recurrence(freq=rule.freq, interval=interval, by_weekday=rule.by_weekday, by_hour=rule.by_hour)
    step = {Frequency.HOURLY: 3_600, Frequency.MINUTELY: 60, Frequency.SECONDLY: 1}[rule.freq]
    end = start + timedelta(days=days)
    in_turn = (start + timedelta(seconds=number * step * interval) for number in count())
    weekdays = {day.weekday for day in rule.by_weekday} or set(Weekday)
    hours = rule.by_hour or range(24)
    expected = [
        wall
        for wall in takewhile(lambda each: each <= end, in_turn)
        if wall.weekday() in weekdays and wall.hour in hours
    ]
    assert list(wall_times(rule, start, high=end)) == expected


@settings(max_examples=60)
@given(_rules(), _starts, st.timedeltas(timedelta(), timedelta(days=900)))
def test_beginning_later_leaves_out_only_what_is_earlier(rule: Recurrence, start: datetime, wait: timedelta) -> None:
    end = start + wait + _WINDOWS[rule.freq] / 4
    low = start + wait
    if rule.freq in {Frequency.MINUTELY, Frequency.SECONDLY}:
        low = start + wait / 1_000
        end = low + timedelta(minutes=5)
    whole = [wall for wall in wall_times(rule, start, high=end) if wall >= low]
    assert list(wall_times(rule, start, low=low, high=end)) == whole


@given(_rules(), _starts)
def test_a_rule_survives_being_written_and_read(rule: Recurrence, start: datetime) -> None:
    for each in (rule, Recurrence(freq=rule.freq, until=start), Recurrence(freq=rule.freq, count=start.year)):
        assert parse_rrule(format_rrule(each)) == each


@settings(max_examples=60)
@given(_rules((Frequency.WEEKLY, Frequency.DAILY, Frequency.HOURLY, Frequency.MINUTELY)), _starts, _ZONES)
def test_instants_are_in_order_and_each_given_once(rule: Recurrence, start: datetime, zone: str) -> None:
    text, place = format_rrule(rule), calendar.zone(zone)
    instants = expand(text, start, zone, limit=200)
    assert all(one < other for one, other in pairwise(instants))
    walls = islice(wall_times(rule, start), 300)
    meant = {calendar.from_wall(wall, place).instant for wall in walls if not _skipped(wall.date(), zone)}
    assert instants == sorted(meant)[: len(instants)]


@settings(max_examples=100)
@given(
    st.sampled_from(["FREQ=HOURLY", "FREQ=MINUTELY;INTERVAL=25", "FREQ=DAILY;BYHOUR=0,1,2,3;BYMINUTE=0,30",
                     "FREQ=DAILY;BYHOUR=0,1,2;BYMINUTE=5,20,55"]),
    st.sampled_from(
        [
            ("Europe/Berlin", datetime(2026, 3, 28, 20)), ("Europe/Berlin", datetime(2026, 10, 24, 20)),
            ("Australia/Lord_Howe", datetime(2026, 10, 3, 20)), ("Australia/Lord_Howe", datetime(2026, 4, 4, 20)),
            ("America/Santiago", datetime(2026, 9, 5, 20)), ("Pacific/Apia", datetime(2011, 12, 28, 20)),
        ]
    ),
    st.integers(0, 3_000), st.integers(0, 1_500),
)  # fmt: skip
def test_the_dates_between_two_instants_are_those_of_the_whole_series(
    rrule: str, change: tuple[str, datetime], wait: int, length: int
) -> None:
    zone, start = change
    place = calendar.zone(zone)
    after = calendar.from_wall(start, place).instant + timedelta(minutes=wait)
    before = after + timedelta(minutes=length)
    whole = [instant for instant in expand(rrule, start, zone, limit=500) if after <= instant < before]
    found = occurrences(rrule, start, zone, after=after, before=before, limit=500)
    assert [each.instant for each in found] == whole


@given(_rules(), _starts)
@settings(max_examples=60)
def test_the_next_match_fits_its_own_rule(rule: Recurrence, start: datetime) -> None:
    match = next_match(format_rrule(rule), start)
    assert match == next(wall_times(rule, start), None)
    assert match is None or next_match(format_rrule(rule), match) == match


@pytest.mark.parametrize(
    ("day", "week"),
    [(date(2026, 12, 31), (2026, 53, 53)), (date(2027, 1, 3), (2026, 53, 53)), (date(2024, 12, 30), (2025, 1, 52))],
)
def test_the_slow_reading_knows_the_weeks_of_iso_8601(day: date, week: tuple[int, int, int]) -> None:
    assert week_of(day, Weekday.MO) == week
    assert week_of(day, Weekday.MO)[:2] == day.isocalendar()[:2]
    assert first_week(2026, Weekday.MO) == date(2025, 12, 29)


def _skipped(day: date, zone: str) -> bool:
    start, end = calendar.day_bounds(day, calendar.zone(zone))
    return start == end
