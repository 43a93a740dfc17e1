"""Steps of an appointment and their undo, for tests, through the use cases."""

from datetime import datetime
from typing import Any
from uuid import UUID

from clinic_core.access import perform
from clinic_core.kit.clock import frozen_at, now
from clinic_core.scheduling.queries import undoable_step
from clinic_core.scheduling.schemas import (
    AppointmentRow,
    CancelAppointment,
    ChangeStatus,
    DeleteAppointment,
    GetAppointment,
    MoveAppointment,
    UndoableStep,
    UndoAppointment,
)
from clinic_core.scheduling.service import (
    cancel_appointment,
    change_status,
    delete_appointment,
    move_appointment,
    undo_appointment,
)
from clinic_core.vocabulary import AppointmentStatus, CancelledBy
from tests.factories import Clinic, slot


def undo(clinic: Clinic, row: AppointmentRow, *, by: str = "assistant", **fields: Any) -> AppointmentRow:
    values = {"appointment_id": row.id, "version": row.version, **fields}
    return perform(clinic.actor(by), undo_appointment, UndoAppointment.model_validate(values))


def change(clinic: Clinic, row: AppointmentRow, status: AppointmentStatus) -> AppointmentRow:
    with frozen_at(max(row.starts_at, now())):
        return perform(clinic.actor("assistant"), change_status, ChangeStatus(appointment_id=row.id, status=status))


def move(clinic: Clinic, row: AppointmentRow, hours: float, *, by: str = "assistant", **fields: Any) -> AppointmentRow:
    starts_at, ends_at = slot(hours)
    values = {"appointment_id": row.id, "starts_at": starts_at, "ends_at": ends_at, "version": row.version, **fields}
    return perform(clinic.actor(by), move_appointment, MoveAppointment.model_validate(values))


def cancel(clinic: Clinic, row: AppointmentRow, *, by: str = "assistant", **fields: Any) -> AppointmentRow:
    values = {"appointment_id": row.id, "cancelled_by": CancelledBy.PATIENT, **fields}
    return perform(clinic.actor(by), cancel_appointment, CancelAppointment.model_validate(values))


def delete(clinic: Clinic, row: AppointmentRow) -> AppointmentRow:
    return perform(clinic.actor("assistant"), delete_appointment, DeleteAppointment(appointment_id=row.id))


def undoable(clinic: Clinic, row: AppointmentRow, *, by: str = "assistant") -> UndoableStep | None:
    return perform(clinic.actor(by), undoable_step, GetAppointment(appointment_id=row.id))


def place(row: AppointmentRow) -> tuple[datetime, datetime, UUID]:
    return row.starts_at, row.ends_at, row.practitioner_user_id
