"""What was attended, or costs a fee, and is on no invoice yet: the lines that a new invoice should not miss."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlmodel import col

from clinic_core.access import Permission, Work, query, use_case
from clinic_core.billing.reach import patient_in_reach
from clinic_core.billing.schemas import OfPatient, UninvoicedRow
from clinic_core.billing.status import is_charged
from clinic_core.kit.calendar import local_date, zone
from clinic_core.kit.formats import date_text
from clinic_core.kit.tables import Table, table_of
from clinic_core.kit.text import Cell
from clinic_core.models import Appointment, AppointmentFee, AppUser, ClinicLocation, InvoiceLine, ProductService, Visit
from clinic_core.vocabulary import AppointmentStatus, FeeStatus, ItemType, Scope

_CELLS: Mapping[str, Callable[[UninvoicedRow], Cell]] = {
    "Attended": lambda row: row.attended_on,
    "Description": lambda row: row.description,
    "Practitioner": lambda row: row.practitioner_name,
    "Unit price": lambda row: row.unit_price,
    "Tax %": lambda row: row.tax_rate.scaleb(2),
}


@query(Permission.BILLING_MANAGE, name="invoice.uninvoiced")
def list_uninvoiced(work: Work, request: OfPatient) -> tuple[UninvoicedRow, ...]:
    """A patient's completed appointments, visits without one, and proposed fees that nothing charges for; oldest first.

    An invoice that is void or credited in full charges for nothing.

    Raises:
        NotFound: no such patient, or out of scope.
    """
    actor = work.actor
    patient_in_reach(work.session, actor, Permission.BILLING_MANAGE, request.patient_id)
    rows = [
        *_appointments(work, request.patient_id),
        *_lone_visits(work, request.patient_id),
        *_fees(work, request.patient_id),
    ]
    if actor.scope(Permission.BILLING_MANAGE) is Scope.LOCATION:
        rows = [row for row in rows if row.clinic_location_id in actor.location_ids]
    return tuple(sorted(rows, key=lambda row: (row.attended_on, row.id)))


@use_case(Permission.BILLING_MANAGE, name="uninvoiced.export")
def export_uninvoiced(work: Work, request: OfPatient) -> Table:
    """The rows of `list_uninvoiced`; audited. Raises as `list_uninvoiced`."""
    made = table_of(_CELLS, list_uninvoiced(work, request))
    work.audit("patient", request.patient_id, "export", report="uninvoiced", rows=len(made.rows))
    return made


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
            ~is_charged(
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
            item_type=_kind(appointment.product_service_id, visit_id),
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
            ~is_charged(col(InvoiceLine.visit_id) == col(Visit.id)),
        )
    )
    for visit_id, practitioner_id, location_id, visited_at, practitioner, timezone in found:
        day = local_date(visited_at, zone(timezone))
        yield UninvoicedRow(
            id=visit_id,
            item_type=ItemType.VISIT,
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


def _fees(work: Work, patient_id: UUID) -> Iterable[UninvoicedRow]:
    """Fees that are neither waived nor withdrawn, at the amount that was fixed."""
    found = work.session.execute(
        select(AppointmentFee, Appointment, col(AppUser.display_name), col(ClinicLocation.timezone))
        .join(Appointment, col(Appointment.id) == col(AppointmentFee.appointment_id))
        .join(AppUser, col(AppUser.id) == col(Appointment.practitioner_user_id))
        .join(ClinicLocation, col(ClinicLocation.id) == col(Appointment.clinic_location_id))
        .where(
            col(AppointmentFee.patient_id) == patient_id,
            col(AppointmentFee.status) == FeeStatus.PROPOSED,
            ~is_charged(
                and_(col(InvoiceLine.appointment_id) == col(Appointment.id), col(InvoiceLine.item_type) == ItemType.FEE)
            ),
        )
    )
    for fee, appointment, practitioner, timezone in found:
        day = local_date(appointment.starts_at, zone(timezone))
        yield UninvoicedRow(
            id=appointment.id,
            item_type=ItemType.FEE,
            is_fixed=True,
            appointment_id=appointment.id,
            visit_id=None,
            product_service_id=None,
            practitioner_user_id=appointment.practitioner_user_id,
            practitioner_name=practitioner,
            clinic_location_id=appointment.clinic_location_id,
            attended_on=day,
            description=f"{fee.kind.label} fee, {date_text(day, work.actor.settings.locale)}",
            unit_price=fee.amount,
            tax_rate=Decimal(0),
        )


def _kind(service_id: UUID | None, visit_id: UUID | None) -> ItemType:
    if service_id is not None:
        return ItemType.SERVICE
    return ItemType.VISIT if visit_id is not None else ItemType.FEE
