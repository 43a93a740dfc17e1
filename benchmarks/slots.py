"""Finding five free times: twenty practitioners, sixty days ahead, by default 100,000 appointments.

The floor is the bare SQL that reads the rows which the finder needs for its first window: people, hours, absences, and
what is taken in its four days. Beside the usual search, `nothing_free` is one that reads all sixty days and finds
nothing.
"""

import time
from datetime import datetime, timedelta
from statistics import median
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row
from sqlalchemy import text

from benchmarks.result import BenchResult, against_floor, settle
from clinic_core.access import load_actor, owner_work, perform
from clinic_core.access.actor import Actor
from clinic_core.db.engine import libpq_url
from clinic_core.db.roles import DatabaseRole
from clinic_core.kit.clock import now
from clinic_core.models import ServiceRequirement
from clinic_core.scheduling.queries import find_slots
from clinic_core.scheduling.schemas import FindSlots
from clinic_core.seed.large import LargeSize, seed_large, unseen
from clinic_core.seed.large_base import LargeClinic
from clinic_core.vocabulary import ResourceType

DEFAULT_SCALE = 100_000
TURNS = 40
WARM_UP = 5
ANSWERS = 5
LONGEST_REACH = timedelta(hours=28)
WINDOW = timedelta(days=4)

_FLOOR = (
    "select u.id, u.display_name, p.availability_json from practitioner_profile p join app_user u on u.id = p.user_id"
    " join user_location l on l.user_id = u.id and l.clinic_location_id = %(site)s",
    "select weekday, opens, closes from location_hours where clinic_location_id = %(site)s",
    "select starts_on, ends_on from location_closure where ends_on >= %(start)s::date",
    "select user_id, starts_at, ends_at from absence where user_id = any(%(people)s) and ends_at > %(start)s",
    "select id, type, name, category from location_resource where clinic_location_id = %(site)s",
    "select practitioner_user_id, starts_at, ends_at, buffer_minutes from appointment"
    " where practitioner_user_id = any(%(people)s) and starts_at > %(since)s and starts_at < %(until)s"
    " and deleted_at is null and status <> 'cancelled'",
    "select r.resource_id, a.starts_at, a.ends_at, a.buffer_minutes from appointment a"
    " join appointment_resource r on r.appointment_id = a.id where a.clinic_location_id = %(site)s"
    " and a.starts_at > %(since)s and a.starts_at < %(until)s and a.deleted_at is null and a.status <> 'cancelled'",
)


def run(scale: int = DEFAULT_SCALE) -> BenchResult:
    """Measures searches of a clinic with so many appointments, the floor in turns with them."""
    clinic = seed_large("Slot benchmark", LargeSize(max(50, scale // 20), scale), progress=unseen)
    _require_rooms(clinic)
    desk = load_actor(clinic.organization_id, clinic.desk)
    figures: list[float] = []
    floors: list[float] = []
    settle()
    with psycopg.connect(libpq_url(DatabaseRole.APP), row_factory=tuple_row) as bare:
        bare.execute("select set_config('clinic.organization_id', %s, false)", [str(clinic.organization_id)])
        for turn in range(WARM_UP + TURNS):
            starts_from = now() + timedelta(days=turn % 20)
            figures.append(_searched(desk, _request(clinic, clinic.services[turn % 3], starts_from)))
            floors.append(_read(bare, clinic, starts_from))
    nothing = [_searched(desk, _impossible(clinic), finds=False) for _ in range(5)]
    details = {"nothing_free": round(median(nothing), 3), "worst": round(max(figures[WARM_UP:]), 3)}
    return against_floor("slots", figures[WARM_UP:], floors[WARM_UP:], scale=scale, details=details)


def _require_rooms(clinic: LargeClinic) -> None:
    with owner_work("bench.slots", clinic.organization_id) as session:
        session.add_all(
            ServiceRequirement(
                organization_id=clinic.organization_id,
                product_service_id=service_id,
                resource_type=ResourceType.ROOM,
                category="consultation",
            )
            for service_id in clinic.services
        )
        session.execute(text("analyze service_requirement"))


def _request(clinic: LargeClinic, service_id: UUID, starts_from: datetime) -> FindSlots:
    return FindSlots(
        clinic_location_id=clinic.sites[0], product_service_id=service_id, starts_from=starts_from, limit=ANSWERS
    )


def _impossible(clinic: LargeClinic) -> FindSlots:
    """A whole working day with one machine: nobody has that free."""
    return FindSlots(
        clinic_location_id=clinic.sites[0],
        duration_minutes=9 * 60 + 1,
        resource_ids=(clinic.machines[0][0],),
        starts_from=now(),
        limit=ANSWERS,
    )


def _searched(desk: Actor, request: FindSlots, *, finds: bool = True) -> float:
    started = time.perf_counter()
    found = perform(desk, find_slots, request)
    passed = (time.perf_counter() - started) * 1000
    if bool(found) is not finds:
        raise RuntimeError("The search of the benchmark did not find what it is about.")
    return passed


def _read(bare: psycopg.Connection[tuple[object, ...]], clinic: LargeClinic, start: datetime) -> float:
    values = {
        "site": clinic.sites[0],
        "people": clinic.practitioners[0],
        "start": start,
        "since": start - LONGEST_REACH,
        "until": start + WINDOW,
    }
    started = time.perf_counter()
    for statement in _FLOOR:
        bare.execute(statement, values).fetchall()
    return (time.perf_counter() - started) * 1000
