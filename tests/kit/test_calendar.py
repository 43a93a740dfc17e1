# Wall times are naive on purpose in this file.
# ruff: noqa: DTZ001
import json
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_core.errors import InvalidInput
from clinic_core.kit import calendar

_OVERLAPS = json.loads((Path(__file__).parents[1] / "data/interval_overlap_cases.json").read_text(encoding="utf-8"))
_ZONES = st.sampled_from(
    [
        calendar.zone(name)
        for name in (
            "Europe/Berlin", "Europe/London", "America/New_York", "America/Sao_Paulo", "America/Havana",
            "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo", "Pacific/Apia", "UTC",
        )
    ]
)  # fmt: skip
_spans = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: (min(pair), max(pair))), max_size=8
)


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("place", "wall", "instant", "shifted", "repeated"),
    [
        ("Europe/Berlin", "2026-03-29T01:59", "2026-03-29T00:59", False, False),
        ("Europe/Berlin", "2026-03-29T02:00", "2026-03-29T01:00", True, False),
        ("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:30", True, False),
        ("Europe/Berlin", "2026-03-29T03:00", "2026-03-29T01:00", False, False),
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30", False, True),
        ("Europe/Berlin", "2026-10-25T03:00", "2026-10-25T02:00", False, False),
        ("America/New_York", "2026-03-08T02:30", "2026-03-08T07:30", True, False),
        ("America/New_York", "2026-11-01T01:30", "2026-11-01T05:30", False, True),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:45", True, False),
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45", False, True),
        ("Pacific/Apia", "2011-12-30T10:00", "2011-12-30T20:00", True, False),
        ("Asia/Kathmandu", "2026-07-01T00:00", "2026-06-30T18:15", False, False),
    ],
)
def test_wall_time_becomes_the_instant(place: str, wall: str, instant: str, shifted: bool, repeated: bool) -> None:
    resolved = calendar.from_wall(datetime.fromisoformat(wall), calendar.zone(place))
    assert resolved == (_utc(instant), shifted, repeated)
    assert resolved.instant.tzinfo is UTC


def test_a_skipped_time_moves_forward_by_the_length_of_the_gap() -> None:
    for place, wall, shown in [
        ("Europe/Berlin", datetime(2026, 3, 29, 2, 30), datetime(2026, 3, 29, 3, 30)),
        ("Australia/Lord_Howe", datetime(2026, 10, 4, 2, 15), datetime(2026, 10, 4, 2, 45)),
        ("Pacific/Apia", datetime(2011, 12, 30, 10), datetime(2011, 12, 31, 10)),
    ]:
        zone = calendar.zone(place)
        assert calendar.to_wall(calendar.from_wall(wall, zone).instant, zone) == shown


@given(st.datetimes(datetime(1990, 1, 1), datetime(2037, 12, 31)), _ZONES)
def test_wall_time_survives_the_way_there_and_back(wall: datetime, zone: ZoneInfo) -> None:
    resolved = calendar.from_wall(wall, zone)
    shown = calendar.to_wall(resolved.instant, zone)
    assert (shown != wall) == resolved.shifted
    assert shown >= wall
    if resolved.repeated:
        assert resolved.instant < wall.replace(tzinfo=zone, fold=1).astimezone(UTC)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2037, 12, 31), timezones=st.just(UTC)), _ZONES)
def test_an_instant_comes_back_unless_its_wall_time_was_the_second(instant: datetime, zone: ZoneInfo) -> None:
    resolved = calendar.from_wall(calendar.to_wall(instant, zone), zone)
    assert not resolved.shifted
    assert resolved.instant == instant or (resolved.repeated and resolved.instant < instant)


