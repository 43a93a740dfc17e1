"""What was attended and is on no invoice yet: the lines that a new invoice should not miss."""

from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlmodel import col

from clinic_core.access import Permission, Work, query
from clinic_core.billing.reach import patient_in_reach
from clinic_core.billing.schemas import OfPatient, UninvoicedRow
from clinic_core.kit.calendar import local_date, zone
from clinic_core.kit.formats import date_text
from clinic_core.models import Appointment, AppUser, ClinicLocation, Invoice, InvoiceLine, ProductService, Visit
from clinic_core.vocabulary import AppointmentStatus, InvoiceKind, InvoiceStatus, Scope


@query(Permission.BILLING_MANAGE, name="invoice.uninvoiced")
def list_uninvoiced(work: Work, request: OfPatient) -> tuple[UninvoicedRow, ...]:
    """A patient's completed appointments, and visits without one, that no draft or invoice charges for; oldest first.

    An invoice that is void or credited in full charges for nothing.

    Raises:
        NotFound: no such patient, or out of scope.
    """
    actor = work.actor
    patient_in_reach(work.session, actor, Permission.BILLING_MANAGE, request.patient_id)
    rows = [*_appointments(work, request.patient_id), *_lone_visits(work, request.patient_id)]
    if actor.scope(Permission.BILLING_MANAGE) is Scope.LOCATION:
        rows = [row for row in rows if row.clinic_location_id in actor.location_ids]
    return tuple(sorted(rows, key=lambda row: (row.attended_on, row.id)))


def _appointments(work: Work, patient_id: UUID) -> Iterable[UninvoicedRow]:
    found = work.session.execute(
        select(
            Appointment,
            col(Visit.id),
            col(ProductService.name),
            col(ProductService.unit_price),
            col(ProductService.tax_rate),
            col(AppUser.display_name),
            col(ClinicLocation.timezone),
        )
        .join(
            Visit,
            and_(col(Visit.appointment_id) == col(Appointment.id), col(Visit.deleted_at).is_(None)),
            isouter=True,
        )
        .join(ProductService, col(ProductService.id) == col(Appointment.product_service_id), isouter=True)
        .join(AppUser, col(AppUser.id) == col(Appointment.practitioner_user_id))
        .join(ClinicLocation, col(ClinicLocation.id) == col(Appointment.clinic_location_id))
        .where(
            col(Appointment.patient_id) == patient_id,
            col(Appointment.status) == AppointmentStatus.COMPLETED,
            col(Appointment.deleted_at).is_(None),
            ~_charged(
                or_(
                    col(InvoiceLine.appointment_id) == col(Appointment.id),
                    col(InvoiceLine.visit_id) == col(Visit.id),
                )
            ),
        )
    )
    for appointment, visit_id, name, unit_price, tax_rate, practitioner, timezone in found:
        day = local_date(appointment.starts_at, zone(timezone))
        yield UninvoicedRow(
            id=appointment.id,
            appointment_id=appointment.id,
            visit_id=visit_id,
            product_service_id=appointment.product_service_id,
            practitioner_user_id=appointment.practitioner_user_id,
            practitioner_name=practitioner,
            clinic_location_id=appointment.clinic_location_id,
            attended_on=day,
            description=f"{name or 'Visit'}, {date_text(day, work.actor.settings.locale)}",
            unit_price=unit_price or Decimal(0),
            tax_rate=tax_rate or Decimal(0),
        )


def _lone_visits(work: Work, patient_id: UUID) -> Iterable[UninvoicedRow]:
    found = work.session.execute(
        select(
            col(Visit.id),
            col(Visit.practitioner_user_id),
            col(Visit.clinic_location_id),
            col(Visit.visited_at),
            col(AppUser.display_name),
            col(ClinicLocation.timezone),
        )
        .join(AppUser, col(AppUser.id) == col(Visit.practitioner_user_id))
        .join(ClinicLocation, col(ClinicLocation.id) == col(Visit.clinic_location_id))
        .where(
            col(Visit.patient_id) == patient_id,
            col(Visit.appointment_id).is_(None),
            col(Visit.deleted_at).is_(None),
            ~_charged(col(InvoiceLine.visit_id) == col(Visit.id)),
        )
    )
    for visit_id, practitioner_id, location_id, visited_at, practitioner, timezone in found:
        day = local_date(visited_at, zone(timezone))
        yield UninvoicedRow(
            id=visit_id,
            appointment_id=None,
            visit_id=visit_id,
            product_service_id=None,
            practitioner_user_id=practitioner_id,
            practitioner_name=practitioner,
            clinic_location_id=location_id,
            attended_on=day,
            description=f"Visit, {date_text(day, work.actor.settings.locale)}",
            unit_price=Decimal(0),
            tax_rate=Decimal(0),
        )


def _charged(of_this: ColumnElement[bool]) -> ColumnElement[bool]:
    """A line of a draft, or of an invoice that is neither void nor credited in full, is about it."""
    return exists().where(
        of_this,
        col(Invoice.id) == col(InvoiceLine.invoice_id),
        col(Invoice.kind) == InvoiceKind.INVOICE,
        col(Invoice.status) != InvoiceStatus.VOID,
        or_(col(Invoice.status) == InvoiceStatus.DRAFT, col(Invoice.credited) < col(Invoice.total)),
    )
