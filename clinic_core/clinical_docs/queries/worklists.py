"""What a practitioner still has to write: unsigned notes, and attended appointments that have none (D7)."""

from datetime import timedelta

from sqlalchemy import exists, func, select
from sqlmodel import col

from clinic_core.access import Actor, Permission, Work, query
from clinic_core.clinical_docs.rows import NAMES, AnySelect, listed_visit, name_of, visits_statement
from clinic_core.clinical_docs.schemas import (
    CountOpenNotes,
    ListedVisit,
    ListMissing,
    ListUnsigned,
    MissingNote,
    OpenNotes,
)
from clinic_core.kit.clock import now
from clinic_core.models import Appointment, ClinicLocation, Patient, ProductService, Visit
from clinic_core.vocabulary import AppointmentStatus, VisitStatus

ATTENDED = (AppointmentStatus.ARRIVED, AppointmentStatus.IN_PROGRESS, AppointmentStatus.COMPLETED)


@query(Permission.CLINICAL_READ, name="visit.list_unsigned")
def unsigned_visits(work: Work, request: ListUnsigned) -> tuple[ListedVisit, ...]:
    """The actor's own visits that wait to be written or signed, oldest first."""
    statement = _unsigned(work.actor).order_by(col(Visit.visited_at), col(Visit.id))
    rows = work.session.execute(statement.limit(request.limit).offset(request.offset))
    return tuple(listed_visit(row) for row in rows)


@query(Permission.CLINICAL_READ, name="visit.list_missing")
def attended_without_note(work: Work, request: ListMissing) -> tuple[MissingNote, ...]:
    """The actor's own attended appointments of the last days that no visit documents, oldest first."""
    statement = _missing(work.actor, request.days).order_by(col(Appointment.starts_at), col(Appointment.id))
    rows = work.session.execute(statement.limit(request.limit).offset(request.offset))
    return tuple(
        MissingNote(
            id=row.id,
            patient_id=row.patient_id,
            patient_name=name_of(row),
            patient_code=row.code,
            service_name=row.service_name or "",
            location_name=row.location_name,
            timezone=row.timezone,
            starts_at=row.starts_at,
            status=row.status,
        )
        for row in rows
    )


@query(Permission.CLINICAL_READ, name="visit.count_open")
def count_open_notes(work: Work, request: CountOpenNotes) -> OpenNotes:
    """The length of both lists, for the counter in the navigation."""
    unsigned, missing = (
        select(func.count()).select_from(statement.subquery()).scalar_subquery()
        for statement in (_unsigned(work.actor), _missing(work.actor, request.days))
    )
    row = work.session.execute(select(unsigned, missing)).one()
    return OpenNotes(unsigned=row[0], missing=row[1])


def _unsigned(actor: Actor) -> AnySelect:
    return visits_statement(actor).where(
        col(Visit.practitioner_user_id) == actor.user_id, col(Visit.status) == VisitStatus.DRAFT
    )


def _missing(actor: Actor, days: int) -> AnySelect:
    documented = exists().where(
        col(Visit.organization_id) == actor.organization_id,
        col(Visit.appointment_id) == col(Appointment.id),
        col(Visit.deleted_at).is_(None),
    )
    return (
        select(
            col(Appointment.id),
            col(Appointment.patient_id),
            col(Appointment.starts_at),
            col(Appointment.status),
            col(Patient.code),
            *NAMES,
            col(ProductService.name).label("service_name"),
            col(ClinicLocation.name).label("location_name"),
            col(ClinicLocation.timezone),
        )
        .join(Patient, col(Patient.id) == col(Appointment.patient_id))
        .join(ClinicLocation, col(ClinicLocation.id) == col(Appointment.clinic_location_id))
        .outerjoin(ProductService, col(ProductService.id) == col(Appointment.product_service_id))
        .where(
            col(Appointment.practitioner_user_id) == actor.user_id,
            col(Appointment.deleted_at).is_(None),
            col(Appointment.status).in_(ATTENDED),
            col(Appointment.starts_at) >= now() - timedelta(days=days),
            ~documented,
        )
    )
