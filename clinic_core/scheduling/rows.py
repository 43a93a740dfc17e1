"""From the table `appointment` to what leaves the core, in a constant number of queries."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Self
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, cast, func, null, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.access import Actor, Permission
from clinic_core.access.scope import invoices_in_scope
from clinic_core.db.base import AMOUNT
from clinic_core.errors import NotFound
from clinic_core.kit.formats import person_name
from clinic_core.models import (
    Appointment,
    AppointmentResource,
    AppUser,
    ClinicLocation,
    Invoice,
    InvoiceLine,
    LocationResource,
    Patient,
    ProductService,
    Visit,
)
from clinic_core.scheduling.bookable import Bookable, Place, Thing, Treatment
from clinic_core.scheduling.schemas import AppointmentRow, ResourceRef
from clinic_core.vocabulary import InvoiceStatus, ResourceType, VisitStatus

_Parts = tuple[Appointment, Patient, str, Place, Treatment | None, UUID | None, VisitStatus | None]
_Found = Row[Appointment, Patient, str, ClinicLocation, ProductService | None, UUID | None, VisitStatus | None]


def appointment_rows(
    session: Session, actor: Actor, *conditions: ColumnElement[bool], offset: int = 0, limit: int | None = None
) -> list[AppointmentRow]:
    """The appointments for which the conditions hold, by start; the caller brings the actor's scope along."""
    statement = (
        select(
            Appointment,
            Patient,
            col(AppUser.display_name),
            ClinicLocation,
            ProductService,
            col(Visit.id),
            col(Visit.status),
        )
        .join(Patient, col(Patient.id) == col(Appointment.patient_id))
        .join(AppUser, col(AppUser.id) == col(Appointment.practitioner_user_id))
        .join(ClinicLocation, col(ClinicLocation.id) == col(Appointment.clinic_location_id))
        .outerjoin(ProductService, col(ProductService.id) == col(Appointment.product_service_id))
        .outerjoin(
            Visit,
            and_(
                col(Visit.organization_id) == col(Appointment.organization_id),
                col(Visit.appointment_id) == col(Appointment.id),
                col(Visit.deleted_at).is_(None),
            ),
        )
        .where(*conditions)
        .order_by(col(Appointment.starts_at), col(Appointment.id))
        .offset(offset)
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    found = session.execute(statement).all()
    resources = _resources(session, [row[0].id for row in found])
    money = _Money.of(session, actor, found)
    return [_row(row, resources.get(row[0].id, ()), money) for row in found]


def appointment_row(session: Session, actor: Actor, appointment_id: UUID) -> AppointmentRow:
    """One appointment that the caller knows to be in reach.

    Raises:
        NotFound: there is none with that id.
    """
    for row in appointment_rows(session, actor, col(Appointment.id) == appointment_id):
        return row
    raise NotFound("This appointment does not exist.")


@dataclass(frozen=True)
class NewBooking:
    """What a booking was made of."""

    patient: Patient
    balance: Decimal | None
    bookable: Bookable
    resources: Sequence[Thing]


def balance_of_patient(actor: Actor) -> ColumnElement[Decimal | None]:
    """What the patient of the query around it owes; NULL where the actor may not see money."""
    if not actor.can(Permission.BILLING_VIEW):
        return cast(null(), AMOUNT)
    owed = select(func.coalesce(func.sum(Invoice.balance), Decimal("0.00"))).where(
        col(Invoice.organization_id) == col(Patient.organization_id),
        col(Invoice.patient_id) == col(Patient.id),
        col(Invoice.balance) > 0,
        invoices_in_scope(actor, Permission.BILLING_VIEW),
    )
    return owed.correlate(Patient).scalar_subquery()


def new_appointment_row(actor: Actor, appointment: Appointment, made_of: NewBooking) -> AppointmentRow:
    """An appointment just booked, from what was looked up for it; nobody can have written a visit or an invoice yet."""
    practitioner = made_of.bookable.practitioner
    resources = sorted(made_of.resources, key=lambda one: (one.type is ResourceType.EQUIPMENT, one.name, one.id))
    found = (
        appointment,
        made_of.patient,
        practitioner.display_name if practitioner else "",
        made_of.bookable.location,
        made_of.bookable.service,
        None,
        None,
    )
    money = _Money(visible=actor.can(Permission.BILLING_VIEW))
    money.balances = {made_of.patient.id: made_of.balance}
    return _row(found, tuple(ResourceRef(id=one.id, type=one.type, name=one.name) for one in resources), money)


class _Money:
    """What the actor may know about money of the appointments shown."""

    def __init__(self, *, visible: bool) -> None:
        self.visible = visible
        self.balances: dict[UUID, Decimal | None] = {}
        self.invoiced: set[UUID | None] = set()

    @classmethod
    def owed_by(cls, session: Session, actor: Actor, patient_ids: Collection[UUID]) -> Self:
        """What the patients owe, for who may see it."""
        money = cls(visible=actor.can(Permission.BILLING_VIEW))
        if money.visible and patient_ids:
            owed = (
                select(col(Invoice.patient_id), func.sum(Invoice.balance))
                .where(
                    col(Invoice.patient_id).in_(patient_ids),
                    col(Invoice.balance) > 0,
                    invoices_in_scope(actor, Permission.BILLING_VIEW),
                )
                .group_by(col(Invoice.patient_id))
            )
            money.balances = dict(session.execute(owed).all())
        return money

    @classmethod
    def of(cls, session: Session, actor: Actor, found: Sequence[_Found]) -> Self:
        """What the patients owe, and which of the appointments stand on a paper."""
        money = cls.owed_by(session, actor, {row[1].id for row in found})
        if money.visible and found:
            money._find_invoiced(session, found, invoices_in_scope(actor, Permission.BILLING_VIEW))
        return money

    def _find_invoiced(self, session: Session, found: Sequence[_Found], in_scope: ColumnElement[bool]) -> None:
        by_visit: dict[UUID | None, UUID] = {row[5]: row[0].id for row in found if row[5] is not None}
        lines = (
            select(col(InvoiceLine.appointment_id), col(InvoiceLine.visit_id))
            .join(Invoice, col(Invoice.id) == col(InvoiceLine.invoice_id))
            .where(
                or_(
                    col(InvoiceLine.appointment_id).in_([row[0].id for row in found]),
                    col(InvoiceLine.visit_id).in_(by_visit),
                ),
                col(Invoice.status) != InvoiceStatus.VOID,
                in_scope,
            )
        )
        for appointment_id, visit_id in session.execute(lines):
            self.invoiced |= {appointment_id, by_visit.get(visit_id)}


def _resources(session: Session, ids: list[UUID]) -> dict[UUID, tuple[ResourceRef, ...]]:
    if not ids:
        return {}
    statement = (
        select(
            col(AppointmentResource.appointment_id),
            col(LocationResource.id),
            col(LocationResource.type),
            col(LocationResource.name),
        )
        .join(LocationResource, col(LocationResource.id) == col(AppointmentResource.resource_id))
        .where(col(AppointmentResource.appointment_id).in_(ids))
        .order_by(col(LocationResource.type).desc(), col(LocationResource.name), col(LocationResource.id))
    )
    taken: dict[UUID, tuple[ResourceRef, ...]] = {}
    for appointment_id, resource_id, kind, name in session.execute(statement):
        taken[appointment_id] = (
            *taken.get(appointment_id, ()),
            ResourceRef(id=resource_id, type=kind, name=name),
        )
    return taken


def _row(found: _Found | _Parts, resources: tuple[ResourceRef, ...], money: _Money) -> AppointmentRow:
    appointment, patient, practitioner, location, service, visit_id, visit_status = found
    return AppointmentRow.model_validate(
        {
            "id": appointment.id,
            "patient_id": patient.id,
            "patient_name": person_name(patient.first_name, patient.last_name, patient.preferred_name),
            "patient_code": patient.code,
            "patient_alerts": tuple(patient.alerts_json),
            "practitioner_user_id": appointment.practitioner_user_id,
            "practitioner": practitioner,
            "clinic_location_id": location.id,
            "location": location.name,
            "timezone": location.timezone,
            "starts_at": appointment.starts_at,
            "ends_at": appointment.ends_at,
            "buffer_minutes": appointment.buffer_minutes,
            "status": appointment.status,
            "status_at": appointment.status_at,
            "product_service_id": appointment.product_service_id,
            "service": service.name if service else "",
            "service_code": service.code if service else "",
            "service_color": service.color if service else "",
            "resources": resources,
            "case_id": appointment.case_id,
            "series_id": appointment.series_id,
            "original_starts_at": appointment.original_starts_at,
            "note": appointment.note,
            "cancelled_by": appointment.cancelled_by,
            "cancelled_late": appointment.cancelled_late,
            "cancel_reason": appointment.cancel_reason or "",
            "double_book_reason": appointment.double_book_reason or "",
            "override_reason": appointment.override_reason or "",
            "override_kinds": tuple(appointment.override_kinds_json),
            "is_imported": appointment.imported,
            "visit_id": visit_id,
            "visit_status": visit_status,
            "invoiced": appointment.id in money.invoiced if money.visible else None,
            "patient_balance": money.balances.get(patient.id, Decimal("0.00")) if money.visible else None,
            "deleted_at": appointment.deleted_at,
            "created_at": appointment.created_at,
            "version": appointment.version,
        }
    )
