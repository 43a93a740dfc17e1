"""Who waits and what for, as rows; which of them the actor reaches (S9). Who fits a free time is in `waiting_match`."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased
from sqlmodel import col

from clinic_core.access import Actor, Permission
from clinic_core.access.scope import appointments_in_scope, patients_in_scope, waiting_in_scope
from clinic_core.errors import NotFound
from clinic_core.kit.clock import now
from clinic_core.kit.formats import person_name
from clinic_core.models import (
    Appointment,
    AppUser,
    ClinicLocation,
    Patient,
    ProductService,
    WaitingListEntry,
    WaitingListOffer,
)
from clinic_core.scheduling.conflict_facts import LONGEST_REACH
from clinic_core.scheduling.reach import reads_as_staff
from clinic_core.scheduling.schemas import OfferRow, WaitingRow
from clinic_core.scheduling.transitions import EXPECTED
from clinic_core.vocabulary import AppointmentStatus, OfferStatus, Urgency

_Parts = Row[
    WaitingListEntry,
    Patient,
    ClinicLocation,
    ProductService | None,
    str | None,
    WaitingListOffer | None,
    str | None,
    bool,
    datetime | None,
]

GRAVITY: Mapping[Urgency, int] = MappingProxyType({word: place for place, word in enumerate(reversed(Urgency))})
"""The most urgent first."""

_OfferedBy = aliased(AppUser)
_Other = aliased(Appointment)


def in_reach(actor: Actor, permission: Permission) -> tuple[ColumnElement[bool], ...]:
    """Whom the actor reaches on the list; archived, deceased, deleted and merged patients are left out for all."""
    return (
        waiting_in_scope(actor, permission),
        patients_in_scope(actor, Permission.PATIENT_READ),
        col(Patient.archived_at).is_(None),
        col(Patient.deceased_on).is_(None),
        col(Patient.deleted_at).is_(None),
        col(Patient.merged_into_id).is_(None),
    )


def check_reached(session: Session, actor: Actor, entry_id: UUID) -> None:
    """Lets an entry pass that the actor may change.

    Raises:
        NotFound: unknown, or out of reach.
    """
    reached = (
        select(col(WaitingListEntry.id))
        .join(Patient, col(Patient.id) == col(WaitingListEntry.patient_id))
        .where(col(WaitingListEntry.id) == entry_id, *in_reach(actor, Permission.APPOINTMENT_MANAGE))
    )
    if session.execute(reached).scalar_one_or_none() is None:
        raise NotFound("This entry of the waiting list does not exist.")


def waiting_rows(
    session: Session, actor: Actor, *conditions: ColumnElement[bool], offset: int = 0, limit: int | None = None
) -> list[WaitingRow]:
    """The entries for which the conditions hold, the most urgent first, then who waits longest; one query."""
    statement = (
        _entries(actor)
        .where(*conditions)
        .order_by(
            case(dict(GRAVITY), value=col(WaitingListEntry.urgency)),
            col(WaitingListEntry.created_at),
            col(WaitingListEntry.id),
        )
        .offset(offset)
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    return [_row(actor, parts) for parts in session.execute(statement).all()]


def offer_row(session: Session, offer: WaitingListOffer) -> OfferRow:
    """An offer as the database has it now."""
    statement = (
        select(WaitingListOffer, col(AppUser.display_name), is_taken())
        .join(AppUser, col(AppUser.id) == col(WaitingListOffer.practitioner_user_id))
        .where(col(WaitingListOffer.id) == offer.id)
        .execution_options(populate_existing=True)
    )
    found, practitioner, taken = session.execute(statement).one()
    return _offer(found, practitioner, is_free=not taken)


def is_open() -> ColumnElement[bool]:
    """Whether an offer (a row of the query around) can still be taken."""
    return and_(col(WaitingListOffer.status) == OfferStatus.OPEN, col(WaitingListOffer.expires_at) > now())


def is_taken() -> ColumnElement[bool]:
    """Whether the practitioner of an offer (a row of the query around) has something else at that time by now."""
    until = col(_Other.ends_at) + func.make_interval(0, 0, 0, 0, 0, col(_Other.buffer_minutes))
    return exists().where(
        col(_Other.organization_id) == col(WaitingListOffer.organization_id),
        col(_Other.practitioner_user_id) == col(WaitingListOffer.practitioner_user_id),
        col(_Other.starts_at) > col(WaitingListOffer.starts_at) - LONGEST_REACH,
        col(_Other.starts_at) < col(WaitingListOffer.ends_at),
        until > col(WaitingListOffer.starts_at),
        col(_Other.deleted_at).is_(None),
        col(_Other.status) != AppointmentStatus.CANCELLED,
    )


def _entries(
    actor: Actor,
) -> Select[WaitingListEntry, Patient, ClinicLocation, ProductService, str, WaitingListOffer, str, bool, datetime]:
    """Entries with all that is shown of them; the next appointment as far as the actor may see it."""
    booked_for = (
        select(func.min(Appointment.starts_at))
        .where(
            col(Appointment.patient_id) == col(WaitingListEntry.patient_id),
            or_(
                col(WaitingListEntry.product_service_id).is_(None),
                col(Appointment.product_service_id) == col(WaitingListEntry.product_service_id),
            ),
            col(Appointment.status).in_(EXPECTED),
            col(Appointment.deleted_at).is_(None),
            col(Appointment.starts_at) > now(),
            appointments_in_scope(actor, Permission.APPOINTMENT_READ),
        )
        .correlate(WaitingListEntry)
        .scalar_subquery()
    )
    return (
        select(
            WaitingListEntry,
            Patient,
            ClinicLocation,
            ProductService,
            col(AppUser.display_name),
            WaitingListOffer,
            col(_OfferedBy.display_name),
            is_taken(),
            booked_for,
        )
        .join(Patient, col(Patient.id) == col(WaitingListEntry.patient_id))
        .join(ClinicLocation, col(ClinicLocation.id) == col(WaitingListEntry.clinic_location_id))
        .outerjoin(ProductService, col(ProductService.id) == col(WaitingListEntry.product_service_id))
        .outerjoin(AppUser, col(AppUser.id) == col(WaitingListEntry.practitioner_user_id))
        .outerjoin(WaitingListOffer, and_(col(WaitingListOffer.entry_id) == col(WaitingListEntry.id), is_open()))
        .outerjoin(_OfferedBy, col(_OfferedBy.id) == col(WaitingListOffer.practitioner_user_id))
    )


def _row(actor: Actor, parts: _Parts) -> WaitingRow:
    entry, patient, location, service, practitioner, offer, offered_by, taken, booked_for = parts
    is_staff = reads_as_staff(actor, entry.practitioner_user_id)
    return WaitingRow.model_validate(
        {
            **entry.model_dump(),
            "patient_name": person_name(patient.first_name, patient.last_name, patient.preferred_name),
            "patient_code": patient.code,
            "patient_phone": str(patient.contact_json.get("phone") or ""),
            "note": entry.note if is_staff else "",
            "patient_alerts": tuple(patient.alerts_json) if is_staff else (),
            "service": service.name if service is not None else "",
            "buffer_minutes": service.buffer_minutes if service is not None else 0,
            "practitioner": practitioner or "",
            "location": location.name,
            "timezone": location.timezone,
            "weekdays": tuple(entry.weekdays_json),
            "booked_for": booked_for,
            "offer": _offer(offer, offered_by, is_free=not taken) if offer is not None else None,
            "waiting_since": entry.created_at,
        }
    )


def _offer(offer: WaitingListOffer, practitioner: str | None, *, is_free: bool) -> OfferRow:
    return OfferRow.model_validate({**offer.model_dump(), "practitioner": practitioner, "is_free": is_free})
