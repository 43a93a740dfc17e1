"""The cases that other calendar programs test themselves with."""

# Wall times are naive on purpose in this file.
# ruff: noqa: DTZ007, DTZ901
import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from clinic_core.errors import InvalidRecurrence
from clinic_core.kit import calendar
from clinic_core.kit.recurrence import MOST_UNENDING, expand, next_match

_DATA = json.loads((Path(__file__).parents[1] / "data/recurrence_cases.json").read_text(encoding="utf-8"))
_CASES = {case["id"]: case for case in _DATA["cases"]}
_PROPERTIES = {case["id"]: case for case in _DATA["properties"]}
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

# Each left out for a reason; the tests below show that the reason holds.
_FORBIDDEN = {
    "rrulejs-101": "BYWEEKNO with WEEKLY",
    "rrulejs-131": "BYWEEKNO with DAILY",
    "rrulejs-194": "BYWEEKNO with MINUTELY",
    "rrulejs-220": "BYWEEKNO with SECONDLY",
    "rrulejs-222": "BYWEEKNO with SECONDLY",
    "rrulejs-128": "BYYEARDAY with DAILY",
    "libical-r011": "RSCALE and SKIP are not of RFC 5545",
    "dateutil-187": "BYEASTER is not of RFC 5545",
    "dateutil-221": "BYEASTER is not of RFC 5545",
    "librecur-474": "BYWEEKNO with WEEKLY",
    "librecur-475": "BYMONTHDAY with WEEKLY",
    "librecur-479": "BYMONTHDAY with WEEKLY",
    "librecur-508": "UNTIL ends in ZZ",
    "librecur-515": "RSCALE and SKIP are not of RFC 5545",
    "librecur-522": "RSCALE and SKIP are not of RFC 5545",
}
_OTHER_INTERFACE = {
    "phprrule-268": "a text that is no calendar text",
    "dateutil-281": "EXRULE, which RFC 5545 took out",
    **dict.fromkeys(
        (
            "dateutil-240", "dateutil-247", "phprrule-244", "phprrule-245", "phprrule-252", "phprrule-258",
            "phprrule-259", "rrulejs-005", "rrulejs-006", "rrulejs-008",
        ),
        "a method of that program",
    ),
}  # fmt: skip
_OTHER_READING = {
    "librecur-504": "there a time that the clocks skip is left out, here it moves; and the start counts there",
    "librecur-539": "there UNTIL with Z is an instant, here it is wall time",
    "librecur-483": "the number of instances stands there as half a formula",
}


@dataclass
class _Series:
    start: datetime
    zone: str
    rrule: str | None = None
    exdates: list[datetime] = field(default_factory=list)
    rdates: list[datetime] = field(default_factory=list)


def _wall(text: str) -> datetime:
    text = text.removesuffix("Z").replace("-", "")
    return datetime.strptime(text, "%Y%m%dT%H%M%S" if "T" in text else "%Y%m%d")


def _read_calendar_text(text: str, zone: str) -> _Series:
    series = _Series(datetime.min, zone)
    for line in text.split():
        name, _, value = line.partition(":")
        kind, *parameters = name.split(";")
        places = [parameter.removeprefix("TZID=") for parameter in parameters if parameter.startswith("TZID=")]
        if kind == "DTSTART":
            series.start, series.zone = _wall(value), (places or [zone])[0]
        elif kind == "RRULE":
            series.rrule = value
        elif kind == "EXDATE":
            series.exdates += map(_wall, value.split(","))
        elif kind == "RDATE":
            series.rdates += map(_wall, value.split(","))
        else:
            pytest.fail(f"{kind} is not read here.")
    return series


def _series(case: dict[str, Any], floating: str) -> _Series:
    tz = case.get("tz", "floating")
    zone = floating if tz == "floating" else tz
    if "ical_text" in case:
        return _read_calendar_text(case["ical_text"], zone)
    return _Series(_wall(case["dtstart"]), zone, case["rrule"])


