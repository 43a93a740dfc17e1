"""From what was asked to the lines of a draft: catalogue defaults, lines for what was attended, prices to the cent."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, bindparam, select
from sqlalchemy.orm import Session
from sqlmodel import SQLModel

from clinic_core.access import Actor
from clinic_core.billing.attended import (
    Attended,
    all_found,
    lock_attended,
    read_appointments,
    read_fees,
    read_visits,
)
from clinic_core.billing.pricing import Line, Totals, price_document
from clinic_core.billing.schemas import DraftLine
from clinic_core.errors import Conflict, InvalidInput
from clinic_core.kit.formats import plain_amount
from clinic_core.models import AppointmentFee
from clinic_core.vocabulary import FeeStatus, ItemType, ProductType

_TYPE_OF_ITEM = {ItemType.SERVICE: ProductType.SERVICE, ItemType.PRODUCT: ProductType.PRODUCT}


@dataclass(frozen=True, slots=True)
class Item:
    """What a line takes from an item of the catalogue."""

    id: UUID
    code: str
    name: str
    type: ProductType
    unit_price: Decimal
    tax_rate: Decimal
    active: bool


@dataclass(frozen=True, slots=True)
class NewLine:
    """A line to be written: what it charges for, in which words, and what it is priced by."""

    item_type: ItemType
    product_service_id: UUID | None
    visit_id: UUID | None
    appointment_id: UUID | None
    practitioner_user_id: UUID | None
    description: str
    priced: Line


_TABLES = SQLModel.metadata.tables
_IDS = bindparam("ids", type_=ARRAY(Uuid))
_ITEMS = select(*(_TABLES["product_service"].c[one.name] for one in fields(Item))).where(
    _TABLES["product_service"].c.id == any_(_IDS)
)
_PRACTITIONERS = select(_TABLES["app_user"].c.id).where(_TABLES["app_user"].c.id == any_(_IDS))


@dataclass(frozen=True)
class Sources:
    """Everything that the lines of one draft point at, read in a constant number of queries."""

    items: Mapping[UUID, Item]
    visits: Mapping[UUID, Attended]
    appointments: Mapping[UUID, Attended]
    fees: Mapping[UUID, AppointmentFee]

    def attended(self, line: DraftLine) -> Attended | None:
        """The visit, or else the appointment, that a line is about."""
        if line.visit_id is not None and line.visit_id in self.visits:
            return self.visits[line.visit_id]
        return self.appointments[line.appointment_id] if line.appointment_id is not None else None

    @property
    def booked_items(self) -> set[UUID]:
        """The services of what was attended; one may have left the catalogue since."""
        behind = (*self.visits.values(), *self.appointments.values())
        return {found.product_service_id for found in behind if found.product_service_id}

    def charged(self, lines: Sequence[DraftLine]) -> list[Attended]:
        """The visits and appointments that the lines charge for; goods handed over there do not."""
        charging = (line for line in lines if line.item_type is not ItemType.PRODUCT)
        return [found for line in charging if (found := self.attended(line)) is not None]


def read_sources(
    session: Session,
    actor: Actor,
    patient_id: UUID,
    lines: Sequence[DraftLine],
    *,
    visit_ids: Collection[UUID] = (),
    appointment_ids: Collection[UUID] = (),
) -> Sources:
    """Reads what lines, visits and appointments point at, and locks what was attended.

    Raises:
        NotFound: an item, visit, appointment or practitioner does not exist.
        InvalidInput: a visit or appointment is another patient's.
    """
    wanted_visits = {line.visit_id for line in lines if line.visit_id} | set(visit_ids)
    wanted_appointments = {line.appointment_id for line in lines if line.appointment_id} | set(appointment_ids)
    lock_attended(session, visit_ids=wanted_visits, appointment_ids=wanted_appointments)
    visits = read_visits(session, actor, wanted_visits)
    appointments = read_appointments(session, actor, wanted_appointments)
    for attended in (*visits.values(), *appointments.values()):
        if attended.patient_id != patient_id:
            raise InvalidInput("A visit or appointment of another patient cannot be put on this invoice.")
    for line in lines:
        if line.visit_id and line.appointment_id and visits[line.visit_id].appointment_id != line.appointment_id:
            raise InvalidInput("A line names a visit and an appointment that do not belong together.")
    behind = {*visits.values(), *appointments.values()}
    wanted_items = {line.product_service_id for line in lines if line.product_service_id}
    wanted_items |= {found.product_service_id for found in behind if found.product_service_id}
    items = _read_items(session, wanted_items)
    practitioners = {line.practitioner_user_id for line in lines if line.practitioner_user_id}
    if practitioners:
        known = session.scalars(_PRACTITIONERS, {"ids": list(practitioners)}).all()
        all_found(practitioners, known, "practitioner")
    fees = read_fees(
        session, {found.appointment_id for found in behind if found.appointment_id and found.is_only_by_fee}
    )
    return Sources(items, visits, appointments, fees)


def _read_items(session: Session, item_ids: Collection[UUID]) -> dict[UUID, Item]:
    if not item_ids:
        return {}
    items = {row.id: Item(*row) for row in session.execute(_ITEMS, {"ids": list(item_ids)})}
    all_found(item_ids, items, "catalogue item")
    return items


def lines_of_attended(
    sources: Sources, lines: Sequence[DraftLine], *, visit_ids: Sequence[UUID], appointment_ids: Sequence[UUID]
) -> list[DraftLine]:
    """A line for each appointment and visit that none of the lines charges for: its service, or what is to be priced.

    An appointment that did not take place becomes a line for its fee.

    Raises:
        Conflict: it costs no fee, or none any more.
    """
    known = {found.key for found in sources.charged(lines)}
    asked = [sources.appointments[one] for one in appointment_ids] + [sources.visits[one] for one in visit_ids]
    return [
        _line_of_attended(sources, found) for key, found in {one.key: one for one in asked}.items() if key not in known
    ]


def build_lines(sources: Sources, lines: Sequence[DraftLine], *, kept_items: Collection[UUID] = ()) -> list[NewLine]:
    """The lines of an invoice, in order.

    `kept_items` may be inactive: they are on the draft already; so may what was booked when it was offered.

    Raises:
        InvalidInput: a line says too little, or an item is no longer offered.
    """
    kept = {*kept_items, *sources.booked_items}
    return [_new_line(sources, line, position, kept) for position, line in enumerate(lines, start=1)]


def price_lines(lines: Iterable[Line]) -> Totals:
    """The totals of the lines of an invoice, which asks for money, so they are not below zero.

    Raises:
        InvalidInput: no line, or a total below zero.
    """
    totals = price_document(lines)
    if totals.total < 0:
        raise InvalidInput("The total of an invoice must not be below zero; credit the invoice that was too high.")
    return totals


def _new_line(sources: Sources, line: DraftLine, position: int, kept_items: Collection[UUID]) -> NewLine:
    item = sources.items[line.product_service_id] if line.product_service_id else None
    attended = sources.attended(line)
    _check_item(line, item, kept_items)
    _check_attended(sources, line, attended)
    if line.item_type is ItemType.VISIT and line.visit_id is None:
        raise InvalidInput(f"Line {position} charges for a visit; say which.")
    description = line.description or (item.name if item else None)
    unit_price = line.unit_price if line.unit_price is not None else (item.unit_price if item else None)
    if description is None or unit_price is None:
        raise InvalidInput(f"Line {position} has no item of the catalogue, so it needs a description and a price.")
    tax_rate = line.tax_rate if line.tax_rate is not None else (item.tax_rate if item else Decimal(0))
    return NewLine(
        item_type=line.item_type,
        product_service_id=line.product_service_id,
        visit_id=line.visit_id,
        appointment_id=line.appointment_id or (attended.appointment_id if attended else None),
        practitioner_user_id=line.practitioner_user_id or (attended.practitioner_user_id if attended else None),
        description=description,
        priced=Line(line.quantity, unit_price, line.discount_rate, tax_rate),
    )


def _check_item(line: DraftLine, item: Item | None, kept_items: Collection[UUID]) -> None:
    needs_item = line.item_type in {ItemType.SERVICE, ItemType.PRODUCT, ItemType.PACKAGE}
    if item is None:
        if needs_item:
            raise InvalidInput(f"A line for a {line.item_type.value} names an item of the catalogue.")
        return
    if _TYPE_OF_ITEM.get(line.item_type, item.type) is not item.type:
        raise InvalidInput(f"“{item.code}” is a {item.type.value}, not a {line.item_type.value}.")
    if not item.active and item.id not in kept_items:
        raise InvalidInput(f"“{item.code}” is no longer offered; choose another item or bring it back.")


def _check_attended(sources: Sources, line: DraftLine, attended: Attended | None) -> None:
    """What did not take place is charged by its fee, as it was fixed."""
    if attended is None or not attended.is_only_by_fee or line.item_type is ItemType.PRODUCT:
        return
    fee = _fee_of(sources, attended)
    if line.item_type is not ItemType.FEE:
        raise InvalidInput(f"The appointment of {attended.day_text} did not take place; only its fee can be charged.")
    if line.quantity != 1 or line.unit_price not in {None, fee.amount}:
        raise InvalidInput(
            f"The fee for {attended.day_text} is {plain_amount(fee.amount)}; charge it as it is, or waive it."
        )


def _fee_of(sources: Sources, attended: Attended) -> AppointmentFee:
    fee = sources.fees.get(attended.appointment_id) if attended.appointment_id else None
    if fee is None or fee.status is not FeeStatus.PROPOSED:
        why = f" The fee is {fee.status.label.lower()}." if fee else ""
        raise Conflict(f"The appointment of {attended.day_text} did not take place and costs no fee.{why}")
    return fee


def _line_of_attended(sources: Sources, attended: Attended) -> DraftLine:
    """The line that charges for it: by its fee, its service, or the visit itself to be priced."""
    item = sources.items[attended.product_service_id] if attended.product_service_id else None
    fee = _fee_of(sources, attended) if attended.is_only_by_fee else None
    if fee is not None:
        kind, name, price = ItemType.FEE, f"{fee.kind.label} fee", fee.amount
    elif item is not None:
        kind, name, price = ItemType.SERVICE, item.name, item.unit_price
    else:
        kind, name, price = ItemType.VISIT if attended.visit_id else ItemType.FEE, "Visit", Decimal(0)
    return DraftLine(
        item_type=kind,
        product_service_id=item.id if item is not None and fee is None else None,
        visit_id=attended.visit_id,
        appointment_id=attended.appointment_id,
        description=f"{name}, {attended.day_text}",
        unit_price=price,
    )
