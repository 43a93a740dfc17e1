"""Reading invoices and credit notes: lists, one document, its export."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TypedDict
from uuid import UUID

from sqlmodel import col, select

from clinic_core.access import Actor, Permission, Work, query, use_case
from clinic_core.access.scope import invoices_in_scope
from clinic_core.billing.exports import EXPORT_CHUNK, export_detail
from clinic_core.billing.parties import is_billed_to_patient, payer, seller
from clinic_core.billing.pricing import Line, price_document
from clinic_core.billing.reach import patient_in_reach
from clinic_core.billing.rows import InvoiceSelect, count_found, invoice_row, payment_row, select_invoices
from clinic_core.billing.schemas import (
    CorrectionRow,
    DisplayStatus,
    GetInvoice,
    InvoiceDetail,
    InvoiceFilter,
    InvoiceLineRow,
    InvoiceRow,
    ListInvoices,
    OfPatient,
    Party,
    PaymentRow,
    TaxRow,
)
from clinic_core.billing.status import display_status
from clinic_core.errors import NotFound
from clinic_core.kit.calendar import local_date, zone
from clinic_core.kit.clock import now
from clinic_core.kit.tables import Table, table_of
from clinic_core.kit.text import Cell
from clinic_core.models import Adjustment, AppUser, ClinicLocation, Invoice, InvoiceLine, Patient, Payment, Receipt
from clinic_core.vocabulary import AdjustmentKind, InvoiceStatus, Scope

_CELLS: Mapping[str, Callable[[InvoiceRow], Cell]] = {
    "Number": lambda row: row.number,
    "Kind": lambda row: row.kind.label,
    "Status": lambda row: row.display_status.label,
    "Patient": lambda row: row.patient_name,
    "Code": lambda row: row.patient_code,
    "Location": lambda row: row.location_name,
    "Issued": lambda row: row.issued_on,
    "Due": lambda row: row.due_on,
    "Currency": lambda row: row.currency,
    "Net": lambda row: row.net,
    "Tax": lambda row: row.tax,
    "Total": lambda row: row.total,
    "Paid": lambda row: row.paid,
    "Credited": lambda row: row.credited,
    "Written off": lambda row: row.written_off,
    "Balance": lambda row: row.balance,
}
_OWED = {DisplayStatus.ISSUED, DisplayStatus.PART_PAID, DisplayStatus.OVERDUE}


@query(Permission.BILLING_VIEW, name="invoice.list")
def list_invoices(work: Work, request: ListInvoices) -> tuple[InvoiceRow, ...]:
    """A page of the invoices in scope that pass the filters: drafts first, then the newest issue."""
    statement = _filtered(work.actor, request).offset(request.offset).limit(request.limit)
    return tuple(invoice_row(work.actor, row) for row in work.session.execute(statement))


@query(Permission.BILLING_VIEW, name="invoice.count")
def count_invoices(work: Work, request: InvoiceFilter) -> int:
    """How many invoices pass the filters, as `count_found` counts."""
    return count_found(work.session, _filtered(work.actor, request), col(Invoice.id))


@use_case(Permission.BILLING_VIEW, name="invoice.export")
def export_invoices(work: Work, request: InvoiceFilter) -> Table:
    """All invoices in scope that pass the filters, in the order and with the amounts of the list; audited."""
    found = work.session.execute(_filtered(work.actor, request).execution_options(yield_per=EXPORT_CHUNK))
    made = table_of(_CELLS, (invoice_row(work.actor, row) for row in found))
    work.audit("invoice", None, "export", **export_detail(made, request))
    return made


@query(Permission.BILLING_VIEW, name="invoice.open")
def open_invoices(work: Work, request: OfPatient) -> tuple[InvoiceRow, ...]:
    """A patient's invoices in scope that are owed, oldest due first: the order in which money fills them."""
    statement = (
        select_invoices()
        .where(
            invoices_in_scope(work.actor, Permission.BILLING_VIEW),
            col(Invoice.patient_id) == request.patient_id,
            col(Invoice.balance) > 0,
        )
        .order_by(col(Invoice.due_on), col(Invoice.number), col(Invoice.id))
    )
    return tuple(invoice_row(work.actor, row) for row in work.session.execute(statement))


