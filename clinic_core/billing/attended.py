"""What billing knows of visits and appointments: nothing clinical, each under lock while it is put on an invoice."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.access import Actor
from clinic_core.errors import Conflict, NotFound
from clinic_core.kit.calendar import local_date, zone
from clinic_core.kit.formats import date_text
from clinic_core.models import Appointment, AppointmentFee, ClinicLocation, Invoice, InvoiceLine, Visit
from clinic_core.scheduling.charged import charging_line
from clinic_core.vocabulary import AppointmentStatus, ItemType

# What did not take place costs its fee and nothing else.
ONLY_BY_FEE = frozenset({AppointmentStatus.CANCELLED, AppointmentStatus.NO_SHOW})


@dataclass(frozen=True)
class Attended:
    """A visit or an appointment; `status` is that of the appointment, None for a visit without one."""

    patient_id: UUID
    practitioner_user_id: UUID
    clinic_location_id: UUID
    product_service_id: UUID | None
    appointment_id: UUID | None
    case_id: UUID | None
    visit_id: UUID | None
    status: AppointmentStatus | None
    day_text: str

    @property
    def key(self) -> UUID | None:
        """The same for an appointment and its visit."""
        return self.appointment_id or self.visit_id

    @property
    def is_only_by_fee(self) -> bool:
        """Whether nothing but a fee can be charged for it."""
        return self.status in ONLY_BY_FEE


def lock_attended(session: Session, *, visit_ids: Collection[UUID], appointment_ids: Collection[UUID]) -> None:
    """Locks appointments in id order, then visits without one: who charges for the same thing waits here.

    A visit is locked by its appointment, so that the two ways of naming it meet.
    """
    if not (visit_ids or appointment_ids):
        return
    of_visits = select(col(Visit.appointment_id)).where(col(Visit.id).in_(visit_ids))
    appointments = (
        select(col(Appointment.id))
        .where(or_(col(Appointment.id).in_(appointment_ids), col(Appointment.id).in_(of_visits)))
        .order_by(col(Appointment.id))
        .with_for_update(key_share=True)
    )
    session.execute(appointments).all()
    lone = (
        select(col(Visit.id))
        .where(col(Visit.id).in_(visit_ids), col(Visit.appointment_id).is_(None))
        .order_by(col(Visit.id))
        .with_for_update(key_share=True)
    )
    session.execute(lone).all()


def read_visits(session: Session, actor: Actor, visit_ids: Collection[UUID]) -> dict[UUID, Attended]:
    """The visits by id. Raises: NotFound."""
    if not visit_ids:
        return {}
    found = session.execute(
        select(
            col(Visit.id),
            col(Visit.patient_id),
            col(Visit.practitioner_user_id),
            col(Visit.clinic_location_id),
            col(Appointment.product_service_id),
            col(Visit.appointment_id),
            col(Visit.case_id),
            col(Visit.id),
            col(Appointment.status),
            col(Visit.visited_at),
            col(ClinicLocation.timezone),
        )
        .join(ClinicLocation, col(ClinicLocation.id) == col(Visit.clinic_location_id))
        .join(Appointment, col(Appointment.id) == col(Visit.appointment_id), isouter=True)
        .where(col(Visit.id).in_(visit_ids), col(Visit.deleted_at).is_(None))
    )
    visits = {row[0]: Attended(*row[1:9], _day(actor, row[9], row[10])) for row in found}
    all_found(visit_ids, visits, "visit")
    return visits


def read_appointments(session: Session, actor: Actor, appointment_ids: Collection[UUID]) -> dict[UUID, Attended]:
    """The appointments by id, each with its visit where there is one. Raises: NotFound."""
    if not appointment_ids:
        return {}
    found = session.execute(
        select(
            col(Appointment.id),
            col(Appointment.patient_id),
            col(Appointment.practitioner_user_id),
            col(Appointment.clinic_location_id),
            col(Appointment.product_service_id),
            col(Appointment.id),
            col(Appointment.case_id),
            col(Visit.id),
            col(Appointment.status),
            col(Appointment.starts_at),
            col(ClinicLocation.timezone),
        )
        .join(ClinicLocation, col(ClinicLocation.id) == col(Appointment.clinic_location_id))
        .join(
            Visit,
            and_(col(Visit.appointment_id) == col(Appointment.id), col(Visit.deleted_at).is_(None)),
            isouter=True,
        )
        .where(col(Appointment.id).in_(appointment_ids), col(Appointment.deleted_at).is_(None))
    )
    appointments = {row[0]: Attended(*row[1:9], _day(actor, row[9], row[10])) for row in found}
    all_found(appointment_ids, appointments, "appointment")
    return appointments


def read_fees(session: Session, appointment_ids: Collection[UUID]) -> dict[UUID, AppointmentFee]:
    """The fees by appointment, locked so that none is waived or withdrawn while it becomes a line."""
    if not appointment_ids:
        return {}
    found = session.scalars(
        select(AppointmentFee)
        .where(col(AppointmentFee.appointment_id).in_(appointment_ids))
        .order_by(col(AppointmentFee.id))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {fee.appointment_id: fee for fee in found}


def refuse_charged(session: Session, attended: Collection[Attended], *, but_on: UUID) -> None:
    """Refuses what a line of another invoice or draft charges for; the caller holds the locks of `lock_attended`.

    Goods that were handed over at a visit do not charge for the visit.

    Raises:
        Conflict: naming the day and the invoice.
    """
    known = {key: found for found in attended for key in (found.visit_id, found.appointment_id) if key}
    if not known:
        return
    taken = session.execute(
        select(col(InvoiceLine.visit_id), col(InvoiceLine.appointment_id), col(Invoice.number))
        .where(
            charging_line(),
            col(Invoice.id) != but_on,
            col(InvoiceLine.item_type) != ItemType.PRODUCT,
            or_(col(InvoiceLine.visit_id).in_(known), col(InvoiceLine.appointment_id).in_(known)),
        )
        .order_by(col(Invoice.number))
        .limit(1)
    ).first()
    if taken is None:
        return
    of_visit, of_appointment, number = taken
    found = next(known[key] for key in (of_visit, of_appointment) if key in known)
    what = "visit" if found.visit_id else "appointment"
    where = f"invoice {number}" if number else "another draft"
    raise Conflict(f"The {what} of {found.day_text} is on {where} already.")


def all_found(wanted: Collection[UUID], found: Collection[UUID], called: str) -> None:
    """Refuses when one of the wanted rows is missing. Raises: NotFound."""
    if len(set(wanted)) > len(found):
        raise NotFound(f"This {called} does not exist.")


def _day(actor: Actor, instant: datetime, timezone: str) -> str:
    return date_text(local_date(instant, zone(timezone)), actor.settings.locale)
