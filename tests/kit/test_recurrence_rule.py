"""The text of repeat rules, what RFC 5545 forbids in it, and what becomes of a rule when its series is split."""

# Wall times are naive on purpose in this file.
# ruff: noqa: DTZ001
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_core.errors import InvalidInput, InvalidRecurrence
from clinic_core.kit.recurrence import (
    Frequency,
    NthWeekday,
    Recurrence,
    Weekday,
    describe,
    ends_before,
    expand,
    format_rrule,
    next_match,
    occurrences,
    parse_rrule,
    remaining,
)
from clinic_core.kit.recurrence_periods import wall_times

_MONDAY = datetime(2026, 1, 5, 9)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("FREQ=WEEKLY;COUNT=10;BYDAY=TH,MO", "FREQ=WEEKLY;COUNT=10;BYDAY=MO,TH"),
        ("interval=2;freq=weekly;wkst=su", "FREQ=WEEKLY;INTERVAL=2;WKST=SU"),
        ("FREQ=MONTHLY;BYDAY=-1FR,+2MO;UNTIL=20270303", "FREQ=MONTHLY;UNTIL=20270303T235959;BYDAY=2MO,-1FR"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1,15,1,15;INTERVAL=1;WKST=MO", "FREQ=MONTHLY;BYMONTHDAY=1,15,-1"),
        ("FREQ=DAILY;UNTIL=20261231T120000Z;", "FREQ=DAILY;UNTIL=20261231T120000"),
        ("FREQ=DAILY;UNTIL=20161231T235960Z", "FREQ=DAILY;UNTIL=20161231T235959"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;BYHOUR=09", "FREQ=YEARLY;BYHOUR=9;BYDAY=MO;BYWEEKNO=20"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20260101", "FREQ=DAILY;UNTIL=20260101T235959;COUNT=2"),
        ("FREQ=WEEKLY;BYDAY=-1TH,+1TU,TH,2TU", "FREQ=WEEKLY;BYDAY=TU,TH"),
        ("FREQ=DAILY;BYDAY=53SU,MO", "FREQ=DAILY;BYDAY=MO,SU"),
        ("FREQ=HOURLY;BYDAY=1MO", "FREQ=HOURLY;BYDAY=MO"),
        ("FREQ=MINUTELY;BYDAY=-1MO", "FREQ=MINUTELY;BYDAY=MO"),
        ("FREQ=SECONDLY;BYDAY=1MO,-1MO", "FREQ=SECONDLY;BYDAY=MO"),
    ],
)
def test_a_rule_is_written_in_one_way(text: str, written: str) -> None:
    assert format_rrule(parse_rrule(text)) == written
    assert parse_rrule(written) == parse_rrule(text)


def test_a_rule_is_built_from_the_fields_of_a_form() -> None:
    friday = NthWeekday(Weekday.FR, -1)
    rule = Recurrence(freq=Frequency.MONTHLY, by_weekday=(friday,), until=datetime(2027, 3, 3, 23, 59, 59))
    assert format_rrule(rule) == "FREQ=MONTHLY;UNTIL=20270303T235959;BYDAY=-1FR"
    assert parse_rrule(format_rrule(rule)).by_weekday == (friday,)


