"""The day at the front desk: what is free still and for whom, what was left open, whether anything changed."""

from collections.abc import Iterator
from datetime import time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, event

from clinic_core.access import owner_work, perform, unit_of_work
from clinic_core.errors import NotFound
from clinic_core.kit.clock import frozen_at
from clinic_core.kit.ids import new_id
from clinic_core.models import Appointment, LocationHours
from clinic_core.scheduling.queries import count_unclosed, day_openings, day_pulse, unclosed_appointments
from clinic_core.scheduling.schemas import (
    AvailabilityRule,
    ChangeStatus,
    DayOpenings,
    ListDay,
    ListUnclosed,
    SetAvailability,
)
from clinic_core.scheduling.service import change_status, set_availability
from clinic_core.vocabulary import AppointmentStatus, CancelledBy
from tests.factories import MONDAY, Clinic, make_clinic
from tests.scheduling.arrange import book
from tests.scheduling.waiting import wait

S = AppointmentStatus


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    """It is Monday, ten o'clock in Berlin."""
    with frozen_at(MONDAY):
        yield


def day(clinic: Clinic, **fields: Any) -> ListDay:
    values = {"clinic_location_id": clinic.main, "day": MONDAY.date(), **fields}
    return ListDay.model_validate(values)


def openings(clinic: Clinic, *, by: str = "assistant", **fields: Any) -> DayOpenings:
    return perform(clinic.actor(by), day_openings, day(clinic, **fields))


def works(clinic: Clinic, who: str, starts: str, ends: str) -> UUID:
    rule = AvailabilityRule(
        clinic_location_id=clinic.main, weekday=1, starts=time.fromisoformat(starts), ends=time.fromisoformat(ends)
    )
    request = SetAvailability(practitioner_user_id=clinic.users[who], rules=(rule,))
    perform(clinic.actor("manager"), set_availability, request)
    return clinic.users[who]


def test_free_time_is_working_time_from_now_on_less_what_is_booked(clinic: Clinic) -> None:
    works(clinic, "practitioner", "08:00", "12:00")
    book(clinic, 0.5)
    found = openings(clinic)
    spans = [(gap.starts_at - MONDAY, gap.minutes) for gap in found.gaps]
    assert spans == [(timedelta(0), 30), (timedelta(hours=1), 60)]
    assert found.free_minutes == 90
    assert {gap.practitioner for gap in found.gaps} == {"Practitioner"}


def test_where_no_rota_is_known_the_opening_hours_count(clinic: Clinic) -> None:
    assert openings(clinic).gaps == ()
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.add(
            LocationHours(
                organization_id=clinic.organization_id,
                clinic_location_id=clinic.main,
                weekday=1,
                opens=time(9),
                closes=time(11),
            )
        )
    assert openings(clinic).free_minutes == 2 * 60
    works(clinic, "second_practitioner", "10:00", "10:30")
    assert openings(clinic).free_minutes == 90


def test_a_day_that_is_over_has_nothing_free(clinic: Clinic) -> None:
    works(clinic, "practitioner", "08:00", "12:00")
    with frozen_at(MONDAY + timedelta(days=1)):
        assert openings(clinic) == DayOpenings(gaps=(), matching=0)


def test_who_waits_and_could_come_today_is_counted_once(clinic: Clinic) -> None:
    works(clinic, "practitioner", "08:00", "12:00")
    book(clinic, 0.5)
    wait(clinic)
    wait(clinic, time_from="15:00")
    assert openings(clinic).matching == 1
    busy = wait(clinic)
    book(clinic, 1, practitioner_user_id=clinic.users["second_practitioner"], patient_id=busy.patient_id)
    assert openings(clinic).matching == 2


def test_free_time_follows_the_filter_and_the_scope(clinic: Clinic) -> None:
    one, two = works(clinic, "practitioner", "10:00", "11:00"), works(clinic, "second_practitioner", "10:00", "12:00")
    assert {gap.practitioner_user_id for gap in openings(clinic).gaps} == {one, two}
    assert {gap.practitioner_user_id for gap in openings(clinic, practitioner_ids=(two,)).gaps} == {two}
    assert openings(clinic, by="patient").gaps == ()
    assert openings(clinic, by="assistant", clinic_location_id=clinic.branch).gaps == ()
    with pytest.raises(NotFound):
        openings(clinic, clinic_location_id=new_id())


def test_the_number_of_queries_does_not_grow_with_the_day(clinic: Clinic) -> None:
    works(clinic, "practitioner", "08:00", "20:00")
    wait(clinic)
    book(clinic, 1)
    few = queries_of(clinic)
    for hours in (2, 3, 4, 5):
        book(clinic, hours)
        wait(clinic)
    assert queries_of(clinic) == few


def queries_of(clinic: Clinic) -> int:
    count = 0

    def counted(*_: object) -> None:
        nonlocal count
        count += 1

    with unit_of_work(clinic.actor("assistant")) as work:
        engine = work.session.get_bind()
        assert isinstance(engine, Engine)
        event.listen(engine, "before_cursor_execute", counted)
        day_openings(work, day(clinic))
        event.remove(engine, "before_cursor_execute", counted)
    return count


def unclosed(clinic: Clinic, *, by: str = "assistant", **fields: Any) -> list[UUID]:
    values = {"clinic_location_id": clinic.main, "before": MONDAY.date() + timedelta(days=1), **fields}
    request = ListUnclosed.model_validate(values)
    rows = perform(clinic.actor(by), unclosed_appointments, request)
    assert perform(clinic.actor(by), count_unclosed, request).total == len(rows)
    return [row.id for row in rows]


def test_what_has_no_final_status_is_left_open(clinic: Clinic) -> None:
    rows = {status: book(clinic, hours) for hours, status in enumerate(S)}
    with owner_work("test.arrange", clinic.organization_id) as session:
        for status, row in rows.items():
            stored = session.get_one(Appointment, row.id)
            stored.status = status
            stored.cancelled_by = CancelledBy.PATIENT if status is S.CANCELLED else None
    open_ones = (S.BOOKED, S.CONFIRMED, S.ARRIVED, S.IN_PROGRESS)
    assert unclosed(clinic) == [rows[status].id for status in open_ones]
    assert unclosed(clinic, before=MONDAY.date()) == []
    assert unclosed(clinic, practitioner_ids=(clinic.users["second_practitioner"],)) == []
    assert unclosed(clinic, by="second_practitioner") == unclosed(clinic)
    assert unclosed(make_clinic(), by="owner") == []


def test_left_open_yesterday_is_told_apart_from_before(clinic: Clinic) -> None:
    book(clinic)
    book(clinic, 24)
    request = ListUnclosed(clinic_location_id=clinic.main, before=MONDAY.date() + timedelta(days=2))
    found = perform(clinic.actor("assistant"), count_unclosed, request)
    assert (found.total, found.day_before) == (2, 1)
    later = request.model_copy(update={"before": MONDAY.date() + timedelta(days=40)})
    assert perform(clinic.actor("assistant"), count_unclosed, later).total == 0


def test_the_pulse_changes_with_every_change_of_the_day_and_with_no_other(clinic: Clinic) -> None:
    def pulse() -> object:
        return perform(clinic.actor("assistant"), day_pulse, day(clinic))

    empty = pulse()
    row = book(clinic)
    booked = pulse()
    assert booked != empty
    book(clinic, 24)
    assert pulse() == booked
    request = ChangeStatus(appointment_id=row.id, status=S.ARRIVED)
    perform(clinic.actor("assistant"), change_status, request)
    assert pulse() != booked
