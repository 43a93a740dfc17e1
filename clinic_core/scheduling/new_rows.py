"""Writing new appointments with their rooms: one statement for any number of them.

The triggers behind it look at whole statements: reservations, history and audit cost once what they cost for one row.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from clinic_core.kit.ids import new_id
from clinic_core.scheduling.conflict_facts import WantedTime
from clinic_core.scheduling.conflicts import Settled


@dataclass(frozen=True)
class NewAppointment:
    """An appointment to be written, with the rooms and equipment that it takes."""

    organization_id: UUID
    wanted: WantedTime
    settled: Settled
    product_service_id: UUID | None
    case_id: UUID | None
    note: str
    series_id: UUID | None = None
    original_starts_at: datetime | None = None


@dataclass(frozen=True)
class Written:
    """What the database fills in."""

    id: UUID
    status_at: datetime
    created_at: datetime
    version: int


_INSERT = text(
    """
    with asked as materialized (
      select * from jsonb_to_recordset(cast(:rows as jsonb)) as r(
        id uuid, organization_id uuid, patient_id uuid, practitioner_user_id uuid, clinic_location_id uuid,
        product_service_id uuid, case_id uuid, series_id uuid, original_starts_at timestamptz, starts_at timestamptz,
        ends_at timestamptz, buffer_minutes int, note text, override_reason text, override_kinds_json jsonb,
        double_book_reason text, taken jsonb)),
    written as (
      insert into appointment (id, organization_id, patient_id, practitioner_user_id, clinic_location_id,
        product_service_id, case_id, series_id, original_starts_at, starts_at, ends_at, buffer_minutes, note,
        override_reason, override_kinds_json, double_book_reason)
      select id, organization_id, patient_id, practitioner_user_id, clinic_location_id, product_service_id, case_id,
        series_id, original_starts_at, starts_at, ends_at, buffer_minutes, note, override_reason, override_kinds_json,
        double_book_reason
      from asked order by id
      returning id, status_at, created_at, version),
    taken as (
      insert into appointment_resource (id, organization_id, appointment_id, resource_id)
      select cast(t.key as uuid), a.organization_id, a.id, cast(t.value as uuid)
      from asked a cross join lateral jsonb_each_text(a.taken) t order by t.key)
    select id, status_at, created_at, version from written
    """
)


def insert_appointments(session: Session, new: Iterable[NewAppointment]) -> dict[UUID, Written]:
    """Writes new appointments with their rooms; answers by their ids what the database filled in."""
    rows = json.dumps([_row(one) for one in new], default=str)
    session.flush()
    found = session.connection().execute(_INSERT, {"rows": rows})
    return {row.id: Written(*row) for row in found}


def _row(new: NewAppointment) -> dict[str, object]:
    wanted, settled = new.wanted, new.settled
    return {
        "id": wanted.appointment_id,
        "organization_id": new.organization_id,
        "patient_id": wanted.patient_id,
        "practitioner_user_id": wanted.practitioner_user_id,
        "clinic_location_id": wanted.clinic_location_id,
        "product_service_id": new.product_service_id,
        "case_id": new.case_id,
        "series_id": new.series_id,
        "original_starts_at": new.original_starts_at,
        "starts_at": wanted.starts_at,
        "ends_at": wanted.ends_at,
        "buffer_minutes": wanted.buffer_minutes,
        "note": new.note,
        "override_reason": settled.override_reason,
        "override_kinds_json": settled.override_kinds,
        "double_book_reason": settled.double_book_reason,
        "taken": {str(new_id()): resource_id for resource_id in wanted.resource_ids},
    }
