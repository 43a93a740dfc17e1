"""What an appointment is about, changed without touching its time."""

from sqlalchemy import exists, or_, select
from sqlmodel import col

from clinic_core.access import Work, use_case
from clinic_core.errors import Conflict
from clinic_core.models import Appointment, InvoiceLine, Visit
from clinic_core.scheduling.bookable import check_case, find_bookable
from clinic_core.scheduling.charged import charging_line
from clinic_core.scheduling.reach import MANAGE, find_managed_appointment, is_own_patient
from clinic_core.scheduling.rows import appointment_row
from clinic_core.scheduling.schemas import AppointmentRow, EditAppointment


@use_case(MANAGE, name="appointment.edit")
def edit_appointment(work: Work, request: EditAppointment) -> AppointmentRow:
    """Changes the desk note, the case or the service; time, practitioner, rooms and buffer stay as they were booked.

    Raises:
        NotFound: an unknown appointment, case or service, one out of reach, or another patient's case.
        StaleEdit: it was changed after the form was drawn.
        PermissionDenied: patients do not write desk notes.
        Conflict: another service, but a visit was documented for it or it stands on an invoice.
        InvalidInput: a service that is not booked any more.
    """
    work.lock_calendar()
    _, patient = find_managed_appointment(work.session, work.actor, request.appointment_id)
    if is_own_patient(work.actor, patient):
        raise work.refused("appointment.edit", MANAGE, "Please call the clinic to change what it is about.")
    appointment = work.lock(Appointment, request.appointment_id, called="appointment", version=request.version)
    given = request.model_fields_set
    if "product_service_id" in given and request.product_service_id != appointment.product_service_id:
        _change_service(work, appointment, request)
    if "case_id" in given and request.case_id != appointment.case_id:
        check_case(work.session, request.case_id, patient.id)
        appointment.case_id = request.case_id
    if "note" in given:
        appointment.note = request.note
    work.session.flush()
    return appointment_row(work.session, work.actor, appointment.id)


def _change_service(work: Work, appointment: Appointment, request: EditAppointment) -> None:
    documented = exists().where(col(Visit.appointment_id) == appointment.id, col(Visit.deleted_at).is_(None))
    visits = select(col(Visit.id)).where(col(Visit.appointment_id) == appointment.id)
    invoiced = (
        exists()
        .where(or_(col(InvoiceLine.appointment_id) == appointment.id, col(InvoiceLine.visit_id).in_(visits)))
        .where(charging_line())
    )
    if work.session.execute(select(or_(documented, invoiced))).scalar_one():
        raise Conflict("A visit or an invoice belongs to this appointment; its service is not changed any more.")
    find_bookable(work.session, appointment.clinic_location_id, service_id=request.product_service_id)
    appointment.product_service_id = request.product_service_id
