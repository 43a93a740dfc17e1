"""Printing the day of a location; that it was printed is audited."""

from sqlalchemy import select
from sqlmodel import col

from clinic_core.access import Permission, Work, use_case
from clinic_core.access.scope import patients_in_scope
from clinic_core.kit.clock import now
from clinic_core.models import AppUser, ClinicLocation, Patient
from clinic_core.scheduling.queries import day_list
from clinic_core.scheduling.schemas import DaySheet, DaySheetRow, ListDay, PrintDaySheet
from clinic_core.vocabulary import AppointmentStatus, Scope


@use_case(Permission.APPOINTMENT_READ, name="appointment.print_day")
def print_day_sheet(work: Work, request: PrintDaySheet) -> DaySheet:
    """The appointments of a day in reach, with what the desk needs beside them: phones, alerts, notes, balances.

    Raises:
        NotFound: an unknown location or practitioner.
        PermissionDenied: the actor is a patient; desk notes are the clinic's.
    """
    actor = work.actor
    if actor.scope(Permission.APPOINTMENT_READ) is Scope.OWN and actor.scope(Permission.PATIENT_READ) is Scope.OWN:
        raise work.refused("appointment.print_day", Permission.APPOINTMENT_READ, "Day sheets are for the clinic.")
    location = work.get(ClinicLocation, request.clinic_location_id, called="location")
    practitioner = None
    if request.practitioner_user_id is not None:
        practitioner = work.get(AppUser, request.practitioner_user_id, called="practitioner")
    wanted = (practitioner.id,) if practitioner else ()
    rows = day_list(work, ListDay(clinic_location_id=location.id, day=request.day, practitioner_ids=wanted))
    kept = [row for row in rows if row.status is not AppointmentStatus.CANCELLED]
    contacts = select(col(Patient.id), col(Patient.contact_json)).where(
        col(Patient.id).in_({row.patient_id for row in kept}), patients_in_scope(actor, Permission.PATIENT_READ)
    )
    phones = {patient_id: str(contact.get("phone") or "") for patient_id, contact in work.session.execute(contacts)}
    work.audit("clinic_location", location.id, "print", paper="day_sheet", day=request.day, rows=len(kept))
    return DaySheet(
        organization=actor.organization_name,
        letterhead=actor.settings.letterhead,
        location=location.name,
        address=location.address,
        phone=location.phone,
        timezone=location.timezone,
        day=request.day,
        practitioner=practitioner.display_name if practitioner else "",
        rows=tuple(DaySheetRow(appointment=row, phone=phones.get(row.patient_id, "")) for row in kept),
        cancelled=len(rows) - len(kept),
        with_money=actor.can(Permission.BILLING_VIEW),
        currency=actor.settings.currency,
        printed_by=actor.display_name,
        printed_at=now(),
    )
