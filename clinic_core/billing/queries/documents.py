"""Reading invoices and credit notes: lists, one document, its export."""

from collections.abc import Callable, Mapping
from uuid import UUID

from sqlmodel import col

from clinic_core.access import Permission, Work, query, use_case
from clinic_core.access.scope import invoices_in_scope
from clinic_core.billing.details import read_details
from clinic_core.billing.exports import EXPORT_CHUNK, export_detail
from clinic_core.billing.reach import patient_in_reach
from clinic_core.billing.rows import count_found, filtered_invoices, invoice_row, select_invoices
from clinic_core.billing.schemas import (
    GetInvoice,
    InvoiceDetail,
    InvoiceFilter,
    InvoiceRow,
    ListInvoices,
    OfPatient,
)
from clinic_core.errors import NotFound
from clinic_core.kit.tables import Table, table_of
from clinic_core.kit.text import Cell
from clinic_core.models import Invoice

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
def export_invoices(work: Work, request: InvoiceFilter) -> Table:
    """All invoices in scope that pass the filters, in the order and with the amounts of the list; audited."""
    found = work.session.execute(filtered_invoices(work.actor, request).execution_options(yield_per=EXPORT_CHUNK))
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


def _detail(work: Work, invoice_id: UUID) -> InvoiceDetail:
    found = read_details(work.session, work.actor, (invoice_id,)).get(invoice_id)
    if found is None:
        raise NotFound("This invoice does not exist.")
    return found