def _walls(series: _Series, limit: int | None) -> list[datetime]:
    instants = (
        expand(series.rrule, series.start, series.zone, exdates=series.exdates, rdates=series.rdates, limit=limit)
        if series.rrule
        else expand("FREQ=DAILY;COUNT=1", series.start, series.zone, exdates=series.exdates, rdates=series.rdates)
    )
    place = calendar.zone(series.zone)
    return [calendar.to_wall(instant, place) for instant in instants]


def _ends(rrule: str | None) -> bool:
    return rrule is None or "COUNT=" in rrule or "UNTIL=" in rrule


@pytest.mark.parametrize("floating", ["UTC", "Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize("case_id", sorted(_CASES.keys() - _FORBIDDEN.keys() - _OTHER_INTERFACE.keys()))
def test_the_dates_are_those_that_other_programs_give(case_id: str, floating: str) -> None:
    case = _CASES[case_id]
    series = _series(case, floating)
    expected = [_wall(text) for text in case["expected"]]
    match case["method"]:
        case "all":
            assert _walls(series, None if _ends(series.rrule) else len(expected)) == expected
        case "window":
            first, last = map(_wall, case["window"])
            assert [wall for wall in _walls(series, 100) if first <= wall <= last] == expected
        case "not_in":
            assert not set(expected) & set(_walls(series, 100))
        case method:
            pytest.fail(f"{method} is no method of these cases.")


def test_no_case_on_which_programs_agree_is_left_out() -> None:
    agreed = {case_id for case_id, case in _CASES.items() if case["clinic_core"] and case["status"] == "agreed"}
    assert agreed
    assert not agreed & (_FORBIDDEN.keys() | _OTHER_INTERFACE.keys())


@pytest.mark.parametrize("case_id", sorted(_FORBIDDEN))
def test_what_rfc_5545_forbids_is_refused_though_other_programs_let_it_pass(case_id: str) -> None:
    case = _CASES.get(case_id) or _PROPERTIES[case_id]
    with pytest.raises(InvalidRecurrence):
        expand(case["rrule"], _wall(case["dtstart"]), "UTC")


@pytest.mark.parametrize("case", _DATA["invalid"], ids=lambda case: case["id"])
def test_rules_that_other_programs_refuse_are_refused(case: dict[str, Any]) -> None:
    text = case.get("ical_text") or ";".join(f"{name}={value}" for name, value in case["parts"].items())
    with pytest.raises(InvalidRecurrence) as refused:
        expand(text, datetime(2026, 1, 1), "UTC")  # noqa: DTZ001
    assert refused.value.code == "invalid_recurrence"
    assert refused.value.message.endswith(".")


@pytest.mark.parametrize("case_id", sorted(_PROPERTIES.keys() - _FORBIDDEN.keys()))
def test_the_dates_have_the_properties_that_another_program_promises(case_id: str) -> None:
    case = _PROPERTIES[case_id]
    series = _series(case, "UTC")
    walls = _walls(series, None)
    assert walls == sorted(set(walls))
    assert case_id in _OTHER_READING or case.get("instances", case.get("count", len(walls))) == len(walls)
    assert len(walls) <= MOST_UNENDING or _ends(series.rrule)
    if "last_instance" in case and case_id not in _OTHER_READING:
        assert walls[-1] == _wall(case["last_instance"])
    if case_id not in _OTHER_READING and series.rrule is not None:
        assert next_match(series.rrule, series.start) == next(iter(walls), None)
    # That program counts a start that does not fit its rule; here every instance has every property.
    for wall in walls:
        assert "not_after" not in case or wall <= _wall(case["not_after"])
        assert _WEEKDAYS[wall.weekday()] in case.get("weekdays", _WEEKDAYS)
        assert wall.month in case.get("months", [wall.month])
        assert wall.day in case.get("monthdays", [wall.day])
        assert wall.minute in case.get("minutes", [wall.minute])