@pytest.mark.parametrize(
    "text",
    [
        "", ";", "FREQ", "FREQ=", "=DAILY", "DAILY", "FREQ=FORTNIGHTLY", "INTERVAL=2", "COUNT=3", "RRULE:FREQ=DAILY",
        " FREQ=DAILY", "FREQ=DAILY ", "FREQ=DAILY\n", "FREQ = DAILY", "FREQ=DAILY;;COUNT=2", ";FREQ=DAILY",
        "FREQ=DAILY;;", "FREQ=DAILY;FREQ=DAILY", "FREQ=DAILY;COUNT=2;COUNT=2", "FREQ=DAILY,WEEKLY", "FREQ=DAILY=1",
        "FREQ=DAILY;FOO=1", "FREQ=DAILY;X-FOO=1", "FREQ=DAILY;BYEASTER=0", "FREQ=DAILY;RSCALE=GREGORIAN",
        "FREQ=DAILY;SKIP=OMIT", "FREQ=DAILY;DTSTART=20260101", "FREQ=DAILY;TZID=UTC",
        "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;INTERVAL=-1", "FREQ=DAILY;INTERVAL=+1", "FREQ=DAILY;INTERVAL=1.5",
        "FREQ=DAILY;INTERVAL=", "FREQ=DAILY;INTERVAL=1,2", "FREQ=DAILY;INTERVAL=\N{ARABIC-INDIC DIGIT TWO}",
        "FREQ=DAILY;COUNT=0", "FREQ=DAILY;COUNT=-1", "FREQ=DAILY;COUNT=x",
        "FREQ=DAILY;UNTIL=20260230", "FREQ=DAILY;UNTIL=20260101T240000",
        "FREQ=DAILY;UNTIL=2026-01-01", "FREQ=DAILY;UNTIL=20260101T0900", "FREQ=DAILY;UNTIL=20260101Z",
        "FREQ=DAILY;UNTIL=20260101T090000ZZ", "FREQ=DAILY;UNTIL=20260101T090000+0100", "FREQ=DAILY;UNTIL=tomorrow",
        "FREQ=DAILY;BYDAY=", "FREQ=DAILY;BYDAY=MO,", "FREQ=DAILY;BYDAY=,MO", "FREQ=DAILY;BYDAY=XX",
        "FREQ=DAILY;BYDAY=1", "FREQ=DAILY;BYDAY=0MO", "FREQ=WEEKLY;BYDAY=54MO", "FREQ=HOURLY;BYDAY=-54MO",
        "FREQ=MONTHLY;BYDAY=0MO",
        "FREQ=MONTHLY;BYDAY=54MO", "FREQ=YEARLY;BYDAY=-54MO", "FREQ=YEARLY;BYDAY=100MO", "FREQ=YEARLY;BYDAY=1.5MO",
        "FREQ=YEARLY;BYWEEKNO=20;BYDAY=1MO", "FREQ=MONTHLY;BYDAY=+-1MO", "FREQ=MONTHLY;BYDAY=MO1",
        "FREQ=MONTHLY;BYWEEKNO=1", "FREQ=WEEKLY;BYWEEKNO=1", "FREQ=DAILY;BYWEEKNO=1", "FREQ=SECONDLY;BYWEEKNO=1",
        "FREQ=YEARLY;BYWEEKNO=0", "FREQ=YEARLY;BYWEEKNO=54", "FREQ=YEARLY;BYWEEKNO=-54",
        "FREQ=MONTHLY;BYYEARDAY=1", "FREQ=WEEKLY;BYYEARDAY=1", "FREQ=DAILY;BYYEARDAY=1",
        "FREQ=YEARLY;BYYEARDAY=0", "FREQ=YEARLY;BYYEARDAY=367", "FREQ=YEARLY;BYYEARDAY=-367",
        "FREQ=WEEKLY;BYMONTHDAY=1", "FREQ=MONTHLY;BYMONTHDAY=0", "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=MONTHLY;BYMONTHDAY=-32",
        "FREQ=YEARLY;BYMONTH=0", "FREQ=YEARLY;BYMONTH=13", "FREQ=YEARLY;BYMONTH=-1", "FREQ=YEARLY;BYMONTH=+1",
        "FREQ=YEARLY;BYMONTH=JAN", "FREQ=YEARLY;BYMONTH=001",
        "FREQ=DAILY;BYHOUR=24", "FREQ=DAILY;BYHOUR=-1", "FREQ=DAILY;BYMINUTE=60", "FREQ=DAILY;BYMINUTE=-1",
        "FREQ=DAILY;BYSECOND=61", "FREQ=DAILY;BYSECOND=-1", "FREQ=DAILY;BYHOUR=9;BYHOUR=10", "FREQ=DAILY;BYHOUR=9,,10",
        "FREQ=DAILY;BYSETPOS=1", "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0", "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367",
        "FREQ=DAILY;WKST=XX", "FREQ=DAILY;WKST=1MO", "FREQ=DAILY;WKST=MO,TU", "FREQ=DAILY;WKST=",
        "FREQ=YEARLY;BYYEARDAY=" + ",".join(["1"] * 2_000), "FREQ=DAILY;COUNT=" + "1" * 5_000,
        "DTSTART:20260101\nRRULE:FREQ=DAILY", "FREQ=DAILY\0", "\N{KELVIN SIGN}",
        "FREQ=DA\N{LATIN SMALL LETTER DOTLESS I}LY",
    ],
)  # fmt: skip
def test_what_rfc_5545_forbids_is_refused_in_a_full_sentence_but_for_two_habits_of_other_programs(text: str) -> None:
    with pytest.raises(InvalidRecurrence) as refused:
        parse_rrule(text)
    assert refused.value.code == "invalid_recurrence"
    assert refused.value.message[0].isupper() or refused.value.message[0] in "'\""
    assert refused.value.message.endswith(".")
    assert len(refused.value.message) < 200


