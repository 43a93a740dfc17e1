"""No double booking: many threads, the app's own engine, one winner; mixed writers, no deadlock, no drift."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from psycopg import errors as pg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinic_core.access import owner_work, perform, unit_of_work
from clinic_core.access.session import Deadlock
from clinic_core.db.engine import owner_engine
from clinic_core.errors import BookingConflict, ClinicError, StaleEdit
from clinic_core.models import Appointment, AppointmentResource
from clinic_core.scheduling.queries import get_appointment
from clinic_core.scheduling.schemas import AppointmentRow, CancelAppointment, GetAppointment, MoveAppointment
from clinic_core.scheduling.service import book_appointment, cancel_appointment, move_appointment
from clinic_core.vocabulary import CancelledBy
from tests.factories import MONDAY, Clinic, make_clinic, make_patient, slot
from tests.harness import Database
from tests.scheduling.arrange import book, booking, drift

CLIENTS = 64
SECONDS = 30
DEADLOCKS = text("select deadlocks from pg_stat_database where datname = current_database()")


def at_once(actions: list[Callable[[], object]]) -> list[object]:
    """Runs each action in a thread of its own, all let go together; gives back results and clinic errors."""
    gate = threading.Barrier(len(actions))
    results: list[object] = [None] * len(actions)

    def run(index: int) -> None:
        gate.wait()
        try:
            results[index] = actions[index]()
        except (ClinicError, DBAPIError) as error:
            results[index] = error

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(actions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert not any(thread.is_alive() for thread in threads)
    return results


def deadlocks() -> int:
    with owner_engine().connect() as connection:
        connection.execute(text("select pg_stat_force_next_flush()"))
        return int(connection.execute(DEADLOCKS).scalar_one())


@pytest.mark.race
def test_of_64_clients_for_one_slot_exactly_one_wins(own_database: Database) -> None:
    clinic = make_clinic()
    actor, resources = clinic.actor("assistant"), (clinic.room, clinic.laser)
    requests = [booking(clinic, resource_ids=resources) for _ in range(CLIENTS)]
    began = time.monotonic()
    results = at_once([partial(perform, actor, book_appointment, one) for one in requests])
    assert time.monotonic() - began < SECONDS
    (winner,) = [one for one in results if isinstance(one, AppointmentRow)]
    losers = [one for one in results if isinstance(one, BookingConflict)]
    assert len(losers) == CLIENTS - 1
    for loser in losers:
        assert {(one.subject, one.appointment_id) for one in loser.obstacles} == {
            ("Practitioner", winner.id),
            ("Room 1", winner.id),
            ("Laser", winner.id),
        }
    assert drift(clinic) == 0
    assert deadlocks() == 0


@pytest.mark.race
def test_mixed_writers_neither_deadlock_nor_leave_a_reservation_behind(own_database: Database) -> None:
    clinic = make_clinic()
    actor = clinic.actor("manager")
    rows = [book(clinic, 0.5 * n, resource_ids=(clinic.room,)) for n in range(8)]
    patients = [make_patient(clinic) for _ in range(8)]

    def move(row: AppointmentRow, hours: float) -> object:
        starts_at, ends_at = slot(hours)
        request = MoveAppointment(appointment_id=row.id, starts_at=starts_at, ends_at=ends_at, version=row.version)
        return perform(actor, move_appointment, request)

    def late_room(row: AppointmentRow) -> object:
        request = MoveAppointment(
            appointment_id=row.id,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            version=row.version,
            resource_ids=(clinic.second_room, clinic.laser),
        )
        return perform(actor, move_appointment, request)

    def several(patient: object, first: int) -> object:
        with unit_of_work(actor) as work:
            order = range(4) if first % 2 else reversed(range(4))
            return [book_appointment(work, booking(clinic, 10 + first // 2 + n, patient_id=patient)).id for n in order]

    def cancel(row: AppointmentRow) -> object:
        request = CancelAppointment(appointment_id=row.id, cancelled_by=CancelledBy.CLINIC)
        return perform(actor, cancel_appointment, request)

    actions: list[Callable[[], object]] = []
    for n, row in enumerate(rows):
        actions += [
            partial(move, row, 0.5 * ((n + 1) % 8)),
            partial(late_room, row),
            partial(several, patients[n], n),
            partial(cancel, row),
        ]
    results = at_once(actions)
    kinds = Counter(type(one).__name__ for one in results)
    assert not any(isinstance(one, DBAPIError | Deadlock) for one in results), kinds
    assert set(kinds) <= {"AppointmentRow", "list", "BookingConflict", "StaleEdit", "IllegalTransition", "Conflict"}
    assert kinds["list"] >= 1
    assert drift(clinic) == 0
    assert deadlocks() == 0


@pytest.mark.race
def test_of_two_who_move_one_appointment_the_second_is_told(own_database: Database) -> None:
    clinic = make_clinic()
    row, actor = book(clinic), clinic.actor("manager")

    def move(hours: float) -> object:
        starts_at, ends_at = slot(hours)
        request = MoveAppointment(appointment_id=row.id, starts_at=starts_at, ends_at=ends_at, version=row.version)
        return perform(actor, move_appointment, request)

    results = at_once([partial(move, hours) for hours in range(1, 9)])
    (moved,) = [one for one in results if isinstance(one, AppointmentRow)]
    assert sum(isinstance(one, StaleEdit) for one in results) == 7
    with unit_of_work(actor) as work:
        assert get_appointment(work, GetAppointment(appointment_id=row.id)).starts_at == moved.starts_at


@pytest.mark.race
def test_two_clinics_never_wait_for_each_other(own_database: Database) -> None:
    one, other = make_clinic(), make_clinic()
    request, actor = booking(other), other.actor("assistant")
    with unit_of_work(one.actor("assistant")) as work:
        book_appointment(work, booking(one))
        (booked,) = at_once([lambda: perform(actor, book_appointment, request)])
    assert isinstance(booked, AppointmentRow)


def test_trading_places_is_one_statement(clinic: Clinic) -> None:
    first, second = book(clinic, resource_ids=(clinic.room,)), book(clinic, 1, resource_ids=(clinic.room,))
    trade = text(
        "update appointment set starts_at = case id when :first then cast(:later as timestamptz)"
        " else cast(:sooner as timestamptz) end, ends_at = case id when :first then cast(:later as timestamptz)"
        " else cast(:sooner as timestamptz) end + interval '30 minutes' where id in (:first, :second)"
    )
    values = {"first": first.id, "second": second.id, "sooner": first.starts_at, "later": second.starts_at}
    with owner_work("test.trade", clinic.organization_id) as session:
        session.execute(trade, values)
    assert drift(clinic) == 0


def insert(clinic: Clinic, hours: float, **columns: object) -> Appointment:
    starts_at, ends_at = slot(hours)
    values = {
        "patient_id": make_patient(clinic),
        "practitioner_user_id": clinic.users["practitioner"],
        "clinic_location_id": clinic.main,
        "starts_at": starts_at,
        "ends_at": ends_at,
        **columns,
    }
    return Appointment.model_validate({"organization_id": clinic.organization_id, **values})


def take(clinic: Clinic, room: UUID, **columns: object) -> None:
    with owner_work("test.arrange", clinic.organization_id) as session:
        appointment = insert(clinic, 0, **columns)
        session.add(appointment)
        session.flush()
        session.add(
            AppointmentResource(organization_id=clinic.organization_id, appointment_id=appointment.id, resource_id=room)
        )


def constraint_of(error: BaseException) -> str | None:
    cause = getattr(error, "orig", None) or getattr(error.__cause__, "orig", None)
    return cause.diag.constraint_name if isinstance(cause, pg.Error) else None


def test_rows_of_one_statement_are_kept_apart_too(clinic: Clinic) -> None:
    with pytest.raises(ClinicError) as refused, owner_work("test.arrange", clinic.organization_id) as session:
        session.add_all([insert(clinic, 0), insert(clinic, 0.25)])
    assert constraint_of(refused.value) == "reservation_no_overlap"


def test_a_room_of_another_location_is_refused_by_the_database(clinic: Clinic) -> None:
    with pytest.raises(ClinicError) as refused:
        take(clinic, clinic.room, clinic_location_id=clinic.branch)
    assert constraint_of(refused.value) == "appointment_resource_location"


def test_imported_appointments_of_the_past_may_overlap_but_nothing_else_over_them(clinic: Clinic) -> None:
    past: dict[str, Any] = {
        "starts_at": MONDAY.replace(year=2020),
        "ends_at": MONDAY.replace(year=2020) + timedelta(minutes=30),
    }
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.add_all([insert(clinic, 0, imported=True, **past), insert(clinic, 0, imported=True, **past)])
    with pytest.raises(BookingConflict):
        book(clinic, **past)
    assert drift(clinic) == 0


def test_an_imported_appointment_cannot_lie_ahead(clinic: Clinic) -> None:
    with pytest.raises(ClinicError) as refused, owner_work("test.arrange", clinic.organization_id) as session:
        session.add(insert(clinic, 0, imported=True))
    assert constraint_of(refused.value) == "ck_appointment_imported_past"


def test_an_appointment_is_a_day_long_at_most_unless_it_was_imported(clinic: Clinic) -> None:
    """Everything that looks for what reaches into a time looks a day back."""
    starts_at = MONDAY.replace(year=2020)
    span: dict[str, Any] = {"starts_at": starts_at, "ends_at": starts_at + timedelta(hours=24, seconds=1)}
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.add_all([insert(clinic, 0, imported=True, **span), insert(clinic, 0, ends_at=slot(24)[0])])
    with pytest.raises(ClinicError) as refused, owner_work("test.arrange", clinic.organization_id) as session:
        session.add(insert(clinic, 0, **span))
    assert constraint_of(refused.value) == "ck_appointment_length"


def test_a_room_is_never_shared_whatever_the_reason(clinic: Clinic) -> None:
    book(clinic, resource_ids=(clinic.room,))
    with pytest.raises(ClinicError) as refused:
        take(clinic, clinic.room, double_book_reason="Emergency")
    assert constraint_of(refused.value) == "reservation_no_overlap"


def test_a_buffer_override_lifts_buffers_but_not_the_appointments_themselves(clinic: Clinic) -> None:
    override = {"override_reason": "Short", "override_kinds_json": ["buffer"]}
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.add(insert(clinic, 0, buffer_minutes=20))
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.add(insert(clinic, 0.5, **override))
    with pytest.raises(ClinicError) as refused, owner_work("test.arrange", clinic.organization_id) as session:
        session.add(insert(clinic, 0.25, **override))
    assert constraint_of(refused.value) == "reservation_no_overlap"
    assert drift(clinic) == 0


@pytest.mark.parametrize("statement", ["update reservation set exclusive = false", "delete from reservation"])
def test_the_app_may_only_read_reservations(clinic: Clinic, statement: str) -> None:
    with pytest.raises(DBAPIError, match="permission denied"), unit_of_work(clinic.actor("owner")) as work:
        work.session.execute(text(statement))
