"""Booking one appointment through the door, against the same rows inserted bare.

The door: role, row-level security, checks, stamps, history, reservations, audit, request id. The floor: a plain
connection that inserts the very same rows, one transaction each, into tables with the same columns, indexes, checks
and exclusion constraint, but without triggers, policies and foreign keys. Both commit to disk.
"""

import time
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row

from benchmarks.bare import make_bare_tables, milliseconds, same_rows, send
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
        make_bare_tables(bare, [table for table, _ in _ROWS])
        for turn in range(WARM_UP + scale):
            if turn == WARM_UP:
                bare.execute("analyze")  # as the server does by itself before long; plans of empty tables end with it
                bare.commit()
            request = _booking(clinic, patient_id, _slot(turn))
            started = time.perf_counter()
            booked = perform(desk, book_appointment, request)
            figures.append(milliseconds(started))
            keys = {"appointment": booked.id, "request": request.request_id}
            floors.append(send(bare, same_rows(bare, _ROWS, keys)))
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
