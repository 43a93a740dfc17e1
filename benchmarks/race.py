"""Sixty-four people book one time at once: one wins, the others are told what is in the way and what is free instead.

The figure is the worst answer time; the floor is the median time of one booking alone, so the ratio says how long a
queue of that many is. `scale` is the number of rounds, each for a time of its own.
"""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from statistics import median
from threading import Barrier
from uuid import UUID

from sqlalchemy import text

from benchmarks.result import BenchResult
from clinic_core.access import owner_work, perform, unit_of_work
from clinic_core.access.actor import Actor
from clinic_core.errors import BookingConflict
from clinic_core.patients.schemas import RegisterPatient
from clinic_core.patients.service import register_patient
from clinic_core.scheduling.schemas import BookAppointment
from clinic_core.scheduling.service import book_appointment
from clinic_core.seed.demo_base import DemoClinic, make_base, tell_planner

DEFAULT_SCALE = 5
CLIENTS = 64
ALONE = 20
ANSWER = timedelta(minutes=30)
FIRST_ROUND = datetime(2031, 3, 3, 9, 0, tzinfo=UTC)
_DEADLOCKS = text("select deadlocks from pg_stat_database where datname = current_database()")


def run(scale: int = DEFAULT_SCALE) -> BenchResult:
    """Runs the rounds; every one must have exactly one winner."""
    clinic = make_base("Race benchmark")
    patients = _patients(clinic)
    tell_planner(clinic)
    desk = clinic.actor("desk.berlin")
    alone = [
        _timed(desk, _booking(clinic, patients[0], FIRST_ROUND - timedelta(days=7 * n + 7)))[1] for n in range(ALONE)
    ]
    before = _deadlocks()
    outcomes: Counter[str] = Counter()
    times: list[float] = []
    for turn in range(scale):
        found = _race(clinic, desk, patients, FIRST_ROUND + turn * timedelta(days=7))
        if sum(outcome == "win" for outcome, _ in found) != 1:
            raise RuntimeError("A time was won by none or by more than one.")
        outcomes.update(outcome for outcome, _ in found)
        times.extend(passed for _, passed in found)
    details = {
        "clients": CLIENTS,
        "wins": outcomes["win"],
        "conflicts": outcomes["conflict"] + outcomes["conflict with times instead"],
        "with_alternatives": outcomes["conflict with times instead"],
        "deadlocks": _deadlocks() - before,
        "median": round(median(times), 3),
    }
    return BenchResult("race", round(max(times), 3), "ms", round(median(alone), 3), scale, details)


def _patients(clinic: DemoClinic) -> list[UUID]:
    with unit_of_work(clinic.actor("admin")) as work:
        return [
            register_patient(
                work, RegisterPatient(last_name=f"Demo {number}", clinic_location_id=clinic.locations["berlin"])
            ).id
            for number in range(CLIENTS)
        ]


def _race(clinic: DemoClinic, desk: Actor, patients: list[UUID], starts_at: datetime) -> list[tuple[str, float]]:
    ready = Barrier(CLIENTS)

    def book(patient_id: UUID) -> tuple[str, float]:
        request = _booking(clinic, patient_id, starts_at)
        ready.wait()
        return _timed(desk, request)

    with ThreadPoolExecutor(CLIENTS) as pool:
        return list(pool.map(book, patients))


def _timed(desk: Actor, request: BookAppointment) -> tuple[str, float]:
    started = time.perf_counter()
    try:
        perform(desk, book_appointment, request)
        outcome = "win"
    except BookingConflict as conflict:
        outcome = "conflict with times instead" if conflict.alternatives else "conflict"
    return outcome, (time.perf_counter() - started) * 1000


def _booking(clinic: DemoClinic, patient_id: UUID, starts_at: datetime) -> BookAppointment:
    return BookAppointment(
        patient_id=patient_id,
        practitioner_user_id=clinic.users["north"],
        clinic_location_id=clinic.locations["berlin"],
        starts_at=starts_at,
        ends_at=starts_at + ANSWER,
        resource_ids=(clinic.resources["berlin", "Room 1"],),
        product_service_id=clinic.items["FUP30"],
    )


def _deadlocks() -> int:
    with owner_work("bench.race") as session:
        return int(session.execute(_DEADLOCKS).scalar_one())
