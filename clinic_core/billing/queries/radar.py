"""Missed charges both ways: attended and not invoiced, invoiced and not attended, and prices not of the catalogue (B8).

Days are those at the location: of the appointment or visit, and of issue.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    Uuid,
    and_,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Mapped
from sqlmodel import col

from clinic_core.access import Actor, Permission, Work, query, use_case
from clinic_core.access.scope import appointments_in_scope, invoices_in_scope, visits_in_scope
from clinic_core.billing.exports import export_detail
from clinic_core.billing.schemas import ListRadar, RadarFilter, RadarKind, RadarList, RadarRow, RadarSum
from clinic_core.billing.status import is_appointment_charged, is_charged
from clinic_core.kit.formats import person_name
from clinic_core.kit.tables import Table, table_of
from clinic_core.kit.text import Cell
from clinic_core.models import (
    Appointment,
    AppUser,
    ClinicLocation,
    Invoice,
    InvoiceLine,
    Patient,
    ProductPrice,
    ProductService,
    Visit,
)
from clinic_core.scheduling.charged import charging_line
from clinic_core.vocabulary import AppointmentStatus, InvoiceStatus, ItemType, Scope

_ATTENDABLE = (ItemType.SERVICE, ItemType.VISIT)
_FROM_CATALOGUE = (ItemType.SERVICE, ItemType.PRODUCT, ItemType.VISIT)
_CELLS: Mapping[str, Callable[[RadarRow], Cell]] = {
    "Day": lambda row: row.day,
    "Patient": lambda row: row.patient_code,
    "Name": lambda row: row.patient_name,
    "Location": lambda row: row.location_name,
    "Practitioner": lambda row: row.practitioner_name,
    "Description": lambda row: row.description,
    "Invoice": lambda row: row.invoice_number,
    "Unit price": lambda row: row.unit_price,
    "Catalogue": lambda row: row.catalogue_price,
    "Amount": lambda row: row.amount,
}
Findings = Select[Any]


@query(Permission.BILLING_MANAGE, name="radar.sums")
def sum_radar(work: Work, request: RadarFilter) -> tuple[RadarSum, ...]:
    """How many findings each list of the period has, and their amount; equal to the rows of `list_radar`."""
    sums = []
    for kind in RadarKind:
        found = _findings(work.actor, kind, request).subquery()
        total = func.coalesce(func.sum(found.c.amount), Decimal("0.00"))
        count, amount = work.session.execute(select(func.count(), total).select_from(found)).one()
        sums.append(RadarSum(kind=kind, count=count, amount=amount))
    return tuple(sums)


@query(Permission.BILLING_MANAGE, name="radar.list")
def list_radar(work: Work, request: ListRadar) -> tuple[RadarRow, ...]:
    """A page of one list, oldest first, within the actor's scope."""
    statement = _ordered(_findings(work.actor, request.kind, request)).offset(request.offset).limit(request.limit)
    return tuple(_row(found) for found in work.session.execute(statement))


@use_case(Permission.BILLING_MANAGE, name="radar.export")
def export_radar(work: Work, request: RadarList) -> Table:
    """One list whole, in the order and with the amounts of `list_radar`; audited."""
    found = work.session.execute(_ordered(_findings(work.actor, request.kind, request)))
    made = table_of(_CELLS, map(_row, found))
    work.audit("invoice", None, "export", report="radar", **export_detail(made, request))
    return made


def _findings(actor: Actor, kind: RadarKind, request: RadarFilter) -> Findings:
    if kind is RadarKind.UNCHARGED:
        both = union_all(_appointments(actor, request), _lone_visits(actor, request)).subquery()
        return select(*both.c)
    return _unattended(actor, request) if kind is RadarKind.UNATTENDED else _mispriced(actor, request)


