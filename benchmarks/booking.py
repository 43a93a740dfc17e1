"""Booking one appointment through the door, against the same rows inserted bare.

The door: role, row-level security, checks, stamps, history, reservations, audit, request id. The floor: a plain
connection that inserts the very same rows, one transaction each, into tables with the same columns, indexes, checks
and exclusion constraint, but without triggers, policies and foreign keys. Both commit to disk.
"""

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from benchmarks.result import BenchResult, against_floor
from clinic_core.access import perform, unit_of_work
from clinic_core.db.engine import libpq_url
from clinic_core.db.roles import DatabaseRole
from clinic_core.kit.calendar import from_wall, zone
from clinic_core.kit.ids import new_id
from clinic_core.patients.schemas import RegisterPatient
from clinic_core.patients.service import register_patient
from clinic_core.scheduling.schemas import BookAppointment
from clinic_core.scheduling.service import book_appointment
from clinic_core.seed.demo_base import DemoClinic, make_base

DEFAULT_SCALE = 300
WARM_UP = 30
FIRST_SLOT = datetime.fromisoformat("2031-03-03T08:00")  # in Berlin, where she works on Mondays from 8 to 12
SLOT = timedelta(minutes=30)
SLOTS_A_DAY = 8

# Table, and how its rows of one booking are found again.
_ROWS = (
    ("appointment", "id = %(appointment)s"),
    ("appointment_event", "appointment_id = %(appointment)s"),
    ("appointment_resource", "appointment_id = %(appointment)s"),
    ("reservation", "appointment_id = %(appointment)s"),
    ("audit_log", "request_id = %(request)s"),
    ("request", "request_id = %(request)s"),
)

Batch = list[tuple[sql.Composed, list[object]]]


def run(scale: int = DEFAULT_SCALE) -> BenchResult:
    """Measures `scale` bookings of each kind in turns, after a warm-up; the database is the process's own."""
    clinic = make_base("Booking benchmark")
    with unit_of_work(clinic.actor("admin")) as work:
        patient_id = register_patient(
            work, RegisterPatient(last_name="Demo", clinic_location_id=clinic.locations["berlin"])
        ).id
    desk = clinic.actor("desk.berlin")
    figures: list[float] = []
    floors: list[float] = []
    with psycopg.connect(libpq_url(DatabaseRole.OWNER), row_factory=tuple_row) as bare:
        _make_bare_tables(bare)
        for turn in range(WARM_UP + scale):
            if turn == WARM_UP:
                bare.execute("analyze")  # as the server does by itself before long; plans of empty tables end with it
                bare.commit()
            request = _booking(clinic, patient_id, _slot(turn))
            started = time.perf_counter()
            booked = perform(desk, book_appointment, request)
            figures.append(_milliseconds(started))
            batch = _same_rows(bare, booked.id, request.request_id)
            started = time.perf_counter()
            for statement, values in batch:
                bare.execute(statement, values)
            bare.commit()
            floors.append(_milliseconds(started))
    return against_floor("booking", figures[WARM_UP:], floors[WARM_UP:])


def _slot(turn: int) -> datetime:
    """Free times within the rota: eight on a Monday, then those of the week after."""
    wall = FIRST_SLOT + turn // SLOTS_A_DAY * timedelta(weeks=1) + turn % SLOTS_A_DAY * SLOT
    return from_wall(wall, zone("Europe/Berlin")).instant


def _booking(clinic: DemoClinic, patient_id: UUID, starts_at: datetime) -> BookAppointment:
    return BookAppointment(
        patient_id=patient_id,
        practitioner_user_id=clinic.users["north"],
        clinic_location_id=clinic.locations["berlin"],
        starts_at=starts_at,
        ends_at=starts_at + SLOT,
        resource_ids=(clinic.resources["berlin", "Room 1"], clinic.resources["berlin", "Ultrasound"]),
        product_service_id=clinic.items["FUP30"],
        request_id=new_id(),
    )


def _make_bare_tables(bare: psycopg.Connection[tuple[object, ...]]) -> None:
    bare.execute("create schema bare")
    for table, _ in _ROWS:
        name = sql.Identifier(table)
        bare.execute(sql.SQL("create table bare.{} (like public.{} including all)").format(name, name))
    bare.commit()


def _same_rows(bare: psycopg.Connection[tuple[object, ...]], appointment_id: UUID, request_id: UUID | None) -> Batch:
    """One insert per table with the rows that the door just wrote, ready to be sent."""
    batch: Batch = []
    for table, found_by in _ROWS:
        columns = _written_columns(bare, table)
        query = sql.SQL("select {} from public.{} where ").format(_as_text(columns), sql.Identifier(table))
        keys = {"appointment": appointment_id, "request": request_id}
        rows = bare.execute(query + sql.SQL(found_by), keys).fetchall()
        if not rows:
            raise RuntimeError(f"A booking left no row in {table}; the floor would be too low.")
        row = sql.SQL("({})").format(sql.SQL(", ").join(sql.Placeholder() * len(columns)))
        insert = sql.SQL("insert into bare.{} ({}) values {}").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join([row] * len(rows)),
        )
        batch.append((insert, [value for one in rows for value in one]))
    bare.commit()
    return batch


def _written_columns(bare: psycopg.Connection[tuple[object, ...]], table: str) -> list[str]:
    found = bare.execute(
        "select attname from pg_attribute where attrelid = cast(%s as regclass) and attnum > 0"
        " and not attisdropped and attgenerated = '' order by attnum",
        [f"public.{table}"],
    )
    return [str(name) for (name,) in found.fetchall()]


def _as_text(columns: Iterable[str]) -> sql.Composed:
    """Values as PostgreSQL writes them: it reads them back into any type without a converter in between."""
    return sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(column)) for column in columns)


def _milliseconds(started: float) -> float:
    return (time.perf_counter() - started) * 1000
