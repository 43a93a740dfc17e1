"""From the tables to what calendar programs read: appointments and absences of one person, in two queries."""

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.kit.calendar import Span
from clinic_core.kit.formats import person_name
from clinic_core.models import (
    Absence,
    Appointment,
    AppointmentResource,
    AppUser,
    ClinicLocation,
    IcsFeed,
    LocationResource,
    Patient,
    ProductService,
)
from clinic_core.scheduling.schemas import AbsenceEntry, CalendarEntry


def calendar_entries(session: Session, *conditions: ColumnElement[bool], with_names: bool) -> list[CalendarEntry]:
    """The appointments for which the conditions hold, by start; the caller brings the actor's scope along."""
    rooms = (
        select(func.array_agg(aggregate_order_by(col(LocationResource.name), col(LocationResource.name))))
        .join(AppointmentResource, col(AppointmentResource.resource_id) == col(LocationResource.id))
        .where(
            col(AppointmentResource.organization_id) == col(Appointment.organization_id),
            col(AppointmentResource.appointment_id) == col(Appointment.id),
        )
        .scalar_subquery()
    )
    statement = (
        select(Appointment, Patient, col(AppUser.display_name), ClinicLocation, col(ProductService.name), rooms)
        .join(Patient, col(Patient.id) == col(Appointment.patient_id))
        .join(AppUser, col(AppUser.id) == col(Appointment.practitioner_user_id))
        .join(ClinicLocation, col(ClinicLocation.id) == col(Appointment.clinic_location_id))
        .outerjoin(ProductService, col(ProductService.id) == col(Appointment.product_service_id))
        .where(*conditions)
        .order_by(col(Appointment.starts_at), col(Appointment.id))
    )
    return [
        CalendarEntry.model_validate(
            {
                **appointment.model_dump(include={"id", "starts_at", "ends_at", "status", "version"}),
                "created_at": appointment.created_at,
                "updated_at": appointment.updated_at,
                "timezone": location.timezone,
                "service": service or "",
                "practitioner": practitioner,
                "location": location.name,
                "address": location.address,
                "phone": location.phone,
                "rooms": tuple(taken or ()),
                "patient": person_name(patient.first_name, patient.last_name, patient.preferred_name)
                if with_names
                else "",
                "note": appointment.note if with_names else "",
            }
        )
        for appointment, patient, practitioner, location, service, taken in session.execute(statement).all()
    ]


def absence_entries(session: Session, feed: IcsFeed, during: Span) -> list[AbsenceEntry]:
    """The absences of the feed's person that touch the period, by start."""
    statement = (
        select(Absence)
        .where(
            col(Absence.user_id) == feed.user_id,
            col(Absence.starts_at) < during.end,
            col(Absence.ends_at) > during.start,
        )
        .order_by(col(Absence.starts_at), col(Absence.id))
    )
    return [
        AbsenceEntry.model_validate({**absence.model_dump(), "kind": absence.kind if feed.with_names else None})
        for absence in session.scalars(statement)
    ]