@given(st.text(st.sampled_from("FREQ=DAILYWEKMNTHUSCOBP;,+-0123456789Z"), max_size=60) | st.text(max_size=30))
def test_any_text_is_a_rule_or_a_refusal(text: str) -> None:
    for candidate in (text, f"FREQ=MONTHLY;{text}"):
        try:
            rule = parse_rrule(candidate)
        except InvalidRecurrence:
            continue
        assert parse_rrule(format_rrule(rule)) == rule
        assert describe(candidate)


def test_a_form_cannot_build_what_a_text_may_not_say() -> None:
    attempts: list[Callable[[], Recurrence]] = [
        lambda: Recurrence(freq=Frequency.WEEKLY, until=datetime(2026, 1, 1, tzinfo=UTC)),
        lambda: Recurrence(freq=Frequency.WEEKLY, until=datetime(2026, 1, 1, microsecond=1)),
        lambda: Recurrence(freq=Frequency.WEEKLY, by_weekday=(NthWeekday(Weekday.MO, 0),)),
        lambda: Recurrence(freq=Frequency.DAILY, interval=0),
    ]
    for refused in attempts:
        with pytest.raises(InvalidRecurrence):
            refused()


def test_the_next_match_is_offered_for_a_start_outside_its_rule() -> None:
    assert next_match("FREQ=WEEKLY;BYDAY=MO,TH", _MONDAY) == _MONDAY
    assert next_match("FREQ=WEEKLY;BYDAY=TH", _MONDAY) == datetime(2026, 1, 8, 9)
    assert next_match("FREQ=MONTHLY;BYDAY=-1FR", _MONDAY) == datetime(2026, 1, 30, 9)
    assert next_match("FREQ=WEEKLY;BYDAY=TH;UNTIL=20260107", _MONDAY) is None
    assert next_match("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", _MONDAY) is None


def test_an_end_by_number_becomes_an_end_by_date_when_a_series_is_split() -> None:
    cut = datetime(2026, 2, 2, 9)
    assert ends_before("FREQ=WEEKLY;COUNT=10", cut) == "FREQ=WEEKLY;UNTIL=20260202T085959"
    assert ends_before("FREQ=WEEKLY", cut) == "FREQ=WEEKLY;UNTIL=20260202T085959"
    assert ends_before("FREQ=WEEKLY;UNTIL=20260110T120000", cut) == "FREQ=WEEKLY;UNTIL=20260110T120000"
    assert remaining("FREQ=WEEKLY;COUNT=10", _MONDAY, "UTC", cut) == "FREQ=WEEKLY;COUNT=6"
    assert remaining("FREQ=WEEKLY;UNTIL=20260301", _MONDAY, "UTC", cut) == "FREQ=WEEKLY;UNTIL=20260301T235959"
    assert remaining("FREQ=WEEKLY;COUNT=4", _MONDAY, "UTC", cut) is None
    assert remaining("FREQ=WEEKLY;UNTIL=20260201", _MONDAY, "UTC", cut) is None
    assert (
        remaining("FREQ=WEEKLY;UNTIL=20111230", datetime(2011, 12, 23, 10), "Pacific/Apia", datetime(2011, 12, 24))
        is None
    )
    assert remaining("FREQ=WEEKLY;COUNT=3", datetime(2011, 12, 23, 10), "Pacific/Apia", datetime(2012, 1, 1)) == (
        "FREQ=WEEKLY;COUNT=2"
    )
    attempts: list[Callable[[], object]] = [
        lambda: ends_before("FREQ=DAILY", datetime(2026, 1, 1, tzinfo=UTC)),
        lambda: ends_before("FREQ=DAILY", datetime(1, 1, 1)),
        lambda: remaining("FREQ=DAILY", _MONDAY, "UTC", datetime(2026, 1, 1, tzinfo=UTC)),
        lambda: remaining("FREQ=SECONDLY;COUNT=999999999", _MONDAY, "UTC", datetime(2027, 1, 1)),
        lambda: next_match("FREQ=DAILY", datetime(2026, 1, 1, tzinfo=UTC)),
    ]
    for refused in attempts:
        with pytest.raises(InvalidInput):
            refused()


