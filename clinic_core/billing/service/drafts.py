"""Drafting invoices: from lines and visits, changed and thrown away while they have no number."""

from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select

from clinic_core.access import Permission, Work, use_case
from clinic_core.billing.lines import build_lines, lines_of_visits, price_lines, read_sources
from clinic_core.billing.pricing import Totals
from clinic_core.billing.reach import location_in_reach, locked_invoices, patient_in_reach
from clinic_core.billing.rows import invoice_head
from clinic_core.billing.schemas import BillTo, DeletedDraft, DeleteDraft, DraftInvoice, InvoiceHead, UpdateDraft
from clinic_core.errors import Immutable
from clinic_core.models import Invoice, InvoiceLine
from clinic_core.vocabulary import InvoiceStatus


@use_case(Permission.BILLING_MANAGE, name="invoice.draft")
def draft_invoice(work: Work, request: DraftInvoice) -> InvoiceHead:
    """Begin an invoice: the given lines, then one for each visit that no line names.

    Raises:
        InvalidInput: no line at all, a line that says too little, a total below zero, no location to take.
        NotFound: patient, item, visit or location does not exist or is out of scope.
        Conflict: a visit is on another invoice already.
    """
    session, actor = work.session, work.actor
    patient = patient_in_reach(session, actor, Permission.BILLING_MANAGE, request.patient_id)
    sources = read_sources(session, actor, patient.id, request.lines, request.visit_ids)
    named = {line.visit_id for line in request.lines}
    visit_ids = [visit_id for visit_id in dict.fromkeys(request.visit_ids) if visit_id not in named]
    wanted = [*request.lines, *lines_of_visits(session, sources, visit_ids)]
    attended = [found for line in wanted if (found := sources.attended(line)) is not None]
    location = location_in_reach(
        session,
        actor,
        Permission.BILLING_MANAGE,
        chosen=request.clinic_location_id,
        derived=attended[0].clinic_location_id if attended else None,
    )
    cases = {found.case_id for found in attended}
    booked = {sources.visits[visit_id].product_service_id for visit_id in visit_ids}
    invoice = Invoice(
        organization_id=actor.organization_id,
        patient_id=patient.id,
        case_id=next(iter(cases)) if len(cases) == 1 else None,
        clinic_location_id=location.id,
        bill_to_json=_bill_to_json(request.bill_to),
    )
    lines = build_lines(invoice, sources, wanted, kept_items=[item for item in booked if item])
    _put_totals(invoice, price_lines(lines))
    session.add(invoice)
    session.flush()
    session.add_all(lines)
    return invoice_head(session, actor, invoice.id)


@use_case(Permission.BILLING_MANAGE, name="invoice.update_draft")
def update_draft(work: Work, request: UpdateDraft) -> InvoiceHead:
    """Replace the lines of a draft and who pays.

    Raises:
        StaleEdit: somebody changed it after the form was drawn.
        Immutable: it is issued.
        InvalidInput, NotFound: as `draft_invoice`.
    """
    session, actor = work.session, work.actor
    invoice = _locked_draft(work, request.invoice_id, request.version)
    sources = read_sources(session, actor, invoice.patient_id, request.lines, ())
    present = session.scalars(
        select(InvoiceLine.product_service_id).where(col(InvoiceLine.invoice_id) == invoice.id)
    ).all()
    lines = build_lines(invoice, sources, request.lines, kept_items=[item for item in present if item])
    _put_totals(invoice, price_lines(lines))
    invoice.bill_to_json = _bill_to_json(request.bill_to)
    session.execute(delete(InvoiceLine).where(col(InvoiceLine.invoice_id) == invoice.id))
    session.add_all(lines)
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
    locked_invoices(work.session, work.actor, Permission.BILLING_MANAGE, [invoice_id])
    invoice = work.lock(Invoice, invoice_id, called="invoice", version=version)
    if invoice.status is not InvoiceStatus.DRAFT:
        raise Immutable(f"Invoice {invoice.number} is issued and does not change; correct it with a credit note.")
    return invoice


def _put_totals(invoice: Invoice, totals: Totals) -> None:
    invoice.net, invoice.tax, invoice.total = totals.net, totals.tax, totals.total


def _bill_to_json(bill_to: BillTo | None) -> dict[str, str]:
    """Empty means the patient, whose address is taken when the invoice is issued."""
    return bill_to.model_dump() if bill_to else {}
