"""Patients for tests, made and read through the use cases."""

from typing import Any
from uuid import UUID

from clinic_core.access import perform, unit_of_work
from clinic_core.patients.queries import get_patient
from clinic_core.patients.schemas import GetPatient, PatientRow, RegisterPatient, UpdatePatient
from clinic_core.patients.service import register_patient, update_patient
from tests.factories import Clinic


def register(clinic: Clinic, *, by: str = "assistant", **fields: Any) -> PatientRow:
    request = RegisterPatient.model_validate({"first_name": "Ada", "last_name": "Demo", **fields})
    return perform(clinic.actor(by), register_patient, request)


def update(clinic: Clinic, row: PatientRow, *, by: str = "assistant", **fields: Any) -> PatientRow:
    request = UpdatePatient.model_validate({"patient_id": row.id, "version": row.version, **fields})
    return perform(clinic.actor(by), update_patient, request)


def read(clinic: Clinic, patient_id: UUID, *, by: str = "assistant") -> PatientRow:
    with unit_of_work(clinic.actor(by)) as work:
        return get_patient(work, GetPatient(patient_id=patient_id))
