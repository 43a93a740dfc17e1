"""Reading invoices and credit notes: lists, one document, its export."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import cast, func
from sqlmodel import col

from clinic_core.access import Actor, Permission, Work, query, use_case
from clinic_core.access.scope import invoices_in_scope
from clinic_core.billing.details import read_details
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
from clinic_core.billing.reach import patient_in_reach
from clinic_core.billing.rows import InvoiceSelect, count_found, filtered_invoices, invoice_row, select_invoices
from clinic_core.billing.schemas import (
    DisplayStatus,
    GetInvoice,
    InvoiceDetail,
    InvoiceFilter,
    InvoiceRow,
    ListInvoices,
    OfPatient,
)
from clinic_core.billing.status import display_status
from clinic_core.db.base import AMOUNT
from clinic_core.errors import NotFound
from clinic_core.kit.clock import now
from clinic_core.kit.copied import CopiedTable
from clinic_core.models import ClinicLocation, Invoice, Patient
from clinic_core.vocabulary import InvoiceKind

_NOTHING = cast(0, AMOUNT)


@query(Permission.BILLING_VIEW, name="invoice.list")
def list_invoices(work: Work, request: ListInvoices) -> tuple[InvoiceRow, ...]:
    """A page of the invoices in scope that pass the filters: drafts first, then the newest issue."""
    statement = filtered_invoices(work.actor, request).offset(request.offset).limit(request.limit)
    return tuple(invoice_row(work.actor, row) for row in work.session.execute(statement))


@query(Permission.BILLING_VIEW, name="invoice.count")
def count_invoices(work: Work, request: InvoiceFilter) -> int:
    """How many invoices pass the filters, as `count_found` counts."""
    return count_found(work.session, filtered_invoices(work.actor, request), col(Invoice.id))


@use_case(Permission.BILLING_VIEW, name="invoice.export")
def export_invoices(work: Work, request: InvoiceFilter) -> CopiedTable:
    """All invoices in scope that pass the filters, in the order and with the amounts of the list; audited."""
    made = copied_table(work.session, filtered_invoices(work.actor, request), _columns(work.actor))
    work.audit("invoice", None, "export", **export_detail(made, request))
    return made


@query(Permission.BILLING_VIEW, name="invoice.open")
def open_invoices(work: Work, request: OfPatient) -> tuple[InvoiceRow, ...]:
    """A patient's invoices in scope that are owed, oldest due first: the order in which money fills them."""
    return tuple(invoice_row(work.actor, row) for row in work.session.execute(_open(work.actor, request)))


@use_case(Permission.BILLING_VIEW, name="open_items.export")
def export_open_items(work: Work, request: OfPatient) -> CopiedTable:
    """What a patient owes, invoice by invoice as `open_invoices` lists them; the column Balance sums to gross; audited.

    Raises:
        NotFound: no such patient, or out of scope.
    """
    patient_in_reach(work.session, work.actor, Permission.BILLING_VIEW, request.patient_id)
    made = copied_table(work.session, _open(work.actor, request), _columns(work.actor))
    work.audit("patient", request.patient_id, "export", report="open_items", rows=len(made))
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


def _open(actor: Actor, request: OfPatient) -> InvoiceSelect:
    return (
        select_invoices()
        .where(
            invoices_in_scope(actor, Permission.BILLING_VIEW),
            col(Invoice.patient_id) == request.patient_id,
            col(Invoice.balance) > 0,
        )
        .order_by(col(Invoice.due_on), col(Invoice.number), col(Invoice.id))
    )


def _columns(actor: Actor) -> Mapping[str, ExportColumn]:
    """The columns of a list of invoices that leaves the clinic, each as `invoice_row` has it."""
    return {
        "Number": words(col(Invoice.number)),
        "Kind": labels(col(Invoice.kind), InvoiceKind),
        "Status": labels(display_status(now()), DisplayStatus),
        "Patient": names(col(Patient.first_name), col(Patient.last_name), col(Patient.preferred_name)),
        "Code": words(col(Patient.code)),
        "Location": words(col(ClinicLocation.name)),
        "Issued": days(col(Invoice.issued_on)),
        "Due": days(col(Invoice.due_on)),
        "Currency": currencies(func.coalesce(col(Invoice.currency), actor.settings.currency)),
        "Net": amounts(col(Invoice.net)),
        "Tax": amounts(col(Invoice.tax)),
        "Total": amounts(col(Invoice.total)),
        "Paid": amounts(col(Invoice.paid)),
        "Credited": amounts(col(Invoice.credited)),
        "Written off": amounts(col(Invoice.written_off)),
        "Balance": amounts(func.coalesce(col(Invoice.balance), _NOTHING)),
    }


def _detail(work: Work, invoice_id: UUID) -> InvoiceDetail:
    found = read_details(work.session, work.actor, (invoice_id,)).get(invoice_id)
    if found is None:
        raise NotFound("This invoice does not exist.")
    return found
