"""Drafting invoices: from lines and what was attended, changed and thrown away while they have no number."""

from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select

from clinic_core.access import Permission, Work, use_case
from clinic_core.billing.attended import refuse_charged
from clinic_core.billing.drafting import bill_to_json, insert_lines, write_draft
from clinic_core.billing.lines import build_lines, price_lines, read_sources
from clinic_core.billing.reach import locked_invoices
from clinic_core.billing.rows import invoice_head
from clinic_core.billing.schemas import DeletedDraft, DeleteDraft, DraftInvoice, InvoiceHead, UpdateDraft
from clinic_core.errors import Immutable
from clinic_core.models import Invoice, InvoiceLine
from clinic_core.vocabulary import InvoiceStatus


@use_case(Permission.BILLING_MANAGE, name="invoice.draft")
def draft_invoice(work: Work, request: DraftInvoice) -> InvoiceHead:
    """Begin an invoice: the given lines, then one for each appointment and visit that no line charges for.

    Raises:
        InvalidInput, NotFound, Conflict: as `write_draft`.
    """
    return write_draft(work.session, work.actor, request)


@use_case(Permission.BILLING_MANAGE, name="invoice.update_draft")
def update_draft(work: Work, request: UpdateDraft) -> InvoiceHead:
    """Replace the lines of a draft and who pays.

    Raises:
        StaleEdit: somebody changed it after the form was drawn.
        Immutable: it is issued.
        InvalidInput, NotFound, Conflict: as `draft_invoice`.
    """
    session, actor = work.session, work.actor
    invoice = _locked_draft(work, request.invoice_id, request.version)
    sources = read_sources(session, actor, invoice.patient_id, request.lines)
    present = session.scalars(
        select(InvoiceLine.product_service_id).where(col(InvoiceLine.invoice_id) == invoice.id)
    ).all()
    lines = build_lines(sources, request.lines, kept_items=[item for item in present if item])
    totals = price_lines(line.priced for line in lines)
    refuse_charged(session, sources.charged(request.lines), but_on=invoice.id)
    invoice.bill_to_json = bill_to_json(request.bill_to)
    invoice.net, invoice.tax, invoice.total = totals.net, totals.tax, totals.total
    session.execute(delete(InvoiceLine).where(col(InvoiceLine.invoice_id) == invoice.id))
    insert_lines(session, actor, invoice.id, lines, totals)
    return invoice_head(session, actor, invoice.id)


@use_case(Permission.BILLING_MANAGE, name="invoice.delete_draft")
def delete_draft(work: Work, request: DeleteDraft) -> DeletedDraft:
    """Throw a draft away with its lines; it never had a number, so none is missing.

    Raises:
        Immutable: it is issued.
        StaleEdit: somebody changed it after the page was drawn.
    """
    invoice = _locked_draft(work, request.invoice_id, request.version)
    work.session.execute(delete(Invoice).where(col(Invoice.id) == invoice.id))
    return DeletedDraft(id=invoice.id)


def _locked_draft(work: Work, invoice_id: UUID, version: int | None) -> Invoice:
    invoice = locked_invoices(work.session, work.actor, Permission.BILLING_MANAGE, [invoice_id])[invoice_id]
    if version not in {None, invoice.version}:
        work.lock(Invoice, invoice_id, called="invoice", version=version)  # refuses it, naming who changed it
    if invoice.status is not InvoiceStatus.DRAFT:
        raise Immutable(f"Invoice {invoice.number} is issued and does not change; correct it with a credit note.")
    return invoice
