"""A clinic of any size, for measuring and for trying: patients and appointments by COPY, as the owner of the database.

History and reservations, which triggers derive row by row for everybody else, are derived here once a chunk from the
same view, under the same constraints; of the audit there is one row a statement. The same seed and day give the same
clinic, apart from ids. Nobody can sign in: `clinic create-owner` gives it a first person.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import islice
from typing import Literal, Protocol, TypeVar
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.orm import Session

from clinic_core.access import owner_work
from clinic_core.auth.baseline import create_organization
from clinic_core.errors import InvalidInput
from clinic_core.kit.calendar import from_wall, zone
from clinic_core.kit.clock import now
from clinic_core.kit.formats import patient_code
from clinic_core.kit.ids import new_id
from clinic_core.seed.large_base import LargeClinic, add_places
from clinic_core.seed.large_bills import Books, chunks_of, plan_books, write_books
from clinic_core.seed.large_plan import (
    SERVICES,
    ZONE,
    LargeAppointment,
    LargePatient,
    plan_appointments,
    plan_patients,
    sites_for,
)

USE_CASE = "seed.large"
LARGE_ORGANIZATION = "Large Clinic"
LARGE_SEED = 7
CHUNK = 5000
# After these chunks PostgreSQL counts anew: the plans of its triggers were made for emptier tables.
ANALYSED = frozenset(4**n for n in range(8))
_EVENTS = text(
    "insert into appointment_event (id, organization_id, appointment_id, to_status, to_starts_at, to_ends_at,"
    " to_practitioner_user_id, to_clinic_location_id, created_at)"
    " select gen_random_uuid(), organization_id, id, status, starts_at, ends_at, practitioner_user_id,"
    " clinic_location_id, created_at from appointment where id = any(:ids)"
)
_RESERVATIONS = text(
    "insert into reservation (organization_id, appointment_id, subject_id, kind, exclusive, during, basis)"
    " select organization_id, appointment_id, subject_id, kind, basis is null, during, basis"
    " from reservation_wanted where appointment_id = any(:ids)"
)
Row = Sequence[object]
Item = TypeVar("Item")


class Progress(Protocol):
    """Shows how far a long step is: hands the same items on."""

    def __call__(self, title: str, work: Iterable[Item], /, *, total: int) -> Iterable[Item]:
        """The items of `work`, in order; there are about `total`."""


def unseen(_title: str, work: Iterable[Item], /, *, total: int) -> Iterable[Item]:  # noqa: ARG001
    """Progress that nobody looks at."""
    return work


@dataclass(frozen=True)
class LargeSize:
    """How many rows of each kind are asked for."""

    patients: int
    appointments: int = 0
    invoices: int = 0


def seed_large(
    organization: str, size: LargeSize, *, progress: Progress, seed: int = LARGE_SEED, today: date | None = None
) -> LargeClinic:
    """Makes a clinic of that name and size and returns its ids; it lives at eleven o'clock of the day.

    Each chunk is a transaction of its own, so that a clinic that was interrupted is there in part and under its name.

    Raises:
        InvalidInput: appointments or invoices without patients.
        Conflict: an organisation of that name exists.
    """
    if (size.appointments or size.invoices) and not size.patients:
        raise InvalidInput("Appointments and invoices need patients; ask for at least one.")
    day = today or now().date()
    as_of = from_wall(datetime.combine(day, time(11)), zone(ZONE)).instant
    clinic = LargeClinic(create_organization(organization))
    with owner_work(USE_CASE, clinic.organization_id) as session:
        add_places(session, clinic, sites_for(size.appointments))
    _copy_patients(clinic, progress, plan_patients(seed, size.patients, day), size.patients)
    planned = plan_appointments(seed, size.appointments, size.patients, as_of)
    _copy_appointments(clinic, progress, planned, size.appointments)
    _write_books(clinic, organization, progress, size.invoices, day)
    _tell_planner(clinic)
    return clinic


def _copy_patients(clinic: LargeClinic, progress: Progress, planned: Iterator[LargePatient], count: int) -> None:
    for chunk in progress("Patients", _chunks(planned), total=-(-count // CHUNK)):
        ids = [new_id() for _ in chunk]
        with owner_work(USE_CASE, clinic.organization_id) as session:
            _summarise(session)
            first = session.scalar(text("select next_numbers('patient', 0, :count)"), {"count": len(chunk)})
            _copy(
                session,
                "patient",
                "id organization_id code first_name last_name dob sex contact_json clinic_location_id",
                (
                    (
                        patient_id,
                        clinic.organization_id,
                        patient_code(int(first or 1) + place),
                        one.first_name,
                        one.last_name,
                        one.dob,
                        one.sex.value,
                        json.dumps({"phone": one.phone, "email": one.email}),
                        clinic.sites[one.index % len(clinic.sites)],
                    )
                    for place, (patient_id, one) in enumerate(zip(ids, chunk, strict=True))
                ),
            )
        clinic.patients.extend(ids)


def _copy_appointments(
    clinic: LargeClinic, progress: Progress, planned: Iterator[LargeAppointment], count: int
) -> None:
    for number, chunk in enumerate(progress("Appointments", _chunks(planned), total=-(-count // CHUNK))):
        if number in ANALYSED:
            _tell_planner(clinic)
        ids = [new_id() for _ in chunk]
        with owner_work(USE_CASE, clinic.organization_id) as session:
            _summarise(session)
            _switch(session, "disable")
            _copy(
                session,
                "appointment",
                "id organization_id patient_id practitioner_user_id clinic_location_id product_service_id starts_at"
                " ends_at buffer_minutes status status_at cancelled_by created_at",
                (_appointment(clinic, row_id, one) for row_id, one in zip(ids, chunk, strict=True)),
            )
            taken = [
                (new_id(), clinic.organization_id, row_id, thing)
                for row_id, one in zip(ids, chunk, strict=True)
                for thing in _things(clinic, one)
            ]
            _copy(session, "appointment_resource", "id organization_id appointment_id resource_id", taken)
            _derive(session, ids)
        clinic.appointments += len(chunk)
        clinic.appointment_resources += len(taken)


def _write_books(clinic: LargeClinic, name: str, progress: Progress, count: int, today: date) -> None:
    if not count:
        return
    with owner_work(USE_CASE, clinic.organization_id) as session:
        _summarise(session)
        books = Books(clinic.organization_id, name, clinic.services, clinic.practitioners[0])
        values = plan_books(session, books, count, today)
        parts = chunks_of(count)
        write_books(session, values, progress("Invoices", parts, total=len(parts)))
    clinic.invoices = count


def _appointment(clinic: LargeClinic, row_id: UUID, one: LargeAppointment) -> Row:
    return (
        row_id,
        clinic.organization_id,
        clinic.patients[one.site + one.patient * len(clinic.sites)],
        clinic.practitioners[one.site][one.practitioner],
        clinic.sites[one.site],
        clinic.services[one.service],
        one.starts_at,
        one.ends_at,
        SERVICES[one.service].buffer,
        one.status.value,
        one.status_at,
        one.cancelled_by.value if one.cancelled_by else None,
        one.booked_at,
    )


def _things(clinic: LargeClinic, one: LargeAppointment) -> Iterator[UUID]:
    yield clinic.rooms[one.site][one.practitioner]
    if one.machine is not None:
        yield clinic.machines[one.site][one.machine]


def _tell_planner(clinic: LargeClinic) -> None:
    with owner_work(USE_CASE, clinic.organization_id) as session:
        session.execute(text("analyze"))


def _switch(session: Session, word: Literal["disable", "enable"]) -> None:
    """The triggers that derive rows, off and on in one transaction; nobody else writes to these tables meanwhile."""
    for table in ("appointment", "appointment_resource"):
        session.execute(text(f"alter table {table} {word} trigger reserve_insert"))


def _derive(session: Session, ids: list[UUID]) -> None:
    session.execute(_EVENTS, {"ids": ids})
    session.execute(_RESERVATIONS, {"ids": ids})
    _switch(session, "enable")


def _summarise(session: Session) -> None:
    session.execute(text("set local clinic.audit = 'summary'"))


def _copy(session: Session, table: str, columns: str, rows: Iterable[Row]) -> None:
    connection = session.connection().connection.driver_connection
    if not isinstance(connection, psycopg.Connection):
        raise TypeError("Rows are copied through psycopg.")
    names = sql.SQL(", ").join(map(sql.Identifier, columns.split()))
    command = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(table), names)
    with connection.cursor() as cursor, cursor.copy(command) as copy:
        for row in rows:
            copy.write_row(row)


def _chunks(items: Iterator[Item]) -> Iterator[list[Item]]:
    while chunk := list(islice(items, CHUNK)):
        yield chunk