def _appointments(actor: Actor, request: RadarFilter) -> Findings:
    price = func.coalesce(col(ProductService.unit_price), Decimal(0))
    return (
        _select(
            Appointment.id,
            _day(col(Appointment.starts_at)),
            func.coalesce(col(ProductService.name), "Visit"),
            unit_price=price,
            amount=func.round(price, 2),
            appointment_id=col(Appointment.id),
        )
        .select_from(Appointment)
        .join(Patient, col(Patient.id) == col(Appointment.patient_id))
        .join(ClinicLocation, col(ClinicLocation.id) == col(Appointment.clinic_location_id))
        .join(AppUser, col(AppUser.id) == col(Appointment.practitioner_user_id), isouter=True)
        .join(ProductService, col(ProductService.id) == col(Appointment.product_service_id), isouter=True)
        .where(
            appointments_in_scope(actor, Permission.BILLING_MANAGE),
            *_attended_then(actor, request, col(Appointment.starts_at)),
            col(Appointment.status) == AppointmentStatus.COMPLETED,
            col(Appointment.deleted_at).is_(None),
            ~is_appointment_charged(),
        )
    )


def _lone_visits(actor: Actor, request: RadarFilter) -> Findings:
    return (
        _select(
            Visit.id,
            _day(col(Visit.visited_at)),
            literal("Visit"),
            unit_price=literal(Decimal(0)),
            amount=literal(Decimal("0.00")),
        )
        .select_from(Visit)
        .join(Patient, col(Patient.id) == col(Visit.patient_id))
        .join(ClinicLocation, col(ClinicLocation.id) == col(Visit.clinic_location_id))
        .join(AppUser, col(AppUser.id) == col(Visit.practitioner_user_id), isouter=True)
        .where(
            visits_in_scope(actor, Permission.BILLING_MANAGE),
            *_attended_then(actor, request, col(Visit.visited_at)),
            col(Visit.appointment_id).is_(None),
            col(Visit.deleted_at).is_(None),
            ~is_charged(col(InvoiceLine.visit_id) == col(Visit.id)),
        )
    )


def _unattended(actor: Actor, request: RadarFilter) -> Findings:
    left = (col(InvoiceLine.qty) - col(InvoiceLine.credited_qty)) / col(InvoiceLine.qty)
    visited = exists().where(col(Visit.id) == col(InvoiceLine.visit_id), col(Visit.deleted_at).is_(None))
    attended = exists().where(
        col(Appointment.id) == col(InvoiceLine.appointment_id),
        col(Appointment.status) == AppointmentStatus.COMPLETED,
        col(Appointment.deleted_at).is_(None),
    )
    return _lines(actor, request, func.round(col(InvoiceLine.net) * left, 2), null()).where(
        col(InvoiceLine.item_type).in_(_ATTENDABLE),
        col(InvoiceLine.qty) > 0,
        ~or_(visited, attended),
    )


def _mispriced(actor: Actor, request: RadarFilter) -> Findings:
    then = (
        select(col(ProductPrice.unit_price))
        .where(
            col(ProductPrice.product_service_id) == col(InvoiceLine.product_service_id),
            col(ProductPrice.valid_from) <= col(Invoice.issued_at),
        )
        .order_by(col(ProductPrice.valid_from).desc(), col(ProductPrice.id).desc())
        .limit(1)
        .correlate(InvoiceLine, Invoice)
        .scalar_subquery()
    )
    left = col(InvoiceLine.qty) - col(InvoiceLine.credited_qty)
    return _lines(actor, request, func.round((col(InvoiceLine.unit_price) - then) * left, 2), then).where(
        col(InvoiceLine.item_type).in_(_FROM_CATALOGUE), col(InvoiceLine.unit_price) != then
    )


