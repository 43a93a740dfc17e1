"""The work-list: which appointments can no longer take place, what is proposed for them, the plan of a day."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest

from clinic_core.access import owner_work, perform, unit_of_work
from clinic_core.errors import NotFound
from clinic_core.kit.clock import frozen_at
from clinic_core.models import UserLocation
from clinic_core.scheduling.conflicts import find_obstacles
from clinic_core.scheduling.displaced import find_displaced
from clinic_core.scheduling.displaced_ways import wanted_as_booked
from clinic_core.scheduling.queries import (
    colleagues_free,
    displaced_appointments,
    plan_day,
    propose_times,
)
from clinic_core.scheduling.rows import appointment_rows
from clinic_core.scheduling.schemas import (
    AddAbsence,
    AddClosure,
    AppointmentRow,
    AvailabilityRule,
    AvailabilitySaved,
    ChangeStatus,
    DisplacedList,
    FindWays,
    ListDisplaced,
    OpeningSpan,
    PlanDay,
    SetAvailability,
    SetOpeningHours,
)
from clinic_core.scheduling.service import (
    add_absence,
    add_closure,
    change_status,
    set_availability,
    set_opening_hours,
)
from clinic_core.vocabulary import AppointmentStatus, ConflictKind, Scope
from tests.factories import MONDAY, Clinic, make_clinic, make_patient
from tests.scheduling.absence_arrange import HOURS, away, broken, rescope
from tests.scheduling.arrange import book

K = ConflictKind
DAY = timedelta(days=1)
WEEKDAYS = range(1, 6)


def rule(
    clinic: Clinic, weekday: int = 1, starts: str = "08:00", ends: str = "18:00", **fields: Any
) -> AvailabilityRule:
    return AvailabilityRule.model_validate(
        {"clinic_location_id": clinic.main, "weekday": weekday, "starts": starts, "ends": ends, **fields}
    )


def work_week(clinic: Clinic, *people: str, rules: tuple[AvailabilityRule, ...] | None = None) -> AvailabilitySaved:
    """Monday to Friday from 8 to 18 in Berlin for the people; the answer for the last of them."""
    for key in people:
        week = SetAvailability(
            practitioner_user_id=clinic.users[key],
            rules=tuple(rule(clinic, day) for day in WEEKDAYS) if rules is None else rules,
        )
        saved = perform(clinic.actor("manager"), set_availability, week)
    return saved


def listed(clinic: Clinic, *, by: str = "assistant", **fields: Any) -> DisplacedList:
    return perform(clinic.actor(by), displaced_appointments, ListDisplaced(**fields))


def kinds(found: DisplacedList) -> list[list[ConflictKind]]:
    return [[one.kind for one in row.obstacles] for row in found.rows]


def test_changed_hours_open_the_list_of_who_is_booked_outside_them(clinic: Clinic) -> None:
    assert work_week(clinic, "practitioner").displaced == 0
    early, late = book(clinic), book(clinic, 6)
    saved = work_week(clinic, "practitioner", rules=(rule(clinic, 1, "08:00", "12:00"), rule(clinic, 2)))
    assert (saved.displaced, len(saved.rules)) == (1, 2)
    found = listed(clinic)
    assert ([row.appointment.id for row in found.rows], kinds(found)) == ([late.id], [[K.OUTSIDE_HOURS]])
    assert "does not work at Main street" in found.rows[0].obstacles[0].sentence
    assert early.id not in [row.appointment.id for row in found.rows]


def test_every_reason_is_named(clinic: Clinic) -> None:
    book(clinic, resource_ids=(clinic.room,))
    hours = SetOpeningHours(
        clinic_location_id=clinic.main, spans=(OpeningSpan(weekday=1, opens=time(14), closes=time(18)),)
    )
    perform(clinic.actor("admin"), set_opening_hours, hours)
    away(clinic), broken(clinic)
    perform(
        clinic.actor("manager"),
        add_closure,
        AddClosure(clinic_location_id=clinic.main, name="Move", starts_on=date(2031, 3, 3), ends_on=date(2031, 3, 3)),
    )
    assert sorted(kinds(listed(clinic))[0]) == [K.ABSENCE, K.CLOSED, K.OUT_OF_SERVICE, K.OUTSIDE_HOURS]


def test_what_was_lifted_at_booking_stays_lifted_but_a_later_absence_does_not(clinic: Clinic) -> None:
    work_week(clinic, "practitioner")
    sunday = MONDAY + 6 * DAY
    book(clinic, by="manager", starts_at=sunday, ends_at=sunday + HOURS, override_reason="Emergency")
    away(clinic)
    book(clinic, 2, by="manager", override_reason="Comes in for this one")
    assert listed(clinic).total == 0
    away(clinic, 1, 3)
    assert kinds(listed(clinic)) == [[K.ABSENCE, K.ABSENCE]]


def test_only_appointments_ahead_are_listed_and_who_has_arrived_today(clinic: Clinic) -> None:
    today, tomorrow = book(clinic), book(clinic, 24)
    away(clinic, -12, 72)
    assistant = clinic.actor("assistant")
    arrive = ChangeStatus(appointment_id=today.id, status=AppointmentStatus.ARRIVED)
    with frozen_at(MONDAY + 2 * HOURS):
        assert [row.appointment.id for row in listed(clinic).rows] == [tomorrow.id]
        perform(assistant, change_status, arrive)
        assert [row.appointment.id for row in listed(clinic).rows] == [today.id, tomorrow.id]
        begun = ChangeStatus(appointment_id=today.id, status=AppointmentStatus.IN_PROGRESS)
        perform(assistant, change_status, begun)
        assert [row.appointment.id for row in listed(clinic).rows] == [tomorrow.id]
        perform(assistant, change_status, arrive)
    with frozen_at(MONDAY + 24 * HOURS):
        assert [row.appointment.id for row in listed(clinic).rows] == [tomorrow.id]


def test_the_list_comes_in_pages_and_for_whom_it_is_asked(clinic: Clinic) -> None:
    for hours in range(12):
        book(clinic, hours / 2)
    book(clinic, practitioner_user_id=clinic.users["second_practitioner"])
    away(clinic), away(clinic, user_id=clinic.users["second_practitioner"])
    first, second = listed(clinic), listed(clinic, offset=10)
    assert (len(first.rows), len(second.rows), first.total, second.total) == (10, 3, 13, 13)
    starts = [row.appointment.starts_at for row in (*first.rows, *second.rows)]
    assert starts == sorted(starts)
    assert listed(clinic, practitioner_ids=(clinic.users["second_practitioner"],)).total == 1
    assert listed(clinic, clinic_location_id=clinic.branch).total == 0
    assert listed(clinic, starts_before=MONDAY + HOURS).total == 3


def test_everybody_sees_the_rows_of_the_calendars_they_book(clinic: Clinic) -> None:
    patient = make_patient(clinic, user_id=clinic.users["patient"])
    book(clinic, patient_id=patient)
    away(clinic)
    assert [listed(clinic, by=role).total for role in ("manager", "assistant", "practitioner")] == [1, 1, 1]
    assert [listed(clinic, by=role).total for role in ("second_practitioner", "patient")] == [0, 0]
    other = make_clinic()
    assert listed(other, by="owner").total == 0
    (row,) = listed(clinic).rows
    for by, asked in (("second_practitioner", clinic), ("patient", clinic), ("admin", other)):
        for question in (propose_times, colleagues_free):
            with pytest.raises(NotFound):
                perform(asked.actor(by), question, FindWays(appointment_id=row.appointment.id))
    plan = PlanDay(practitioner_user_id=clinic.users["practitioner"], day=date(2031, 3, 3))
    assert perform(clinic.actor("second_practitioner"), plan_day, plan) == []
    assert perform(other.actor("admin"), plan_day, plan) == []


def test_three_free_times_with_the_same_practitioner_are_proposed(clinic: Clinic) -> None:
    work_week(clinic, "practitioner", "second_practitioner")
    row = book(clinic, resource_ids=(clinic.room,))
    away(clinic, -12, 36)
    slots = perform(clinic.actor("assistant"), propose_times, FindWays(appointment_id=row.id))
    back = MONDAY + 24 * HOURS
    assert [slot.starts_at for slot in slots] == [back, back + 22 * HOURS, back + 46 * HOURS]
    assert {slot.practitioner_user_id for slot in slots} == {clinic.users["practitioner"]}
    assert all(len(slot.resource_ids) == 1 for slot in slots)


def test_an_appointment_without_its_room_is_proposed_another_room_at_its_time(clinic: Clinic) -> None:
    work_week(clinic, "practitioner")
    row = book(clinic, resource_ids=(clinic.room,))
    broken(clinic)
    slots = perform(clinic.actor("assistant"), propose_times, FindWays(appointment_id=row.id))
    assert (slots[0].starts_at, slots[0].resource_ids) == (row.starts_at, (clinic.second_room,))


def test_colleagues_are_those_of_the_location_who_are_free_then(clinic: Clinic) -> None:
    row = book(clinic, resource_ids=(clinic.room,))
    away(clinic)

    def free(by: str = "assistant") -> list[str]:
        ways = perform(clinic.actor(by), colleagues_free, FindWays(appointment_id=row.id))
        return [one.practitioner for one in ways]

    assert free() == ["Second Practitioner"]
    assert free("practitioner") == []
    book(clinic, 0.25, practitioner_user_id=clinic.users["second_practitioner"])
    assert free() == []


def test_who_works_elsewhere_is_no_colleague(clinic: Clinic) -> None:
    row = book(clinic)
    with owner_work("test.arrange", clinic.organization_id) as session:
        for place in session.query(UserLocation).filter_by(user_id=clinic.users["second_practitioner"]):
            place.clinic_location_id = clinic.branch
    assert perform(clinic.actor("manager"), colleagues_free, FindWays(appointment_id=row.id)) == []


def test_a_day_is_planned_with_a_time_for_each_no_two_alike(clinic: Clinic) -> None:
    work_week(clinic, "practitioner", "second_practitioner")
    rows = [book(clinic, at / 2) for at in range(10)]
    plan = PlanDay(practitioner_user_id=clinic.users["practitioner"], day=date(2031, 3, 3))
    planned = perform(clinic.actor("assistant"), plan_day, plan)
    assert [row.appointment.id for row in planned] == [row.id for row in rows]
    spans = sorted((row.slot.starts_at, row.slot.ends_at) for row in planned if row.slot)
    assert len(spans) == 10
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
    assert spans[0][0] == datetime(2031, 3, 4, 7, tzinfo=UTC)
    assert {row.colleague_id for row in planned} == {clinic.users["second_practitioner"]}
    later = perform(clinic.actor("assistant"), plan_day, plan.model_copy(update={"earliest": date(2031, 3, 7)}))
    assert min(row.slot.starts_at for row in later if row.slot) == datetime(2031, 3, 7, 7, tzinfo=UTC)


def test_nobody_is_lent_twice_at_once(clinic: Clinic) -> None:
    work_week(clinic, "practitioner", "second_practitioner")
    book(clinic)
    book(clinic, 0.25, by="manager", double_book_reason="Squeezed in")
    plan = PlanDay(practitioner_user_id=clinic.users["practitioner"], day=date(2031, 3, 3))
    one, other = perform(clinic.actor("assistant"), plan_day, plan)
    assert (one.colleague_id, other.colleague_id) == (clinic.users["second_practitioner"], None)
    assert len(other.colleagues) == 1


def test_a_day_is_that_on_the_wall_of_the_location_also_when_the_clocks_change(clinic: Clinic) -> None:
    """On 30 March 2031 Berlin loses an hour: its day runs from 23:00 to 22:00 UTC."""
    first = datetime(2031, 3, 29, 23, tzinfo=UTC)
    for at in (-0.5, 0, 22.5, 23):
        book(clinic, starts_at=first + at * HOURS, ends_at=first + (at + 0.25) * HOURS)
    plan = PlanDay(practitioner_user_id=clinic.users["practitioner"], day=date(2031, 3, 30))
    planned = perform(clinic.actor("assistant"), plan_day, plan)
    assert [(row.appointment.starts_at - first) / HOURS for row in planned] == [0, 22.5]
    elsewhere = plan.model_copy(update={"clinic_location_id": clinic.branch})
    assert perform(clinic.actor("assistant"), plan_day, elsewhere) == []


def test_the_list_and_the_validator_agree(clinic: Clinic) -> None:
    """Every way of not taking place, over a week of appointments: found by the one as by the other."""
    work_week(clinic, "practitioner")
    spans = tuple(OpeningSpan(weekday=day, opens=time(9), closes=time(17)) for day in WEEKDAYS)
    rows: list[AppointmentRow] = [
        book(clinic, 24 * day + at, resource_ids=(clinic.room,), by="manager") for day in range(5) for at in (0, 2, 4)
    ]
    rows.append(book(clinic, 7.5, resource_ids=(clinic.room,)))
    perform(clinic.actor("admin"), set_opening_hours, SetOpeningHours(clinic_location_id=clinic.main, spans=spans))
    work_week(clinic, "practitioner", rules=tuple(rule(clinic, day, "09:00", "14:00") for day in WEEKDAYS[1:]))
    absence = AddAbsence(
        user_id=clinic.users["practitioner"], starts_at=MONDAY + 25 * HOURS, ends_at=MONDAY + 27 * HOURS
    )
    perform(clinic.actor("manager"), add_absence, absence)
    broken(clinic, 48, 1)
    day = date(2031, 3, 7)
    perform(clinic.actor("manager"), add_closure, AddClosure(name="Holiday", starts_on=day, ends_on=day))
    looked_at = {K.ABSENCE, K.CLOSED, K.OUT_OF_SERVICE, K.OUTSIDE_HOURS}
    with unit_of_work(clinic.actor("manager")) as work:
        found = {one.appointment_id: one.kinds for one in find_displaced(work.session)}
        booked = appointment_rows(work.session, work.actor)
        said = find_obstacles(work.session, work.actor, [wanted_as_booked(row) for row in booked])
    wanted = {
        row.id: frozenset(one.kind for one in obstacles) & looked_at
        for row, obstacles in zip(booked, said, strict=True)
    }
    assert found == {found_id: kinds for found_id, kinds in wanted.items() if kinds}
    assert {kind for each in found.values() for kind in each} == looked_at


def test_who_plans_one_location_counts_and_sees_only_what_is_theirs(clinic: Clinic) -> None:
    book(clinic)
    rescope(clinic, Scope.LOCATION)
    assert away(clinic).displaced == 1
    assert listed(clinic, by="manager").total == 1