@pytest.mark.parametrize(
    ("place", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 28), 24.0),
        ("Europe/Berlin", date(2026, 3, 29), 23.0),
        ("Europe/Berlin", date(2026, 10, 25), 25.0),
        ("America/New_York", date(2026, 3, 8), 23.0),
        ("America/New_York", date(2026, 11, 1), 25.0),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Pacific/Apia", date(2011, 12, 29), 24.0),
        ("Pacific/Apia", date(2011, 12, 30), 0.0),
        ("America/Sao_Paulo", date(2018, 11, 4), 23.0),
        ("Africa/Cairo", date(2026, 4, 24), 23.0),
        # The clocks went from 23:30 to 0:30: this day began half an hour late.
        ("America/Toronto", date(1919, 3, 31), 23.5),
    ],
)
def test_a_day_is_as_long_as_the_clocks_made_it(place: str, day: date, hours: float) -> None:
    zone = calendar.zone(place)
    start, end = calendar.day_bounds(day, zone)
    assert (end - start) / timedelta(hours=1) == hours
    if hours:
        assert calendar.local_date(start, zone) == day
        assert calendar.local_date(start - timedelta(seconds=1), zone) < day


@given(st.dates(date(1990, 1, 1), date(2037, 12, 31)), _ZONES)
def test_days_follow_each_other_without_gap_or_overlap(day: date, zone: ZoneInfo) -> None:
    today, tomorrow = (calendar.day_bounds(each, zone) for each in (day, day + timedelta(days=1)))
    assert today.end == tomorrow.start
    noon = calendar.from_wall(datetime.combine(day, time(12)), zone)
    assert noon.shifted or today.start <= noon.instant < today.end


@pytest.mark.parametrize(
    ("first_weekday", "first", "last"),
    [
        (0, date(2026, 3, 23), date(2026, 3, 29)),
        (6, date(2026, 3, 22), date(2026, 3, 28)),
        (5, date(2026, 3, 21), date(2026, 3, 27)),
    ],
)
def test_a_week_begins_on_the_weekday_of_the_organisation(first_weekday: int, first: date, last: date) -> None:
    berlin = calendar.zone("Europe/Berlin")
    week = calendar.week_bounds(date(2026, 3, 26), berlin, first_weekday=first_weekday)
    assert week == calendar.range_bounds(first, last, berlin)
    assert calendar.local_date(week.start, berlin) == first
    assert calendar.local_date(week.end - timedelta(seconds=1), berlin) == last


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InvalidInput, match="ends"):
        calendar.range_bounds(date(2026, 2, 1), date(2026, 1, 31), calendar.zone("UTC"))


@pytest.mark.parametrize(
    "name",
    ["", "Berlin", "Europe", "Europe/Atlantis", "europe/berlin", "../etc/passwd", "/etc/localtime", "a\x00b",
     "localtime", "W. Europe Standard Time", "x" * 5000],
)  # fmt: skip
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="is not a time zone") as refusal:
        calendar.zone(name)
    assert len(refusal.value.message) < 200


def test_every_zone_offered_in_a_form_is_known() -> None:
    offered = calendar.zone_names()
    assert {"Europe/Berlin", "America/New_York", "UTC"} <= set(offered)
    assert not any(name.startswith(("Etc/", "US/")) for name in offered)
    assert all(calendar.zone(name).key == name for name in offered)


def test_instants_without_a_zone_and_wall_times_with_one_are_refused() -> None:
    naive, berlin = datetime(2026, 3, 2, 12), calendar.zone("Europe/Berlin")
    for refused in (calendar.to_wall, calendar.local_date):
        with pytest.raises(InvalidInput, match="needs a time zone"):
            refused(naive, berlin)
    with pytest.raises(InvalidInput, match="needs a time zone"):
        calendar.as_utc(naive)
    with pytest.raises(InvalidInput, match="must not carry a time zone"):
        calendar.from_wall(naive.replace(tzinfo=UTC), berlin)


def test_the_edges_of_the_calendar_are_refused_not_crashed_into() -> None:
    tokyo, new_york = calendar.zone("Asia/Tokyo"), calendar.zone("America/New_York")
    with pytest.raises(InvalidInput, match="outside the calendar"):
        calendar.from_wall(datetime(1, 1, 1), tokyo)
    with pytest.raises(InvalidInput, match="outside the calendar"):
        calendar.to_wall(datetime.min.replace(tzinfo=UTC), new_york)
    with pytest.raises(InvalidInput, match="outside the calendar"):
        calendar.day_bounds(date.max, tokyo)


