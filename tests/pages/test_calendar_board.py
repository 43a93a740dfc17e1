"""The board behind the calendar page: what stands on its blocks and shades, and what their times mean."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest
import streamlit as st

from clinic_core.access import perform
from clinic_core.kit.calendar import day_bounds, from_wall, range_bounds, zone
from clinic_core.kit.clock import frozen_at
from clinic_core.scheduling.queries import (
    count_by_day,
    list_practitioners,
    list_resources,
    working_hours,
)
from clinic_core.scheduling.schemas import (
    AddAbsence,
    AddClosure,
    AddOutage,
    AppointmentRow,
    CountDays,
    GetWorkingHours,
    ListPractitioners,
    ListResources,
)
from clinic_core.scheduling.service import (
    add_absence,
    add_closure,
    add_outage,
)
from clinic_core.ui.calendar_answers import read_answer, shown_span
from clinic_core.ui.calendar_blocks import symbols_of
from clinic_core.ui.calendar_board import Shown, board_of_people, board_of_rooms
from clinic_core.ui.calendar_month import make_month
from clinic_core.ui.calendar_types import NO_ROOM, BlockMoved, Board, Month
from clinic_core.ui.page import Page
from clinic_core.vocabulary import AbsenceKind
from tests.factories import MONDAY, Clinic, make_patient, slot
from tests.scheduling.arrange import book
from tests.scheduling.conflict_arrange import rota

BERLIN = zone("Europe/Berlin")
SPRING_FORWARD, FALL_BACK = date(2031, 3, 30), date(2031, 10, 26)


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    """It is Monday morning."""
    with frozen_at(MONDAY):
        yield


def board(clinic: Clinic, *rows: AppointmentRow, by_room: bool = False, by: str = "manager") -> Board:
    actor = clinic.actor(by)
    hours = perform(
        actor, working_hours, GetWorkingHours(clinic_location_id=clinic.main, first=MONDAY.date(), last=MONDAY.date())
    )
    shown = Shown(
        first=MONDAY.date(),
        last=MONDAY.date(),
        place=BERLIN,
        rows=rows,
        first_visits={row.id for row in rows},
        hours=hours,
        has_opening_hours=False,
        is_by_type=False,
        is_narrow=False,
    )
    if by_room:
        return board_of_rooms(
            actor, shown, perform(actor, list_resources, ListResources(clinic_location_id=clinic.main))
        )
    people = perform(actor, list_practitioners, ListPractitioners(clinic_location_id=clinic.main))
    return board_of_people(actor, shown, people)


def test_symbols_say_what_the_colour_does_not(clinic: Clinic) -> None:
    booked = book(clinic, 1, patient_id=make_patient(clinic, alerts_json=["Latex"]), note="Bring the key")
    assert symbols_of(booked, {booked.id}) == ["!", "★", "≡"]
    (block,) = board(clinic, booked).blocks
    assert block.title.startswith("○ Ada Demo ! ★ ≡")


def test_only_ones_own_blocks_are_moved_by_who_manages_the_own_calendar(clinic: Clinic) -> None:
    own = book(clinic, 1)
    theirs = book(clinic, 1, practitioner_user_id=clinic.users["second_practitioner"])
    movable = {block.id for block in board(clinic, own, theirs, by="practitioner").blocks if block.is_movable}
    assert movable == {own.id}


def test_what_takes_two_things_stands_in_two_columns_and_what_takes_none_in_its_own(clinic: Clinic) -> None:
    both = book(clinic, 1, resource_ids=(clinic.room, clinic.laser))
    none = book(clinic, 2)
    drawn = board(clinic, both, none, by_room=True)
    assert {(block.id, block.column_id) for block in drawn.blocks} == {
        (both.id, clinic.room),
        (both.id, clinic.laser),
        (none.id, NO_ROOM),
    }


def test_absences_are_named_blocked_time_opens_and_the_rest_is_off(clinic: Clinic) -> None:
    rota(clinic, time(8), time(17))
    who = clinic.users["practitioner"]
    for kind, hours in ((AbsenceKind.TRAINING, 1), (AbsenceKind.BLOCKED, 3)):
        starts_at, ends_at = slot(hours)
        absence = AddAbsence(user_id=who, starts_at=starts_at, ends_at=ends_at, kind=kind, reason="Team")
        perform(clinic.actor("manager"), add_absence, absence)
    drawn = board(clinic)
    shades = [(shade.look, shade.word) for shade in drawn.shades if shade.column_id == who]
    assert shades == [("off", ""), ("off", ""), ("away", "Training: Team")]
    assert [away.title for away in drawn.aways] == ["Blocked: Team"]
    # Why somebody is away is told to those who plan the rota only, so nothing is there to be opened.
    told = board(clinic, by="assistant")
    assert [shade.word for shade in told.shades if shade.look == "away"] == ["Away", "Away"]
    assert not told.aways


def test_a_closed_day_and_a_room_out_of_service_are_named(clinic: Clinic) -> None:
    closure = AddClosure(starts_on=date(2031, 3, 1), ends_on=date(2031, 3, 9), name="Carnival")
    perform(clinic.actor("manager"), add_closure, closure)
    starts_at, ends_at = slot(1)
    outage = AddOutage(resource_id=clinic.room, starts_at=starts_at, ends_at=ends_at, reason="Painting")
    perform(clinic.actor("manager"), add_outage, outage)
    drawn = board(clinic, by_room=True)
    closed = [shade for shade in drawn.shades if shade.look == "closed"]
    assert {shade.word for shade in closed} == {"Closed: Carnival"}
    assert {shade.column_id for shade in closed} == {column.id for column in drawn.columns}
    assert [(away.column_id, away.title) for away in drawn.aways] == [(clinic.room, "Out of service: Painting")]


def away(clinic: Clinic, starts_at: datetime, ends_at: datetime, **fields: Any) -> None:
    request = AddAbsence(user_id=clinic.users["practitioner"], starts_at=starts_at, ends_at=ends_at, **fields)
    perform(clinic.actor("manager"), add_absence, request)


def said(clinic: Clinic, *rows: AppointmentRow, by_room: bool = False) -> list[str]:
    return [banner.text for banner in board(clinic, *rows, by_room=by_room).banners]


@pytest.mark.parametrize(
    ("starts", "hours", "sentence"),
    [
        (0, 24, "Sick, all day: Fever"),
        (0, 24 * 5, "Sick, all day, until 7 Mar 2031: Fever"),
        (0, 12, "Sick, until 12:00: Fever"),
        (14, 24, "Sick, from 14:00: Fever"),
        (10, 2.5, "Sick, 10:00–12:30: Fever"),
    ],
)
def test_an_absence_is_said_above_its_column_whatever_is_booked_in_it(
    clinic: Clinic, starts: float, hours: float, sentence: str
) -> None:
    booked = book(clinic, 1)
    first = day_bounds(MONDAY.date(), BERLIN).start + timedelta(hours=starts)
    away(clinic, first, first + timedelta(hours=hours), kind=AbsenceKind.SICK, reason="Fever")
    (banner,) = board(clinic, booked).banners
    assert (banner.text, banner.column_id, banner.opens) == (sentence, clinic.users["practitioner"], None)


def test_what_is_outside_the_hours_shown_is_not_said(clinic: Clinic) -> None:
    midnight = day_bounds(MONDAY.date(), BERLIN).start
    away(clinic, midnight + timedelta(hours=19), midnight + timedelta(hours=20))
    assert said(clinic) == []


def test_a_day_off_of_another_zone_is_a_day_off_for_who_reads_it_here(clinic: Clinic) -> None:
    days = day_bounds(MONDAY.date(), zone("Europe/Lisbon"))
    away(clinic, days.start, days.end, kind=AbsenceKind.HOLIDAY)
    assert said(clinic) == ["Holiday, all day"]
    before = day_bounds(MONDAY.date() - timedelta(days=1), zone("Europe/Lisbon"))
    away(clinic, before.start, before.end, kind=AbsenceKind.SICK)
    assert said(clinic) == ["Holiday, all day"]


def test_what_was_blocked_for_whole_days_opens_from_above_and_covers_no_appointment(clinic: Clinic) -> None:
    day = day_bounds(MONDAY.date(), BERLIN)
    away(clinic, day.start, day.end, kind=AbsenceKind.BLOCKED, reason="Congress")
    outage = AddOutage(resource_id=clinic.room, starts_at=day.start, ends_at=day.end, reason="Painting")
    perform(clinic.actor("manager"), add_outage, outage)
    drawn = board(clinic)
    (banner,) = drawn.banners
    assert not drawn.aways
    assert banner.text == "Blocked, all day: Congress"
    assert banner.opens is not None
    assert banner.opens.kind == "absence"
    assert said(clinic, by_room=True) == ["Out of service, all day: Painting"]


def test_some_blocked_hours_say_from_when_to_when(clinic: Clinic) -> None:
    starts_at, ends_at = slot(1)
    away(clinic, starts_at, ends_at, kind=AbsenceKind.BLOCKED, reason="Team")
    drawn = board(clinic)
    assert [(one.title, one.when) for one in drawn.aways] == [("Blocked: Team", "11:00–11:30")]
    assert not drawn.banners


def test_a_closed_day_is_said_above_every_column(clinic: Clinic) -> None:
    closure = AddClosure(starts_on=MONDAY.date(), ends_on=MONDAY.date(), name="Carnival")
    perform(clinic.actor("manager"), add_closure, closure)
    assert said(clinic) == ["Closed: Carnival"] * 2


def month_of(clinic: Clinic, *rows: AppointmentRow) -> Month:
    first, last = MONDAY.date().replace(day=1), MONDAY.date().replace(day=31)
    page = cast("Page", SimpleNamespace(actor=clinic.actor("manager")))
    hours = GetWorkingHours(clinic_location_id=clinic.main, first=first, last=last)
    bounds = range_bounds(first, last, BERLIN)
    shown = Shown(
        first=first,
        last=last,
        place=BERLIN,
        rows=rows,
        first_visits=(),
        hours=perform(page.actor, working_hours, hours),
        has_opening_hours=False,
        is_by_type=False,
        is_narrow=False,
    )
    request = CountDays(clinic_location_id=clinic.main, starts_from=bounds.start, starts_before=bounds.end)
    return make_month(page, shown, perform(page.actor, count_by_day, request))


def heads(drawn: Month) -> dict[str, list[str]]:
    """What Monday, which is today, says besides its blocks."""
    lines = [line for line in drawn.lines if line.day == MONDAY.date()]
    return {
        look: [line.text for line in lines if line.look == look] for look in dict.fromkeys(one.look for one in lines)
    }


def test_a_day_of_the_month_shows_what_it_has_room_for_and_how_many_more_there_are(clinic: Clinic) -> None:
    rows = [book(clinic, hours) for hours in range(3)]
    drawn = month_of(clinic, *rows)
    assert heads(drawn) == {"today": ["3\N{EM SPACE}3 booked"]}
    assert [block.id for block in drawn.blocks] == [row.id for row in rows]
    fourth = book(clinic, 4)
    drawn = month_of(clinic, *rows, fourth)
    assert heads(drawn) == {"today": ["3\N{EM SPACE}4 booked"], "more": ["+ 2 more"]}
    assert [block.id for block in drawn.blocks] == [row.id for row in rows[:2]]
    # Too many to be read at all: the totals say it, and nothing is "more".
    assert heads(month_of(clinic)) == {"today": ["3\N{EM SPACE}4 booked"]}
    assert [line.text for line in drawn.lines if line.look == "number"][2] == "4"


def moved_to(starts_at: datetime, ends_at: datetime, start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """What a block of those instants means when it lies from `start` to `end` on the wall."""
    one = UUID(int=1)
    event = {
        "id": f"appointment/{one}/{one}",
        "start": start.isoformat(),
        "end": end.isoformat(),
        "extendedProps": {"rev": 0, "version": 1, "starts": starts_at.isoformat(), "ends": ends_at.isoformat()},
    }
    st.session_state["_calendar_rev"] = 0
    st.session_state["test"] = {"callback": "eventChange", "eventChange": {"event": event}}
    found = read_answer("test", BERLIN)
    assert isinstance(found, BlockMoved)
    return found.starts_at, found.ends_at


def wall(day: date, hour: int, minute: int) -> datetime:
    return datetime.combine(day, time(hour, minute))


def test_a_resize_in_the_hour_that_comes_twice_keeps_the_very_start() -> None:
    second = from_wall(wall(FALL_BACK, 2, 15), BERLIN).instant + timedelta(hours=1)
    half = timedelta(minutes=30)
    start, end = shown_span(second, second + half, BERLIN)
    assert moved_to(second, second + half, start, end + half)[0] == second


def test_a_move_onto_the_day_the_clocks_change_keeps_the_length() -> None:
    starts_at = from_wall(wall(SPRING_FORWARD - timedelta(days=1), 1, 30), BERLIN).instant
    start, end = wall(SPRING_FORWARD, 1, 30), wall(SPRING_FORWARD, 2, 30)
    moved = moved_to(starts_at, starts_at + timedelta(hours=1), start, end)
    assert moved[1] - moved[0] == timedelta(hours=1)


def test_what_runs_into_the_hour_that_comes_twice_is_drawn_as_long_as_it_takes() -> None:
    starts_at = from_wall(wall(FALL_BACK, 2, 45), BERLIN).instant
    start, end = shown_span(starts_at, starts_at + timedelta(minutes=30), BERLIN)
    assert end - start == timedelta(minutes=30)
