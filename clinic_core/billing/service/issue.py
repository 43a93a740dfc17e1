"""Issuing: the number, the dates and the snapshots; from here on PostgreSQL keeps the paper as it is."""

from datetime import timedelta

from sqlmodel import col, select

from clinic_core.access import Permission, Work, use_case
from clinic_core.billing.lines import price_lines
from clinic_core.billing.numbering import next_number
from clinic_core.billing.parties import is_billed_to_patient, payer, seller
from clinic_core.billing.reach import locked_invoices
from clinic_core.billing.rows import invoice_head
from clinic_core.billing.schemas import InvoiceHead, IssueInvoice
from clinic_core.billing.status import check_transition
from clinic_core.kit.calendar import day_bounds, local_date, zone
from clinic_core.kit.clock import now
from clinic_core.models import ClinicLocation, Invoice, InvoiceLine, Patient
from clinic_core.vocabulary import InvoiceStatus


@use_case(Permission.BILLING_MANAGE, name="invoice.issue")
def issue_invoice(work: Work, request: IssueInvoice) -> InvoiceHead:
    """Give a draft the next number of the year of its issue date, by the date at its location, and freeze it.

    Due at the end of the day that is `due_days` after the issue date. Seller and payer are written down as they are
    today.

    Raises:
        IllegalTransition: it is issued already.
        StaleEdit: somebody changed it after the page was drawn.
    """
    session, actor = work.session, work.actor
    locked_invoices(session, actor, Permission.BILLING_MANAGE, [request.invoice_id])
    invoice = work.lock(Invoice, request.invoice_id, called="invoice", version=request.version)
    check_transition(invoice, InvoiceStatus.ISSUED)
    lines = session.scalars(
        select(InvoiceLine).where(col(InvoiceLine.invoice_id) == invoice.id).order_by(col(InvoiceLine.position))
    ).all()
    totals = price_lines(lines)
    location = work.get(ClinicLocation, invoice.clinic_location_id, called="location")
    patient = work.get(Patient, invoice.patient_id, called="patient")
    place = zone(location.timezone)
    issued_at = now()
    issued_on = local_date(issued_at, place)
    number = next_number(session, actor.settings.invoice_prefix, issued_on.year)
    invoice.bill_to_json = {
        **payer(invoice, patient).model_dump(include={"name", "address", "reference"}),
        "is_patient": is_billed_to_patient(invoice),
    }
    invoice.seller_json = seller(actor, location).model_dump()
    invoice.net, invoice.tax, invoice.total = totals.net, totals.tax, totals.total
    invoice.totals_json = dict(totals.to_json())
    invoice.currency = actor.settings.currency
    invoice.issued_at, invoice.issued_on = issued_at, issued_on
    invoice.due_on = issued_on + timedelta(days=actor.settings.due_days)
    invoice.due_at = day_bounds(invoice.due_on, place).end
    invoice.number, invoice.series, invoice.series_year, invoice.sequence = number
    invoice.status = InvoiceStatus.ISSUED
    return invoice_head(session, actor, invoice.id)
