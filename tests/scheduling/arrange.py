"""Bookings for tests, made through the use cases."""

from uuid import UUID

from sqlalchemy import text

from clinic_core.access import perform, unit_of_work
from clinic_core.scheduling.schemas import AppointmentRow, BookAppointment
from clinic_core.scheduling.service import book_appointment
from tests.factories import Clinic, make_patient, slot

DRIFT = text(
    "(select appointment_id, subject_id, during, basis from reservation"
    " except select appointment_id, subject_id, during, basis from reservation_wanted)"
    " union all (select appointment_id, subject_id, during, basis from reservation_wanted"
    " except select appointment_id, subject_id, during, basis from reservation)"
)
AUDIT = text(
    "select entity_type, action, actor_user_id, diff_json from audit_log where use_case = :name"
    " order by created_at, entity_type"
)


def booking(clinic: Clinic, hours: float = 0, **fields: object) -> BookAppointment:
    """Half an hour with the practitioner at Main street, `hours` after Monday 9:00 UTC, for a new patient."""
    starts_at, ends_at = slot(hours)
    values: dict[str, object] = {
        "practitioner_user_id": clinic.users["practitioner"],
        "clinic_location_id": clinic.main,
        "starts_at": starts_at,
        "ends_at": ends_at,
        **fields,
    }
    if "patient_id" not in values:
        values["patient_id"] = make_patient(clinic)
    return BookAppointment.model_validate(values)


def book(clinic: Clinic, hours: float = 0, *, by: str = "assistant", **fields: object) -> AppointmentRow:
    """That booking, made by the person of a role."""
    return perform(clinic.actor(by), book_appointment, booking(clinic, hours, **fields))


def audited(clinic: Clinic, use_case: str) -> list[tuple[str, str, UUID | None, dict[str, object]]]:
    """What the audit log says about a use case: table, action, actor, diff."""
    with unit_of_work(clinic.actor("admin")) as work:
        rows = work.session.execute(AUDIT, {"name": use_case}).all()
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def drift(clinic: Clinic) -> int:
    """How many reservations of the organisation are not what its appointments ask for."""
    with unit_of_work(clinic.actor("admin")) as work:
        return len(work.session.execute(DRIFT).all())
