"""Booking and moving. PostgreSQL has the last word on whether the time is free; this says so in words."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlmodel import col

from clinic_core.access import Permission, Work, use_case
from clinic_core.errors import Conflict, InvalidInput, NotFound
from clinic_core.kit.clock import now
from clinic_core.kit.text import field_error
from clinic_core.models import (
    Appointment,
    AppointmentResource,
    ClinicalCase,
    ClinicLocation,
    Patient,
)
from clinic_core.scheduling.bookable import find_bookable, find_resources
from clinic_core.scheduling.conflicts import RESERVED, booking_conflict, is_practitioner_taken, wanted_time
from clinic_core.scheduling.reach import (
    MANAGE,
    find_bookable_patient,
    find_managed_appointment,
    is_own_patient,
    reaches,
)
from clinic_core.scheduling.rows import NewBooking, appointment_row, new_appointment_row
from clinic_core.scheduling.schemas import AppointmentRow, BookAppointment, MoveAppointment
from clinic_core.scheduling.transitions import MOVABLE


@use_case(MANAGE, name="appointment.book")
def book_appointment(work: Work, request: BookAppointment) -> AppointmentRow:
    """Books a patient with a practitioner at a place; the buffer of the service is reserved after it.

    Takes the organisation's calendar lock. A practitioner who has another appointment then is booked twice only with
    a reason and under `appointment.double_book`; rooms and equipment never are.

    Raises:
        BookingConflict: the practitioner, a room or a piece of equipment is taken; names all that is in the way.
        NotFound: an unknown patient, practitioner, location, room, service or case, or one out of reach.
        InvalidInput: something that cannot be booked (any more), or a patient booking into the past.
        PermissionDenied: not a calendar of the actor's.
        Conflict: the patient is deleted, merged or has died.
    """
    work.lock_calendar()
    patient = find_bookable_patient(work.session, work.actor, request.patient_id)
    _check_reach(work, "appointment.book", patient, request.practitioner_user_id, request.clinic_location_id)
    _check_double_booking(work, "appointment.book", request, request.practitioner_user_id, request.clinic_location_id)
    _check_ahead(work, patient, request.starts_at)
    bookable = find_bookable(
        work.session,
        request.clinic_location_id,
        practitioner_id=request.practitioner_user_id,
        service_id=request.product_service_id,
    )
    resources = find_resources(work.session, bookable.location, request.resource_ids)
    _check_case(work, request.case_id, patient.id)
    appointment = Appointment(
        organization_id=work.actor.organization_id,
        patient_id=patient.id,
        practitioner_user_id=request.practitioner_user_id,
        clinic_location_id=bookable.location.id,
        product_service_id=request.product_service_id,
        case_id=request.case_id,
        starts_at=request.starts_at,
        ends_at=request.ends_at,
        buffer_minutes=bookable.service.buffer_minutes if bookable.service else 0,
        note=request.note,
    )
    wanted = wanted_time(work.actor, appointment, bookable.location, request.resource_ids)
    if request.double_book_reason and is_practitioner_taken(work.session, wanted):
        wanted = replace(wanted, is_double_booking=True)
        appointment.double_book_reason = request.double_book_reason
    with work.constraints({RESERVED: lambda detail: booking_conflict(work.session, wanted, detail)}):
        work.session.add(appointment)
        work.session.flush()
        _take(work, appointment.id, request.resource_ids)
    return new_appointment_row(work.session, work.actor, appointment, NewBooking(patient, bookable, resources))


@use_case(MANAGE, name="appointment.move")
def move_appointment(work: Work, request: MoveAppointment) -> AppointmentRow:
    """Gives an appointment another time, practitioner, place or other rooms; its buffer goes along.

    Takes the organisation's calendar lock. Rooms do not follow to another location: they are chosen anew.

    Raises:
        BookingConflict: as for booking.
        NotFound: an unknown appointment, or one that is not the actor's to move (a colleague's).
        StaleEdit: it was changed after the calendar was drawn.
        Conflict: it has begun, is over, or was cancelled.
        InvalidInput, PermissionDenied: as for booking.
    """
    appointment, patient = find_managed_appointment(work.session, work.actor, request.appointment_id)
    practitioner_id = request.practitioner_user_id or appointment.practitioner_user_id
    location_id = request.clinic_location_id or appointment.clinic_location_id
    _check_reach(work, "appointment.move", patient, practitioner_id, location_id)
    _check_double_booking(work, "appointment.move", request, practitioner_id, location_id)
    _check_ahead(work, patient, request.starts_at)
    work.lock_calendar()
    appointment = work.lock(Appointment, request.appointment_id, called="appointment", version=request.version)
    if appointment.status not in MOVABLE:
        raise Conflict(f"An appointment that is {appointment.status.label.lower()} is not moved.")
    kept = _taken(work, appointment.id)
    resource_ids = kept if request.resource_ids is None else request.resource_ids
    if request.resource_ids is None and kept and location_id != appointment.clinic_location_id:
        raise InvalidInput("Choose the rooms at the new location.", fields={"resource_ids": "Choose the rooms."})
    changed = practitioner_id if practitioner_id != appointment.practitioner_user_id else None
    location = find_bookable(work.session, location_id, practitioner_id=changed).location
    find_resources(work.session, location, resource_ids, kept=kept)
    _move(work, appointment, request, _Place(practitioner_id, location, kept, resource_ids))
    return appointment_row(work.session, work.actor, request.appointment_id)


@dataclass(frozen=True)
class _Place:
    """With whom and where an appointment shall be, and which rooms it has and shall have."""

    practitioner_id: UUID
    location: ClinicLocation
    kept: tuple[UUID, ...]
    resource_ids: tuple[UUID, ...]


def _move(work: Work, appointment: Appointment, request: MoveAppointment, place: _Place) -> None:
    """Rooms of the old place go first and those of the new one come last: a room must be at the location."""
    before = (appointment.practitioner_user_id, appointment.starts_at, appointment.ends_at)
    reason = request.double_book_reason
    if before == (place.practitioner_id, request.starts_at, request.ends_at):
        reason = reason or appointment.double_book_reason
    with work.session.no_autoflush:
        appointment.practitioner_user_id = place.practitioner_id
        appointment.clinic_location_id = place.location.id
        appointment.starts_at, appointment.ends_at = request.starts_at, request.ends_at
        wanted = wanted_time(work.actor, appointment, place.location, place.resource_ids)
        is_double = bool(reason) and is_practitioner_taken(work.session, wanted)
        wanted = replace(wanted, is_double_booking=is_double)
        appointment.double_book_reason = reason if is_double else None
        with work.constraints({RESERVED: lambda detail: booking_conflict(work.session, wanted, detail)}):
            _give_back(work, appointment.id, set(place.kept) - set(place.resource_ids))
            work.session.flush()
            _take(work, appointment.id, set(place.resource_ids) - set(place.kept))


def _check_reach(work: Work, name: str, patient: Patient, practitioner_id: UUID, location_id: UUID) -> None:
    if is_own_patient(work.actor, patient):
        return
    if not reaches(work.actor, MANAGE, practitioner_id=practitioner_id, location_id=location_id):
        raise work.refused(name, MANAGE, "This calendar is not yours to book; ask the front desk there.")


def _check_double_booking(
    work: Work, name: str, request: BookAppointment | MoveAppointment, practitioner_id: UUID, location_id: UUID
) -> None:
    permission = Permission.APPOINTMENT_DOUBLE_BOOK
    if request.double_book_reason is None:
        return
    if not reaches(work.actor, permission, practitioner_id=practitioner_id, location_id=location_id):
        raise work.refused(name, permission, "You may not book a practitioner twice at once.")


def _check_ahead(work: Work, patient: Patient, starts_at: datetime) -> None:
    if is_own_patient(work.actor, patient) and starts_at <= now():
        raise field_error("starts_at", "must lie ahead")


def _check_case(work: Work, case_id: UUID | None, patient_id: UUID) -> None:
    if case_id is None:
        return
    statement = select(col(ClinicalCase.patient_id)).where(col(ClinicalCase.id) == case_id)
    owner = work.session.execute(statement).scalar_one_or_none()
    if owner is None:
        raise NotFound("This case does not exist.")
    if owner != patient_id:
        raise InvalidInput("This case belongs to another patient.")


def _taken(work: Work, appointment_id: UUID) -> tuple[UUID, ...]:
    statement = select(col(AppointmentResource.resource_id)).where(
        col(AppointmentResource.appointment_id) == appointment_id
    )
    return tuple(sorted(work.session.scalars(statement)))


def _take(work: Work, appointment_id: UUID, resource_ids: Collection[UUID]) -> None:
    work.session.add_all(
        AppointmentResource(
            organization_id=work.actor.organization_id, appointment_id=appointment_id, resource_id=resource_id
        )
        for resource_id in sorted(resource_ids)
    )
    work.session.flush()


def _give_back(work: Work, appointment_id: UUID, resource_ids: Collection[UUID]) -> None:
    if resource_ids:
        work.session.execute(
            delete(AppointmentResource).where(
                col(AppointmentResource.appointment_id) == appointment_id,
                col(AppointmentResource.resource_id).in_(resource_ids),
            )
        )
