"""Reading receipts and what a patient owes."""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from sqlalchemy import case, cast, literal
from sqlmodel import col, func, select

from clinic_core.access import Actor, Permission, Work, query, use_case
from clinic_core.access.scope import invoices_in_scope, receipts_in_scope
from clinic_core.billing.exports import (
    ExportColumn,
    amounts,
    copied_table,
    currencies,
    days,
    export_detail,
    labels,
    names,
    words,
)
from clinic_core.billing.parties import seller
from clinic_core.billing.reach import patient_in_reach
from clinic_core.billing.rows import ReceiptSelect, count_found, payment_row, receipt_row, select_receipts
from clinic_core.billing.schemas import (
    GetReceipt,
    ListReceipts,
    OfPatient,
    PatientBalance,
    PaymentRow,
    ReceiptDetail,
    ReceiptFilter,
    ReceiptRow,
)
from clinic_core.db.base import AMOUNT
from clinic_core.errors import NotFound
from clinic_core.kit.copied import CopiedTable
from clinic_core.models import ClinicLocation, Invoice, Patient, Payment, Receipt
from clinic_core.vocabulary import PaymentMethod, ReceiptKind

_ZERO = Decimal("0.00")
_LEFT = col(Receipt.amount) - col(Receipt.allocated) - col(Receipt.refunded)


@query(Permission.BILLING_VIEW, name="receipt.list")
def list_receipts(work: Work, request: ListReceipts) -> tuple[ReceiptRow, ...]:
    """A page of the receipts in scope that pass the filters, newest first."""
    statement = _filtered(work.actor, request).offset(request.offset).limit(request.limit)
    return tuple(receipt_row(work.actor, row) for row in work.session.execute(statement))


@query(Permission.BILLING_VIEW, name="receipt.count")
def count_receipts(work: Work, request: ReceiptFilter) -> int:
    """How many receipts pass the filters, as `count_found` counts."""
    return count_found(work.session, _filtered(work.actor, request), col(Receipt.id))


@use_case(Permission.BILLING_VIEW, name="receipt.export")
def export_receipts(work: Work, request: ReceiptFilter) -> CopiedTable:
    """All receipts in scope that pass the filters, in the order and with the amounts of the list; audited."""
    made = copied_table(work.session, _filtered(work.actor, request), _columns(work.actor))
    work.audit("receipt", None, "export", **export_detail(made, request))
    return made


@query(Permission.BILLING_VIEW, name="receipt.get")
def get_receipt(work: Work, request: GetReceipt) -> ReceiptDetail:
    """One receipt in scope with the invoices it paid.

    Raises:
        NotFound: no such receipt, or out of scope.
    """
    return _detail(work, request.receipt_id)


@use_case(Permission.BILLING_VIEW, name="receipt.print")
def print_receipt(work: Work, request: GetReceipt) -> ReceiptDetail:
    """One receipt as `get_receipt`, to be printed; the reading is audited."""
    detail = _detail(work, request.receipt_id)
    work.audit("receipt", request.receipt_id, "print")
    return detail


@query(Permission.BILLING_VIEW, name="patient.balance")
def patient_balance(work: Work, request: OfPatient) -> PatientBalance:
    """What a patient owes on invoices in scope (gross), has as credit, and owes after it (net).

    Raises:
        NotFound: no such patient, or out of scope.
    """
    session, actor = work.session, work.actor
    patient_in_reach(session, actor, Permission.BILLING_VIEW, request.patient_id)
    gross = session.execute(
        select(func.sum(col(Invoice.balance))).where(
            col(Invoice.patient_id) == request.patient_id,
            col(Invoice.balance) > 0,
            invoices_in_scope(actor, Permission.BILLING_VIEW),
        )
    ).scalar_one()
    credit = session.execute(
        select(func.sum(_LEFT)).where(
            col(Receipt.patient_id) == request.patient_id,
            col(Receipt.kind) == ReceiptKind.RECEIPT,
            col(Receipt.allocated) + col(Receipt.refunded) < col(Receipt.amount),
            receipts_in_scope(actor, Permission.BILLING_VIEW),
        )
    ).scalar_one()
    owed, unused = gross or _ZERO, credit or _ZERO
    return PatientBalance(
        id=request.patient_id, gross=owed, credit=unused, net=owed - unused, currency=actor.settings.currency
    )


def _columns(actor: Actor) -> Mapping[str, ExportColumn]:
    """The columns of a list of receipts that leaves the clinic, each as `receipt_row` has it."""
    return {
        "Number": words(col(Receipt.number)),
        "Kind": labels(col(Receipt.kind), ReceiptKind),
        "Received": days(col(Receipt.received_on)),
        "Patient": names(col(Patient.first_name), col(Patient.last_name), col(Patient.preferred_name)),
        "Code": words(col(Patient.code)),
        "Location": words(col(ClinicLocation.name)),
        "Method": labels(col(Receipt.method), PaymentMethod),
        "Reference": words(col(Receipt.reference)),
        "Amount": amounts(col(Receipt.amount)),
        "Credit": amounts(case((col(Receipt.kind) == ReceiptKind.REFUND, cast(0, AMOUNT)), else_=_LEFT)),
        "Currency": currencies(literal(actor.settings.currency)),
    }


def _filtered(actor: Actor, request: ReceiptFilter) -> ReceiptSelect:
    statement = select_receipts().where(receipts_in_scope(actor, Permission.BILLING_VIEW))
    if request.patient_id is not None:
        statement = statement.where(col(Receipt.patient_id) == request.patient_id)
    if request.clinic_location_id is not None:
        statement = statement.where(col(Receipt.clinic_location_id) == request.clinic_location_id)
    if request.method is not None:
        statement = statement.where(col(Receipt.method) == request.method)
    if request.received_from is not None:
        statement = statement.where(col(Receipt.received_on) >= request.received_from)
    if request.received_to is not None:
        statement = statement.where(col(Receipt.received_on) <= request.received_to)
    if request.with_credit_only:
        statement = statement.where(
            col(Receipt.kind) == ReceiptKind.RECEIPT,
            col(Receipt.allocated) + col(Receipt.refunded) < col(Receipt.amount),
        )
    return statement.order_by(col(Receipt.received_on).desc(), col(Receipt.id).desc())


def _detail(work: Work, receipt_id: UUID) -> ReceiptDetail:
    found = work.session.execute(
        select_receipts().where(col(Receipt.id) == receipt_id, receipts_in_scope(work.actor, Permission.BILLING_VIEW))
    ).one_or_none()
    if found is None:
        raise NotFound("This receipt does not exist.")
    receipt = found[0]
    location = work.get(ClinicLocation, receipt.clinic_location_id, called="location")
    refunds = work.find(Receipt, receipt.refunds_receipt_id) if receipt.refunds_receipt_id else None
    return ReceiptDetail(
        **receipt_row(work.actor, found).model_dump(),
        seller=seller(work.actor, location),
        timezone=location.timezone,
        refunds_number=refunds.number if refunds else None,
        payments=_payments(work, receipt),
    )


def _payments(work: Work, receipt: Receipt) -> tuple[PaymentRow, ...]:
    found = work.session.execute(
        select(Payment, Invoice.number)
        .join(Invoice, col(Invoice.id) == col(Payment.invoice_id))
        .where(col(Payment.receipt_id) == receipt.id)
        .order_by(col(Payment.id))
    )
    return tuple(payment_row(payment, receipt, number) for payment, number in found)