def test_with_a_number_and_a_date_a_series_ends_with_whichever_comes_first() -> None:
    by_number, by_date = "FREQ=WEEKLY;COUNT=3;UNTIL=20260301", "FREQ=WEEKLY;COUNT=30;UNTIL=20260120"
    assert [len(expand(rrule, _MONDAY, "UTC")) for rrule in (by_number, by_date)] == [3, 3]
    after = datetime(2026, 1, 12, 9, tzinfo=UTC)
    assert [len(occurrences(rrule, _MONDAY, "UTC", after=after, limit=9)) for rrule in (by_number, by_date)] == [2, 2]
    cut = datetime(2026, 1, 19, 9)
    for rrule in (by_number, by_date):
        assert ends_before(rrule, cut) == "FREQ=WEEKLY;UNTIL=20260119T085959"
    assert remaining(by_number, _MONDAY, "UTC", cut) == "FREQ=WEEKLY;UNTIL=20260301T235959;COUNT=1"
    assert remaining(by_date, _MONDAY, "UTC", cut) == "FREQ=WEEKLY;UNTIL=20260120T235959;COUNT=28"
    for rrule in (by_number, by_date):
        assert remaining(rrule, _MONDAY, "UTC", cut + timedelta(days=7)) is None
    assert ends_before(by_date, datetime(2026, 1, 26, 9)) == "FREQ=WEEKLY;UNTIL=20260120T235959"
    assert next_match("FREQ=WEEKLY;BYDAY=TH;COUNT=1;UNTIL=20260107", _MONDAY) is None
    assert next_match("FREQ=WEEKLY;BYDAY=TH;COUNT=1;UNTIL=20260108", _MONDAY) == datetime(2026, 1, 8, 9)


def test_a_series_split_in_the_hour_that_the_clocks_skip_loses_no_date() -> None:
    start, cut = datetime(2026, 3, 29, 1, 30), datetime(2026, 3, 29, 3)
    whole = expand("FREQ=HOURLY;COUNT=4", start, "Europe/Berlin")
    assert remaining("FREQ=HOURLY;COUNT=4", start, "Europe/Berlin", cut) == "FREQ=HOURLY;COUNT=3"
    head = expand(ends_before("FREQ=HOURLY;COUNT=4", cut), start, "Europe/Berlin")
    tail = expand("FREQ=HOURLY;COUNT=3", datetime(2026, 3, 29, 3, 30), "Europe/Berlin")
    assert sorted({*head, *tail}) == whole


