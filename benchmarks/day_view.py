"""One day of one location with twenty practitioners, as the calendar reads it, at three sizes of the database.

The floor is one bare statement by psycopg that reads the same rows with the same columns. The sizes are a hundredth, a
tenth and the whole of the scale (by default 10,000, 100,000 and 1,000,000 appointments), one clinic each, measured
when it is there; the figure is that of the largest.
"""

import time
from datetime import timedelta
from statistics import median

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from benchmarks.result import BenchResult, settle
from clinic_core.access import load_actor, perform
from clinic_core.db.engine import libpq_url
from clinic_core.db.roles import DatabaseRole
from clinic_core.kit.calendar import Span, day_bounds, local_date, zone
from clinic_core.kit.clock import now
from clinic_core.scheduling.queries import list_appointments
from clinic_core.scheduling.schemas import ListAppointments
from clinic_core.seed.large import LargeSize, seed_large, unseen
from clinic_core.seed.large_base import LargeClinic
from clinic_core.seed.large_plan import WORKDAYS, ZONE

DEFAULT_SCALE = 1_000_000
TURNS = 30
WARM_UP = 10
_PARTS = (100, 10, 1)

_FLOOR = sql.SQL("""
    select a.id, a.patient_id, p.first_name, p.last_name, p.preferred_name, p.code, p.alerts_json,
           a.practitioner_user_id, u.display_name, a.clinic_location_id, l.name, l.timezone, a.starts_at, a.ends_at,
           a.buffer_minutes, a.status, a.status_at, a.product_service_id, s.name, s.code, s.color, a.case_id,
           a.series_id, a.original_starts_at, a.note, a.cancelled_by, a.cancelled_late, a.cancel_reason,
           a.double_book_reason, a.override_reason, a.override_kinds_json, a.imported, v.id, v.status, a.deleted_at,
           a.created_at, a.version,
           (select jsonb_agg(jsonb_build_object('id', r.id, 'type', r.type, 'name', r.name)
                             order by r.type desc, r.name)
            from appointment_resource t join location_resource r on r.id = t.resource_id
            where t.organization_id = a.organization_id and t.appointment_id = a.id),
           (select sum(i.balance) from invoice i where i.organization_id = a.organization_id
              and i.patient_id = a.patient_id and i.balance > 0),
           exists (select from invoice_line n join invoice i on i.id = n.invoice_id and i.status <> 'void'
                   where n.organization_id = a.organization_id and (n.appointment_id = a.id or n.visit_id = v.id))
    from appointment a join patient p on p.id = a.patient_id join app_user u on u.id = a.practitioner_user_id
      join clinic_location l on l.id = a.clinic_location_id
      left join product_service s on s.id = a.product_service_id
      left join visit v on v.organization_id = a.organization_id and v.appointment_id = a.id and v.deleted_at is null
    where a.organization_id = %(organization)s and a.clinic_location_id = %(site)s and a.starts_at >= %(start)s
      and a.starts_at < %(end)s and a.deleted_at is null
    order by a.starts_at, a.id
""")


def run(scale: int = DEFAULT_SCALE) -> BenchResult:
    """Makes the clinics one after the other and measures each; the floor is read in turns with it."""
    figures: dict[str, float] = {}
    floors: dict[str, float] = {}
    rows: dict[str, int] = {}
    for part in _PARTS:
        size = max(1, scale // part)
        clinic = seed_large(f"Day view {size}", LargeSize(max(50, size // 20), size), progress=unseen)
        name = f"{size}"
        figures[name], floors[name], rows[name] = _measured(clinic)
    smallest, largest = next(iter(figures)), f"{scale}"
    details = {
        "figures": figures,
        "floors": floors,
        "ratios": {name: round(figure / floors[name], 2) for name, figure in figures.items()},
        "rows": rows,
        "growth": round(figures[largest] / figures[smallest], 2),
    }
    return BenchResult("day-view", figures[largest], "ms", floors[largest], scale, details)


def _measured(clinic: LargeClinic) -> tuple[float, float, int]:
    desk = load_actor(clinic.organization_id, clinic.desk)
    day = _working_day()
    request = ListAppointments(starts_from=day.start, starts_before=day.end, clinic_location_id=clinic.sites[0])
    values = {
        "organization": clinic.organization_id, "site": clinic.sites[0], "start": day.start, "end": day.end,
    }  # fmt: skip
    figures: list[float] = []
    floors: list[float] = []
    settle()
    with psycopg.connect(libpq_url(DatabaseRole.OWNER), row_factory=tuple_row) as bare:
        for _ in range(WARM_UP + TURNS):
            started = time.perf_counter()
            found = perform(desk, list_appointments, request)
            figures.append((time.perf_counter() - started) * 1000)
            started = time.perf_counter()
            same = bare.execute(_FLOOR, values).fetchall()
            floors.append((time.perf_counter() - started) * 1000)
            if [row.id for row in found] != [row[0] for row in same]:
                raise RuntimeError("The day view and its floor do not read the same rows.")
    return round(median(figures[WARM_UP:]), 3), round(median(floors[WARM_UP:]), 3), len(found)


def _working_day() -> Span:
    """Today, or on a weekend the Monday after: a day of which every clinic has its appointments."""
    place = zone(ZONE)
    day = local_date(now(), place)
    while day.isoweekday() > WORKDAYS:
        day += timedelta(days=1)
    return day_bounds(day, place)
