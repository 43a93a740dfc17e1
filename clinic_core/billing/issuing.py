"""What issuing writes on a draft; the use cases that issue lock it first and flush it under the guards of billing."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session
from sqlmodel import col, select

from clinic_core.access import Actor
from clinic_core.billing.lines import price_lines
from clinic_core.billing.numbering import next_number
from clinic_core.billing.parties import is_billed_to_patient, payer, seller
from clinic_core.kit.calendar import day_bounds, local_date, zone
from clinic_core.models import ClinicLocation, Invoice, InvoiceLine, Patient
from clinic_core.vocabulary import InvoiceStatus


def issue(session: Session, actor: Actor, invoice: Invoice, *, at: datetime) -> None:
    """Gives a draft the next number of the year of its issue date, by the date at its location, and freezes it.

    Due at the end of the day that is `due_days` after the issue date. Seller and payer are written down as they are
    today. The row of the number stays locked: whatever else is locked comes before.
    """
    lines = session.scalars(
        select(InvoiceLine).where(col(InvoiceLine.invoice_id) == invoice.id).order_by(col(InvoiceLine.position))
    ).all()
    totals = price_lines(lines)
    location = session.get_one(ClinicLocation, invoice.clinic_location_id)
    patient = session.get_one(Patient, invoice.patient_id)
    place = zone(location.timezone)
    issued_on = local_date(at, place)
    number = next_number(session, actor.settings.invoice_prefix, issued_on.year)
    invoice.bill_to_json = {
        **payer(invoice, patient).model_dump(include={"name", "address", "reference"}),
        "is_patient": is_billed_to_patient(invoice),
    }
    invoice.seller_json = seller(actor, location).model_dump()
    invoice.net, invoice.tax, invoice.total = totals.net, totals.tax, totals.total
    invoice.totals_json = dict(totals.to_json())
    invoice.currency = actor.settings.currency
    invoice.issued_at, invoice.issued_on = at, issued_on
    invoice.due_on = issued_on + timedelta(days=actor.settings.due_days)
    invoice.due_at = day_bounds(invoice.due_on, place).end
    invoice.number, invoice.series, invoice.series_year, invoice.sequence = number
    invoice.status = InvoiceStatus.ISSUED
