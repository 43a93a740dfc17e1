"""Rows of documents as use cases and queries return them: one select each, so that all of them say the same."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import DateTime, Row, Select, bindparam, func, select
from sqlalchemy.orm import Mapped, Session
from sqlmodel import col

from clinic_core.access import Actor, Permission
from clinic_core.access.scope import invoices_in_scope
from clinic_core.billing.schemas import (
    CatalogueRow,
    DisplayStatus,
    InvoiceFilter,
    InvoiceHead,
    InvoiceRow,
    PaymentRow,
    ReceiptHead,
    ReceiptRow,
)
from clinic_core.billing.status import display_status
from clinic_core.kit.clock import now
from clinic_core.kit.formats import person_name
from clinic_core.models import ClinicLocation, Invoice, Patient, Payment, ProductService, Receipt
from clinic_core.vocabulary import InvoiceStatus

MOST_COUNTED = 10_000
_OWED = {DisplayStatus.ISSUED, DisplayStatus.PART_PAID, DisplayStatus.OVERDUE}

InvoiceSelect = Select[Invoice, str, str, str, str | None, str, str]
ReceiptSelect = Select[Receipt, str, str, str | None, str, str]

# Written once: to put the first together takes longer than PostgreSQL takes to answer it.
_HEAD = (
    select(Invoice, display_status(bindparam("at", type_=DateTime(timezone=True))))
    .join(ClinicLocation, col(ClinicLocation.id) == col(Invoice.clinic_location_id))
    .where(col(Invoice.id) == bindparam("invoice_id"))
    .execution_options(populate_existing=True)
)
_RECEIPT = select(Receipt).where(col(Receipt.id) == bindparam("receipt_id")).execution_options(populate_existing=True)


def select_invoices() -> InvoiceSelect:
    """Documents with their display status, patient and location; scope and filters are the caller's to add.

    Every document has both; as outer joins PostgreSQL leaves them out where only ids are counted.
    """
    return (
        select(
            Invoice,
            display_status(now()),
            col(Patient.first_name),
            col(Patient.last_name),
            col(Patient.preferred_name),
            col(Patient.code),
            col(ClinicLocation.name),
        )
        .join(Patient, col(Patient.id) == col(Invoice.patient_id), isouter=True)
        .join(ClinicLocation, col(ClinicLocation.id) == col(Invoice.clinic_location_id), isouter=True)
        .execution_options(populate_existing=True)
    )


def select_receipts() -> ReceiptSelect:
    """Receipts with patient and location; scope and filters are the caller's to add."""
    return (
        select(
            Receipt,
            col(Patient.first_name),
            col(Patient.last_name),
            col(Patient.preferred_name),
            col(Patient.code),
            col(ClinicLocation.name),
        )
        .join(Patient, col(Patient.id) == col(Receipt.patient_id), isouter=True)
        .join(ClinicLocation, col(ClinicLocation.id) == col(Receipt.clinic_location_id), isouter=True)
        .execution_options(populate_existing=True)
    )


def invoice_row(actor: Actor, found: Row[Invoice, str, str, str, str | None, str, str]) -> InvoiceRow:
    """One row of `select_invoices` as lists show it."""
    invoice, status, first, last, preferred, code, location = found
    return InvoiceRow(
        **_head(actor, invoice, status).model_dump(),
        patient_name=person_name(first, last, preferred),
        patient_code=code,
        location_name=location,
    )


def receipt_row(actor: Actor, found: Row[Receipt, str, str, str | None, str, str]) -> ReceiptRow:
    """One row of `select_receipts` as lists show it."""
    receipt, first, last, preferred, code, location = found
    return ReceiptRow(
        **receipt_head(actor, receipt).model_dump(),
        patient_name=person_name(first, last, preferred),
        patient_code=code,
        location_name=location,
    )


def payment_row(payment: Payment, receipt: Receipt, invoice_number: str | None) -> PaymentRow:
    """A part of a receipt that went to an invoice."""
    return PaymentRow(
        id=payment.id,
        receipt_id=receipt.id,
        receipt_number=receipt.number,
        invoice_id=payment.invoice_id,
        invoice_number=invoice_number or "",
        amount=payment.amount,
        method=payment.method,
        received_on=receipt.received_on,
        reference=payment.reference,
    )


def filtered_invoices(actor: Actor, request: InvoiceFilter) -> InvoiceSelect:
    """The invoices in scope that pass the filters, in the order of the list: drafts first, then the newest issue."""
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


def count_found(session: Session, found: InvoiceSelect | ReceiptSelect, key: Mapped[UUID]) -> int:
    """How many rows of that key there are; 10,000 also stands for more, so that counting costs the same every year."""
    counted = found.with_only_columns(key).order_by(None).limit(MOST_COUNTED).subquery()
    return session.execute(select(func.count()).select_from(counted)).scalar_one()


def invoice_head(session: Session, actor: Actor, invoice_id: UUID) -> InvoiceHead:
    """The document as the database has it after the changes of this transaction."""
    session.flush()
    invoice, status = session.execute(_HEAD, {"at": now(), "invoice_id": invoice_id}).one()
    return _head(actor, invoice, status)


def refreshed_receipt(session: Session, actor: Actor, receipt_id: UUID) -> ReceiptHead:
    """The receipt as the database has it after the changes of this transaction."""
    session.flush()
    receipt = session.scalars(_RECEIPT, {"receipt_id": receipt_id}).one()
    return receipt_head(actor, receipt)


def receipt_head(actor: Actor, receipt: Receipt) -> ReceiptHead:
    """A receipt without a name."""
    is_refund = receipt.kind == "refund"
    return ReceiptHead(
        id=receipt.id,
        number=receipt.number,
        kind=receipt.kind,
        patient_id=receipt.patient_id,
        clinic_location_id=receipt.clinic_location_id,
        amount=receipt.amount,
        allocated=receipt.allocated,
        refunded=receipt.refunded,
        credit=Decimal("0.00") if is_refund else receipt.amount - receipt.allocated - receipt.refunded,
        currency=actor.settings.currency,
        method=receipt.method,
        received_at=receipt.received_at,
        received_on=receipt.received_on,
        reference=receipt.reference,
        version=receipt.version,
    )


def _head(actor: Actor, invoice: Invoice, status: str) -> InvoiceHead:
    return InvoiceHead(
        id=invoice.id,
        number=invoice.number,
        kind=invoice.kind,
        status=invoice.status,
        display_status=DisplayStatus(status),
        patient_id=invoice.patient_id,
        clinic_location_id=invoice.clinic_location_id,
        issued_on=invoice.issued_on,
        due_on=invoice.due_on,
        currency=invoice.currency or actor.settings.currency,
        net=invoice.net,
        tax=invoice.tax,
        total=invoice.total,
        paid=invoice.paid,
        credited=invoice.credited,
        written_off=invoice.written_off,
        balance=invoice.balance or Decimal("0.00"),
        version=invoice.version,
    )


def catalogue_row(item: ProductService) -> CatalogueRow:
    """An item of the catalogue."""
    return CatalogueRow(
        id=item.id,
        code=item.code,
        name=item.name,
        type=item.type,
        unit_price=item.unit_price,
        tax_rate=item.tax_rate,
        duration_minutes=item.duration_minutes,
        buffer_minutes=item.buffer_minutes,
        color=item.color,
        bookable_online=item.bookable_online,
        active=item.active,
        version=item.version,
    )
