"""Working and opening time as spans: weekly rules, every n weeks, validity, clock changes, closures, absences."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from clinic_core.errors import InvalidInput
from clinic_core.kit.calendar import range_bounds, to_wall, total_minutes, zone
from clinic_core.scheduling.availability import ClosedDays, opening_spans, working_spans
from clinic_core.scheduling.schemas import AvailabilityRule, OpeningSpan, SetOpeningHours, WeeklyAvailability

BERLIN = zone("Europe/Berlin")
PLACE = uuid4()
FIRST = date(2026, 3, 23)  # a Monday; the clocks go forward on Sunday the 29th


def rule(weekday: int = 1, starts: str = "09:00", ends: str = "12:00", **fields: Any) -> AvailabilityRule:
    return AvailabilityRule.model_validate(
        {"clinic_location_id": PLACE, "weekday": weekday, "starts": starts, "ends": ends, **fields}
    )


def walls(rules: list[AvailabilityRule], days: int = 14, **fields: Any) -> list[str]:
    during = range_bounds(FIRST, FIRST + timedelta(days=days - 1), BERLIN)
    spans = working_spans(rules, BERLIN, during=during, **fields)
    return [f"{to_wall(span.start, BERLIN):%d.%m. %H:%M}-{to_wall(span.end, BERLIN):%H:%M}" for span in spans]


def test_wall_time_stays_over_a_clock_change() -> None:
    assert walls([rule()]) == ["23.03. 09:00-12:00", "30.03. 09:00-12:00"]
    spans = working_spans([rule()], BERLIN, during=range_bounds(FIRST, FIRST + timedelta(days=13), BERLIN))
    assert [span.start for span in spans] == [
        datetime(2026, 3, 23, 8, tzinfo=UTC),
        datetime(2026, 3, 30, 7, tzinfo=UTC),
    ]


def test_a_night_that_loses_an_hour_is_worked_an_hour_less() -> None:
    during = range_bounds(date(2026, 3, 29), date(2026, 3, 29), BERLIN)
    assert total_minutes(working_spans([rule(7, "00:00", "06:00")], BERLIN, during=during)) == 5 * 60
    assert total_minutes(working_spans([rule(7, "00:00", "00:00")], BERLIN, during=during)) == 23 * 60


def test_several_spans_a_day_touching_and_overlapping_count_once() -> None:
    rules = [rule(1, "09:00", "12:00"), rule(1, "12:00", "13:00"), rule(1, "11:00", "12:30"), rule(1, "15:00", "16:00")]
    assert walls(rules, days=1) == ["23.03. 09:00-13:00", "23.03. 15:00-16:00"]


def test_every_second_week_counts_from_the_week_of_the_anchor() -> None:
    odd = rule(every_weeks=2, anchor=date(2026, 3, 27))
    assert walls([odd], days=28) == ["23.03. 09:00-12:00", "06.04. 09:00-12:00"]
    assert walls([rule(every_weeks=2, anchor=date(2026, 4, 5))], days=28) == [
        "30.03. 09:00-12:00",
        "13.04. 09:00-12:00",
    ]


def test_validity_includes_both_days() -> None:
    assert walls([rule(valid_from=date(2026, 3, 30))]) == ["30.03. 09:00-12:00"]
    assert walls([rule(valid_to=date(2026, 3, 23))]) == ["23.03. 09:00-12:00"]


def test_closures_and_absences_are_taken_out() -> None:
    away = [(datetime(2026, 3, 23, 9, tzinfo=UTC), datetime(2026, 3, 23, 10, tzinfo=UTC))]
    assert walls([rule()], absences=away) == ["23.03. 09:00-10:00", "23.03. 11:00-12:00", "30.03. 09:00-12:00"]
    closed = [ClosedDays(date(2026, 3, 1), date(2026, 3, 23)), ClosedDays(date(2026, 5, 1), date(2026, 5, 2))]
    assert walls([rule()], closures=closed) == ["30.03. 09:00-12:00"]


def test_time_is_clipped_to_the_period() -> None:
    during = (datetime(2026, 3, 23, 9, tzinfo=UTC), datetime(2026, 3, 23, 10, tzinfo=UTC))
    assert working_spans([rule()], BERLIN, during=during) == [during]


def test_opening_hours_follow_the_weekday_and_closures() -> None:
    hours = [
        OpeningSpan(weekday=1, opens=time(8), closes=time(18)),
        OpeningSpan(weekday=2, opens=time(8), closes=time(12)),
    ]
    during = range_bounds(FIRST, FIRST + timedelta(days=1), BERLIN)
    assert total_minutes(opening_spans(hours, BERLIN, during=during)) == 14 * 60
    closed = [ClosedDays(FIRST, FIRST)]
    assert total_minutes(opening_spans(hours, BERLIN, closures=closed, during=during)) == 4 * 60


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"starts": "12:00", "ends": "09:00"}, "after the start on Monday"),
        ({"every_weeks": 2}, "Anchor is needed"),
        ({"valid_from": date(2026, 2, 1), "valid_to": date(2026, 1, 1)}, "before the first day"),
        ({"starts": "09:00Z"}, "without a zone"),
    ],
)
def test_a_rule_that_cannot_be_gets_a_sentence(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        rule(**fields)


def test_a_weekday_is_one_of_seven() -> None:
    for weekday in (0, 8):
        with pytest.raises(ValidationError):
            rule(weekday)


def test_opening_hours_of_a_day_must_not_overlap() -> None:
    one = OpeningSpan(weekday=1, opens=time(8), closes=time(12))
    with pytest.raises(InvalidInput, match="on Monday overlap"):
        SetOpeningHours(clinic_location_id=PLACE, spans=(one, OpeningSpan(weekday=1, opens=time(11), closes=time(13))))
    SetOpeningHours(clinic_location_id=PLACE, spans=(one, OpeningSpan(weekday=1, opens=time(12), closes=time(13))))
    with pytest.raises(InvalidInput, match="after the opening"):
        OpeningSpan(weekday=1, opens=time(8), closes=time(8))


def test_stored_rules_read_back_as_they_were() -> None:
    availability = WeeklyAvailability(rules=(rule(), rule(5, "13:30", "00:00", every_weeks=2, anchor=FIRST)))
    stored = availability.to_json()
    assert (stored[1]["starts"], stored[1]["ends"], stored[1]["anchor"]) == ("13:30", "00:00", "2026-03-23")
    assert WeeklyAvailability.from_json(stored) == availability


rules = st.builds(
    lambda weekday, start, length, every, anchor: rule(
        weekday, f"{start:02d}:00", f"{min(start + length, 23):02d}:30", every_weeks=every, anchor=anchor
    ),
    st.integers(1, 7),
    st.integers(0, 22),
    st.integers(0, 8),
    st.integers(1, 4),
    st.dates(date(2025, 1, 1), date(2027, 1, 1)),
)


@given(st.lists(rules, max_size=6), st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata"]))
def test_spans_are_in_order_apart_and_each_minute_is_one_of_a_rule(found: list[AvailabilityRule], name: str) -> None:
    place = zone(name)
    during = range_bounds(date(2026, 10, 19), date(2026, 11, 8), place)
    spans = working_spans(found, place, during=during)
    assert all(one.end < other.start for one, other in pairwise(spans))
    assert all(during[0] <= span.start < span.end <= during[1] for span in spans)
    for span in spans:
        wall = to_wall(span.start, place)
        assert any(one.weekday == wall.isoweekday() and one.starts <= wall.time() < one.ends for one in found)
