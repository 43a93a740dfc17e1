"""Which lines of invoices charge for something: the one rule for what was attended, and for fees."""

from sqlalchemy import ColumnElement, and_
from sqlmodel import col

from clinic_core.models import Invoice, InvoiceLine
from clinic_core.vocabulary import InvoiceKind, InvoiceStatus


def charging_line() -> ColumnElement[bool]:
    """Joins a line with its invoice and says whether it charges: drafts do, what is credited in full does not."""
    return and_(
        col(Invoice.id) == col(InvoiceLine.invoice_id),
        col(Invoice.kind) == InvoiceKind.INVOICE,
        col(Invoice.status) != InvoiceStatus.VOID,
        col(InvoiceLine.credited_qty) != col(InvoiceLine.qty),
    )
