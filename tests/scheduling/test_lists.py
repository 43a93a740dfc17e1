"""Lists of appointments: reach, filters, money for those who may see it, a constant number of queries."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event

from clinic_core.access import unit_of_work
from clinic_core.db.engine import app_engine
from clinic_core.errors import InvalidInput, NotFound
from clinic_core.scheduling.queries import count_appointments, day_list, list_appointments
from clinic_core.scheduling.schemas import AppointmentRow, ListAppointments, ListDay
from tests.factories import MONDAY, Clinic, make_clinic, make_patient
from tests.scheduling.arrange import book

WEEK = {"starts_from": MONDAY - timedelta(days=1), "starts_before": MONDAY + timedelta(days=7)}


def listed(clinic: Clinic, *, by: str = "assistant", **fields: object) -> list[AppointmentRow]:
    with unit_of_work(clinic.actor(by)) as work:
        request = ListAppointments.model_validate({**WEEK, **fields})
        rows = list_appointments(work, request)
        assert fields.get("limit") or count_appointments(work, request) == len(rows)
        return rows


def test_appointments_are_listed_by_start_and_filtered(clinic: Clinic) -> None:
    later, sooner = book(clinic, 2), book(clinic, 1)
    other = book(clinic, 1, practitioner_user_id=clinic.users["second_practitioner"])
    assert [row.id for row in listed(clinic)] == [sooner.id, other.id, later.id]
    assert [row.id for row in listed(clinic, practitioner_ids=(clinic.users["second_practitioner"],))] == [other.id]
    assert [row.id for row in listed(clinic, patient_id=later.patient_id)] == [later.id]
    assert listed(clinic, statuses=("cancelled",)) == []
    assert [row.id for row in listed(clinic, limit=1, offset=1)] == [other.id]
    assert listed(clinic, starts_from=MONDAY + timedelta(hours=2, minutes=1)) == []
    assert [row.id for row in listed(clinic, starts_before=later.starts_at)] == [sooner.id, other.id]


def test_each_sees_as_far_as_the_scope(clinic: Clinic) -> None:
    me = make_patient(clinic, user_id=clinic.users["patient"])
    here, mine = book(clinic), book(clinic, 1, patient_id=me)
    there = book(clinic, 2, by="manager", clinic_location_id=clinic.branch)
    both = {here.id, mine.id}
    seen = {by: {row.id for row in listed(clinic, by=by)} for by in ("manager", "assistant", "patient")}
    assert seen == {"manager": {*both, there.id}, "assistant": both, "patient": {mine.id}}
    assert {row.id for row in listed(clinic, by="practitioner")} == {*both, there.id}
    assert {row.id for row in listed(clinic, by="second_practitioner")} == both
    assert listed(make_clinic(), by="owner") == []


def test_a_day_is_one_on_the_wall_of_the_location(clinic: Clinic) -> None:
    late = book(clinic, 13.75)  # 23:45 in Berlin
    book(clinic, 14.5)  # half past midnight
    with unit_of_work(clinic.actor("assistant")) as work:
        rows = day_list(work, ListDay(clinic_location_id=clinic.main, day=date(2031, 3, 3)))
        assert [row.id for row in rows] == [late.id]
        with pytest.raises(NotFound):
            day_list(work, ListDay(clinic_location_id=make_clinic().main, day=date(2031, 3, 3)))


def test_money_is_told_to_those_who_may_see_it(clinic: Clinic) -> None:
    book(clinic)
    (row,) = listed(clinic)
    assert (row.invoiced, row.patient_balance) == (False, Decimal("0.00"))
    actor = clinic.actor("assistant")
    blind = type(actor)(
        **{**vars(actor), "permissions": {p: s for p, s in actor.permissions.items() if "billing" not in p}}
    )
    with unit_of_work(blind) as work:
        (row,) = list_appointments(work, ListAppointments.model_validate(WEEK))
    assert (row.invoiced, row.patient_balance) == (None, None)


def test_a_list_costs_the_same_number_of_queries_however_long(clinic: Clinic) -> None:
    statements: list[str] = []

    def note(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    def cost() -> int:
        statements.clear()
        event.listen(app_engine(), "before_cursor_execute", note)
        with unit_of_work(clinic.actor("assistant")) as work:
            list_appointments(work, ListAppointments.model_validate(WEEK))
        event.remove(app_engine(), "before_cursor_execute", note)
        return len(statements)

    book(clinic, resource_ids=(clinic.room,))
    one = cost()
    for hours in range(1, 8):
        book(clinic, hours, resource_ids=(clinic.room, clinic.laser), product_service_id=clinic.service)
    assert cost() == one


def test_a_list_is_bounded(clinic: Clinic) -> None:
    with pytest.raises(InvalidInput, match="400 days"):
        listed(clinic, starts_before=MONDAY + timedelta(days=401))
    with pytest.raises(InvalidInput, match="before it begins"):
        listed(clinic, starts_before=MONDAY - timedelta(days=2))
    assert listed(clinic, starts_before=MONDAY + timedelta(days=4000), patient_id=make_patient(clinic)) == []