@use_case(Permission.BILLING_VIEW, name="open_items.export")
def export_open_items(work: Work, request: OfPatient) -> Table:
    """What a patient owes, invoice by invoice as `open_invoices` lists them; the column Balance sums to gross; audited.

    Raises:
        NotFound: no such patient, or out of scope.
    """
    patient_in_reach(work.session, work.actor, Permission.BILLING_VIEW, request.patient_id)
    made = table_of(_CELLS, open_invoices(work, request))
    work.audit("patient", request.patient_id, "export", report="open_items", rows=len(made.rows))
    return made


@query(Permission.BILLING_VIEW, name="invoice.get")
def get_invoice(work: Work, request: GetInvoice) -> InvoiceDetail:
    """One document in scope with lines, taxes, parties, payments and corrections.

    Raises:
        NotFound: no such document, or out of scope.
    """
    return _detail(work, request.invoice_id)


@use_case(Permission.BILLING_VIEW, name="invoice.print")
def print_invoice(work: Work, request: GetInvoice) -> InvoiceDetail:
    """One document as `get_invoice`, to be printed; the reading is audited."""
    detail = _detail(work, request.invoice_id)
    work.audit("invoice", request.invoice_id, "print")
    return detail


def _filtered(actor: Actor, request: InvoiceFilter) -> InvoiceSelect:
    statement = select_invoices().where(invoices_in_scope(actor, Permission.BILLING_VIEW))
    if request.patient_id is not None:
        statement = statement.where(col(Invoice.patient_id) == request.patient_id)
    if request.clinic_location_id is not None:
        statement = statement.where(col(Invoice.clinic_location_id) == request.clinic_location_id)
    if request.issued_from is not None:
        statement = statement.where(
            col(Invoice.status) != InvoiceStatus.DRAFT, col(Invoice.issued_on) >= request.issued_from
        )
    if request.issued_to is not None:
        statement = statement.where(
            col(Invoice.status) != InvoiceStatus.DRAFT, col(Invoice.issued_on) <= request.issued_to
        )
    # The index of open invoices serves these; the status alone would read every document.
    if request.open_only or request.status in _OWED:
        statement = statement.where(col(Invoice.balance) > 0)
    if request.status is not None:
        statement = statement.where(display_status(now()) == request.status.value)
    return statement.order_by(col(Invoice.issued_on).desc().nulls_first(), col(Invoice.id).desc())


class _Head(TypedDict):
    bill_to: Party
    billed_to_patient: bool
    seller: Party
    timezone: str
    corrects_number: str | None
    reason: str


def _detail(work: Work, invoice_id: UUID) -> InvoiceDetail:
    actor = work.actor
    found = work.session.execute(
        select_invoices().where(col(Invoice.id) == invoice_id, invoices_in_scope(actor, Permission.BILLING_VIEW))
    ).one_or_none()
    if found is None:
        raise NotFound("This invoice does not exist.")
    invoice = found[0]
    lines = _lines(work, invoice_id)
    return InvoiceDetail(
        **invoice_row(actor, found).model_dump(),
        **_parties(work, invoice),
        lines=lines,
        taxes=_taxes(invoice, lines),
        payments=_payments(work, invoice),
        corrections=_corrections(work, invoice),
    )


def _parties(work: Work, invoice: Invoice) -> _Head:
    patient = work.get(Patient, invoice.patient_id, called="patient")
    location = work.get(ClinicLocation, invoice.clinic_location_id, called="location")
    corrects = work.find(Invoice, invoice.corrects_invoice_id) if invoice.corrects_invoice_id else None
    issued = invoice.status is not InvoiceStatus.DRAFT
    return _Head(
        bill_to=payer(invoice, patient),
        billed_to_patient=is_billed_to_patient(invoice),
        seller=Party.model_validate(invoice.seller_json)
        if issued and invoice.seller_json
        else seller(work.actor, location),
        timezone=location.timezone,
        corrects_number=corrects.number if corrects else None,
        reason=invoice.reason,
    )


