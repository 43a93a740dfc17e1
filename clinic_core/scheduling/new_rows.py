"""Writing new appointments with their rooms: one statement for any number of them.

The triggers behind it look at whole statements: reservations, history and audit cost once what they cost for one row.
"""

import json
from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from clinic_core.kit.ids import new_id
from clinic_core.models import Appointment

_COLUMNS = (
    "id",
    "organization_id",
    "patient_id",
    "practitioner_user_id",
    "clinic_location_id",
    "product_service_id",
    "case_id",
    "series_id",
    "original_starts_at",
    "starts_at",
    "ends_at",
    "buffer_minutes",
    "note",
    "override_reason",
    "override_kinds_json",
    "double_book_reason",
)
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
      returning id, status_at, created_at, version, recurrence_json),
    taken as (
      insert into appointment_resource (id, organization_id, appointment_id, resource_id)
      select cast(t.key as uuid), a.organization_id, a.id, cast(t.value as uuid)
      from asked a cross join lateral jsonb_each_text(a.taken) t order by t.key)
    select id, status_at, created_at, version, recurrence_json from written
    """
)


def insert_appointments(session: Session, new: Sequence[tuple[Appointment, Sequence[object]]]) -> None:
    """Writes new appointments, each with the ids of the rooms and equipment it takes.

    The appointments stay out of the session; what the database filled in is put into them.
    """
    rows = json.dumps([_row(appointment, resource_ids) for appointment, resource_ids in new], default=str)
    by_id = {appointment.id: appointment for appointment, _ in new}
    for written in session.execute(_INSERT, {"rows": rows}):
        appointment = by_id[written.id]
        appointment.status_at = written.status_at
        appointment.created_at = written.created_at
        appointment.version = written.version
        appointment.recurrence_json = written.recurrence_json


def _row(appointment: Appointment, resource_ids: Sequence[object]) -> dict[str, object]:
    values = {column: getattr(appointment, column) for column in _COLUMNS}
    return {**values, "taken": {str(new_id()): resource_id for resource_id in resource_ids}}
