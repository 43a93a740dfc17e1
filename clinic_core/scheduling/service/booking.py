"""Booking and moving. The validator says what is in the way; PostgreSQL has the last word on what is free."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from clinic_core.access import Permission, Work, use_case
from clinic_core.errors import BookingConflict, Conflict, InvalidInput, Obstacle
from clinic_core.kit.clock import now
from clinic_core.kit.text import field_error
from clinic_core.models import Appointment, Patient
from clinic_core.scheduling.bookable import Place, Thing, check_case, find_bookable, find_resources
from clinic_core.scheduling.booked import NewBooking, new_appointment_row
from clinic_core.scheduling.conflict_facts import gather_facts
from clinic_core.scheduling.conflicts import (
    RESERVED,
    Reasons,
    Settled,
    WantedTime,
    find_obstacles,
    obstacles_of,
    refusal,
    settle,
)
from clinic_core.scheduling.look import look_up
from clinic_core.scheduling.new_rows import NewAppointment, insert_appointments
from clinic_core.scheduling.online import needs_like, online_booking, online_rooms
from clinic_core.scheduling.reach import (
    MANAGE,
    KnownPatient,
    find_bookable_patient_and,
    find_managed_appointment,
    is_own_patient,
    reaches,
    refuse_gone,
)
from clinic_core.scheduling.resources import give_back_resources, take_resources, taken_resources
from clinic_core.scheduling.rows import appointment_row, balance_of_patient
from clinic_core.scheduling.schemas import AppointmentRow, BookAppointment, FindSlots, MoveAppointment, ResourceNeed
from clinic_core.scheduling.slots import alternatives_for
from clinic_core.scheduling.transitions import MOVABLE
from clinic_core.vocabulary import ConflictKind

_LIFTED_BY = {
    "double_book_reason": (Permission.APPOINTMENT_DOUBLE_BOOK, "You may not book a practitioner twice at once."),
    "override_reason": (Permission.APPOINTMENT_OVERRIDE, "You may not book against the rules of this calendar."),
}

_Needs = tuple[ResourceNeed, ...]


@use_case(MANAGE, name="appointment.book", calendar=True)
def book_appointment(work: Work, request: BookAppointment) -> AppointmentRow:
    """Books a patient with a practitioner at a place; the buffer of the service is reserved after it.

    Takes the organisation's calendar lock. What is in the way is lifted only with a reason and the permission for it
    (S5): a practitioner who is taken under `appointment.double_book`, hours, absences, buffers, the patient's other
    appointments and the past under `appointment.override`; rooms and equipment never are. The reasons are kept only
    where they were needed. Patients book what is booked online, and the rooms are chosen for them.

    Raises:
        BookingConflict: something is in the way; names all of it, and three times that are free instead.
        NotFound: an unknown patient, practitioner, location, room, service or case, or one out of reach.
        InvalidInput: something that cannot be booked (any more), or a patient booking into the past, or what is not
            booked online.
        PermissionDenied: not a calendar of the actor's, or a reason given by who may not lift anything.
        Conflict: the patient is archived, deleted, merged or has died.
    """
    patient, balance = find_bookable_patient_and(
        work.session, work.actor, request.patient_id, balance_of_patient(work.actor)
    )
    place = (request.practitioner_user_id, request.clinic_location_id)
    _check_reach(work, "appointment.book", patient, place)
    _check_reasons(work, "appointment.book", request, place)
    _check_ahead(work, patient, request.starts_at)
    check_case(work.session, request.case_id, patient.id)
    if _is_online(work, patient, place):
        request = online_booking(work.session, request)
    look = look_up(work.session, request)
    wanted, resources = look.wanted, look.resources
    needs = needs_like(resources)
    reasons = Reasons(request.double_book_reason, request.override_reason)
    settled = _settled(work, wanted, obstacles_of(work.actor, look.facts, 0, wanted), reasons, needs)
    new = NewAppointment(
        work.actor.organization_id, wanted, settled, request.product_service_id, request.case_id, request.note
    )
    with work.constraints({RESERVED: lambda _: _taken_meanwhile(work, wanted, needs)}):
        written = insert_appointments(work.session, [new])[wanted.appointment_id]
    return new_appointment_row(work.actor, NewBooking(patient, balance, look.bookable, resources, new, written))


@use_case(MANAGE, name="appointment.move")
def move_appointment(work: Work, request: MoveAppointment) -> AppointmentRow:
    """Gives an appointment another time, practitioner, place or other rooms; its buffer goes along.

    Takes the organisation's calendar lock. Rooms do not follow to another location: they are chosen anew. What was
    lifted for a time, practitioner and place stays lifted while they stay; a start that is kept is never "past".

    Raises:
        BookingConflict: as for booking.
        NotFound: an unknown appointment, or one that is not the actor's to move (a colleague's).
        StaleEdit: it was changed after the calendar was drawn.
        Conflict: it has begun, is over, or was cancelled; a patient moves it later than it is cancelled in time; or the
            patient is deleted, merged or has died.
        InvalidInput, PermissionDenied: as for booking.
    """
    appointment, patient = find_managed_appointment(work.session, work.actor, request.appointment_id)
    refuse_gone(patient)
    practitioner_id = request.practitioner_user_id or appointment.practitioner_user_id
    location_id = request.clinic_location_id or appointment.clinic_location_id
    _check_reach(work, "appointment.move", patient, (practitioner_id, location_id))
    _check_reasons(work, "appointment.move", request, (practitioner_id, location_id))
    _check_ahead(work, patient, request.starts_at)
    work.lock_calendar()
    appointment = work.lock(Appointment, request.appointment_id, called="appointment", version=request.version)
    if appointment.status not in MOVABLE:
        raise Conflict(f"An appointment that is {appointment.status.label.lower()} is not moved.")
    if is_own_patient(work.actor, patient):
        _check_in_time(work, appointment)
    kept = taken_resources(work.session, appointment.id)
    resource_ids = kept if request.resource_ids is None else request.resource_ids
    if _is_online(work, patient, (practitioner_id, location_id)):
        resource_ids = online_rooms(work.session, appointment, request, location_id)
    elif request.resource_ids is None and kept and location_id != appointment.clinic_location_id:
        raise InvalidInput("Choose the rooms at the new location.", fields={"resource_ids": "Choose the rooms."})
    changed = practitioner_id if practitioner_id != appointment.practitioner_user_id else None
    location = find_bookable(work.session, location_id, practitioner_id=changed).location
    resources = find_resources(work.session, location, resource_ids, kept=kept)
    _move(work, appointment, request, _Place(practitioner_id, location, kept, resources))
    return appointment_row(work.session, work.actor, request.appointment_id)


@dataclass(frozen=True)
class _Place:
    """With whom and where an appointment shall be, and which rooms it has and shall have."""

    practitioner_id: UUID
    location: Place
    kept: tuple[UUID, ...]
    resources: list[Thing]


def _move(work: Work, appointment: Appointment, request: MoveAppointment, place: _Place) -> None:
    """Rooms of the old place go first and those of the new one come last: a room must be at the location."""
    resource_ids = tuple(sorted(one.id for one in place.resources))
    wanted = WantedTime(
        appointment_id=appointment.id,
        patient_id=appointment.patient_id,
        practitioner_user_id=place.practitioner_id,
        clinic_location_id=place.location.id,
        starts_at=request.starts_at,
        ends_at=request.ends_at,
        buffer_minutes=appointment.buffer_minutes,
        resource_ids=resource_ids,
    )
    needs = needs_like(place.resources)
    reasons = Reasons(request.double_book_reason, request.override_reason)
    obstacles = obstacles_of(work.actor, gather_facts(work.session, [wanted]), 0, wanted)
    if appointment.starts_at == wanted.starts_at:
        obstacles = tuple(one for one in obstacles if one.kind is not ConflictKind.PAST)
    settled = _settled(work, wanted, obstacles, reasons, needs, _kept(appointment, wanted))
    with work.session.no_autoflush:
        appointment.practitioner_user_id = place.practitioner_id
        appointment.clinic_location_id = place.location.id
        appointment.starts_at, appointment.ends_at = request.starts_at, request.ends_at
        appointment.double_book_reason = settled.double_book_reason
        appointment.override_reason = settled.override_reason
        appointment.override_kinds_json = list(settled.override_kinds)
        with work.constraints({RESERVED: lambda _: _taken_meanwhile(work, wanted, needs)}):
            give_back_resources(work.session, wanted.appointment_id, set(place.kept) - set(resource_ids))
            work.session.flush()
            take_resources(
                work.session, work.actor.organization_id, wanted.appointment_id, set(resource_ids) - set(place.kept)
            )


def _kept(appointment: Appointment, wanted: WantedTime) -> Settled | None:
    """What was lifted for the appointment, while its time, practitioner and place stay."""
    before = (
        appointment.practitioner_user_id,
        appointment.clinic_location_id,
        appointment.starts_at,
        appointment.ends_at,
    )
    if before != (wanted.practitioner_user_id, wanted.clinic_location_id, wanted.starts_at, wanted.ends_at):
        return None
    return Settled(
        appointment.double_book_reason,
        appointment.override_reason,
        tuple(ConflictKind(kind) for kind in appointment.override_kinds_json),
    )


def _settled(
    work: Work,
    wanted: WantedTime,
    obstacles: Sequence[Obstacle],
    reasons: Reasons,
    needs: _Needs,
    kept: Settled | None = None,
) -> Settled:
    """What must be kept with the booking; a refusal ends the transaction first, so that nobody waits for its words."""
    try:
        return settle(work.actor, wanted, obstacles, reasons, kept=kept)
    except BookingConflict as conflict:
        work.start_over()
        raise _with_alternatives(work, wanted, needs, conflict) from conflict


def _with_alternatives(work: Work, wanted: WantedTime, needs: _Needs, conflict: BookingConflict) -> BookingConflict:
    asked = FindSlots(
        clinic_location_id=wanted.clinic_location_id,
        duration_minutes=max(1, int((wanted.ends_at - wanted.starts_at).total_seconds()) // 60),
        buffer_minutes=wanted.buffer_minutes,
        needs=needs,
        starts_from=max(wanted.starts_at, now()),
        patient_id=wanted.patient_id,
        moved_appointment_id=wanted.appointment_id,
        limit=3,
    )
    return BookingConflict(
        conflict.message,
        obstacles=conflict.obstacles,
        alternatives=alternatives_for(
            work.session, work.actor, asked, preferred_practitioner_id=wanted.practitioner_user_id
        ),
        can_override=conflict.can_override,
    )


def _taken_meanwhile(work: Work, wanted: WantedTime, needs: _Needs) -> BookingConflict:
    """What PostgreSQL refused although the validator saw nothing that it was not told to lift."""
    obstacles = find_obstacles(work.session, work.actor, [wanted])[0]
    return _with_alternatives(work, wanted, needs, refusal(work.actor, wanted, obstacles))


def _check_reach(work: Work, name: str, patient: Patient | KnownPatient, place: tuple[UUID, UUID]) -> None:
    if is_own_patient(work.actor, patient):
        return
    if not reaches(work.actor, MANAGE, practitioner_id=place[0], location_id=place[1]):
        raise work.refused(name, MANAGE, "This calendar is not yours to book; ask the front desk there.")


def _is_online(work: Work, patient: Patient | KnownPatient, place: tuple[UUID, UUID]) -> bool:
    """Whether a patient does it, and not somebody who keeps that calendar."""
    is_reached = reaches(work.actor, MANAGE, practitioner_id=place[0], location_id=place[1])
    return is_own_patient(work.actor, patient) and not is_reached


def _check_reasons(work: Work, name: str, request: BookAppointment | MoveAppointment, place: tuple[UUID, UUID]) -> None:
    for given, (permission, sentence) in _LIFTED_BY.items():
        if getattr(request, given) is None:
            continue
        if not reaches(work.actor, permission, practitioner_id=place[0], location_id=place[1]):
            raise work.refused(name, permission, sentence)


def _check_ahead(work: Work, patient: Patient | KnownPatient, starts_at: datetime) -> None:
    if is_own_patient(work.actor, patient) and starts_at <= now():
        raise field_error("starts_at", "must lie ahead")


def _check_in_time(work: Work, appointment: Appointment) -> None:
    """A patient moves an appointment no later than it is cancelled without a fee: else the fee would be moved away."""
    hours = work.actor.settings.late_cancellation_hours
    if appointment.starts_at - now() < timedelta(hours=hours):
        limit = "1 hour" if hours == 1 else f"{hours} hours"
        raise Conflict(f"Please call the clinic: it is less than {limit} ahead.")
