"""Whole documents as they are printed: many of them are read by as many statements as one."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from sqlalchemy.orm import Session
from sqlmodel import col, select

from clinic_core.access import Actor, Permission
from clinic_core.access.scope import invoices_in_scope
from clinic_core.billing.parties import is_billed_to_patient, payer, seller
from clinic_core.billing.pricing import Line, price_document
from clinic_core.billing.rows import invoice_row, payment_row, select_invoices
from clinic_core.billing.schemas import CorrectionRow, InvoiceDetail, InvoiceLineRow, Party, PaymentRow, TaxRow
from clinic_core.kit.calendar import local_date, zone
from clinic_core.kit.clock import now
from clinic_core.models import Adjustment, AppUser, ClinicLocation, Invoice, InvoiceLine, Patient, Payment, Receipt
from clinic_core.vocabulary import AdjustmentKind, InvoiceStatus, Scope

Kind = TypeVar("Kind", Patient, ClinicLocation)
Value = TypeVar("Value")


def read_details(session: Session, actor: Actor, invoice_ids: Sequence[UUID]) -> dict[UUID, InvoiceDetail]:
    """The documents in scope among those, with lines, taxes, parties, payments and corrections."""
    found = session.execute(
        select_invoices().where(col(Invoice.id).in_(invoice_ids), invoices_in_scope(actor, Permission.BILLING_VIEW))
    ).all()
    invoices = {row[0].id: row[0] for row in found}
    patients = _by_id(session, Patient, {invoice.patient_id for invoice in invoices.values()})
    places = _by_id(session, ClinicLocation, {invoice.clinic_location_id for invoice in invoices.values()})
    corrected = _corrected_numbers(session, invoices.values())
    lines = _lines(session, invoices)
    payments = _payments(session, invoices)
    corrections = _corrections(session, actor, invoices, places)
    details = {}
    for row in found:
        invoice: Invoice = row[0]
        place = places[invoice.clinic_location_id]
        own = lines.get(invoice.id, ())
        details[invoice.id] = InvoiceDetail(
            **dict(invoice_row(actor, row)),
            bill_to=payer(invoice, patients[invoice.patient_id]),
            billed_to_patient=is_billed_to_patient(invoice),
            seller=_seller(actor, invoice, place),
            timezone=place.timezone,
            corrects_number=corrected.get(invoice.corrects_invoice_id) if invoice.corrects_invoice_id else None,
            reason=invoice.reason,
            lines=own,
            taxes=_taxes(invoice, own),
            payments=payments.get(invoice.id, ()),
            corrections=corrections.get(invoice.id, ()),
        )
    return details


def _by_id(session: Session, kind: type[Kind], ids: Iterable[UUID]) -> dict[UUID, Kind]:
    return {row.id: row for row in session.scalars(select(kind).where(col(kind.id).in_(ids)))}


def _grouped(pairs: Iterable[tuple[UUID, Value]]) -> Mapping[UUID, tuple[Value, ...]]:
    groups: defaultdict[UUID, list[Value]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return {key: tuple(values) for key, values in groups.items()}


def _corrected_numbers(session: Session, invoices: Iterable[Invoice]) -> dict[UUID, str | None]:
    ids = {invoice.corrects_invoice_id for invoice in invoices if invoice.corrects_invoice_id is not None}
    if not ids:
        return {}
    return dict(session.execute(select(col(Invoice.id), col(Invoice.number)).where(col(Invoice.id).in_(ids))).all())


def _seller(actor: Actor, invoice: Invoice, place: ClinicLocation) -> Party:
    if invoice.status is not InvoiceStatus.DRAFT and invoice.seller_json:
        return Party.model_validate(invoice.seller_json)
    return seller(actor, place)


def _lines(session: Session, invoices: Mapping[UUID, Invoice]) -> Mapping[UUID, tuple[InvoiceLineRow, ...]]:
    found = session.execute(
        select(InvoiceLine, AppUser.display_name)
        .join(AppUser, col(AppUser.id) == col(InvoiceLine.practitioner_user_id), isouter=True)
        .where(col(InvoiceLine.invoice_id).in_(invoices))
        .order_by(col(InvoiceLine.invoice_id), col(InvoiceLine.position))
    )
    return _grouped((line.invoice_id, _line(line, name or "")) for line, name in found)


def _line(line: InvoiceLine, practitioner: str) -> InvoiceLineRow:
    return InvoiceLineRow(
        id=line.id,
        position=line.position,
        item_type=line.item_type,
        product_service_id=line.product_service_id,
        visit_id=line.visit_id,
        appointment_id=line.appointment_id,
        practitioner_user_id=line.practitioner_user_id,
        practitioner_name=practitioner,
        description=line.description,
        quantity=line.qty,
        unit_price=line.unit_price,
        discount_rate=line.discount_rate,
        tax_rate=line.tax_rate,
        net=line.net,
        credited_quantity=line.credited_qty,
    )


def _taxes(invoice: Invoice, lines: Sequence[InvoiceLineRow]) -> tuple[TaxRow, ...]:
    """The frozen breakdown of an issued document, that of the present lines for a draft."""
    if invoice.totals_json:
        stored = invoice.totals_json.get("tax_by_rate", [])
    else:
        priced = [Line(line.quantity, line.unit_price, line.discount_rate, line.tax_rate) for line in lines]
        stored = price_document(priced).to_json()["tax_by_rate"] if priced else []
    return tuple(TaxRow(rate=Decimal(row["rate"]), net=Decimal(row["net"]), tax=Decimal(row["tax"])) for row in stored)


def _payments(session: Session, invoices: Mapping[UUID, Invoice]) -> Mapping[UUID, tuple[PaymentRow, ...]]:
    found = session.execute(
        select(Payment, Receipt)
        .join(Receipt, col(Receipt.id) == col(Payment.receipt_id))
        .where(col(Payment.invoice_id).in_(invoices))
        .order_by(col(Receipt.received_at), col(Payment.id))
    )
    return _grouped(
        (payment.invoice_id, payment_row(payment, receipt, invoices[payment.invoice_id].number))
        for payment, receipt in found
    )


def _corrections(
    session: Session, actor: Actor, invoices: Mapping[UUID, Invoice], places: Mapping[UUID, ClinicLocation]
) -> Mapping[UUID, tuple[CorrectionRow, ...]]:
    """What lowered or raised the balances: credit notes first, then write-offs."""
    notes = session.scalars(
        select(Invoice)
        .where(col(Invoice.corrects_invoice_id).in_(invoices), col(Invoice.status) != InvoiceStatus.DRAFT)
        .order_by(col(Invoice.number))
    ).all()
    adjustments = session.scalars(
        select(Adjustment).where(col(Adjustment.invoice_id).in_(invoices)).order_by(col(Adjustment.id))
    ).all()

    taken_back = {one.reverses_adjustment_id for one in adjustments}
    is_patient = actor.scope(Permission.PATIENT_READ) is Scope.OWN
    pairs: list[tuple[UUID, CorrectionRow]] = []
    for note in notes:
        corrected = note.corrects_invoice_id
        if corrected is not None:
            place = zone(places[invoices[corrected].clinic_location_id].timezone)
            pairs.append((corrected, _note(note, note.issued_on or local_date(now(), place))))
    for one in adjustments:
        may_end = invoices[one.invoice_id].status is InvoiceStatus.ISSUED and one.amount > 0
        row = CorrectionRow(
            id=one.id,
            label=AdjustmentKind(one.kind).label + (" taken back" if one.reverses_adjustment_id else ""),
            amount=one.amount,
            corrected_on=one.adjusted_on,
            reason="" if is_patient else one.reason,  # why is the clinic's, not the patient's to read
            can_be_taken_back=may_end and one.id not in taken_back,
        )
        pairs.append((one.invoice_id, row))
    return _grouped(pairs)


def _note(note: Invoice, corrected_on: date) -> CorrectionRow:
    return CorrectionRow(
        id=note.id,
        label=f"Credit note {note.number}",
        amount=note.total,
        corrected_on=corrected_on,
        reason=note.reason,
        can_be_taken_back=False,
    )
