"""From the table `appointment` to what leaves the core, in one statement however many there are.

Plain columns, not entities: a day of a location is read at every click, and making objects of its rows by way of the
unit of work cost three times as much as finding them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, String, and_, cast, exists, func, null, or_, select, type_coerce
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
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
from clinic_core.scheduling.bookable import Bookable, Thing
from clinic_core.scheduling.schemas import AppointmentRow, ResourceRef
from clinic_core.vocabulary import InvoiceStatus, ResourceType

_OWN = (
    "id", "patient_id", "practitioner_user_id", "clinic_location_id", "starts_at", "ends_at", "buffer_minutes",
    "status", "status_at", "product_service_id", "case_id", "series_id", "original_starts_at", "note", "cancelled_by",
    "cancelled_late", "deleted_at", "created_at", "version",
)  # fmt: skip
"""What a row takes from its appointment under the same name."""


def appointment_rows(
    session: Session, actor: Actor, *conditions: ColumnElement[bool], offset: int = 0, limit: int | None = None
) -> list[AppointmentRow]:
    """The appointments for which the conditions hold, by start; the caller brings the actor's scope along."""
    statement = (
        _columns(actor)
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
    )
    session.flush()
    found = session.connection().execute(statement)
    names = tuple(found.keys())
    return [_row(dict(zip(names, row, strict=True))) for row in found.all()]


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
    patient, location, service = made_of.patient, made_of.bookable.location, made_of.bookable.service
    return _row(
        {
            **{name: getattr(appointment, name) for name in _OWN},
            "patient_alerts": patient.alerts_json,
            "patient_code": patient.code,
            "first_name": patient.first_name,
            "last_name": patient.last_name,
            "preferred_name": patient.preferred_name,
            "practitioner": practitioner.display_name if practitioner else "",
            "location": location.name,
            "timezone": location.timezone,
            "service": service.name if service else "",
            "service_code": service.code if service else "",
            "service_color": service.color if service else "",
            "resources": tuple(ResourceRef(id=one.id, type=one.type, name=one.name) for one in resources),
            "visit_id": None,
            "visit_status": None,
            "cancel_reason": "",
            "double_book_reason": appointment.double_book_reason or "",
            "override_reason": appointment.override_reason or "",
            "override_kinds": appointment.override_kinds_json,
            "is_imported": False,
            "invoiced": False if actor.can(Permission.BILLING_VIEW) else None,
            "patient_balance": made_of.balance,
        }
    )


def _columns(actor: Actor) -> Select[*tuple[Any, ...]]:
    """Everything that a row says, under the names of its fields; words of vocabularies as they are stored."""
    own = [col(getattr(Appointment, name)) for name in _OWN if name not in {"status", "cancelled_by"}]
    return select(
        *own,
        type_coerce(col(Appointment.status), String).label("status"),
        type_coerce(col(Appointment.cancelled_by), String).label("cancelled_by"),
        func.coalesce(col(Appointment.cancel_reason), "").label("cancel_reason"),
        func.coalesce(col(Appointment.double_book_reason), "").label("double_book_reason"),
        func.coalesce(col(Appointment.override_reason), "").label("override_reason"),
        col(Appointment.override_kinds_json).label("override_kinds"),
        col(Appointment.imported).label("is_imported"),
        col(Patient.first_name),
        col(Patient.last_name),
        col(Patient.preferred_name),
        col(Patient.code).label("patient_code"),
        col(Patient.alerts_json).label("patient_alerts"),
        col(AppUser.display_name).label("practitioner"),
        col(ClinicLocation.name).label("location"),
        col(ClinicLocation.timezone),
        func.coalesce(col(ProductService.name), "").label("service"),
        func.coalesce(col(ProductService.code), "").label("service_code"),
        func.coalesce(col(ProductService.color), "").label("service_color"),
        col(Visit.id).label("visit_id"),
        type_coerce(col(Visit.status), String).label("visit_status"),
        _resources().label("resources"),
        _invoiced(actor).label("invoiced"),
        balance_of_patient(actor).label("patient_balance"),
    )


def _resources() -> ColumnElement[object]:
    """Rooms, then equipment, by name."""
    in_order = aggregate_order_by(
        func.jsonb_build_object(
            "id", col(LocationResource.id), "type", col(LocationResource.type), "name", col(LocationResource.name)
        ),
        col(LocationResource.type).desc(),
        col(LocationResource.name),
        col(LocationResource.id),
    )
    taken = (
        select(func.coalesce(func.jsonb_agg(in_order, type_=JSONB), func.jsonb_build_array()))
        .select_from(AppointmentResource)
        .join(LocationResource, col(LocationResource.id) == col(AppointmentResource.resource_id))
        .where(
            col(AppointmentResource.organization_id) == col(Appointment.organization_id),
            col(AppointmentResource.appointment_id) == col(Appointment.id),
        )
    )
    return taken.correlate(Appointment).scalar_subquery()


def _invoiced(actor: Actor) -> ColumnElement[Any]:
    """Whether it or its visit stands on a paper that is not void; NULL where the actor may not see money."""
    if not actor.can(Permission.BILLING_VIEW):
        return null()
    of_this = or_(col(InvoiceLine.appointment_id) == col(Appointment.id), col(InvoiceLine.visit_id) == col(Visit.id))
    return (
        exists()
        .where(
            col(InvoiceLine.organization_id) == col(Appointment.organization_id),
            col(Invoice.id) == col(InvoiceLine.invoice_id),
            col(Invoice.status) != InvoiceStatus.VOID,
            of_this,
            invoices_in_scope(actor, Permission.BILLING_VIEW),
        )
        .correlate(Appointment, Visit)
    )


def _row(values: Mapping[str, Any]) -> AppointmentRow:
    """The names of the patient become one; whatever is no field of a row is left behind."""
    first, last, preferred = (values[name] for name in ("first_name", "last_name", "preferred_name"))
    return AppointmentRow.model_validate({**values, "patient_name": person_name(first, last, preferred)})