@given(
    st.sampled_from(
        [
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH", "FREQ=WEEKLY;INTERVAL=3;BYDAY=SU,MO;WKST=SU", "FREQ=DAILY;INTERVAL=3",
            "FREQ=MONTHLY;INTERVAL=2;BYDAY=1MO,-1FR", "FREQ=MONTHLY;BYMONTHDAY=5,31",
            "FREQ=MONTHLY;BYDAY=MO,FR;BYSETPOS=2",
            "FREQ=DAILY;BYHOUR=2,9;BYMINUTE=0,30", "FREQ=YEARLY;BYWEEKNO=1,2,53;BYDAY=MO", "FREQ=HOURLY;INTERVAL=31",
            "FREQ=MONTHLY", "FREQ=YEARLY;INTERVAL=2", "FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=1MO,-1TH",
        ]
    ),
    st.sampled_from(
        [
            "", ";COUNT=9", ";COUNT=30", ";UNTIL=20280101",
            ";COUNT=9;UNTIL=20280101", ";COUNT=30;UNTIL=20270301T120000", ";COUNT=1;UNTIL=20270101",
        ]
    ),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)).map(lambda wall: wall.replace(microsecond=0)),
    st.timedeltas(timedelta(), timedelta(days=330)) | st.integers(0, 29).map(lambda steps: timedelta(days=steps * 11)),
    st.sampled_from(["Europe/Berlin", "America/New_York", "America/Santiago"]),
)  # fmt: skip
def test_both_parts_of_a_series_split_at_any_point_are_the_whole(
    rhythm: str, end: str, start: datetime, later: timedelta, zone: str
) -> None:
    start = next_match(rhythm, start) or start
    rrule = rhythm + end
    whole = expand(rrule, start, zone, limit=60)
    cut = start + later
    head = expand(ends_before(rrule, cut), start, zone, limit=60)
    rest = remaining(rrule, start, zone, cut)
    if rest is None:
        # The series was over before: only a rule that ended by date may be left as it is.
        assert head[: len(whole)] == whole
        return
    unending = parse_rrule(rrule).count is None
    go_on = next(wall_times(parse_rrule(rhythm), start, low=cut))
    tail = expand(rest, go_on, zone, limit=60)
    assert (head + tail)[:60] == whole if unending else head + tail == whole


@pytest.mark.parametrize(
    ("rrule", "words"),
    [
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;COUNT=10", "every 2 weeks on Monday and Thursday, 10 times"),
        ("FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20270303", "monthly on the last Friday until 3 Mar 2027"),
        ("FREQ=DAILY", "daily"),
        ("FREQ=DAILY;COUNT=1", "daily, once"),
        ("FREQ=DAILY;COUNT=8;UNTIL=20270303", "daily until 3 Mar 2027, at most 8 times"),
        ("FREQ=DAILY;COUNT=1;UNTIL=20270303", "daily until 3 Mar 2027, at most once"),
        ("FREQ=WEEKLY;BYDAY=+1TU,-1TH", "weekly on Tuesday and Thursday"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "weekly on Monday to Friday"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU", "weekly on every day"),
        ("FREQ=WEEKLY;INTERVAL=2;WKST=SU", "every 2 weeks, weeks beginning on Sunday"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,15", "monthly on the 1st and 15th"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "monthly on the last day"),
        ("FREQ=MONTHLY;BYMONTHDAY=11,22,23,-2", "monthly on the 11th, 22nd, 23rd and second to last day"),
        ("FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR", "monthly on the 13th when that is a Friday"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,2,3;BYDAY=1MO", "monthly on the 1st, 2nd and 3rd when that is the first Monday"),
        ("FREQ=MONTHLY;BYDAY=2TU,4TU", "monthly on the second Tuesday and the fourth Tuesday"),
        ("FREQ=MONTHLY;BYDAY=TU", "monthly on every Tuesday"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "monthly on the last weekday (Monday to Friday)"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=2", "monthly on the second day"),
        ("FREQ=MONTHLY;BYDAY=TU,TH;BYSETPOS=1", "monthly on the first Tuesday or Thursday"),
        ("FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=1", "yearly on the 1st of March"),
        ("FREQ=YEARLY;BYMONTH=1,7", "yearly in January and July"),
        ("FREQ=YEARLY;BYYEARDAY=100,-1", "yearly on the 100th and last day of the year"),
        ("FREQ=YEARLY;BYWEEKNO=20,-1;BYDAY=MO", "yearly in week 20 and the last week on Monday"),
        ("FREQ=DAILY;BYHOUR=9,13;BYMINUTE=30", "daily at 09:30 and 13:30"),
        ("FREQ=DAILY;BYHOUR=9,13", "daily in hour 9 and 13"),
        ("FREQ=MINUTELY;INTERVAL=20;BYSECOND=5", "every 20 minutes at second 5"),
        ("FREQ=HOURLY;BYMINUTE=0,30;BYSETPOS=-1", "hourly at minute 0 and 30, of these only the last of each hour"),
    ],
)
def test_a_rule_is_said_in_words(rrule: str, words: str) -> None:
    assert describe(rrule) == words