def _lines(work: Work, invoice_id: UUID) -> tuple[InvoiceLineRow, ...]:
    found = work.session.execute(
        select(InvoiceLine, AppUser.display_name)
        .join(AppUser, col(AppUser.id) == col(InvoiceLine.practitioner_user_id), isouter=True)
        .where(col(InvoiceLine.invoice_id) == invoice_id)
        .order_by(col(InvoiceLine.position))
    )
    return tuple(
        InvoiceLineRow(
            id=line.id,
            position=line.position,
            item_type=line.item_type,
            product_service_id=line.product_service_id,
            visit_id=line.visit_id,
            appointment_id=line.appointment_id,
            practitioner_user_id=line.practitioner_user_id,
            practitioner_name=name or "",
            description=line.description,
            quantity=line.qty,
            unit_price=line.unit_price,
            discount_rate=line.discount_rate,
            tax_rate=line.tax_rate,
            net=line.net,
            credited_quantity=line.credited_qty,
        )
        for line, name in found
    )


def _taxes(invoice: Invoice, lines: Sequence[InvoiceLineRow]) -> tuple[TaxRow, ...]:
    """The frozen breakdown of an issued document, that of the present lines for a draft."""
    if invoice.totals_json:
        stored = invoice.totals_json.get("tax_by_rate", [])
    else:
        priced = [Line(line.quantity, line.unit_price, line.discount_rate, line.tax_rate) for line in lines]
        stored = price_document(priced).to_json()["tax_by_rate"] if priced else []
    return tuple(TaxRow(rate=Decimal(row["rate"]), net=Decimal(row["net"]), tax=Decimal(row["tax"])) for row in stored)


def _payments(work: Work, invoice: Invoice) -> tuple[PaymentRow, ...]:
    found = work.session.execute(
        select(Payment, Receipt)
        .join(Receipt, col(Receipt.id) == col(Payment.receipt_id))
        .where(col(Payment.invoice_id) == invoice.id)
        .order_by(col(Receipt.received_at), col(Payment.id))
    )
    return tuple(payment_row(payment, receipt, invoice.number) for payment, receipt in found)


def _corrections(work: Work, invoice: Invoice) -> tuple[CorrectionRow, ...]:
    """What lowered or raised the balance; why something was written off is the clinic's, not the patient's to read."""
    place = zone(work.get(ClinicLocation, invoice.clinic_location_id, called="location").timezone)
    notes = work.session.scalars(
        select(Invoice)
        .where(col(Invoice.corrects_invoice_id) == invoice.id, col(Invoice.status) != InvoiceStatus.DRAFT)
        .order_by(col(Invoice.number))
    )
    adjustments = work.session.scalars(
        select(Adjustment).where(col(Adjustment.invoice_id) == invoice.id).order_by(col(Adjustment.id))
    ).all()
    taken_back = {one.reverses_adjustment_id for one in adjustments}
    is_open = invoice.status is InvoiceStatus.ISSUED
    is_patient = work.actor.scope(Permission.PATIENT_READ) is Scope.OWN
    return (
        *(
            CorrectionRow(
                id=note.id,
                label=f"Credit note {note.number}",
                amount=note.total,
                corrected_on=note.issued_on or local_date(now(), place),
                reason=note.reason,
                can_be_taken_back=False,
            )
            for note in notes
        ),
        *(
            CorrectionRow(
                id=one.id,
                label=AdjustmentKind(one.kind).label + (" taken back" if one.reverses_adjustment_id else ""),
                amount=one.amount,
                corrected_on=one.adjusted_on,
                reason="" if is_patient else one.reason,
                can_be_taken_back=is_open and one.amount > 0 and one.id not in taken_back,
            )
            for one in adjustments
        ),
    )