def _lines(
    actor: Actor, request: RadarFilter, amount: ColumnElement[Any], catalogue_price: ColumnElement[Any]
) -> Findings:
    return (
        _select(
            InvoiceLine.id,
            col(Invoice.issued_on),
            col(InvoiceLine.description),
            unit_price=col(InvoiceLine.unit_price),
            amount=amount,
            catalogue_price=catalogue_price,
            appointment_id=col(InvoiceLine.appointment_id),
            invoice_id=col(Invoice.id),
            invoice_number=col(Invoice.number),
        )
        .select_from(Invoice)
        .join(InvoiceLine, charging_line())
        .join(Patient, col(Patient.id) == col(Invoice.patient_id))
        .join(ClinicLocation, col(ClinicLocation.id) == col(Invoice.clinic_location_id))
        .join(AppUser, col(AppUser.id) == col(InvoiceLine.practitioner_user_id), isouter=True)
        .where(
            invoices_in_scope(actor, Permission.BILLING_MANAGE),
            col(Invoice.status) == InvoiceStatus.ISSUED,
            col(Invoice.issued_on).between(request.first_day, request.last_day),
            _here(actor, request),
        )
    )


def _select(  # noqa: PLR0913 (the columns that all lists have)
    row_id: UUID,
    day: ColumnElement[Any] | Mapped[Any],
    description: ColumnElement[str] | Mapped[str],
    *,
    unit_price: ColumnElement[Any] | Mapped[Decimal],
    amount: ColumnElement[Any],
    catalogue_price: ColumnElement[Any] | None = None,
    appointment_id: Mapped[Any] | None = None,
    invoice_id: Mapped[Any] | None = None,
    invoice_number: Mapped[Any] | None = None,
) -> Findings:
    nothing = cast(null(), Uuid)
    return select(
        col(row_id).label("id"),
        day.label("day"),
        col(Patient.id).label("patient_id"),
        col(Patient.first_name).label("first_name"),
        col(Patient.last_name).label("last_name"),
        col(Patient.preferred_name).label("preferred_name"),
        col(Patient.code).label("patient_code"),
        col(ClinicLocation.name).label("location_name"),
        func.coalesce(col(AppUser.display_name), "").label("practitioner_name"),
        description.label("description"),
        unit_price.label("unit_price"),
        (null() if catalogue_price is None else catalogue_price).label("catalogue_price"),
        amount.label("amount"),
        (nothing if appointment_id is None else appointment_id).label("appointment_id"),
        (nothing if invoice_id is None else invoice_id).label("invoice_id"),
        (literal("") if invoice_number is None else invoice_number).label("invoice_number"),
    )


def _day(at: Mapped[datetime]) -> ColumnElement[Any]:
    return cast(func.timezone(col(ClinicLocation.timezone), at), Date)


def _attended_then(actor: Actor, request: RadarFilter, at: Mapped[datetime]) -> tuple[ColumnElement[bool], ...]:
    """On a day of the period at the location; the bounds around it, wider than any zone, let an index serve."""
    first, last = (datetime.combine(day, time(), UTC) for day in (request.first_day, request.last_day))
    margin = timedelta(days=1)
    earliest = first - margin if request.first_day.year > 1 else first
    latest = last + 2 * margin if request.last_day.year < 9999 else last
    return (
        and_(at >= earliest, at <= latest),
        _day(at).between(request.first_day, request.last_day),
        _here(actor, request),
    )


def _here(actor: Actor, request: RadarFilter) -> ColumnElement[bool]:
    """At the location asked for, and no further than the actor's own where the permission ends there."""
    conditions: list[ColumnElement[bool]] = [literal(True)]
    if request.clinic_location_id is not None:
        conditions.append(col(ClinicLocation.id) == request.clinic_location_id)
    if actor.scope(Permission.BILLING_MANAGE) is Scope.LOCATION:
        conditions.append(col(ClinicLocation.id).in_(actor.location_ids))
    return and_(*conditions)


def _ordered(found: Findings) -> Findings:
    rows = found.subquery()
    return select(*rows.c).order_by(rows.c.day, rows.c.id)


def _row(found: Any) -> RadarRow:
    values = dict(found._mapping)
    name = person_name(values.pop("first_name"), values.pop("last_name"), values.pop("preferred_name"))
    return RadarRow(**values, patient_name=name)