def _moment(value: Any) -> datetime:
    """Ints are minutes, dates begin at midnight, times without a zone are those of the case's zone (UTC+1)."""
    if isinstance(value, int):
        return datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=value)
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.fromisoformat("2000-01-01T00:00+01:00").tzinfo)


@pytest.mark.parametrize("case", _OVERLAPS["cases"], ids=lambda case: case["message"])
def test_overlap_cases_of_others(case: dict[str, Any]) -> None:
    span = _moment(case["span_start"]), _moment(case["span_stop"])
    event = _moment(case["event_start"]), _moment(case["event_stop"])
    assert calendar.overlaps(span, event) is case["result"]
    assert calendar.overlaps(event, span) is case["result"]


def test_back_to_back_is_no_overlap() -> None:
    assert not calendar.overlaps((540, 570), (570, 600))
    assert calendar.overlaps((540, 571), (570, 600))


def _minutes(spans: list[tuple[int, int]]) -> set[int]:
    return {minute for start, end in spans for minute in range(start, end)}


@pytest.mark.parametrize("day", [date(2026, 3, 2), date(2026, 3, 29), date(2026, 10, 25)])
def test_whole_days_are_those_of_one_place(day: date) -> None:
    berlin, lisbon = calendar.zone("Europe/Berlin"), calendar.zone("Europe/Lisbon")
    last = day + timedelta(days=2)
    span = calendar.range_bounds(day, last, lisbon)
    assert calendar.whole_days(*span, lisbon) == (day, last)
    assert calendar.whole_days(*span, berlin) is None
    assert calendar.whole_days(span.start, span.end - timedelta(minutes=5), lisbon) is None
    assert calendar.zone_of_days(*span, (berlin, lisbon)) == lisbon
    assert calendar.zone_of_days(*span, (berlin,)) is None


@given(_spans)
def test_merging_keeps_the_time_and_removes_the_overlaps(spans: list[tuple[int, int]]) -> None:
    merged = calendar.merge(spans)
    assert _minutes(merged) == _minutes(spans)
    assert all(one[1] < other[0] for one, other in pairwise(merged))
    assert calendar.merge(merged) == merged


@given(_spans, _spans)
def test_subtracting_leaves_what_is_in_no_hole(spans: list[tuple[int, int]], holes: list[tuple[int, int]]) -> None:
    left = calendar.subtract(spans, holes)
    assert _minutes(left) == _minutes(spans) - _minutes(holes)
    assert left == sorted(left)
    assert all(start < end for start, end in left)


@given(_spans, st.tuples(st.integers(0, 60), st.integers(0, 60)))
def test_clipping_leaves_what_lies_within_the_bounds(spans: list[tuple[int, int]], bounds: tuple[int, int]) -> None:
    assert _minutes(calendar.clip(spans, bounds)) == _minutes(spans) & set(range(*bounds))


@given(_spans, _spans)
def test_spans_overlap_when_they_share_time(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    for a in one:
        for b in other:
            if a[0] < a[1] and b[0] < b[1]:
                assert calendar.overlaps(a, b) == bool(_minutes([a]) & _minutes([b]))


def test_time_booked_twice_counts_once() -> None:
    nine = _utc("2026-03-02T09:00")
    half_hour = timedelta(minutes=30)
    booked = [(nine, nine + half_hour), (nine, nine + half_hour), (nine + half_hour / 2, nine + 2 * half_hour)]
    assert calendar.total_minutes(booked) == 60
    assert calendar.total_minutes([]) == 0


def test_only_the_sum_of_minutes_is_rounded() -> None:
    nine = _utc("2026-03-02T09:00")
    spans = [(nine + timedelta(hours=hour), nine + timedelta(hours=hour, seconds=20)) for hour in range(3)]
    assert calendar.total_minutes(spans) == 1
