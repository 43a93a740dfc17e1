"""Whose appointments and which calendars an actor may change; conditions for reading are in `access.scope`."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, null, select
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col

from clinic_core.access import Actor, Permission
from clinic_core.access.scope import appointments_in_scope, patients_in_scope
from clinic_core.errors import Conflict, InvalidInput, NotFound
from clinic_core.kit.clock import now
from clinic_core.models import Appointment, AppUser, Patient, PractitionerProfile, UserLocation
from clinic_core.vocabulary import Scope

MANAGE = Permission.APPOINTMENT_MANAGE

Value = TypeVar("Value")


@dataclass(frozen=True)
class KnownPatient:
    """A patient as a booking needs them: plain values, since an entity costs more than the query that finds it."""

    id: UUID
    user_id: UUID | None
    code: str
    first_name: str
    last_name: str
    preferred_name: str | None
    alerts_json: list[str]
    merged_into_id: UUID | None
    deleted_at: datetime | None
    deceased_on: date | None
    archived_at: datetime | None


_KNOWN: tuple[ColumnElement[Any], ...] = tuple(
    SQLModel.metadata.tables["patient"].c[one.name] for one in fields(KnownPatient)
)


def reaches(actor: Actor, permission: Permission, *, practitioner_id: UUID, location_id: UUID | None = None) -> bool:
    """Whether the permission reaches the calendar of that practitioner at that location.

    *Location* covers one's own locations and one's own calendar; *own* and *care team* one's own calendar.
    """
    scope = actor.scope(permission)
    if scope is None:
        return False
    if scope is Scope.ORGANISATION or practitioner_id == actor.user_id:
        return True
    return scope is Scope.LOCATION and location_id in actor.location_ids


def reads_as_staff(actor: Actor, practitioner_id: UUID | None) -> bool:
    """Whether a row in reach is read by the clinic: with more than scope *own*, or as one's own practice.

    Whoever else reaches it is its patient, who is not shown what the clinic writes for itself.
    """
    if practitioner_id == actor.user_id:
        return True
    scopes = (actor.scope(Permission.APPOINTMENT_READ), actor.scope(MANAGE))
    return any(scope not in {None, Scope.OWN} for scope in scopes)


def reaches_waiting(actor: Actor, location_id: UUID, practitioner_id: UUID | None) -> bool:
    """Whether the actor keeps the waiting list of that practitioner, or with None of the location as a whole.

    Who takes anybody belongs to the location: one calendar alone does not reach them.
    """
    if practitioner_id is not None:
        return reaches(actor, MANAGE, practitioner_id=practitioner_id, location_id=location_id)
    scope = actor.scope(MANAGE)
    return scope is Scope.ORGANISATION or (scope is Scope.LOCATION and location_id in actor.location_ids)


def may_give_calendar(actor: Actor, practitioner_id: UUID) -> bool:
    """Whether the actor may give the calendar of that person away: one's own, or everybody's who plans the rota.

    Who plans it must see all appointments too, as the address opens them.
    """
    if practitioner_id == actor.user_id:
        return actor.can(Permission.APPOINTMENT_READ)
    needed = (Permission.SCHEDULE_MANAGE, Permission.APPOINTMENT_READ)
    return all(actor.scope(permission) is Scope.ORGANISATION for permission in needed)


def is_own_patient(actor: Actor, patient: Patient | KnownPatient) -> bool:
    """Whether the actor is this patient, and not somebody of the clinic with a wider reach."""
    return actor.scope(MANAGE) is Scope.OWN and patient.user_id is not None and patient.user_id == actor.user_id


def books_for_oneself(actor: Actor) -> bool:
    """Whether the only patient whom the actor can name is the actor."""
    return actor.scope(Permission.PATIENT_READ) is Scope.OWN


def knows_the_rota(actor: Actor) -> bool:
    """Whether the actor is told who works when and which rooms there are: the clinic is, patients are not."""
    plans = actor.can(Permission.SCHEDULE_MANAGE) or actor.can(Permission.SETTINGS_MANAGE)
    return plans or not books_for_oneself(actor)


def find_bookable_patient(session: Session, actor: Actor, patient_id: UUID) -> KnownPatient:
    """The patient for whom something is to be booked.

    Raises:
        NotFound: unknown, or out of the actor's reach.
        Conflict: archived, deleted, merged into another record, or deceased.
    """
    return find_bookable_patient_and(session, actor, patient_id, null())[0]


def find_bookable_patient_and(
    session: Session, actor: Actor, patient_id: UUID, value: ColumnElement[Value]
) -> tuple[KnownPatient, Value]:
    """The patient as `find_bookable_patient`, and a value that the same query finds out about them."""
    statement = select(*_KNOWN, value).where(
        col(Patient.id) == patient_id, patients_in_scope(actor, Permission.PATIENT_READ)
    )
    session.flush()
    found = session.connection().execute(statement).one_or_none()
    if found is None:
        raise NotFound("This patient does not exist.")
    *columns, known = found
    patient = KnownPatient(*columns)
    refuse_inactive(patient)
    return patient, known


def refuse_gone(patient: Patient | KnownPatient) -> None:
    """Lets a patient pass for whom something can be booked.

    Raises:
        Conflict: deleted, merged into another record, or deceased.
    """
    if patient.merged_into_id is not None:
        raise Conflict("This record was merged into another; book for that one.")
    if patient.deleted_at is not None:
        raise Conflict("This patient is deleted; restore the record first.")
    if patient.deceased_on is not None:
        raise Conflict("This patient has died; nothing is booked any more.")


def refuse_inactive(patient: Patient | KnownPatient) -> None:
    """Lets a patient pass for whom the clinic plans ahead.

    Raises:
        Conflict: archived, deleted, merged into another record, or deceased.
    """
    refuse_gone(patient)
    if patient.archived_at is not None:
        raise Conflict("This patient is archived; take the record out of the archive first.")


def find_managed_appointment(session: Session, actor: Actor, appointment_id: UUID) -> tuple[Appointment, Patient]:
    """The appointment that the actor may change, with its patient.

    Raises:
        NotFound: unknown, deleted, or out of the actor's reach.
        InvalidInput: it is the actor's own as a patient, and no longer ahead.
    """
    statement = (
        select(Appointment, Patient)
        .join(Patient, col(Patient.id) == col(Appointment.patient_id))
        .where(
            col(Appointment.id) == appointment_id,
            col(Appointment.deleted_at).is_(None),
            appointments_in_scope(actor, MANAGE),
        )
        .execution_options(populate_existing=True)
    )
    found = session.execute(statement).one_or_none()
    if found is None:
        raise NotFound("This appointment does not exist.")
    appointment, patient = found
    if is_own_patient(actor, patient) and appointment.starts_at <= now():
        raise InvalidInput("This appointment is no longer ahead; please call the clinic.")
    return appointment, patient


def find_rostered_practitioner(session: Session, actor: Actor, user_id: UUID) -> tuple[AppUser, UUID]:
    """The practitioner whose working hours and absences the actor decides about, and the id of the profile.

    Raises:
        NotFound: no practitioner, or somebody whose rota is not the actor's.
    """
    statement = (
        select(AppUser, col(PractitionerProfile.id))
        .join(PractitionerProfile, col(PractitionerProfile.user_id) == col(AppUser.id))
        .where(col(AppUser.id) == user_id)
    )
    found = session.execute(statement).one_or_none()
    if found is None or user_id not in rostered(session, actor, {user_id}):
        raise NotFound("This practitioner does not exist.")
    return found[0], found[1]


def rostered(session: Session, actor: Actor, user_ids: Collection[UUID]) -> set[UUID]:
    """Those of the people whose rota the actor plans; location scope reaches who works at one of its locations."""
    scope = actor.scope(Permission.SCHEDULE_MANAGE)
    if scope is None:
        return set()
    if scope is Scope.ORGANISATION:
        return set(user_ids)
    own = {user_id for user_id in user_ids if user_id == actor.user_id}
    if scope is not Scope.LOCATION or not user_ids:
        return own
    statement = select(col(UserLocation.user_id)).where(
        col(UserLocation.user_id).in_(user_ids), col(UserLocation.clinic_location_id).in_(actor.location_ids)
    )
    return own | set(session.scalars(statement))
