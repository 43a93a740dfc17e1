"""From what was asked to the lines of a draft: defaults of the catalogue, lines for visits, prices to the cent."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.access import Actor
from clinic_core.billing.pricing import Line, Totals, price_document
from clinic_core.billing.schemas import DraftLine
from clinic_core.errors import Conflict, InvalidInput, NotFound
from clinic_core.kit.calendar import local_date, zone
from clinic_core.kit.formats import date_text
from clinic_core.models import Appointment, AppUser, ClinicLocation, Invoice, InvoiceLine, ProductService, Visit
from clinic_core.vocabulary import InvoiceStatus, ItemType, ProductType

_TYPE_OF_ITEM = {ItemType.SERVICE: ProductType.SERVICE, ItemType.PRODUCT: ProductType.PRODUCT}


@dataclass(frozen=True)
class Attended:
    """What billing knows of a visit or an appointment: nothing clinical."""

    patient_id: UUID
    practitioner_user_id: UUID
    clinic_location_id: UUID
    product_service_id: UUID | None
    appointment_id: UUID | None
    case_id: UUID | None
    day_text: str


@dataclass(frozen=True)
class Sources:
    """Everything that the lines of one draft point at, read in a constant number of queries."""

    items: Mapping[UUID, ProductService]
    visits: Mapping[UUID, Attended]
    appointments: Mapping[UUID, Attended]

    def attended(self, line: DraftLine) -> Attended | None:
        """The visit, or else the appointment, that a line is about."""
        if line.visit_id is not None:
            return self.visits[line.visit_id]
        return self.appointments[line.appointment_id] if line.appointment_id is not None else None


def read_sources(
    session: Session, actor: Actor, patient_id: UUID, lines: Sequence[DraftLine], visit_ids: Collection[UUID]
) -> Sources:
    """Reads what lines and visits point at.

    Raises:
        NotFound: an item, visit, appointment or practitioner does not exist.
        InvalidInput: a visit or appointment is another patient's.
    """
    wanted_visits = {line.visit_id for line in lines if line.visit_id} | set(visit_ids)
    visits = _visits(session, actor, wanted_visits)
    appointments = _appointments(session, actor, {line.appointment_id for line in lines if line.appointment_id})
    for attended in (*visits.values(), *appointments.values()):
        if attended.patient_id != patient_id:
            raise InvalidInput("A visit or appointment of another patient cannot be put on this invoice.")
    wanted_items = {line.product_service_id for line in lines if line.product_service_id}
    wanted_items |= {found.product_service_id for found in visits.values() if found.product_service_id}
    items = {
        item.id: item
        for item in session.scalars(select(ProductService).where(col(ProductService.id).in_(wanted_items)))
    }
    _all_found(wanted_items, items, "catalogue item")
    practitioners = {line.practitioner_user_id for line in lines if line.practitioner_user_id}
    known = session.scalars(select(col(AppUser.id)).where(col(AppUser.id).in_(practitioners))).all()
    _all_found(practitioners, known, "practitioner")
    return Sources(items, visits, appointments)


def lines_of_visits(session: Session, sources: Sources, visit_ids: Sequence[UUID]) -> list[DraftLine]:
    """A line for each visit: its appointment's service where there is one, else the visit itself, to be priced.

    Raises:
        Conflict: a visit is on another invoice already.
    """
    taken = session.execute(
        select(col(InvoiceLine.visit_id), col(Invoice.number))
        .join(Invoice, col(Invoice.id) == col(InvoiceLine.invoice_id))
        .where(
            col(InvoiceLine.visit_id).in_(visit_ids),
            col(Invoice.status) != InvoiceStatus.VOID,
            col(Invoice.kind) == "invoice",
            (col(Invoice.status) == InvoiceStatus.DRAFT) | (col(Invoice.credited) < col(Invoice.total)),
        )
        .order_by(col(Invoice.number))
    ).first()
    if taken is not None and taken[0] is not None:
        day = sources.visits[taken[0]].day_text
        raise Conflict(f"The visit of {day} is on {f'invoice {taken[1]}' if taken[1] else 'another draft'} already.")
    return [_line_of_visit(sources, visit_id) for visit_id in visit_ids]


def build_lines(
    invoice: Invoice, sources: Sources, lines: Sequence[DraftLine], *, kept_items: Collection[UUID]
) -> list[InvoiceLine]:
    """The rows of the lines of an invoice, in order.

    `kept_items` may be inactive: they are on the draft already, or were booked when they were offered.

    Raises:
        InvalidInput: a line says too little, or an item is no longer offered.
    """
    return [_row(invoice, sources, line, position, kept_items) for position, line in enumerate(lines, start=1)]


def price_lines(lines: Sequence[InvoiceLine]) -> Totals:
    """The totals of the lines; an invoice asks for money, so they are not below zero.

    Raises:
        InvalidInput: no line, or a total below zero.
    """
    totals = price_document(Line(line.qty, line.unit_price, line.discount_rate, line.tax_rate) for line in lines)
    if totals.total < 0:
        raise InvalidInput("The total of an invoice must not be below zero; credit the invoice that was too high.")
    return totals


def _row(
    invoice: Invoice, sources: Sources, line: DraftLine, position: int, kept_items: Collection[UUID]
) -> InvoiceLine:
    item = sources.items[line.product_service_id] if line.product_service_id else None
    attended = sources.attended(line)
    _check_item(line, item, kept_items)
    if line.item_type is ItemType.VISIT and line.visit_id is None:
        raise InvalidInput(f"Line {position} charges for a visit; say which.")
    description = line.description or (item.name if item else None)
    unit_price = line.unit_price if line.unit_price is not None else (item.unit_price if item else None)
    if description is None or unit_price is None:
        raise InvalidInput(f"Line {position} has no item of the catalogue, so it needs a description and a price.")
    tax_rate = line.tax_rate if line.tax_rate is not None else (item.tax_rate if item else Decimal(0))
    return InvoiceLine(
        organization_id=invoice.organization_id,
        invoice_id=invoice.id,
        position=position,
        item_type=line.item_type,
        product_service_id=line.product_service_id,
        visit_id=line.visit_id,
        appointment_id=line.appointment_id or (attended.appointment_id if attended else None),
        practitioner_user_id=line.practitioner_user_id or (attended.practitioner_user_id if attended else None),
        description=description,
        qty=line.quantity,
        unit_price=unit_price,
        tax_rate=tax_rate,
        discount_rate=line.discount_rate,
        net=Line(line.quantity, unit_price, line.discount_rate, tax_rate).net,
    )


def _check_item(line: DraftLine, item: ProductService | None, kept_items: Collection[UUID]) -> None:
    needs_item = line.item_type in {ItemType.SERVICE, ItemType.PRODUCT, ItemType.PACKAGE}
    if item is None:
        if needs_item:
            raise InvalidInput(f"A line for a {line.item_type.value} names an item of the catalogue.")
        return
    if _TYPE_OF_ITEM.get(line.item_type, item.type) is not item.type:
        raise InvalidInput(f"“{item.code}” is a {item.type.value}, not a {line.item_type.value}.")
    if not item.active and item.id not in kept_items:
        raise InvalidInput(f"“{item.code}” is no longer offered; choose another item or bring it back.")


def _line_of_visit(sources: Sources, visit_id: UUID) -> DraftLine:
    visit = sources.visits[visit_id]
    item = sources.items[visit.product_service_id] if visit.product_service_id else None
    return DraftLine(
        item_type=ItemType.SERVICE if item else ItemType.VISIT,
        product_service_id=visit.product_service_id,
        visit_id=visit_id,
        description=f"{item.name if item else 'Visit'}, {visit.day_text}",
        unit_price=item.unit_price if item else Decimal(0),
    )


def _visits(session: Session, actor: Actor, visit_ids: Collection[UUID]) -> dict[UUID, Attended]:
    found = session.execute(
        select(
            col(Visit.id),
            col(Visit.patient_id),
            col(Visit.practitioner_user_id),
            col(Visit.clinic_location_id),
            col(Appointment.product_service_id),
            col(Visit.appointment_id),
            col(Visit.case_id),
            col(Visit.visited_at),
            col(ClinicLocation.timezone),
        )
        .join(ClinicLocation, col(ClinicLocation.id) == col(Visit.clinic_location_id))
        .join(Appointment, col(Appointment.id) == col(Visit.appointment_id), isouter=True)
        .where(col(Visit.id).in_(visit_ids), col(Visit.deleted_at).is_(None))
    )
    visits = {row[0]: Attended(*row[1:7], _day(actor, row[7], row[8])) for row in found}
    _all_found(visit_ids, visits, "visit")
    return visits


def _appointments(session: Session, actor: Actor, appointment_ids: Collection[UUID]) -> dict[UUID, Attended]:
    found = session.execute(
        select(
            col(Appointment.id),
            col(Appointment.patient_id),
            col(Appointment.practitioner_user_id),
            col(Appointment.clinic_location_id),
            col(Appointment.product_service_id),
            col(Appointment.id),
            col(Appointment.case_id),
            col(Appointment.starts_at),
            col(ClinicLocation.timezone),
        )
        .join(ClinicLocation, col(ClinicLocation.id) == col(Appointment.clinic_location_id))
        .where(col(Appointment.id).in_(appointment_ids), col(Appointment.deleted_at).is_(None))
    )
    appointments = {row[0]: Attended(*row[1:7], _day(actor, row[7], row[8])) for row in found}
    _all_found(appointment_ids, appointments, "appointment")
    return appointments


def _day(actor: Actor, instant: datetime, timezone: str) -> str:
    return date_text(local_date(instant, zone(timezone)), actor.settings.locale)


def _all_found(wanted: Collection[UUID], found: Collection[UUID], called: str) -> None:
    if len(set(wanted)) > len(found):
        raise NotFound(f"This {called} does not exist.")
